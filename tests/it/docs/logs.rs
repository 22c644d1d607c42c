//! The table of docs/operate.md tells of every line that is logged at `warn` or `error`, word by word.

use std::collections::BTreeSet;
use std::fs;

use regex::Regex;

use super::{assert_same, captures, files, read};

/// `warn the message` of every line that some source text may log. The message is what stands last in the call.
fn logged(source: &str) -> BTreeSet<String> {
    let call = Regex::new(r#"(?s)\b(warn|error)!\((.*?)"([^"]+)",?\s*\)"#).unwrap();
    let calls = Regex::new(r"\b(?:warn|error)!\(").unwrap();
    let found: Vec<_> = call.captures_iter(source).collect();
    assert_eq!(found.len(), calls.find_iter(source).count(), "a call whose last argument is no message: {source}");
    found.iter().map(|call| format!("{} {}", &call[1], &call[3])).collect()
}

/// The same of the table's first column: `| error `one` or `another` | …`.
fn told(page: &str) -> BTreeSet<String> {
    let row = Regex::new(r"(?m)^\| (warn|error) ([^|]+) \|").unwrap();
    let lines = row.captures_iter(page).flat_map(|row| {
        let messages = captures("`([^`]+)`", &row[2]);
        messages.into_iter().map(|message| format!("{} {message}", &row[1])).collect::<Vec<_>>()
    });
    lines.collect()
}

#[test]
fn every_warning_and_error_of_the_log_is_in_the_operators_page_and_nothing_else() {
    let mut code = BTreeSet::new();
    for path in files("src", "rs") {
        code.append(&mut logged(&fs::read_to_string(path).unwrap()));
    }
    assert_same(&code, &told(&read("docs/operate.md")), "docs/operate.md");
}

#[test]
fn messages_are_found_however_calls_and_rows_are_written() {
    let source = r#"
        tracing::warn!("a; b");
        tracing::error!(%error, path = %path.display(), kind = "k", "c (d)");
        error!(
            code = error.code(),
            "e f",
        );
        tracing::info!("not this"); "#;
    let wanted = ["error c (d)", "error e f", "warn a; b"].map(str::to_owned);
    assert_eq!(logged(source), wanted.clone().into());
    let page = "| error `c (d)` or `e f` | `x` | y |\n| warn `a; b` | | |\n| `readyz` | error `no` | |\n";
    assert_eq!(told(page), wanted.into());
}
