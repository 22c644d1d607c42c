//! docs/errors.md has every stable code that the source can answer with, and no other.

use std::collections::BTreeSet;
use std::fs;

use super::{assert_same, captures, files, read};

/// How the source says a code. What a new constructor writes must be found by one of these.
const CONSTRUCTORS: [&str; 8] = [
    // Error::conflict, Error::forbidden, decide's refuse, finish_login's Why and Taken
    r#"(?:(?:conflict|forbidden|refuse|Why::new|Taken::Garbage)\(|garbage\(ctx, tenant, (?:&arrival\.)?visitor,)\s*"([a-z_]+)""#,
    r#"(?:Taken::Refused\(\w+,(?: answer.method\(\),)?|Some\()\s*"([a-z]+_[a-z_]+)"\)+,? //"#,
    // Problem::new, within its file Self::new
    r#"(?:Problem|Self)::new\(\s*(?:StatusCode::\w+,\s*)?"([a-z_]+)""#,
    r#"(?:code: |\(StatusCode::\w+, )"([a-z_]+)""#,
    // what applications are told, and pages about what they asked
    r#"(?:OAuthError::new|Fault::new|Outcome::Refused)\(\s*"([a-z_]+)""#,
    // the one reason of a wrong secret
    r#"const WRONG\w*: &str = "([a-z_]+)""#,
    // broken unique constraints
    r#""([a-z_]+_taken)""#,
    // what a connection or a login is warned about
    r#"(?:list|warnings)\.push\("([a-z_]+)"\)"#,
];

/// A file without its unit tests.
fn without_tests(source: &str) -> &str {
    source.split("#[cfg(test)]").next().unwrap_or_default()
}

/// The codes of some source text.
fn codes_of(code: &str) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = CONSTRUCTORS.iter().flat_map(|pattern| captures(pattern, code)).collect();
    // The arms of `fn code`, `fn unreachable_code` and the like: every text in them is a code.
    let functions = code.split("fn ").filter(|part| {
        let name = part.split('(').next().unwrap_or_default();
        name == "code" || name.ends_with("_code")
    });
    found.extend(captures(r#""([a-z]+_[a-z_]+)""#, &functions.collect::<String>()));
    found
}

#[test]
fn every_stable_code_is_in_the_errors_page_and_nothing_else() {
    let mut code = String::new();
    for path in files("src", "rs").iter().filter(|path| !path.ends_with("tests.rs")) {
        code.push_str(without_tests(&fs::read_to_string(path).unwrap()));
    }
    let page = captures(r"(?m)^\| `([a-z_]+)` \|", &read("docs/errors.md"));
    assert_same(&codes_of(&code), &page, "docs/errors.md");
}

#[test]
fn codes_are_found_however_they_are_written() {
    let source = r#"
        Error::conflict("a_b", x); forbidden(
            "c_d", y); Problem::new(StatusCode::OK, "e_f", z);
        Some("g_h") // O-05
        Taken::Refused(id, "i_j")), // O-03
        fn code(&self) -> &'static str { match self { A | B => { "k_l" } C => "m_n" } }
        #[cfg(test)] mod tests { conflict("no_no", x) }"#;
    let found: Vec<_> = codes_of(without_tests(source)).into_iter().collect();
    assert_eq!(found, ["a_b", "c_d", "e_f", "g_h", "i_j", "k_l", "m_n"]);
}
