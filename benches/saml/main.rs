//! `cargo bench --bench saml`: what a SAML response costs to verify and read, beside the bare cryptography on the same bytes, in
//! one run; and the worst that a hostile body does. One thread; times are the median of many runs, and the best.
//!
//! Targets: 0.2 ms and 5 times the bare cryptography for a signed assertion; 50 ms of CPU for whatever is sent.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints")]

mod hostile;
mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use chrono::{DateTime, Utc};
use doorward::protocol::saml::{Expected, Policy, Request, SamlError, VerifiedResponse, Verifier};

use support::forge::{ACS, AUDIENCE, ISSUER, NOW, REQUEST};
use support::{Forged, ProviderKey, Sealing, Signing};

fn main() {
    // `cargo test --benches` builds benches and runs them with this flag: there is nothing to test here.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let (idp, sp) = (ProviderKey::rsa(), ProviderKey::rsa());
    let bench = Bench::new(&idp, &sp);
    honest(&bench, &idp, &sp);
    hostile(&bench, &idp);
}

/// A connection's verifier and what it expects.
struct Bench {
    verifier: Verifier,
    audiences: Vec<String>,
    acs_urls: Vec<String>,
    now: DateTime<Utc>,
}

impl Bench {
    fn new(idp: &ProviderKey, sp: &ProviderKey) -> Self {
        let policy = Policy {
            require_signed_assertion: false,
            require_signed_response: false,
            require_encrypted_assertion: false,
            allow_sha1: false,
            allow_cbc: false,
            skew: chrono::Duration::seconds(60),
        };
        Self {
            verifier: Verifier::new(&[idp.certificate()], &[sp.secret()], policy).unwrap(),
            audiences: vec![AUDIENCE.to_owned()],
            acs_urls: vec![ACS.to_owned()],
            now: NOW.parse().unwrap(),
        }
    }

    fn response(&self, xml: &[u8]) -> Result<VerifiedResponse, SamlError> {
        let expected = Expected {
            idp_entity_id: ISSUER,
            audiences: &self.audiences,
            acs_urls: &self.acs_urls,
            request: Request::Solicited { id: REQUEST },
            now: self.now,
            authenticated_since: None,
            authn_contexts: &[],
        };
        self.verifier.response(xml, &expected)
    }
}

/// The template with as many groups as make a signed one 6 KB.
fn template() -> Forged {
    let values: String =
        (0..57).map(|n| format!("<saml:AttributeValue>group-{n:03}-of-tenant</saml:AttributeValue>")).collect();
    let attribute = format!("<saml:Attribute Name=\"more\">{values}</saml:Attribute></saml:AttributeStatement>");
    Forged::response().change("</saml:AttributeStatement>", &attribute)
}

fn honest(bench: &Bench, idp: &ProviderKey, sp: &ProviderKey) {
    let by_idp = Signing::by(idp);
    let assertion = template().sign_with("_a", &by_idp);
    let bytes = assertion.0.as_bytes();
    let (signature, key) = (idp.sign(bytes), UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, idp.spki()));
    let bare = measure(2000, || key.verify(black_box(bytes), &signature).unwrap());
    println!("bare SHA-256 and RSA-2048 over {} bytes: {bare}", bytes.len());
    for (what, message) in [
        ("signed assertion", assertion.clone()),
        ("signed response", template().sign_with("_r", &by_idp)),
        ("both signed", assertion.sign_with("_r", &by_idp)),
        ("signed assertion, encrypted", assertion.encrypt(&Sealing::to(sp))),
    ] {
        bench.response(message.0.as_bytes()).unwrap();
        let time = measure(1000, || drop(black_box(bench.response(black_box(message.0.as_bytes())).unwrap())));
        let times = time.median.as_secs_f64() / bare.median.as_secs_f64();
        println!("{what}, {} bytes: {time}; {times:.1} times the bare cryptography", message.0.len());
    }
}

/// Every hostile body, and which is the worst.
fn hostile(bench: &Bench, idp: &ProviderKey) {
    let mut worst = (Duration::ZERO, "");
    for (what, body) in hostile::bodies(idp) {
        let code = bench.response(&body).map_or_else(|error| error.code(), |_| "accepted");
        let time = measure(20, || drop(black_box(bench.response(black_box(&body)))));
        println!("hostile: {what}, {} bytes: {code}, {time}", body.len());
        worst = worst.max((time.median, what));
    }
    println!("worst of the hostile bodies: {:.3} ms ({})", worst.0.as_secs_f64() * 1000.0, worst.1);
}

/// How long something takes.
struct Time {
    median: Duration,
    best: Duration,
}

impl std::fmt::Display for Time {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let millis = |time: Duration| time.as_secs_f64() * 1000.0;
        write!(formatter, "{:.3} ms (best {:.3})", millis(self.median), millis(self.best))
    }
}

fn measure(runs: usize, work: impl Fn()) -> Time {
    let mut times: Vec<Duration> = (0..runs)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    Time { median: times[runs / 2], best: times[0] }
}
