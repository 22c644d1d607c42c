//! Responses that nobody on this project wrote, beside the repository: each gets the answer that its manifest gives.
//!
//! An entry that we answer otherwise is in [`EXCEPTIONS`] with our reason, and told by name in docs/security.md. RSA keys under 2048
//! bits are refused as certificates, whatever they signed. Such messages are read once more with another certificate: what
//! should have been accepted then fails for its signature and for nothing before it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeyPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Duration, Utc};
use doorward::protocol::saml::{Certificate, Expected, Policy, Request, SamlError, Verifier};
use secrecy::SecretSlice;
use serde::Deserialize;

use crate::support::saml::key::IDP;

/// Entries that the manifest accepts and we refuse, each with our code.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("gosaml2/providertests__testdata__okta_response.xml", "saml_not_yet_valid"),
    ("gosaml2/providertests__testdata__onelogin_response.xml", "saml_not_yet_valid"),
    ("gosaml2/providertests__testdata__onelogin__olgn09_response_83.b64.xml", "saml_not_yet_valid"),
    ("gosaml2/providertests__testdata__onelogin__olgn09_response_05.b64.xml", "saml_cbc_refused"),
    ("gosaml2/providertests__testdata__onelogin__olgn09_response_06.b64.xml", "saml_cbc_refused"),
    ("samael/test_vectors__response_signed_by_idp_ecdsa.xml", "saml_subject_refused"),
];

#[derive(Deserialize)]
struct Entry {
    file: String,
    kind: String,
    expected: Option<String>,
    #[serde(default)]
    config: Config,
    #[serde(default)]
    needs: Vec<String>,
    #[serde(default)]
    facts: Facts,
}

#[derive(Deserialize, Default)]
struct Config {
    sp_entity_id: Option<String>,
    acs_url: Option<String>,
    idp_entity_id: Option<String>,
    in_response_to: Option<String>,
    clock: Option<DateTime<Utc>>,
    idp_cert: Option<String>,
    #[serde(default)]
    sp_key: Vec<String>,
    idp_key_bits: Option<u32>,
}

#[derive(Deserialize, Default)]
struct Facts {
    name_id: Option<String>,
}

impl Entry {
    fn is_weak(&self) -> bool {
        self.config.idp_key_bits.is_some_and(|bits| bits > 256 && bits < 2048)
    }
}

/// Where the corpus is, if it is.
#[expect(clippy::disallowed_methods, reason = "tests read their own environment")]
pub fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let named = std::env::var("DOORWARD_TEST_CORPUS").ok().filter(|v| !v.is_empty()).map(PathBuf::from);
    let saml = named.unwrap_or(beside).join("saml");
    saml.join("manifest.json").is_file().then_some(saml)
}

/// What an entry is read with.
#[derive(Clone, Copy, PartialEq)]
enum Pass {
    /// What it needs switched on.
    Needs,
    /// Nothing.
    Nothing,
    /// What it needs, and another certificate than its own, which is too weak.
    StandIn,
}

/// The answer to one entry: the subject, or the code.
fn answer(folder: &Path, entry: &Entry, pass: Pass) -> Result<String, String> {
    let Config { sp_entity_id, acs_url, idp_entity_id, in_response_to, clock, idp_cert, sp_key, .. } = &entry.config;
    let allowed = |need: &str| pass != Pass::Nothing && entry.needs.iter().any(|n| n == need);
    let certificate = idp_cert.as_ref().map(|path| fs::read_to_string(folder.join(path)).unwrap());
    let certificates = match certificate.map(|pem| Certificate::parse(&pem)).transpose() {
        Ok(certificate) => certificate.into_iter().collect::<Vec<_>>(),
        Err(_) if pass == Pass::StandIn => vec![IDP.certificate()],
        Err(error) => return Err(error.code().to_owned()),
    };
    let own = pass == Pass::Needs && allowed("sp_decryption_key");
    let keys: Vec<_> = sp_key.iter().filter(|_| own).map(|p| pkcs8(&folder.join(p))).collect();
    let policy = Policy {
        require_signed_assertion: false,
        require_signed_response: false,
        require_encrypted_assertion: false,
        allow_sha1: allowed("allow_sha1"),
        allow_cbc: allowed("allow_cbc"),
        skew: Duration::seconds(60),
    };
    let list = |value: &Option<String>| value.iter().cloned().collect::<Vec<_>>();
    let request = in_response_to.as_deref().map_or(Request::Unsolicited, |id| Request::Solicited { id });
    let expected = Expected {
        idp_entity_id: idp_entity_id.as_deref().unwrap_or_default(),
        audiences: &list(sp_entity_id),
        acs_urls: &list(acs_url),
        request,
        now: clock.unwrap_or_default(),
        authenticated_since: None,
        authn_contexts: &[],
    };
    let code = |error: SamlError| error.code().to_owned();
    let verifier = Verifier::new(&certificates, &keys, policy).map_err(code)?;
    let response = verifier.response(&fs::read(folder.join(&entry.file)).unwrap(), &expected).map_err(code)?;
    Ok(response.name_id.value)
}

/// A private key in PEM, PKCS#1 or PKCS#8, as the verifier takes it.
fn pkcs8(path: &Path) -> SecretSlice<u8> {
    let pem = fs::read_to_string(path).unwrap();
    let lines = pem.lines().filter(|line| !line.starts_with("-----")).collect::<String>();
    let der = STANDARD.decode(lines).unwrap();
    let pair = if pem.contains("RSA PRIVATE") { KeyPair::from_der(&der) } else { KeyPair::from_pkcs8(&der) };
    let pair = pair.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    SecretSlice::from(AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap().as_ref().to_vec())
}

/// What is wrong with an answer, if something is.
fn fault(entry: &Entry, answer: &Result<String, String>) -> Option<String> {
    let exception = EXCEPTIONS.iter().find(|(file, _)| *file == entry.file);
    let full = |name: &String| entry.facts.name_id.as_ref() == Some(name);
    let fits = match (entry.expected.as_deref().unwrap_or_default(), answer) {
        ("accept", Err(code)) if entry.is_weak() => code == "certificate_key_weak",
        ("accept", Err(code)) => exception.is_some_and(|(_, ours)| code == ours),
        ("accept", Ok(name)) => full(name) && exception.is_none(),
        ("reject", answer) => answer.is_err(),
        ("policy", _) | ("reject-or-full-text", Err(_)) => true,
        ("reject-or-full-text", Ok(name)) => full(name),
        (other, _) => panic!("{}: {other:?}", entry.file),
    };
    (!fits).then(|| format!("{}: {:?} expected, got {answer:?}", entry.file, entry.expected))
}

fn responses_of(all: &[Entry]) -> impl Iterator<Item = &Entry> {
    all.iter().filter(|e| e.kind == "saml-response")
}

#[test]
fn every_response_of_the_corpus_gets_the_answer_that_is_known_to_be_right() {
    let Some(folder) = folder() else {
        eprintln!("SKIP: there is no corpus at ../shared/corpus");
        return;
    };
    let manifest = fs::read_to_string(folder.join("manifest.json")).unwrap();
    let all: Vec<Entry> = serde_json::from_str(&manifest).unwrap();
    assert_eq!(responses_of(&all).count(), 281);
    let (mut table, mut codes, mut faults) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    for entry in responses_of(&all) {
        let with_needs = answer(&folder, entry, Pass::Needs);
        let row: &mut [u32; 3] = table.entry(entry.expected.clone().unwrap()).or_default();
        row[usize::from(with_needs.is_err())] += 1;
        if let Err(code) = &with_needs {
            *codes.entry(code.clone()).or_insert(0) += 1;
        }
        if let Some(fault) = fault(entry, &with_needs) {
            row[2] += 1;
            faults.push(fault);
        }
        // The second pass: with nothing switched on, whatever needs it is refused.
        if entry.needs.iter().any(|need| need != "idp_initiated") && answer(&folder, entry, Pass::Nothing).is_ok() {
            faults.push(format!("{}: accepted with nothing switched on", entry.file));
        }
    }
    let mut stand_in = BTreeMap::new();
    let weak = responses_of(&all).filter(|e| e.is_weak());
    for entry in weak {
        let code = answer(&folder, entry, Pass::StandIn).expect_err("nothing is signed by the stand-in");
        let sooner = code != "saml_signature_invalid" && code != "saml_cbc_refused";
        if entry.expected.as_deref() == Some("accept") && sooner {
            faults.push(format!("{}: refused before its signature: {code}", entry.file));
        }
        *stand_in.entry(code).or_insert(0) += 1;
    }
    eprintln!("{:<20} {:>7} {:>7} {:>7}", "manifest says", "accept", "reject", "wrong");
    for (expected, [accepted, rejected, wrong]) in &table {
        eprintln!("{expected:<20} {accepted:>7} {rejected:>7} {wrong:>7}");
    }
    eprintln!("reasons: {codes:?}");
    eprintln!("of the weak keys, with another certificate: {stand_in:?}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_exception_of_the_corpus_is_told_by_name() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/security.md")).unwrap();
    for (file, code) in EXCEPTIONS {
        let name = file.rsplit("__").next().unwrap();
        assert!(page.contains(name) && page.contains(code), "docs/security.md does not tell {name}: {code}");
    }
}
