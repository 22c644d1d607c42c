//! The OpenAPI document against the URL map.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::TestApp;

/// Every operation of the document: method, path, operation.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let each = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters");
        methods.map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation.clone()))
    });
    each.collect()
}

async fn document() -> Value {
    let page = TestApp::start().browser().get("/openapi.json").await;
    assert_eq!(page.status, 200);
    serde_json::from_str(&page.body).unwrap()
}

#[actix_web::test]
async fn the_document_has_exactly_the_routes_of_the_api() {
    let document = document().await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    let told: BTreeSet<_> = operations(&document).into_iter().map(|(method, path, _)| (method, path)).collect();
    let served: BTreeSet<_> = doorward::routes::MAP
        .iter()
        .filter(|(path, _)| path.starts_with("/v1/"))
        .flat_map(|(path, methods)| methods.iter().map(|m| ((*m).to_owned(), (*path).to_owned())))
        .collect();
    assert!(served.len() > 60);
    let only_told: Vec<_> = told.difference(&served).collect();
    assert!(only_told.is_empty(), "told and not served: {only_told:?}");
    let only_served: Vec<_> = served.difference(&told).collect();
    assert!(only_served.is_empty(), "served and not told: {only_served:?}");
}

#[actix_web::test]
async fn every_operation_names_its_path_parameters_its_problem_and_a_success() {
    let document = document().await;
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let named = |place: &str| -> BTreeSet<String> {
            let here = parameters.iter().filter(|p| p["in"] == place);
            here.map(|p| p["name"].as_str().unwrap().to_owned()).collect()
        };
        let wanted: BTreeSet<String> = path.split(['{', '}']).skip(1).step_by(2).map(str::to_owned).collect();
        assert_eq!(named("path"), wanted, "{method} {path}");
        assert_eq!(
            named("header").contains("If-Match"),
            matches!(method.as_str(), "PATCH" | "DELETE"),
            "{method} {path}"
        );
        let problem = &operation["responses"]["default"]["content"]["application/problem+json"]["schema"]["$ref"];
        assert_eq!(problem, "#/components/schemas/ProblemBody", "{method} {path}");
        let answers = operation["responses"].as_object().unwrap();
        assert!(answers.keys().any(|status| status.starts_with('2')), "{method} {path}");
        assert!(operation["summary"].as_str().is_some_and(|s| s.len() > 5), "{method} {path} says nothing");
        assert!(ids.insert(operation["operationId"].to_string()), "{method} {path}: the operationId is not unique");
    }
}

/// Lists whose page is the only one; the summary says why.
const ONE_PAGE: [&str; 5] = [
    "/v1/operator/keys",
    "/v1/signing-keys",
    "/v1/tenants/{tenant}/connections/{id}/keys",
    "/v1/tenants/{tenant}/signing-keys",
    "/v1/tenants/{tenant}/unmatched-groups",
];

#[actix_web::test]
async fn every_list_is_read_in_pages_or_says_that_it_is_one() {
    let document = document().await;
    let mut lists = 0;
    for (method, path, operation) in operations(&document) {
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"];
        if method != "GET" || !schema.as_str().is_some_and(|name| name.contains("/Page_")) {
            continue;
        }
        lists += 1;
        let parameters = operation["parameters"].as_array().unwrap();
        let has = |name: &str| parameters.iter().any(|p| p["name"] == name && p["in"] == "query");
        let one_page = operation["summary"].as_str().unwrap().contains("one page");
        assert_eq!(one_page, ONE_PAGE.contains(&path.as_str()), "{path}");
        assert_eq!((has("limit"), has("cursor")), (!one_page, !one_page), "{path}");
    }
    assert!(lists > 15, "{lists}");
}

#[actix_web::test]
async fn every_reference_of_the_document_leads_somewhere() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|v| references(v, found));
            }
            Value::Array(list) => list.iter().for_each(|v| references(v, found)),
            _ => {}
        }
    }
    let document = document().await;
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 20, "{found:?}");
    for reference in found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference} leads nowhere");
    }
}

#[actix_web::test]
async fn the_reader_is_served_with_all_that_it_needs() {
    let browser = TestApp::start();
    let browser = browser.browser();
    let page = browser.follow("/docs/").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("swagger-ui"), "{}", page.body);
    for part in ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
        assert_eq!(browser.get(&format!("/docs/{part}")).await.status, 200, "{part}");
    }
    assert_eq!(browser.follow("/docs").await.status, 200, "without the slash too");
}
