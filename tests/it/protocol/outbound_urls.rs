//! URLs that must not be asked (attack group F), refused when they are saved and again when they are fetched.

use doorward::outbound::{AllowRule, MAX_BODY, OutboundError, OutboundPolicy, UrlFault};
use uuid::Uuid;

use super::rig::outbound;

fn check(policy: OutboundPolicy, url: &str) -> Result<(), UrlFault> {
    policy.check(url).map(drop)
}

/// Every one of `urls` is refused at save and at fetch, with the reason told.
async fn refused(urls: &[&str]) {
    let lane = outbound(OutboundPolicy::default()).lane(Uuid::now_v7());
    for url in urls {
        let fault = lane.check_url("issuer", url).expect_err(url);
        assert_eq!(fault.field, "issuer");
        let fetched = lane.get(url, "*/*", MAX_BODY).await.expect_err(url);
        assert!(matches!(fetched, OutboundError::Url(_) | OutboundError::Broken), "{url}: {fetched:?}");
    }
}

#[actix_web::test]
async fn f_01_loopback_and_this_host() {
    refused(&[
        "http://127.0.0.1/",
        "https://127.0.0.1/",
        "https://127.8.9.10/",
        "https://localhost/",
        "https://idp.localhost/",
        "https://0.0.0.0/",
        "https://[::]/",
        "https://[::1]/",
    ])
    .await;
}

#[actix_web::test]
async fn f_02_cloud_metadata() {
    refused(&[
        "https://169.254.169.254/latest/meta-data/",
        "http://169.254.169.254/",
        "https://[fd00:ec2::254]/",
        "https://metadata.google.internal/",
        "https://100.100.100.200/",
    ])
    .await;
}

#[actix_web::test]
async fn f_03_special_networks() {
    refused(&[
        "https://10.1.2.3/",
        "https://172.16.0.1/",
        "https://172.31.255.255/",
        "https://192.168.1.1/",
        "https://100.64.0.1/",
        "https://198.18.0.1/",
        "https://192.0.0.1/",
        "https://224.0.0.1/",
        "https://240.0.0.1/",
        "https://255.255.255.255/",
        "https://[fc00::1]/",
        "https://[fe80::1]/",
        "https://[ff02::1]/",
    ])
    .await;
}

#[actix_web::test]
async fn f_04_other_ways_to_write_an_ipv4_address() {
    refused(&[
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://0x7f.1/",
        "https://0x7f000001/",
        "https://127.1/",
        "https://0/",
        "https://010.0.0.1/",
        "https://0xa9.254.0251.0376/",
    ])
    .await;
}

#[actix_web::test]
async fn f_05_ipv4_inside_ipv6() {
    refused(&[
        "https://[::ffff:169.254.169.254]/",
        "https://[::ffff:7f00:1]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[2002:7f00:1::]/",
        "https://[2002:a00:1::1]/",
    ])
    .await;
}

#[actix_web::test]
async fn f_06_spellings_that_parsers_disagree_about() {
    refused(&[
        "https://[fe80::1%25eth0]/",
        "https://good.example@127.0.0.1/",
        "https://user:password@idp.example/",
        "https://good.example\\@127.0.0.1/",
        "https://127.0.0.1\t/",
        "https://idp.exa\nmple/",
        " https://idp.example/",
        "https://127。0。0。1/",
        "https://１２７.0.0.1/",
        "https://LOCALHOST/",
        "https://localhost./",
        "https://127.0.0.1./",
        "https://idp.example./",
        "https://idp/",
        "https://printer.local/",
        "https:///",
        "//idp.example/",
        "idp.example",
        "",
    ])
    .await;
    let long = format!("https://idp.example/{}", "a".repeat(2048));
    assert_eq!(check(OutboundPolicy::default(), &long), Err(UrlFault::Malformed));
    assert_eq!(check(OutboundPolicy::default(), "https://idp.example/#fragment"), Err(UrlFault::Fragment));
    assert_eq!(check(OutboundPolicy::default(), "https://8.8.8.8/"), Ok(()));
}

#[actix_web::test]
async fn f_10_other_ports_and_other_schemes() {
    for port in [22, 25, 80, 5432, 6379, 8443, 11211] {
        assert_eq!(check(OutboundPolicy::default(), &format!("https://idp.example:{port}/")), Err(UrlFault::Port));
    }
    refused(&["http://idp.example/", "gopher://idp.example/", "file:///etc/passwd", "ftp://idp.example/"]).await;
    assert_eq!(check(OutboundPolicy::default(), "https://idp.example:443/realms/a?b=c"), Ok(()));
}

#[actix_web::test]
async fn f_11_our_own_host_is_refused_unless_the_installation_allows_it() {
    let own = |allow: &[&str]| OutboundPolicy {
        own_hosts: vec!["SSO.example.com".to_owned()],
        allow: rules(allow),
        ..OutboundPolicy::default()
    };
    assert_eq!(check(own(&[]), "https://sso.example.com/t/other/oidc"), Err(UrlFault::OwnHost));
    assert_eq!(check(own(&[]), "https://idp.example.com/"), Ok(()));
    assert_eq!(check(own(&["sso.example.com"]), "https://sso.example.com/t/other/oidc"), Ok(()));
}

fn rules(texts: &[&str]) -> Vec<AllowRule> {
    texts.iter().map(|text| text.parse().expect("a rule")).collect()
}

#[test]
fn an_allowed_network_lifts_the_rules_for_its_addresses_only() {
    let policy = OutboundPolicy { allow: rules(&["127.0.0.0/8", "::1", "10.0.0.7"]), ..OutboundPolicy::default() };
    for url in [
        "http://127.0.0.1:4000/",
        "http://localhost:4000/",
        "http://a.localhost/",
        "http://[::1]:9/",
        "https://10.0.0.7:8443/",
        "http://[::ffff:127.0.0.1]/",
    ] {
        assert_eq!(check(policy.clone(), url), Ok(()), "{url}");
    }
    for url in [
        "http://10.0.0.8/",
        "https://169.254.169.254/",
        "http://idp.example/",
        "http://127.0.0.1@10.0.0.8/",
        "file://127.0.0.1/x",
    ] {
        assert!(check(policy.clone(), url).is_err(), "{url}");
    }
}

#[test]
fn an_allowed_host_is_matched_whole_and_with_its_port() {
    let policy = OutboundPolicy { allow: rules(&["idp.corp:8443", "*.lab.example"]), ..OutboundPolicy::default() };
    for url in
        ["https://idp.corp:8443/", "http://IDP.corp:8443/", "http://a.lab.example:1/", "https://a.b.lab.example/"]
    {
        assert_eq!(check(policy.clone(), url), Ok(()), "{url}");
    }
    for url in [
        "https://idp.corp/",
        "http://idp.corp:8444/",
        "http://lab.example/",
        "http://evillab.example/",
        "http://idp.corp.evil.example:8443/",
    ] {
        assert!(check(policy.clone(), url).is_err(), "{url}");
    }
}

#[test]
fn what_a_rule_would_allow_says_so() {
    for url in ["https://sso.example.com/", "https://10.0.0.1/", "https://idp.example:8443/", "http://idp.example/"] {
        let policy = OutboundPolicy { own_hosts: vec!["sso.example.com".to_owned()], ..OutboundPolicy::default() };
        let said = check(policy, url).unwrap_err().to_string();
        assert!(
            said.ends_with("name the host in the setting outbound_allow (DOORWARD_OUTBOUND_ALLOW)"),
            "{url}: {said}"
        );
    }
}

#[test]
fn a_rule_that_is_neither_network_nor_host_is_refused_in_the_configuration() {
    for text in ["", "10.0.0.0/33", "http://idp.corp", "idp.corp:port", "idp corp", "*."] {
        let said = text.parse::<AllowRule>().unwrap_err();
        assert!(said.contains("host or host:port, without a scheme"), "{text:?}: {said}");
    }
    assert!(serde_json::from_str::<Vec<AllowRule>>(r#"["127.0.0.0/8", "idp.corp:8443"]"#).is_ok());
}
