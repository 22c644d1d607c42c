//! Servers and resolvers that misbehave while being asked (attack group F).

use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use doorward::outbound::{Lane, MAX_BODY, Outbound, OutboundError, OutboundPolicy};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use secrecy::ExposeSecret;
use serde_json::json;
use uuid::Uuid;

use super::rig::{all_at_once, loopback, outbound};
use crate::support::command::Settings;
use crate::support::database::TestDatabase;
use crate::support::hostile_provider::{Answer, HostileProvider, Place};
use crate::support::raw_server::RawServer;

mod tls;

fn lane(policy: OutboundPolicy) -> Lane {
    outbound(policy).lane(Uuid::now_v7())
}

/// Allows loopback and gives up after a second.
fn impatient() -> OutboundPolicy {
    OutboundPolicy { total_timeout: Duration::from_secs(1), ..loopback() }
}

/// GETs `url` and gives the error's code, or `answered`. A hang fails the test.
async fn outcome(lane: &Lane, url: &str) -> &'static str {
    let asked = tokio::time::timeout(Duration::from_secs(15), lane.get(url, "*/*", MAX_BODY));
    match asked.await.expect("an end within the deadline") {
        Ok(_) => "answered",
        Err(error) => error.code(),
    }
}

/// Answers each question with the next of its answers; the last one stays.
struct Script {
    answers: Vec<Vec<SocketAddr>>,
    asked: Arc<AtomicUsize>,
}

impl Resolve for Script {
    fn resolve(&self, _: Name) -> Resolving {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst).min(self.answers.len() - 1);
        let answer: Addrs = Box::new(self.answers[turn].clone().into_iter());
        Box::pin(async move { Ok(answer) })
    }
}

fn resolving_to(policy: OutboundPolicy, answers: &[&[&str]]) -> (Lane, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let parse = |ips: &&[&str]| ips.iter().map(|ip| SocketAddr::new(ip.parse().expect("an address"), 0)).collect();
    let script = Script { answers: answers.iter().map(parse).collect(), asked: Arc::clone(&asked) };
    let outbound = Outbound::with_resolver(policy, Arc::new(script)).expect("a client");
    (outbound.lane(Uuid::now_v7()), asked)
}

#[actix_web::test]
async fn f_07_a_name_with_any_private_address_is_not_asked() {
    for answers in [
        &["127.0.0.1"][..],
        &["10.0.0.1"],
        &["::1"],
        &["203.0.113.1"],
        &["1.1.1.1", "127.0.0.1"],
        &["fd00::1", "1.1.1.1"],
        &[],
    ] {
        let (lane, asked) = resolving_to(OutboundPolicy::default(), &[answers]);
        assert_eq!(outcome(&lane, "https://idp.example/").await, "outbound_unreachable", "{answers:?}");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
}

#[actix_web::test]
async fn f_07_private_missing_and_closed_read_the_same() {
    let (private, _) = resolving_to(OutboundPolicy::default(), &[&["10.0.0.1"]]);
    let (missing, _) = resolving_to(OutboundPolicy::default(), &[&[]]);
    let closed = lane(loopback());
    let text = |error: OutboundError| error.to_string();
    let first = private.get("https://idp.example/", "*/*", 1).await.map(drop).map_err(text);
    let second = missing.get("https://idp.example/", "*/*", 1).await.map(drop).map_err(text);
    let third = closed.get("http://127.0.0.1:1/", "*/*", 1).await.map(drop).map_err(text);
    assert!(first.is_err() && first == second && second == third, "{first:?} {second:?} {third:?}");
}

#[actix_web::test]
async fn f_08_the_checked_address_is_the_one_that_is_connected_to() {
    let server = RawServer::with_bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec());
    let policy = || OutboundPolicy { allow: vec!["127.0.0.2".parse().expect("a rule")], ..loopback() };
    // The name is allowed as a name, so that http and the port are; its address is scripted.
    let port = server.address.port();
    let named = || OutboundPolicy { allow: vec!["rebind.example".parse().expect("a rule")], ..policy() };
    let (lane, asked) = resolving_to(named(), &[&["127.0.0.1"], &["127.0.0.3"]]);
    assert_eq!(outcome(&lane, &format!("http://rebind.example:{port}/")).await, "answered");
    assert_eq!(asked.load(Ordering::SeqCst), 1, "one question, and its answer is used");

    // A public answer when saved and a private one when fetched: the fetch asks again and refuses.
    let (lane, _) = resolving_to(OutboundPolicy::default(), &[&["127.0.0.1"]]);
    assert!(lane.check_url("issuer", "https://rebind.example/").is_ok());
    assert_eq!(outcome(&lane, "https://rebind.example/").await, "outbound_unreachable");
    assert_eq!(server.connections(), 1);
}

#[actix_web::test]
async fn f_09_redirects_are_not_followed() {
    let target = RawServer::with_bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec());
    for status in [301, 302, 303, 307, 308] {
        for location in [
            target.url(),
            "http://169.254.169.254/".to_owned(),
            "file:///etc/passwd".to_owned(),
            "gopher://x/".to_owned(),
        ] {
            let answer = format!("HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
            let server = RawServer::with_bytes(answer.into_bytes());
            assert_eq!(outcome(&lane(loopback()), &server.url()).await, "outbound_redirect_refused");
        }
    }
    assert_eq!(target.connections(), 0);
}

#[actix_web::test]
async fn f_13_proxies_of_the_environment_are_not_used() {
    let proxy = RawServer::with_bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nproxy".to_vec());
    let (provider, database) = (HostileProvider::start(), TestDatabase::new());
    let mut settings = Settings::with_database(database.url.expose_secret());
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
        settings = settings.set(name, &proxy.url());
    }
    let serving = settings.serve();
    serving.tenant("acme").connect(&provider, json!({})).await;
    assert!(provider.calls(Place::Discovery) > 0 && provider.calls(Place::Jwks) > 0);
    assert_eq!(proxy.connections(), 0);
}

#[actix_web::test]
async fn f_14_a_server_that_never_finishes_is_given_up() {
    let forever = |stream: &mut std::net::TcpStream| {
        // Ends when the client hangs up.
        while stream.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    };
    let slow_body = RawServer::start(move |stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n");
        forever(stream);
    });
    let slow_headers = RawServer::start(move |stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nx-slow: ");
        forever(stream);
    });
    let silent = RawServer::start(|_| thread::sleep(Duration::from_secs(20)));
    for server in [slow_body, slow_headers, silent] {
        assert_eq!(outcome(&lane(impatient()), &server.url()).await, "outbound_timeout");
    }
    let limits = OutboundPolicy::default();
    assert_eq!((limits.connect_timeout.as_secs(), limits.total_timeout.as_secs()), (5, 10));
}

#[actix_web::test]
async fn f_14_an_endless_or_huge_body_is_read_up_to_one_mebibyte() {
    let endless = RawServer::start(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n");
        let spaces = [b' '; 8192];
        while stream.write_all(&spaces).is_ok() {}
    });
    assert_eq!(outcome(&lane(loopback()), &endless.url()).await, "outbound_answer_too_large");

    let provider = HostileProvider::start();
    let url = format!("{}/jwks", provider.issuer);
    for (size, end) in [(MAX_BODY, "answered"), (MAX_BODY + 1, "outbound_answer_too_large")] {
        provider.answer(Place::Jwks, Answer::new("application/json", vec![b' '; size]));
        assert_eq!(outcome(&lane(loopback()), &url).await, end);
    }
}

#[actix_web::test]
async fn f_14_a_gzip_bomb_counts_inflated() {
    let bomb = gzip_of_spaces(64 << 20);
    assert!(bomb.len() < 128 << 10, "{} bytes on the wire", bomb.len());
    let provider = HostileProvider::start();
    provider.answer(Place::Jwks, Answer::new("application/json", bomb).header("content-encoding", "gzip"));
    let end = outcome(&lane(loopback()), &format!("{}/jwks", provider.issuer)).await;
    assert_eq!(end, "outbound_answer_too_large");
}

#[actix_web::test]
async fn f_14_a_hanging_server_fills_its_own_lane_and_no_other() {
    let silent = RawServer::start(|_| thread::sleep(Duration::from_secs(20)));
    let quick = RawServer::with_bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec());
    let outbound = outbound(OutboundPolicy { total_timeout: Duration::from_secs(8), ..loopback() });
    let (stuck, other) = (outbound.lane(Uuid::now_v7()), outbound.lane(Uuid::now_v7()));
    let url = silent.url();
    // Eight are in flight, the rest wait for their turn.
    let waiting: Vec<_> = (0..256)
        .map(|_| {
            let (stuck, url) = (stuck.clone(), url.clone());
            actix_web::rt::spawn(async move { outcome(&stuck, &url).await })
        })
        .collect();
    while silent.connections() < 8 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(outcome(&stuck, &url).await, "outbound_busy");
    assert_eq!(outcome(&other, &quick.url()).await, "answered");
    assert_eq!(silent.connections(), 8);
    for one in waiting {
        assert_eq!(one.await.expect("joined"), "outbound_timeout");
    }
    assert_eq!(outcome(&stuck, &quick.url()).await, "answered", "the lane is free again");
}

#[actix_web::test]
async fn a_burst_of_requests_to_one_provider_is_answered_in_turn() {
    let provider = HostileProvider::start();
    let (lane, url) = (lane(loopback()), format!("{}/jwks", provider.issuer));
    let burst = (0..200).map(|_| {
        let (lane, url) = (lane.clone(), url.clone());
        async move { outcome(&lane, &url).await }
    });
    assert!(all_at_once(burst).await.iter().all(|end| *end == "answered"));
}

#[actix_web::test]
async fn f_19_cookies_of_a_server_are_not_kept() {
    let provider = HostileProvider::start();
    let lane = lane(loopback());
    let answer = Answer::new("application/json", "{}")
        .header("set-cookie", "a=b; Path=/")
        .header("location", "http://169.254.169.254/")
        .header("strict-transport-security", "max-age=31536000");
    provider.answer(Place::Jwks, answer);
    for _ in 0..2 {
        assert_eq!(outcome(&lane, &format!("{}/jwks", provider.issuer)).await, "answered");
        assert!(!provider.last(Place::Jwks).headers.contains_key("cookie"));
    }
}

#[actix_web::test]
async fn f_20_huge_and_countless_headers_are_refused() {
    let one_mebibyte = format!("HTTP/1.1 200 OK\r\nx: {}\r\ncontent-length: 0\r\n\r\n", "a".repeat(1 << 20));
    let ten_thousand = format!("HTTP/1.1 200 OK\r\n{}content-length: 0\r\n\r\n", "x: a\r\n".repeat(10_000));
    let a_bit_much = format!("HTTP/1.1 200 OK\r\nx: {}\r\ncontent-length: 0\r\n\r\n", "a".repeat(70 << 10));
    for (answer, code) in [
        (one_mebibyte, "outbound_answer_broken"),
        (ten_thousand, "outbound_answer_broken"),
        (a_bit_much, "outbound_headers_too_large"),
    ] {
        let server = RawServer::with_bytes(answer.into_bytes());
        assert_eq!(outcome(&lane(loopback()), &server.url()).await, code);
    }
}

#[actix_web::test]
async fn localhost_is_the_loopback_that_the_policy_allows_or_nothing() {
    let server = RawServer::with_bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec());
    for name in ["localhost", "idp.localhost"] {
        let url = format!("http://{name}:{}/", server.address.port());
        assert_eq!(outcome(&lane(loopback()), &url).await, "answered");
        assert_eq!(outcome(&lane(OutboundPolicy::default()), &url).await, "outbound_url_refused");
    }
}

#[actix_web::test]
async fn garbage_instead_of_http_is_an_error() {
    for bytes in [&b"SSH-2.0-OpenSSH_9.2\r\n"[..], b"", b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", b"\0\0\0"]
    {
        let server = RawServer::with_bytes(bytes.to_vec());
        assert_eq!(outcome(&lane(loopback()), &server.url()).await, "outbound_answer_broken");
    }
}

/// Spaces, compressed by the system's gzip.
pub fn gzip_of_spaces(size: usize) -> Vec<u8> {
    let mut gzip = Command::new("gzip").arg("-9c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("gzip");
    let mut input = gzip.stdin.take().expect("piped");
    let writer = thread::spawn(move || input.write_all(&vec![b' '; size]).expect("written"));
    let output = gzip.wait_with_output().expect("compressed");
    writer.join().expect("joined");
    output.stdout
}
