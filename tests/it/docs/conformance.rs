//! docs/conformance.md tells every module of the conformance suite with a test that exists, or why it does not apply.

use std::collections::BTreeMap;
use std::fs;

use regex::Regex;

use super::{captures, files, read, root};

/// How many modules the suite has for relying parties and for providers.
const MODULES: [(&str, usize); 2] = [("oidcc-client-test", 57), ("oidcc-", 77)];

/// What the page says: by module the tests it names, none where it does not apply.
fn page() -> BTreeMap<String, Vec<String>> {
    let row = Regex::new(r"^\| `(oidcc-[A-Za-z0-9_-]+)` \| [^|]+ \| ((?:`[a-z0-9_:]+` ?)+) \|$").unwrap();
    let reason = Regex::new(r"^- `(oidcc-[A-Za-z0-9_-]+)` not applicable: \S.*$").unwrap();
    let mut told = BTreeMap::new();
    for line in read("docs/conformance.md").lines() {
        let (module, tests) = if let Some(found) = row.captures(line) {
            let tests = found[2].split_whitespace().map(|test| test.replace('`', "")).collect();
            (found[1].to_owned(), tests)
        } else if let Some(found) = reason.captures(line) {
            (found[1].to_owned(), Vec::new())
        } else {
            assert!(!line.starts_with("| `") && !line.starts_with("- `"), "not understood: {line}");
            continue;
        };
        assert!(told.insert(module.clone(), tests).is_none(), "{module} is told twice");
    }
    told
}

/// Every test as the page names it: `login::state::o_01_…` for a function of tests/it/login/state.rs.
fn tests() -> Vec<String> {
    let base = root().join("tests/it");
    let mut all = Vec::new();
    for path in files("tests/it", "rs") {
        let module = path.strip_prefix(&base).unwrap().with_extension("");
        let module: Vec<_> = module.iter().map(|part| part.to_string_lossy()).collect();
        let source = fs::read_to_string(&path).unwrap();
        let names = captures(r"(?s)#\[(?:actix_web::)?test\]\s+(?:async )?fn ([a-z0-9_]+)\(", &source);
        all.extend(names.iter().map(|name| format!("{}::{name}", module.join("::"))));
    }
    all
}

#[test]
fn every_module_is_told_with_a_test_or_with_the_reason_why_not() {
    let (told, tests) = (page(), tests());
    for (module, named) in &told {
        for test in named {
            assert!(tests.contains(test), "{module}: there is no test {test}");
        }
    }
    let (relying, provider): (Vec<_>, Vec<_>) = told.keys().partition(|module| module.starts_with(MODULES[0].0));
    assert_eq!((relying.len(), provider.len()), (MODULES[0].1, MODULES[1].1));
}
