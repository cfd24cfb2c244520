//! Media types that people declare: of rows and of projects.

use labelport_model::data_type;
use labelport_model::problem::Problem;
use labelport_model::request::media_types;

/// The media types that are no data type of ours, and that rows and projects may have all the same.
const OTHERS: [&str; 5] = ["JSON", "LLM", "LLM_PROMPT_CREATION", "LLM_PROMPT_RESPONSE_CREATION", "POINT_CLOUD"];

/// Reads a media type, in any case; returns it in upper case.
pub fn read(text: &str) -> Result<String, Problem> {
    let upper = text.to_ascii_uppercase();
    if data_type::find_by_media_type(&upper).is_some() || OTHERS.contains(&upper.as_str()) {
        return Ok(upper);
    }
    let known: Vec<&str> = media_types().into_iter().chain(OTHERS).collect();
    let quoted = labelport_model::quote::Quoted::new(text);
    Err(Problem::malformed(format!("{quoted} is no media type; write one of: {}", known.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_media_type_is_known_or_refused() {
        for (text, expect) in [("image", "IMAGE"), ("TMS_SIMPLE", "TMS_SIMPLE"), ("point_cloud", "POINT_CLOUD")] {
            assert_eq!(read(text).unwrap(), expect);
        }
        for text in ["", "NOPE", "image/png", "IMAGE\0"] {
            assert!(read(text).unwrap_err().message.contains("is no media type; write one of: "), "{text:?}");
        }
    }
}
