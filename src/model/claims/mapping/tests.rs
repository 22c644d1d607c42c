use serde_json::json;

use super::*;

fn apply_with(mapping: &ClaimMapping, claims: Value) -> Result<IdentityAssertion, MappingError> {
    let Value::Object(claims) = claims else { panic!("claims are an object") };
    let verified = VerifiedClaims {
        issuer: "https://op.example".to_owned(),
        subject: "the sub".to_owned(),
        claims,
        auth_time: None,
    };
    mapping.apply(&verified)
}

/// The default mapping on `claims`, with a `sub` unless they have one.
fn apply(mut claims: Value) -> Result<IdentityAssertion, MappingError> {
    claims.as_object_mut().expect("an object").entry("sub").or_insert(json!("u1"));
    apply_with(&ClaimMapping::default(), claims)
}

fn paths(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|&path| path.to_owned()).collect()
}

fn set(names: &[&str]) -> Option<BTreeSet<String>> {
    Some(names.iter().map(|&name| name.to_owned()).collect())
}

#[test]
fn standard_claims_become_our_words() {
    let assertion = apply(json!({
        "sub": "u1", "email": "Zoë@x.example", "email_verified": true, "name": "Zoë Ä", "given_name": "Zoë",
        "family_name": "Ä", "picture": "https://x.example/z.png", "groups": ["b", "a", "b"],
    }));
    let expected = IdentityAssertion {
        issuer: "https://op.example".to_owned(),
        subject: "u1".to_owned(),
        email: Some("Zoë@x.example".to_owned()),
        email_verified: true,
        name: Some("Zoë Ä".to_owned()),
        given_name: Some("Zoë".to_owned()),
        family_name: Some("Ä".to_owned()),
        picture: Some("https://x.example/z.png".to_owned()),
        groups: set(&["a", "b"]),
    };
    assert_eq!(assertion, Ok(expected));
}

#[test]
fn alternatives_are_tried_in_order_and_null_counts_as_absent() {
    let mapping = ClaimMapping { email: paths(&["mail", "upn", "email"]), ..ClaimMapping::default() };
    let of = |claims| apply_with(&mapping, claims).expect("mapped").email;
    assert_eq!(of(json!({"sub": "u", "email": "c@x", "upn": "b@x", "mail": "a@x"})).as_deref(), Some("a@x"));
    assert_eq!(of(json!({"sub": "u", "email": "c@x", "mail": null})).as_deref(), Some("c@x"));
}

#[test]
fn a_literal_name_wins_over_a_nested_path_and_dots_lead_into_objects() {
    let mapping = ClaimMapping {
        groups: paths(&["realm_access.roles", "https://app.example/groups", "cognito:groups"]),
        ..ClaimMapping::default()
    };
    let of = |claims| apply_with(&mapping, claims).expect("mapped").groups;
    assert_eq!(of(json!({"sub": "u", "realm_access": {"roles": ["n"]}})), set(&["n"]));
    assert_eq!(of(json!({"sub": "u", "realm_access": {"roles": ["n"]}, "realm_access.roles": ["l"]})), set(&["l"]));
    assert_eq!(of(json!({"sub": "u", "https://app.example/groups": ["g"]})), set(&["g"]));
    assert_eq!(of(json!({"sub": "u", "cognito:groups": ["c"]})), set(&["c"]));
    assert_eq!(of(json!({"sub": "u", "realm_access": "roles"})), None);
    assert_eq!(of(json!({"sub": "u", "realm_access": [{"roles": ["n"]}]})), None);
}

#[test]
fn given_and_family_name_make_the_name_when_it_is_absent_and_are_not_needed_when_it_is_there() {
    let of = |claims| apply(claims).expect("mapped").name;
    assert_eq!(of(json!({"given_name": "Ada", "family_name": "Lovelace"})).as_deref(), Some("Ada Lovelace"));
    assert_eq!(of(json!({"family_name": "Lovelace"})).as_deref(), Some("Lovelace"));
    assert_eq!(of(json!({"name": "Countess", "given_name": "Ada"})).as_deref(), Some("Countess"));
    assert_eq!(of(json!({})), None);
}

#[test]
fn names_are_bounded_and_free_of_control_and_direction_characters() {
    let of = |name: &str| apply(json!({"name": name})).expect("mapped").name;
    assert_eq!(of("a\u{202e}b\r\nc\u{0}").as_deref(), Some("abc"));
    assert_eq!(of(&"é".repeat(500)).map(|name| name.chars().count()), Some(200));
    assert_eq!(of(" \n "), None);
    assert_eq!(apply(json!({"name": ["Ada"]})).expect("mapped").name, None);
}

#[test]
fn email_verified_is_read_tolerantly_and_everything_else_is_no() {
    let of = |flag: Value| apply(json!({"email_verified": flag})).expect("mapped").email_verified;
    for yes in [json!(true), json!("true"), json!("True"), json!(1), json!("1")] {
        assert!(of(yes));
    }
    for no in
        [json!(false), json!("yes"), json!("TRUE"), json!(" true"), json!(2), json!(1.0), json!(["true"]), json!({})]
    {
        assert!(!of(no.clone()), "{no}");
    }
    assert!(!apply(json!({})).expect("mapped").email_verified);
}

#[test]
fn j_17_a_user_id_is_a_string_and_nothing_is_converted_into_one() {
    for bad in [
        json!(1),
        json!(["u"]),
        json!({"u": 1}),
        json!(true),
        json!(""),
        json!("u "),
        json!("u\0"),
        json!("u".repeat(256)),
    ] {
        assert_eq!(apply(json!({"sub": bad})), Err(MappingError::UserIdInvalid));
    }
    assert_eq!(apply(json!({"sub": null})), Err(MappingError::UserIdMissing));
    assert_eq!(apply(json!({"sub": "é".repeat(255)})).map(|who| who.subject), Ok("é".repeat(255)));
}

#[test]
fn an_address_that_is_no_plain_text_is_refused_and_an_empty_one_is_absent() {
    for bad in [json!(["a@x"]), json!(1), json!("a@x\r\nBcc: b@y"), json!("a b@x"), json!("a".repeat(255))] {
        assert_eq!(apply(json!({"email": bad})), Err(MappingError::EmailInvalid));
    }
    assert_eq!(apply(json!({"email": ""})).expect("mapped").email, None);
}

#[test]
fn a_picture_that_is_not_an_https_url_is_dropped() {
    let of = |picture: Value| apply(json!({"picture": picture})).expect("mapped").picture;
    for bad in [
        json!("http://x.example/p"),
        json!("javascript:alert(1)"),
        json!("data:image/png;base64,AA"),
        json!("p.png"),
        json!("https://u:p@x.example/"),
        json!(7),
        json!(format!("https://x.example/{}", "p".repeat(2048))),
    ] {
        assert_eq!(of(bad), None);
    }
}

#[test]
fn groups_are_not_asserted_or_empty_or_a_set() {
    let of = |groups: Value| apply(json!({"groups": groups})).map(|who| who.groups);
    assert_eq!(apply(json!({})).map(|who| who.groups), Ok(None));
    assert_eq!(of(json!(null)), Ok(None));
    assert_eq!(of(json!([])), Ok(set(&[])));
    assert_eq!(of(json!("one")), Ok(set(&["one"])));
    assert_eq!(of(json!(["a", 7, null, {"b": 1}, "", "c"])), Ok(set(&["a", "c"])));
    assert_eq!(of(json!(7)), Err(MappingError::GroupsInvalid));
    assert_eq!(of(json!({"a": true})), Err(MappingError::GroupsInvalid));
    assert_eq!(of(json!(["a\nb"])), Err(MappingError::GroupsInvalid));
}

#[test]
fn an_overage_pointer_instead_of_groups_asserts_nothing() {
    let pointer =
        json!({"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "http://10.0.0.1/"}}});
    assert_eq!(apply(pointer).expect("mapped").groups, None);
    assert_eq!(apply(json!({"hasgroups": true})).expect("mapped").groups, None);
    let mapping = ClaimMapping { groups: paths(&["groups", "roles"]), ..ClaimMapping::default() };
    let beside = json!({"sub": "u", "roles": ["Reader"], "_claim_names": {"groups": "src1"}});
    assert_eq!(apply_with(&mapping, beside).expect("mapped").groups, None);
}

#[test]
fn l_26_groups_are_bounded_in_number_length_and_sum() {
    let of =
        |groups: Vec<String>| apply(json!({"groups": groups})).map(|who| who.groups.map_or(0, |groups| groups.len()));
    let numbered = |count: usize| (0..count).map(|n| format!("group {n}")).collect::<Vec<_>>();
    assert_eq!(of(numbered(500)), Ok(500));
    assert_eq!(of(numbered(501)), Err(MappingError::TooManyGroups));
    assert_eq!(of(vec!["g".repeat(256)]), Ok(1));
    assert_eq!(of(vec!["g".repeat(257)]), Err(MappingError::TooManyGroups));
    assert_eq!(of((0..300).map(|n| format!("{n:0>250}")).collect()), Err(MappingError::TooManyGroups));
}
