//! Who writes the messages of a conversation, as programs that train models call them.

use crate::write::{FormatOption, OpenError, Options};
use std::collections::HashSet;

/// The option.
pub(super) static ASSISTANT: FormatOption = FormatOption {
    name: "assistant",
    summary: "The names of those who are the assistant in conversations whose authors have no roles. Without it, all are but \
              the author of the first message.",
    values: &[""],
    form: Some("Control,Night shift"),
};

/// The role of an author.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    System,
    User,
    Assistant,
}

impl Role {
    /// Returns the word for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }

    /// Reads one of the words for it, in any case.
    pub(super) fn of(word: &str) -> Option<Self> {
        match word.to_lowercase().as_str() {
            "system" => Some(Self::System),
            "user" | "human" => Some(Self::User),
            "assistant" | "model" => Some(Self::Assistant),
            _ => None,
        }
    }
}

/// How authors without a role get one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Casting {
    /// The names of those who are the assistant; empty where that is not said.
    assistants: HashSet<String>,
}

impl Casting {
    /// Reads the option.
    pub(super) fn of(options: &Options) -> Result<Self, OpenError> {
        let Some(value) = options.get(ASSISTANT.name) else { return Ok(Self::default()) };
        let assistants: HashSet<String> = value.split(',').map(|name| name.trim().to_owned()).collect();
        if assistants.contains("") {
            return Err(OpenError::OptionValue {
                option: ASSISTANT.name.to_owned(),
                value: value.clone(),
                known: "names of authors with commas between them".to_owned(),
            });
        }
        Ok(Self { assistants })
    }

    /// Returns the roles of the authors of messages, in their order, and whether they are guessed.
    pub(super) fn cast(&self, authors: &[String]) -> (Vec<Role>, bool) {
        let known: Vec<Option<Role>> = authors.iter().map(|author| Role::of(author)).collect();
        let is_guessed = self.assistants.is_empty() && known.contains(&None);
        // A note of the system comes before the first message of a person.
        let first = authors.iter().zip(&known).find(|(_, role)| **role != Some(Role::System)).map(|(author, _)| author);
        let role = |(author, known): (&String, &Option<Role>)| {
            if self.assistants.contains(author) {
                return Role::Assistant;
            }
            let is_assistant = is_guessed && Some(author) != first;
            known.unwrap_or(if is_assistant { Role::Assistant } else { Role::User })
        };
        (authors.iter().zip(&known).map(role).collect(), is_guessed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(assistants: &str, authors: &[&str], expect: &str, is_guessed: bool) {
        let options = [("assistant".to_owned(), assistants.to_owned())].into();
        let casting = if assistants.is_empty() { Casting::default() } else { Casting::of(&options).unwrap() };
        let authors: Vec<String> = authors.iter().map(|author| (*author).to_owned()).collect();
        let (roles, guessed) = casting.cast(&authors);
        let words: Vec<&str> = roles.iter().map(|role| &role.word()[..1]).collect();
        assert_eq!((words.concat().as_str(), guessed), (expect, is_guessed), "{authors:?}");
    }

    #[test]
    fn authors_have_the_roles_that_they_are_named_after() {
        check("", &["System", "Human", "model", "USER", "assistant"], "suaua", false);
    }

    #[test]
    fn the_author_of_the_first_message_is_the_user_and_all_others_are_the_assistant() {
        check("", &["Ann", "Bob", "Ann", "Cid"], "uaua", true);
        check("", &["system", "Ann", "Bob"], "sua", true);
        check("", &["", ""], "uu", true);
    }

    #[test]
    fn those_who_are_named_are_the_assistant_and_all_others_the_user() {
        check("Ann, Night shift", &["Ann", "Bob", "Night shift", "system"], "auas", false);
        assert!(Casting::of(&[("assistant".to_owned(), "a,,b".to_owned())].into()).is_err());
    }
}
