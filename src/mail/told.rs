//! What a mail server answers, made fit to be stored and shown: one line, bounded, without anybody's address, and
//! nothing of the letter's link, which a server may quote when it refuses what it read.

use secrecy::{ExposeSecret, SecretString};

use crate::model::text::tamed;

/// The most characters that are kept.
const MOST: usize = 300;
/// So many characters in a row of a link's secret are too many.
const WINDOW: usize = 8;

/// The reason without what a letter's link holds.
pub(super) fn clean(reason: &str, link: Option<&SecretString>) -> String {
    let line = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let quotes = |secret: &[u8]| secret.windows(WINDOW).any(|part| contains(line.as_bytes(), part));
    let leaks = link.is_some_and(|link| {
        let link = link.expose_secret();
        quotes(link.split_once('?').map_or(link, |(_, query)| query).as_bytes())
    });
    if leaks {
        return "the mail server quoted the letter; what it said is not kept".to_owned();
    }
    let told = line.split(' ').map(|word| if word.contains('@') { "(an address)" } else { word });
    tamed(&told.collect::<Vec<_>>().join(" "), MOST)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_quotes_the_link_is_not_quoted() {
        let link = SecretString::from("https://sso.example/t/acme/invitation?token=Zm9vYmFyYmF6cXV4");
        for leak in [
            "550 bad URL token=Zm9vYmFyYmF6",
            "550 https://sso.example/t/acme/invitation?token=Zm9vYmFyYmF6cXV4",
            "550 YmFyYmF6",
        ] {
            let said = clean(leak, Some(&link));
            assert!(!said.contains("YmFy") && said.contains("not kept"), "{said}");
        }
        assert_eq!(clean("550 5.1.1 no such\r\n user\u{202e}", Some(&link)), "550 5.1.1 no such user");
        assert_eq!(clean("550 <ada@acme.example>: unknown", None), "550 (an address) unknown");
        assert_eq!(clean(&"x".repeat(1000), None).len(), MOST);
    }
}
