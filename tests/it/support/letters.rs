//! Letters as people get them: sent, and read from the folder where a server without a mail server writes them.

use std::fs;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use diesel::prelude::*;
use doorward::flows::deliver;
use doorward::flows::post::post;
use doorward::model::delivery::Language;
use doorward::model::email::EmailAddress;
use doorward::model::letter::Letter;
use doorward::schema::deliveries;
use doorward::store::db::DbError;
use secrecy::SecretString;
use uuid::Uuid;

use super::test_app::TestApp;

/// A letter that arrived.
#[derive(Debug, Clone)]
pub struct ReadLetter {
    /// As it came.
    pub raw: String,
    /// The headers, unfolded and decoded, in their order.
    pub headers: Vec<(String, String)>,
    pub text: String,
    pub html: String,
}

impl ReadLetter {
    /// Reads a message of two parts.
    pub fn parse(raw: &str) -> Self {
        let (head, body) = raw.split_once("\r\n\r\n").expect("headers and a body");
        let headers = headers(head);
        let kind = header(&headers, "content-type").expect("a kind");
        let boundary = kind.split("boundary=").nth(1).expect("a boundary").trim_matches('"').to_owned();
        let parts: Vec<_> = body.split(&format!("--{boundary}")).skip(1).take(2).map(part).collect();
        let [text, html] = parts.as_slice() else { panic!("two parts: {raw}") };
        assert!(text.0.starts_with("text/plain") && html.0.starts_with("text/html"), "{raw}");
        let (text, html) = (text.1.replace("\r\n", "\n"), html.1.replace("\r\n", "\n"));
        Self { raw: raw.to_owned(), headers, text, html }
    }

    /// A header that stands there once.
    #[track_caller]
    pub fn header(&self, name: &str) -> String {
        let found: Vec<_> = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).collect();
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        found[0].1.clone()
    }

    pub fn subject(&self) -> String {
        self.header("subject")
    }

    pub fn message_id(&self) -> String {
        self.header("message-id")
    }

    /// The link, which is the same in both parts.
    #[track_caller]
    pub fn link(&self) -> String {
        let links: Vec<_> = self.text.lines().filter(|line| line.starts_with("http")).collect();
        assert_eq!(links.len(), 1, "one link: {}", self.text);
        let escaped = links[0].replace('&', "&#38;");
        assert!(self.html.contains(&format!("href=\"{escaped}\"")), "{} in {}", links[0], self.html);
        links[0].to_owned()
    }

    /// The secret of the link's query.
    #[track_caller]
    pub fn token(&self) -> String {
        let url = url::Url::parse(&self.link()).unwrap();
        url.query_pairs().find(|(name, _)| name == "token").expect("a token").1.into_owned()
    }
}

impl TestApp {
    /// Puts an invitation's letter into the outbox, with a link whose token is its id; gives the delivery's id.
    pub async fn post_letter(&self, tenant: Uuid, to: &str, inviter: &str) -> Uuid {
        let (ctx, to, inviter) = (self.context.clone(), EmailAddress::parse(to).unwrap(), inviter.to_owned());
        let link = format!("{}/t/acme/invitation?token={}", self.url, Uuid::now_v7().simple());
        let posted = self.context.db.tenant(tenant, move |conn| {
            let expires_at = ctx.clock.now() + chrono::Duration::days(7);
            let letter = Letter::Invitation { inviter: Some(inviter), expires_at };
            post(conn, &ctx, tenant, (&to, Language::English), &letter, Some(&SecretString::from(link)))
        });
        posted.await.unwrap()
    }

    /// Sends everything that is due, and gives the letters to this address, the oldest first.
    pub async fn letters_to(&self, address: &str) -> Vec<ReadLetter> {
        self.send_letters().await;
        let mut names: Vec<_> = match fs::read_dir(&self.letters) {
            Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
            Err(_) => Vec::new(), // none was ever written
        };
        names.retain(|path| path.extension().is_some_and(|e| e == "eml"));
        names.sort(); // by the deliveries' ids, which grow with time
        let letters = names.iter().map(|path| ReadLetter::parse(&fs::read_to_string(path).unwrap()));
        letters.filter(|letter| letter.header("to").eq_ignore_ascii_case(address)).collect()
    }

    /// The letter of this delivery, sent now if it was not yet.
    pub async fn letter_of(&self, delivery: Uuid) -> ReadLetter {
        self.send_letters().await;
        let file = self.letters.join(format!("{delivery}.eml"));
        ReadLetter::parse(&fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display())))
    }

    /// The one letter to this address.
    #[track_caller]
    pub fn letter_to<'a>(&'a self, address: &'a str) -> impl Future<Output = ReadLetter> + 'a {
        let place = std::panic::Location::caller();
        async move {
            let mut letters = self.letters_to(address).await;
            assert_eq!(letters.len(), 1, "{place}: one letter to {address}: {letters:#?}");
            letters.remove(0)
        }
    }

    /// Sends what is due by this server's clock, and waits for what its own worker has in hand.
    pub async fn send_letters(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            deliver::deliver_due(&self.context).await.unwrap();
            let now = self.clock.now();
            let waiting = self.context.db.system(move |conn| {
                let due = deliveries::table.filter(deliveries::state.eq("pending")).filter(deliveries::due_at.le(now));
                Ok::<i64, DbError>(due.count().get_result(conn)?)
            });
            if waiting.await.unwrap() == 0 {
                return;
            }
            assert!(Instant::now() < deadline, "letters are due and do not go");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Unfolded and decoded.
fn headers(head: &str) -> Vec<(String, String)> {
    let mut lines: Vec<String> = Vec::new();
    for line in head.split("\r\n").filter(|line| !line.is_empty()) {
        match lines.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => last.push_str(line),
            _ => lines.push(line.to_owned()),
        }
    }
    let split = |line: String| line.split_once(": ").map(|(n, v)| (n.to_owned(), words(v))).expect("a header");
    lines.into_iter().map(split).collect()
}

fn header(headers: &[(String, String)], name: &str) -> Option<String> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
}

/// Encoded words (RFC 2047) in base64, as our letters have them.
fn words(value: &str) -> String {
    let mut text = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("=?utf-8?b?") {
        let (encoded, after) = after.split_once("?=").expect("an encoded word ends");
        if !before.trim().is_empty() || text.is_empty() {
            text.push_str(before);
        }
        text.push_str(&String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap());
        rest = after;
    }
    text.push_str(rest);
    text
}

/// A part's kind, and its text decoded.
fn part(part: &str) -> (String, String) {
    let (head, body) = part.trim_start_matches("\r\n").split_once("\r\n\r\n").expect("a part's headers");
    let headers = headers(head);
    let bytes = match header(&headers, "content-transfer-encoding").as_deref() {
        Some("base64") => STANDARD.decode(body.split_whitespace().collect::<String>()).unwrap(),
        Some("quoted-printable") => quoted(body),
        Some("7bit") => body.as_bytes().to_vec(),
        other => panic!("{other:?}"),
    };
    (header(&headers, "content-type").unwrap_or_default(), String::from_utf8(bytes).unwrap())
}

fn quoted(body: &str) -> Vec<u8> {
    let joined = body.replace("=\r\n", "");
    let mut bytes = Vec::new();
    let mut parts = joined.split('=');
    bytes.extend(parts.next().unwrap().bytes());
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(part[2..].bytes());
    }
    bytes
}
