//! The provider's pages.

use std::collections::HashMap;
use std::sync::Mutex;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::script::{Answer, Place, Recorded, Script};

type Data = web::Data<Mutex<Script>>;

pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/.well-known/openid-configuration", web::get().to(discovery))
        .route("/jwks", web::get().to(jwks))
        .route("/authorize", web::get().to(authorize))
        .route("/token", web::post().to(token))
        .route("/userinfo", web::get().to(userinfo))
        .route("/revoke", web::post().to(revoke))
        .route("/logout", web::get().to(logout));
}

/// Records the request, then gives the test's answer or the honest one.
async fn reply(
    data: &Data,
    place: Place,
    request: &HttpRequest,
    body: &[u8],
    honest: impl FnOnce(&mut Script) -> Answer,
) -> HttpResponse {
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()));
    let recorded = Recorded { headers: headers.collect(), form: form_urlencoded::parse(body).into_owned().collect() };
    let answer = {
        let mut script = data.lock().expect("no test panicked while scripting");
        script.requests.entry(place).or_default().push(recorded);
        let given = script.answers.get(&place).cloned();
        given.unwrap_or_else(|| honest(&mut script))
    };
    actix_web::rt::time::sleep(answer.delay).await;
    let mut response = HttpResponse::build(StatusCode::from_u16(answer.status).expect("a status"));
    for (name, value) in &answer.headers {
        response.append_header((name.as_str(), value.as_str()));
    }
    response.body(answer.body)
}

async fn discovery(data: Data, request: HttpRequest) -> HttpResponse {
    let honest = |script: &mut Script| Answer::json(script.say(Place::Discovery, script.discovery()));
    reply(&data, Place::Discovery, &request, &[], honest).await
}

async fn jwks(data: Data, request: HttpRequest) -> HttpResponse {
    let honest = |script: &mut Script| Answer::json(script.say(Place::Jwks, json!({"keys": script.published})));
    reply(&data, Place::Jwks, &request, &[], honest).await
}

async fn authorize(data: Data, query: web::Query<HashMap<String, String>>) -> HttpResponse {
    let back = data.lock().expect("no test panicked while scripting").authorize(&query);
    let mut url = match query.get("redirect_uri").map(|uri| Url::parse(uri)) {
        Some(Ok(url)) => url,
        _ => return HttpResponse::BadRequest().finish(),
    };
    if query.get("response_mode").is_some_and(|mode| mode == "form_post") {
        let field =
            |(name, value): (&String, &String)| format!(r#"<input type="hidden" name="{name}" value="{value}">"#);
        let fields: String = back.iter().map(field).collect();
        let form = format!(r#"<form method="post" action="{url}">{fields}<button>Go</button></form>"#);
        return HttpResponse::Ok().content_type("text/html").body(form);
    }
    url.query_pairs_mut().extend_pairs(&back);
    HttpResponse::Found().append_header(("location", url.as_str())).finish()
}

async fn token(data: Data, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let form: HashMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let honest = |script: &mut Script| match script.token(&form) {
        Ok(tokens) => Answer::json(script.say(Place::Token, tokens)),
        Err(error) => Answer::json(json!({"error": error})).status(400),
    };
    reply(&data, Place::Token, &request, &body, honest).await
}

async fn userinfo(data: Data, request: HttpRequest) -> HttpResponse {
    let honest = |script: &mut Script| Answer::json(script.say(Place::Userinfo, Value::Object(script.person.clone())));
    reply(&data, Place::Userinfo, &request, &[], honest).await
}

async fn revoke(data: Data, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    reply(&data, Place::Revocation, &request, &body, |_| Answer::json(json!({}))).await
}

/// Sends the browser straight back, like a provider without a question.
async fn logout(query: web::Query<HashMap<String, String>>) -> HttpResponse {
    let Some(Ok(mut url)) = query.get("post_logout_redirect_uri").map(|uri| Url::parse(uri)) else {
        return HttpResponse::Ok().body("Signed out.");
    };
    if let Some(state) = query.get("state") {
        url.query_pairs_mut().append_pair("state", state);
    }
    HttpResponse::Found().append_header(("location", url.as_str())).finish()
}
