//! Modules form no circles: of two modules in one folder, at most one uses the other, directly or through third ones.
//!
//! A module and its parent may use each other: a parent holds the trait and the table that its children serve. What a
//! parent re-exports counts as the child's. Tests may use what they like.

use crate::{Problem, expect_none, rust, tree};
use std::collections::{BTreeMap, BTreeSet};

/// The path of a module from the root of its crate.
type Path = Vec<String>;

/// The modules of a crate.
struct Modules {
    /// The code of each module, without comments, strings and tests.
    code: BTreeMap<Path, String>,
    /// For each module, the names that it re-exports from its children, with the child.
    exports: BTreeMap<Path, BTreeMap<String, Path>>,
}

/// Who uses whom among the children of one module, each arrow with an example: the file and the path in it.
type Arrows = BTreeMap<(String, String), (String, String)>;

impl Modules {
    fn read(folder: &str) -> Self {
        let sources = tree::files(folder, "rs").into_iter().map(|file| {
            let text = tree::read(&file);
            (file, text)
        });
        Self::of(folder, sources)
    }

    fn of(folder: &str, sources: impl Iterator<Item = (String, String)>) -> Self {
        let mut code = BTreeMap::new();
        for (file, text) in sources {
            let path = module_path(folder, &file);
            if !path.iter().any(|part| part == "tests") {
                let plain = rust::code(&text);
                let end = plain.find("\nmod tests {").unwrap_or(plain.len());
                code.insert(path, plain[..end].to_owned());
            }
        }
        let mut modules = Self { code, exports: BTreeMap::new() };
        modules.exports = modules.code.keys().map(|module| (module.clone(), modules.exports_of(module))).collect();
        modules
    }

    fn exports_of(&self, module: &Path) -> BTreeMap<String, Path> {
        let mut exports = BTreeMap::new();
        for tree in uses(&self.code[module]).into_iter().filter(|each| each.is_public) {
            for path in expand(&tree.text) {
                let parts: Vec<String> = path.split("::").map(str::to_owned).collect();
                let parts = parts.strip_prefix(&["self".to_owned()]).unwrap_or(&parts);
                let child = self.longest(module, parts);
                if child.len() > module.len()
                    && let Some(name) = parts.last()
                {
                    exports.insert(name.clone(), child);
                }
            }
        }
        exports
    }

    /// Follows names downwards from a module for as long as they are modules.
    fn longest(&self, from: &Path, names: &[String]) -> Path {
        let mut path = from.clone();
        for name in names {
            path.push(name.clone());
            if !self.code.contains_key(&path) {
                path.pop();
                break;
            }
        }
        path
    }

    /// Returns the module in which a path ends that stands in `module`; none for paths into other crates.
    fn resolve(&self, module: &Path, path: &str) -> Option<Path> {
        let mut parts: Vec<String> = path.split("::").map(str::to_owned).collect();
        let base = match parts[0].as_str() {
            "crate" => {
                parts.remove(0);
                Path::new()
            }
            "self" => {
                parts.remove(0);
                module.clone()
            }
            "super" => {
                let mut base = module.clone();
                while parts.first().is_some_and(|part| part == "super") {
                    parts.remove(0);
                    base.pop();
                }
                base
            }
            _ => {
                let mut child = module.clone();
                child.push(parts[0].clone());
                self.code.contains_key(&child).then(|| module.clone())?
            }
        };
        let found = self.longest(&base, &parts);
        let rest = &parts[found.len().saturating_sub(base.len())..];
        let exported = rest.first().and_then(|name| self.exports.get(&found)?.get(name));
        Some(exported.cloned().unwrap_or(found))
    }

    /// Lists the arrows among the children of each module.
    fn arrows(&self) -> BTreeMap<Path, Arrows> {
        let mut arrows: BTreeMap<Path, Arrows> = BTreeMap::new();
        for (module, code) in &self.code {
            let mut paths: Vec<String> = uses(code).iter().flat_map(|tree| expand(&tree.text)).collect();
            paths.extend(inline_paths(code));
            for path in paths {
                let Some(target) = self.resolve(module, &path) else { continue };
                let common = module.iter().zip(&target).take_while(|(one, other)| one == other).count();
                if let (Some(from), Some(to)) = (module.get(common), target.get(common)) {
                    let parent = module[..common].to_vec();
                    let known = arrows.entry(parent).or_default();
                    known.entry((from.clone(), to.clone())).or_insert((module.join("/"), path));
                }
            }
        }
        arrows
    }

    /// Describes each arrow that is part of a circle.
    fn circles(&self) -> Vec<String> {
        let mut found = Vec::new();
        for arrows in self.arrows().values() {
            for ((from, to), (file, path)) in arrows {
                if reaches(arrows, to, from) {
                    found.push(format!("{file} uses {path}, and `{to}` uses `{from}`"));
                }
            }
        }
        found
    }
}

/// Returns whether arrows lead from one module to another.
fn reaches(arrows: &Arrows, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut next = vec![from];
    while let Some(module) = next.pop() {
        if module == to {
            return true;
        }
        let outgoing = arrows.keys().filter(|(source, _)| source == module).map(|(_, target)| target.as_str());
        next.extend(outgoing.filter(|target| seen.insert(target)));
    }
    false
}

fn module_path(folder: &str, file: &str) -> Path {
    let inner = file.strip_prefix(folder).unwrap_or(file).trim_start_matches('/');
    let mut path: Path = inner.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if path.last().is_some_and(|last| matches!(last.as_str(), "lib" | "main" | "mod")) {
        path.pop();
    }
    path
}

/// A `use` of a source file: the tree after the word, and whether it is re-exported.
struct Use {
    text: String,
    is_public: bool,
}

fn uses(code: &str) -> Vec<Use> {
    let mut found = Vec::new();
    for line_start in code.match_indices("use ").map(|(at, _)| at) {
        let line = code[..line_start].rsplit('\n').next().unwrap_or_default().trim();
        let is_public = line.starts_with("pub");
        if line.is_empty() || is_public && !line.contains(' ') {
            let tree = code[line_start + 4..].split(';').next().unwrap_or_default();
            found.push(Use { text: tree.split_whitespace().collect::<Vec<_>>().join(" "), is_public });
        }
    }
    found
}

/// Lists the paths of a `use` tree, without their new names.
fn expand(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((prefix, list)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap_or_default().to_owned()];
    };
    let list = list.strip_suffix('}').unwrap_or(list);
    let mut depth = 0;
    let parts = list.split(|each| {
        depth += i32::from(each == '{') - i32::from(each == '}');
        each == ',' && depth == 0
    });
    let parts = parts.map(str::trim).filter(|part| !part.is_empty());
    parts.flat_map(expand).map(|part| format!("{prefix}{part}")).collect()
}

/// Lists the paths in expressions and types.
fn inline_paths(code: &str) -> Vec<String> {
    let is_part = |each: char| each.is_alphanumeric() || each == '_' || each == ':';
    let words = code.split(|each| !is_part(each)).filter(|word| word.contains("::"));
    words.map(|word| word.trim_matches(':').to_owned()).filter(|word| !word.is_empty()).collect()
}

#[test]
fn modules_form_no_circles() {
    let mut problems = Vec::new();
    for folder in tree::crate_folders() {
        for what in Modules::read(&format!("{folder}/src")).circles() {
            problems.push(Problem {
                file: format!("{folder}/src"),
                line: 1,
                what,
                remedy: "move what both need into a module below them, or pass it as an argument",
            });
        }
    }
    expect_none(problems);
}

#[test]
fn a_circle_is_found() {
    let check = |sources: &[(&str, &str)], expect: usize| {
        let sources = sources.iter().map(|(file, text)| (format!("src/{file}"), (*text).to_owned()));
        assert_eq!(Modules::of("src", sources).circles().len(), expect);
    };
    let root = ("lib.rs", "mod a;\nmod b;\npub use b::Thing;\n");
    check(&[root, ("a.rs", "use crate::b::Thing;\n"), ("b.rs", "")], 0);
    check(&[root, ("a.rs", "use crate::b::{self, Thing};\n"), ("b.rs", "fn f() { crate::a::g() }\n")], 2);
    check(&[root, ("a.rs", "use crate::Thing;\n"), ("b.rs", "use super::a;\n")], 2);
    check(&[root, ("a.rs", "// crate::b\n"), ("b.rs", "use super::a;\n")], 0);
    check(&[root, ("a.rs", ""), ("b.rs", "use super::a;\n"), ("a/c.rs", "use crate::b::Thing;\n")], 2);
    check(&[root, ("a.rs", "\nmod tests {\n    use crate::b::Thing;\n}\n"), ("b.rs", "use super::a;\n")], 0);
}
