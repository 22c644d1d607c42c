//! Which PostgreSQL a URL means and what it said, in words that hold no password.

use std::fmt::Display;

use url::Url;

/// Longest reason, in characters.
const MAX_REASON: usize = 300;
/// How the driver's sentences begin that speak of the server. Others repeat parts of the URL.
const ABOUT_THE_SERVER: [&str; 3] = ["connection to server", "could not translate host name", "timeout expired"];

/// `host:port/database`; words that name nothing when the URL is read in different ways by different readers, because
/// parts of a password might stand in the wrong place then.
#[must_use]
pub fn place(url: &str) -> String {
    let Some(read) = plain(url) else {
        return "the server of the database URL (special characters in its password must be percent-encoded)"
            .to_owned();
    };
    // A socket's folder, or another host, may stand in the query.
    let host = read.query_pairs().find(|(name, _)| name == "host").map(|(_, host)| host.into_owned());
    let host = host.or_else(|| read.host_str().map(str::to_owned)).unwrap_or_default();
    format!("{host}:{}{}", read.port().unwrap_or(5432), read.path())
}

/// The driver's reason, on one line.
#[must_use]
pub fn reason(url: &str, error: &dyn Display) -> String {
    let text = error.to_string().lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ");
    if plain(url).is_some() && ABOUT_THE_SERVER.iter().any(|start| text.starts_with(start)) {
        text.chars().filter(|c| !c.is_control()).take(MAX_REASON).collect()
    } else {
        "the driver cannot use the URL".to_owned()
    }
}

/// The URL, when every `@` in it stands in its user part and nowhere else.
fn plain(url: &str) -> Option<Url> {
    let read = Url::parse(url).ok()?;
    let user = !read.username().is_empty() || read.password().is_some();
    (url.matches('@').count() == usize::from(user)).then_some(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: &str = "connection to server at \"db\" (10.0.0.1), port 5432 failed: FATAL:  no\n\tIs it there?";

    #[test]
    fn the_place_has_host_port_and_database_alone() {
        assert_eq!(place("postgres://u:hush@db.internal/doorward"), "db.internal:5432/doorward");
        assert_eq!(place("postgresql://u:hush@db:6000/x?sslmode=require"), "db:6000/x");
        assert_eq!(place("postgres:///x?host=/run/postgresql"), "/run/postgresql:5432/x");
    }

    #[test]
    fn a_password_in_the_wrong_place_is_told_nowhere() {
        for url in [
            "postgres://u:12/hush@db/x",
            "postgres://u:a@hush@db/x",
            "postgres://u:1?hush@db/x",
            "postgres://u:a/hush@db/x",
        ] {
            let said =
                format!("{} {}", place(url), reason(url, &"could not translate host name \"hush@db\" to address"));
            assert!(!said.contains("hush") && said.contains("percent-encoded"), "{url}: {said}");
        }
        let url = "postgres://u:hush@db/x";
        assert!(!reason(url, &"invalid URI query parameter: \"hush\"").contains("hush"));
        assert!(reason(url, &REFUSED).ends_with("FATAL:  no; Is it there?"));
    }
}
