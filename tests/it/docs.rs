//! The documents say what the code does: settings, codes, paths, events, log lines, attacks and links are held against it.

mod attacks;
mod codes;
mod conformance;
mod logs;
mod snippets;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use doorward::config::settings::KEYS;
use doorward::routes::MAP;
use regex::Regex;

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the repository.
pub fn read(path: &str) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file with this ending below a folder of the repository.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push(path);
            }
        }
    }
    found
}

/// All source files of these folders in one text.
fn sources(folders: &[&str]) -> String {
    let files = folders.iter().flat_map(|folder| files(folder, "rs"));
    files.map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// Every document that is kept with the code.
fn documents() -> Vec<PathBuf> {
    let at_the_root = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"];
    let mut all = files("docs", "md");
    all.extend(at_the_root.map(|name| root().join(name)));
    all
}

/// What a pattern's first group finds in a text.
pub fn captures(pattern: &str, text: &str) -> BTreeSet<String> {
    let pattern = Regex::new(pattern).unwrap();
    pattern.captures_iter(text).map(|found| found[1].to_owned()).collect()
}

/// Both sets hold the same, and if not, which side lacks what.
fn assert_same(code: &BTreeSet<String>, document: &BTreeSet<String>, name: &str) {
    let undocumented: Vec<_> = code.difference(document).collect();
    let gone: Vec<_> = document.difference(code).collect();
    assert!(undocumented.is_empty(), "not in {name}: {undocumented:?}");
    assert!(gone.is_empty(), "in {name}, but not in the code: {gone:?}");
}

#[test]
fn every_setting_is_in_the_configuration_page_and_nothing_else() {
    let page = read("docs/configuration.md");
    let rows = captures(r"(?m)^\| (`[a-z_]+` \| `DOORWARD_[A-Z_]+`) \|", &page);
    let wanted = KEYS.iter().map(|(key, _)| format!("`{key}` | `DOORWARD_{}`", key.to_uppercase()));
    assert_same(&wanted.collect(), &rows, "docs/configuration.md");
}

#[test]
fn every_path_of_the_api_is_in_its_page_and_nothing_else() {
    let page = read("docs/api.md");
    let (_, resources) = page.split_once("## Resources").unwrap();
    let paths = MAP.iter().map(|(path, _)| (*path).to_owned());
    let paths = paths.filter(|path| path.starts_with("/v1/")).collect();
    assert_same(&paths, &captures(r"`(/v1/[^`]+)`", resources), "docs/api.md");
}

#[test]
fn every_audit_event_is_in_the_api_page_and_nothing_else() {
    let events = captures(r#"rename = "([a-z_]+\.[a-z_]+)""#, &read("src/model/audit.rs"));
    let page = read("docs/api.md");
    let (_, section) = page.split_once("## Audit events").unwrap();
    assert_same(&events, &captures(r"`([a-z_]+\.[a-z_]+)`", section), "docs/api.md");
}

#[test]
fn every_metric_is_in_the_logging_page_and_nothing_else() {
    let metrics = captures(r#"(?:counter|gauge|histogram)!\(\s*"([a-z_]+)""#, &sources(&["src"]));
    let page = captures(r"(?m)^\| `(doorward_[a-z_]+)`", &read("docs/logging.md"));
    assert_same(&metrics, &page, "docs/logging.md");
}

#[test]
fn links_between_documents_lead_to_files() {
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for link in captures(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", &text) {
            let target = document.parent().unwrap_or(Path::new("")).join(&link);
            let elsewhere = link.contains("://");
            assert!(elsewhere || target.exists(), "{}: {link} leads nowhere", document.display());
        }
    }
}

#[test]
fn source_files_that_documents_name_exist() {
    let sources: Vec<PathBuf> = ["src", "tests"].iter().flat_map(|folder| files(folder, "rs")).collect();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for named in captures(r"`([a-z_/]+\.rs)`", &text) {
            let known = sources.iter().any(|path| path.ends_with(&named));
            assert!(known, "{}: there is no {named}", document.display());
        }
    }
}
