//! The house's rules (design 2), read from the source itself.

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// The floors from the roof to the ground. A module imports from floors below its own and from itself; modules of one
/// floor never import each other. So there is no back arrow and no circle.
const FLOORS: &[&[&str]] = &[
    &["main"],
    &["cli"],
    &["app"],
    &["routes", "workers"],
    &["http"],
    &["flows"],
    &["context"],
    &["store", "mail", "protocol"],
    &["model", "telemetry"],
    &["secrets", "schema", "config", "clock", "outbound", "embedded"],
];

/// A source file: its path below `src`, its text, and the text without comments and without its tests.
struct Source {
    path: String,
    text: String,
    code: String,
}

impl Source {
    /// The module of the top floor plan that the file belongs to.
    fn module(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap()
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    files(&root, &mut paths);
    assert!(paths.len() > 100, "the source was found");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let product = if path.ends_with("tests.rs") { "" } else { text.split("#[cfg(test)]").next().unwrap() };
        let code: Vec<&str> = product.lines().filter(|l| !l.trim_start().starts_with("//")).collect();
        Source { path: path.strip_prefix(&root).unwrap().display().to_string(), code: code.join("\n"), text }
    };
    paths.into_iter().map(read).collect()
}

/// Every module of ours that the code names: `crate::x`, inline or in a `use`, and each of `crate::{x, y::z}`.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let word =
            |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        let Some(list) = rest.strip_prefix('{') else {
            found.push(word(rest));
            continue;
        };
        let (mut depth, mut item) = (0, String::new());
        for c in list.chars() {
            match c {
                '}' if depth == 0 => break,
                ',' if depth == 0 => found.push(word(&std::mem::take(&mut item))),
                _ => {
                    depth += i32::from(c == '{') - i32::from(c == '}');
                    item.push(c);
                }
            }
        }
        found.push(word(&item));
    }
    found.retain(|name| !name.is_empty());
    found
}

fn floor(module: &str) -> usize {
    let floor = FLOORS.iter().position(|floor| floor.contains(&module));
    floor.unwrap_or_else(|| panic!("{module} stands on no floor: say where in FLOORS and in src/lib.rs"))
}

#[test]
fn the_reader_of_imports_sees_lists_and_inline_paths() {
    let code = "use crate::{flows, http::{a, b}, store::db};\nfn f(x: crate::model::X) {}";
    assert_eq!(imports(code), ["flows", "http", "store", "model"]);
}

#[test]
fn imports_lead_down_only() {
    let mut arrows = 0;
    for source in sources().iter().filter(|s| s.path != "lib.rs") {
        let (module, own) = (source.module(), floor(source.module()));
        for import in imports(&source.code).iter().filter(|i| *i != module) {
            // Macros are exported at the root under their own name.
            arrows += 1;
            assert!(floor(import) > own, "{} imports {import}, which does not stand below {module}", source.path);
        }
    }
    assert!(arrows > 300, "imports were found: {arrows}");
}

#[test]
fn the_floor_plan_is_written_in_the_crate_documentation() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    for module in FLOORS.iter().flat_map(|floor| floor.iter()) {
        assert!(
            Regex::new(&format!("//!.*\\b{module}\\b")).unwrap().is_match(&lib),
            "src/lib.rs does not say where {module} stands"
        );
    }
    for line in lib.lines() {
        if let Some(module) = line.strip_prefix("pub mod ") {
            floor(module.trim_end_matches(';'));
        }
    }
}

#[test]
fn http_reads_and_never_writes() {
    let sql = Regex::new(r"diesel::(insert_into|update|delete|sql_query)|\.execute\(").unwrap();
    let write = Regex::new(
        r"\b(api_keys|audit_events|changes|connections|domains|group_mappings|groups|held|identities|invitations|login_attempts|operators|rate_limits|service_accounts|sessions|tenants|users)::(insert|save|delete|revoke|remove|add|end|touch|note|hold|release|keep|hit|sweep|take|lock)\w*\(",
    )
    .unwrap();
    for source in sources().iter().filter(|s| s.module() == "http") {
        for rule in [&sql, &write] {
            assert!(!rule.is_match(&source.code), "{} writes: {:?}", source.path, rule.find(&source.code));
        }
    }
}

#[test]
fn only_db_touches_the_pool_and_only_there_transactions_begin() {
    let own = Regex::new(r#"web::block|begin_transaction|commit_transaction|"BEGIN|r2d2::Pool"#).unwrap();
    for source in sources().iter().filter(|s| s.path != "store/db.rs") {
        assert!(!own.is_match(&source.code), "{}: {:?}", source.path, own.find(&source.code));
    }
}

/// Name and number of lines of every function's body.
fn functions(text: &str) -> Vec<(String, bool, usize)> {
    let head = Regex::new(r"^( *)(pub(?:\([a-z]+\))? )?(?:const )?(async )?fn (\w+)").unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some(parts) = head.captures(line) else { continue };
        let closing = format!("{}}}", &parts[1]);
        let Some(open) = (start..lines.len()).find(|n| lines[*n].ends_with(['{', ';', '}'])) else {
            continue;
        };
        if !lines[open].ends_with('{') {
            continue;
        }
        let close = (open + 1..lines.len()).find(|n| lines[*n] == closing).expect("rustfmt's closing brace");
        let handler = parts.get(2).is_some_and(|p| p.as_str() == "pub ") && parts.get(3).is_some();
        found.push((parts[4].to_owned(), handler, close - open - 1));
    }
    found
}

#[test]
fn files_functions_and_handlers_stay_small() {
    let mut counted = 0;
    for source in sources().iter().filter(|s| s.path != "schema.rs") {
        let lines = source.text.lines().count();
        assert!(lines <= 400, "{} has {lines} lines", source.path);
        for (name, public, lines) in functions(&source.text) {
            counted += 1;
            assert!(lines <= 70, "{}: {name} has {lines} lines", source.path);
            // `guard` is middleware; every other public async function of http is a handler.
            let handler = public && source.module() == "http" && name != "guard";
            assert!(!handler || lines <= 25, "{}: the handler {name} has {lines} lines", source.path);
        }
    }
    assert!(counted > 400, "functions were found: {counted}");
}

#[test]
fn every_folder_says_what_it_is_for() {
    let sources = sources();
    for source in &sources {
        let Some((folder, _)) = source.path.rsplit_once('/') else {
            continue;
        };
        let root = format!("{folder}.rs");
        let root = sources.iter().find(|s| s.path == root).unwrap_or_else(|| panic!("{root} is missing"));
        let said = root.text.lines().take_while(|l| l.starts_with("//!")).count();
        assert!(said >= 3, "src/{} says {said} lines about its folder", root.path);
    }
}

#[test]
fn nothing_is_allowed_unwrapped_or_taken_from_samaels_own_verifier() {
    let banned =
        Regex::new(r"#!?\[allow|\.unwrap\(\)|\bdbg!|\btodo!|\bunimplemented!|samael::(\*|service_provider|crypto)|samael::\{[^;]*\b(service_provider|crypto)\b|samael as ")
            .unwrap();
    for source in sources() {
        assert!(!banned.is_match(&source.code), "{}: {:?}", source.path, banned.find(&source.code));
        assert!(!source.text.contains("#[allow"), "{}: expect with a reason instead", source.path);
    }
}
