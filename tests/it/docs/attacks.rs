//! docs/security.md tells every attack with a test that exists, or why it cannot apply.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

use super::{captures, read, sources};

/// The groups that are told in full: letter and last number.
const WHOLE_GROUPS: [(char, u32); 8] =
    [('O', 44), ('P', 21), ('F', 20), ('T', 17), ('W', 23), ('L', 29), ('K', 13), ('M', 10)];

/// Every test function whose name begins with an attack's number.
fn tests() -> BTreeSet<String> {
    captures(r"\bfn ([a-z]_[0-9]{2}_[a-z0-9_]+)\(", &sources(&["src", "tests"]))
}

/// `O-03` of `o_03_a_login_…`.
fn number_of(test: &str) -> String {
    test.chars().take(4).collect::<String>().replace('_', "-").to_uppercase()
}

/// What the page says: by number the tests it names, none where it does not apply.
fn page() -> BTreeMap<String, Vec<String>> {
    let text = read("docs/security.md");
    let row = Regex::new(r"^\| ([A-Z]-\d\d) \|.*\| ([^|]*) \|$").unwrap();
    let reason = Regex::new(r"^([A-Z]-\d\d) not applicable: \S.*$").unwrap();
    let mut told = BTreeMap::new();
    for line in text.lines() {
        let (number, tests) = if let Some(found) = row.captures(line) {
            let tests: Vec<String> = found[2].split_whitespace().map(|t| t.replace('`', "")).collect();
            assert!(!tests.is_empty(), "{}: no test", &found[1]);
            (found[1].to_owned(), tests)
        } else if let Some(found) = reason.captures(line) {
            (found[1].to_owned(), Vec::new())
        } else {
            continue;
        };
        assert!(told.insert(number.clone(), tests).is_none(), "{number} is told twice");
    }
    told
}

#[test]
fn every_attack_is_told_with_a_test_or_with_the_reason_why_not() {
    let (told, tests) = (page(), tests());
    for (group, last) in WHOLE_GROUPS {
        for n in 1..=last {
            let number = format!("{group}-{n:02}");
            assert!(told.contains_key(&number), "docs/security.md does not tell {number}");
        }
    }
    for (number, named) in &told {
        for test in named {
            assert!(tests.contains(test), "{number}: there is no test {test}");
            assert_eq!(*number, number_of(test), "{test} is a test of another attack");
        }
    }
}

#[test]
fn what_is_tested_does_apply() {
    let told = page();
    for test in tests() {
        let number = number_of(&test);
        if let Some(named) = told.get(&number) {
            assert!(!named.is_empty(), "{number} is said not to apply, and {test} tests it");
        }
    }
}
