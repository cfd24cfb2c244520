//! What is in the archive: the binary, and everything that people may want to have next to it.
//!
//! Completions and manual pages are what the binary prints, so that they are those of its version.

use super::archive::Entry;
use super::binary::output;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Files and folders that go into the archive as they are.
const COPIED: &[&str] = &["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "docs"];

/// The completions by shell, with the name that each shell looks for.
const COMPLETIONS: &[(&str, &str)] = &[("bash", "labelport.bash"), ("fish", "labelport.fish"), ("zsh", "_labelport")];

/// Lists the entries of the archive.
pub(super) fn list(root: &Path, binary: &Path) -> Result<Vec<Entry>, String> {
    let program = fs::read(binary).map_err(|error| format!("{}: {error}", binary.display()))?;
    let mut entries = vec![Entry { path: "labelport".to_owned(), bytes: program, is_program: true }];
    let mut add = |path: String, bytes: Vec<u8>| entries.push(Entry { path, bytes, is_program: false });
    for (shell, name) in COMPLETIONS {
        let script = output(Command::new(binary).args(["completions", shell]))?;
        add(format!("completions/{name}"), script.into_bytes());
    }
    for (name, page) in manual(|words| output(Command::new(binary).arg("man").args(words)))? {
        add(format!("man/{name}.1"), page.into_bytes());
    }
    for name in COPIED {
        copy(root, name, &mut add)?;
    }
    Ok(entries)
}

/// Adds a file, or every file in a folder.
fn copy(root: &Path, path: &str, add: &mut impl FnMut(String, Vec<u8>)) -> Result<(), String> {
    let source = root.join(path);
    let failed = |error: std::io::Error| format!("{}: {error}", source.display());
    if source.is_file() {
        add(path.to_owned(), fs::read(&source).map_err(failed)?);
        return Ok(());
    }
    for entry in fs::read_dir(&source).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        copy(root, &format!("{path}/{}", name.to_string_lossy()), add)?;
    }
    Ok(())
}

/// Returns the manual pages with their names: that of the command, and of each command that a page names in turn.
fn manual(mut print: impl FnMut(&[String]) -> Result<String, String>) -> Result<Vec<(String, String)>, String> {
    let mut pages = Vec::new();
    let mut waiting: Vec<Vec<String>> = vec![Vec::new()];
    while let Some(words) = waiting.pop() {
        let page = print(&words)?;
        let name = [&["labelport".to_owned()], words.as_slice()].concat().join("-");
        for line in page.lines() {
            let named = line.strip_suffix("(1)").map(|named| named.replace('\\', ""));
            let below = named.as_deref().and_then(|named| named.strip_prefix(&name)?.strip_prefix('-'));
            // Help about commands is what their pages say.
            if let Some(word) = below.filter(|word| *word != "help") {
                waiting.push([words.as_slice(), &[word.to_owned()]].concat());
            }
        }
        pages.push((name, page));
    }
    Ok(pages)
}

#[cfg(test)]
mod tests {
    use super::manual;

    #[test]
    fn every_page_that_a_page_names_is_there() {
        let pages = manual(|words| {
            Ok(match words.join(" ").as_str() {
                "" => ".SH SUBCOMMANDS\n.TP\nlabelport\\-export(1)\nIt exports.\n.TP\nlabelport\\-help(1)\n",
                "export" => ".TP\nlabelport\\-export\\-model\\-run(1)\n.TP\nlabelport\\-export\\-help(1)\n",
                "export model-run" => "see labelport\\-export(1) for more\n",
                other => return Err(format!("no page about {other}")),
            }
            .to_owned())
        });
        let mut names: Vec<String> = pages.unwrap().into_iter().map(|(name, _)| name).collect();
        names.sort();
        assert_eq!(names, ["labelport", "labelport-export", "labelport-export-model-run"]);
    }
}
