//! What people see: two pages, one stylesheet, no script.

use std::error::Error;
use std::fmt::{self, Debug, Display};

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use askama::Template;

use crate::oidc::Person;

/// The policy of every page, but for `form-action`.
pub const CSP: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Hello</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<header><a href="/">Hello</a> <span>an application that signs in through Doorward</span></header>
<main>
{% if let Some(reason) = failure %}
<h1>That did not work</h1>
<p role="alert" id="failure">{{ reason }}</p>
<p><a class="button" href="/login">Try again</a></p>
{% else if let Some(person) = person %}
<h1>Hello, <strong id="name">{{ person.name }}</strong></h1>
<dl>
<dt>E-mail</dt><dd id="email">{{ person.email }}</dd>
{% if !person.organisation.is_empty() %}<dt>Organisation</dt><dd id="organisation">{{ person.organisation }}</dd>{% endif %}
<dt>Groups</dt><dd id="groups">{% for group in person.groups %}<span class="group">{{ group }}</span> {% else %}none{% endfor %}</dd>
</dl>
<form method="post" action="/logout"><button id="sign-out">Sign out</button></form>
{% else %}
<h1>Nobody is signed in</h1>
<p>Who you are is asked of Doorward, which asks your organisation's identity provider.</p>
<p><a class="button" id="sign-in" href="/login">Sign in</a></p>
{% endif %}
</main>
</body>
</html>
"#
)]
struct Page<'a> {
    person: Option<&'a Person>,
    failure: Option<&'a str>,
}

/// The home page, of somebody or of nobody.
pub fn home(person: Option<&Person>) -> HttpResponse {
    answer(HttpResponse::Ok(), &Page { person, failure: None })
}

/// The stylesheet.
pub async fn style() -> HttpResponse {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").body(include_str!("style.css"))
}

fn answer(mut builder: HttpResponseBuilder, page: &Page<'_>) -> HttpResponse {
    match page.render() {
        Ok(html) => builder.content_type("text/html; charset=utf-8").body(html),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

/// Why somebody could not be signed in or out; shown as a page.
pub struct Failure(Box<dyn Error>);

impl Failure {
    /// With a sentence for the person.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into().into())
    }

    /// With a sentence, and after it the error and its causes.
    pub fn because(reason: &str, error: &(dyn Error + 'static)) -> Self {
        let (mut said, mut cause) = (reason.to_owned(), Some(error));
        while let Some(error) = cause {
            said = format!("{said}: {error}");
            cause = error.source();
        }
        Self::new(said)
    }
}

/// So that `?` takes every error of the libraries.
impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0, f)
    }
}

/// What `main` prints.
impl Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }

    fn error_response(&self) -> HttpResponse {
        let builder = HttpResponse::build(self.status_code());
        answer(builder, &Page { person: None, failure: Some(&self.to_string()) })
    }
}
