//! Bytes that servers and proxies read differently (W-17): one request, refused, and nothing behind it is taken for
//! another request.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::TestApp;

/// Everything that came back on one connection.
pub struct Answers {
    pub text: String,
}

impl Answers {
    /// The status of each answer.
    pub fn statuses(&self) -> Vec<u16> {
        let lines = self.text.split("HTTP/1.1 ").skip(1);
        lines.map(|rest| rest[..3].parse().unwrap()).collect()
    }
}

/// Sends bytes as they are and reads until the server closes or says nothing for two seconds.
pub fn ask(port: u16, bytes: &[u8]) -> Answers {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    let _ = stream.write_all(bytes); // the server may hang up in the middle
    let mut all = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut chunk) {
        all.extend_from_slice(&chunk[..read]);
    }
    Answers { text: String::from_utf8_lossy(&all).into_owned() }
}

/// The server refuses these headers of a POST, and does not answer the request that is hidden in the body.
async fn refuses(headers: &[&str], body: &str) {
    let app = TestApp::start();
    app.tenant("acme").await;
    let host = app.url.trim_start_matches("http://");
    let hidden = format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n");
    for lines in headers {
        let body = body.replace("HIDDEN", &hidden);
        let lines = lines.replace("LENGTH", &body.len().to_string());
        let bytes = format!(
            "POST /t/acme/logout HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n{lines}\r\n\r\n{body}"
        );
        let answers = ask(app.port, bytes.as_bytes());
        assert_eq!(answers.statuses(), [400], "{lines:?}: {}", answers.text);
    }
    assert_eq!(app.browser().get("/healthz").await.status, 200, "the service is alive");
}

#[actix_web::test]
async fn w_17_length_and_chunks_together() {
    let both = [
        "Content-Length: LENGTH\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: LENGTH",
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
    ];
    refuses(&both, "0\r\n\r\nHIDDEN").await;
}

#[actix_web::test]
async fn w_17_two_lengths_or_one_that_is_no_number() {
    let lengths = [
        "Content-Length: 0\r\nContent-Length: LENGTH",
        "Content-Length: LENGTH\r\nContent-Length: 0",
        "Content-Length: +0",
        "Content-Length: -1",
        "Content-Length: 0x10",
        "Content-Length: 0, LENGTH",
        "Content-Length: 99999999999999999999999",
    ];
    refuses(&lengths, "HIDDEN").await;
}

#[actix_web::test]
async fn w_17_transfer_codings_that_are_not_exactly_chunked() {
    let codings = [
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity, chunked, x",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: \"chunked\"",
    ];
    refuses(&codings, "0\r\n\r\nHIDDEN").await;
}

#[actix_web::test]
async fn w_17_header_lines_that_readers_split_differently() {
    let lines = [
        "Transfer-Encoding : chunked",
        "X: a\r\n Transfer-Encoding: chunked",
        "X: a\rTransfer-Encoding: chunked",
        "X: a\0b",
        "Transfer\u{b}Encoding: chunked",
        ": nothing",
        "no colon here",
    ];
    refuses(&lines, "0\r\n\r\nHIDDEN").await;
}

#[actix_web::test]
async fn w_17_chunks_that_are_none() {
    let app = TestApp::start();
    app.tenant("acme").await;
    let host = app.url.trim_start_matches("http://");
    for chunks in ["-1\r\nx\r\n0\r\n\r\n", "0x3\r\nabc\r\n0\r\n\r\n", "ffffffffffffffffff\r\n", "g\r\n", "\r\n\r\n"] {
        let bytes = format!(
            "POST /t/acme/login HTTP/1.1\r\nHost: {host}\r\nOrigin: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n",
            app.url
        );
        let answers = ask(app.port, bytes.as_bytes());
        assert_eq!(answers.statuses(), [400], "{chunks:?}: {}", answers.text);
    }
}

#[actix_web::test]
async fn w_17_bare_line_feeds_hide_no_second_request() {
    let app = TestApp::start();
    app.tenant("acme").await;
    let host = app.url.trim_start_matches("http://");
    let hidden = format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n");
    // In the lines of chunks, where proxies and servers have differed.
    for chunks in ["2;\nxx\r\n0\r\n\r\n", "2\nxx\r\n0\r\n\r\n", "2\r\nxx\n0\r\n\r\n", "0\n\n"] {
        let bytes = format!(
            "POST /t/acme/login HTTP/1.1\r\nHost: {host}\r\nOrigin: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}{hidden}",
            app.url
        );
        let answers = ask(app.port, bytes.as_bytes());
        assert_eq!(answers.statuses(), [400], "{chunks:?}: {}", answers.text);
    }
    // In the header a line feed alone ends a line (RFC 9112 section 2.2 permits that), so that nothing hides behind one.
    let bytes = format!(
        "POST /t/acme/logout HTTP/1.1\r\nHost: {host}\r\nX: a\nContent-Length: {}\r\n\r\n{hidden}",
        hidden.len()
    );
    assert_eq!(ask(app.port, bytes.as_bytes()).statuses().len(), 1);
}

#[actix_web::test]
async fn w_17_endless_headers_are_cut_off() {
    let app = TestApp::start();
    let host = app.url.trim_start_matches("http://");
    let start = format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n");
    let many = "x: y\r\n".repeat(5000);
    let long = format!("x: {}\r\n", "y".repeat(1 << 20));
    for headers in [many, long] {
        let answers = ask(app.port, format!("{start}{headers}\r\n").as_bytes());
        let statuses = answers.statuses();
        assert!(statuses.is_empty() || (400..500).contains(&statuses[0]), "{statuses:?}");
    }
    assert_eq!(app.browser().get("/healthz").await.status, 200);
}
