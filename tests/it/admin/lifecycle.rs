//! What every noun with a version does the same way: create, read, list in pages, change under If-Match, delete.

use serde_json::{Value, json};

use super::id;
use crate::support::admin::Admin;

/// A noun: where it is, the body of its n-th object, and a change.
pub struct Noun {
    pub path: &'static str,
    pub body: fn(usize) -> Value,
    pub change: Value,
}

/// Checks the whole life of a noun.
pub async fn check(admin: &Admin, noun: Noun) {
    let first = created(admin, &noun).await;
    pages(admin, &noun).await;
    refusals(admin, &noun, id(&first)).await;
    changes(admin, &noun, id(&first)).await;
    deletion(admin, &noun, id(&first)).await;
}

async fn created(admin: &Admin, noun: &Noun) -> Value {
    let answer = admin.post(noun.path, &(noun.body)(0)).await.expect(201);
    let (object, etag) = (answer.json(), answer.etag());
    let location = answer.headers["location"].to_str().unwrap();
    assert!(location.ends_with(&format!("{}/{}", noun.path, id(&object))), "{location}");
    assert_eq!(etag, "\"1\"");
    for (field, value) in (noun.body)(0).as_object().unwrap() {
        assert_eq!(&object[field], value, "{field} comes back");
    }
    let read = admin.get(&format!("{}/{}", noun.path, id(&object))).await.expect(200);
    assert_eq!((read.json(), read.etag()), (object.clone(), etag));
    object
}

/// Five more objects in pages of two: each once, in id order, and what is no page is refused (T-10).
async fn pages(admin: &Admin, noun: &Noun) {
    for n in 1..=5 {
        admin.post(noun.path, &(noun.body)(n)).await.created();
    }
    let all = admin.get(&format!("{}?limit=200", noun.path)).await.ok();
    let all: Vec<String> = all["items"].as_array().unwrap().iter().map(|o| id(o).to_owned()).collect();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for _ in 0..all.len() {
        let page = admin.get(&format!("{}?limit=2{cursor}", noun.path)).await.ok();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        seen.extend(items.iter().map(|o| id(o).to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert!(seen.len() >= 6 && seen.is_sorted());
    assert_eq!(seen, all);
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=1000000000", "limit"),
        ("limit=x", "body"),
        ("cursor=x", "cursor"),
        ("cursor=%00", "cursor"),
        ("cursor=' OR 1=1 --", "cursor"),
        ("sort=secret_hash", "sort"),
    ] {
        let refused = admin.get(&format!("{}?{query}", noun.path)).await.expect(422);
        assert_eq!(refused.fields(), [field], "{query}");
    }
    let twice = admin.get(&format!("{}?limit=1&limit=2", noun.path)).await.expect(400);
    assert_eq!(twice.code(), "repeated_parameter");
}

/// Unknown fields, what is not ours to set, and bodies that are no JSON object (T-04).
async fn refusals(admin: &Admin, noun: &Noun, id: &str) {
    for field in ["id", "tenant_id", "created_at", "version", "is_owner", "email_verified_at", "secret_hash"] {
        let mut body = (noun.body)(90);
        body[field] = json!("x");
        assert_eq!(admin.post(noun.path, &body).await.expect(422).fields(), [field]);
        let patch = admin.patch(&format!("{}/{id}", noun.path), &json!({field: "x"})).await;
        assert_eq!(patch.expect(422).fields(), [field]);
    }
    assert_eq!(admin.post(noun.path, &json!([])).await.expect(422).code(), "invalid_fields");
    let request = |text: &'static str, kind: &'static str| {
        let request = admin.request(reqwest::Method::POST, noun.path);
        admin.send(request.header("content-type", kind).body(text))
    };
    assert_eq!(request("{", "application/json").await.expect(400).code(), "malformed_json");
    assert_eq!(request("{}{}", "application/json").await.status / 100, 4);
    assert_eq!(request("a=b", "application/x-www-form-urlencoded").await.expect(415).code(), "unsupported_media_type");
}

async fn changes(admin: &Admin, noun: &Noun, id: &str) {
    let path = format!("{}/{id}", noun.path);
    let patch = |expected: &'static str, body: Value| {
        admin.send(admin.request(reqwest::Method::PATCH, &path).header("if-match", expected).json(&body))
    };
    assert_eq!(patch("\"7\"", noun.change.clone()).await.expect(412).code(), "version_mismatch");
    assert_eq!(patch("7", noun.change.clone()).await.expect(400).code(), "malformed_if_match");
    assert_eq!(admin.get(&path).await.etag(), "\"1\"", "a refused change changes nothing");

    let changed = patch("\"1\"", noun.change.clone()).await.expect(200);
    assert_eq!(changed.etag(), "\"2\"");
    for (field, value) in noun.change.as_object().unwrap() {
        assert_eq!(&changed.json()[field], value, "{field}");
    }
    let same = patch("*", noun.change.clone()).await.expect(200);
    assert_eq!(same.etag(), "\"2\"", "what changes nothing makes no version");
    assert_eq!(patch("\"1\"", json!({})).await.expect(412).code(), "version_mismatch");
    assert_eq!(admin.get(&path).await.ok(), changed.json());
}

async fn deletion(admin: &Admin, noun: &Noun, id: &str) {
    let path = format!("{}/{id}", noun.path);
    let delete =
        |expected: &'static str| admin.send(admin.request(reqwest::Method::DELETE, &path).header("if-match", expected));
    assert_eq!(delete("\"1\"").await.expect(412).code(), "version_mismatch");
    delete("\"2\"").await.expect(204);
    for gone in [admin.get(&path).await, admin.delete(&path).await, admin.patch(&path, &noun.change).await] {
        assert_eq!(gone.expect(404).code(), "not_found");
    }
}

/// Values of a name that nobody may have; each is 422 with the field.
pub async fn hostile_names(admin: &Admin, path: &str, field: &str, body: Value) {
    let long = "x".repeat(101);
    for bad in ["", " a", "a\r\nBcc: b", "a\u{202e}b", "a\u{200b}b", "a\0b", long.as_str()] {
        let mut body = body.clone();
        body[field] = json!(bad);
        assert_eq!(admin.post(path, &body).await.expect(422).fields(), [field], "{bad:?}");
    }
}
