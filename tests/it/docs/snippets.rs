//! Code that a document shows under a file's name is that file, and every example of examples/clients is shown.

use std::collections::BTreeSet;
use std::fs;

use regex::Regex;

use super::{assert_same, documents, read, root};

/// Folders that tools make inside an example.
const MADE: [&str; 3] = ["node_modules", "__pycache__", "target"];

/// Every file below a folder of the repository, by its path in it.
fn below(folder: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{folder}/{name}");
        if entry.file_type().unwrap().is_dir() {
            if !MADE.contains(&name.as_str()) {
                found.extend(below(&path));
            }
        } else {
            found.insert(path);
        }
    }
    found
}

#[test]
fn a_block_with_a_files_name_is_that_file_and_every_client_is_shown() {
    let block = Regex::new(r"(?ms)^```[a-z]+ (\S+)\n(.*?)^```$").unwrap();
    let mut shown = BTreeSet::new();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for found in block.captures_iter(&text) {
            assert!(found[2] == read(&found[1]), "{}: {} is another text", document.display(), &found[1]);
            shown.insert(found[1].to_owned());
        }
    }
    shown.retain(|path| path.starts_with("examples/clients/"));
    assert_same(&below("examples/clients"), &shown, "docs/integrate.md");
}
