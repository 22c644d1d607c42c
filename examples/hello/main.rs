//! Hello: a small application that signs people in through Doorward, by OpenID Connect.
//!
//! ```sh
//! ISSUER=http://localhost:8080/t/acme CLIENT_ID=… CLIENT_SECRET=… cargo run --example hello
//! ```
//!
//! | variable | |
//! |---|---|
//! | `ISSUER` | The issuer: a tenant's, or the installation's |
//! | `CLIENT_ID`, `CLIENT_SECRET` | What creating the application at Doorward answered; a public client has no secret |
//! | `LISTEN` | Address to listen on; `127.0.0.1:8090` |
//! | `PUBLIC_URL` | What browsers call it; `http://` and `LISTEN`. Register `PUBLIC_URL/callback` as redirect URI and `PUBLIC_URL/` as post-logout redirect URI |
//!
//! `oidc` speaks with the provider, `pages` is what people see, and this file is the web server between them: who signs
//! in, and who is signed in, in memory, by cookie.

mod oidc;
mod pages;

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError};

use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::LOCATION;
use actix_web::middleware::DefaultHeaders;
use actix_web::{App, HttpRequest, HttpResponse, HttpResponseBuilder, HttpServer, web};
use openidconnect::CsrfToken;
use serde::Deserialize;
use url::Url;

use oidc::{Answer, Party, Pending, Person};
use pages::Failure;

/// Holds who is signed in.
const SESSION: &str = "hello_session";
/// Holds a sign-in that is on its way.
const SIGN_IN: &str = "hello_sign_in";
/// How many browsers are remembered; a real application has sessions that expire.
const MOST: usize = 10_000;

/// What is remembered of browsers, by the secret in their cookie.
type Memory<T> = Mutex<HashMap<String, T>>;

struct Hello {
    party: Party,
    sign_ins: Memory<Pending>,
    sessions: Memory<Person>,
}

#[actix_web::main]
#[expect(clippy::print_stdout, reason = "says where it is")]
async fn main() -> Result<(), Failure> {
    let listener = TcpListener::bind(setting("LISTEN").unwrap_or_else(|| "127.0.0.1:8090".into()))?;
    let home = setting("PUBLIC_URL").unwrap_or(format!("http://{}", listener.local_addr()?));
    let home = Url::parse(&home)?;
    let issuer = needed("ISSUER")?;
    let client_id = needed("CLIENT_ID")?;
    let party = Party::new(issuer, client_id, setting("CLIENT_SECRET"), home.clone())?;
    let headers = [
        ("content-security-policy", format!("{}; form-action 'self' {}", pages::CSP, party.provider_origin())),
        ("referrer-policy", "no-referrer".into()),
        ("cache-control", "no-store".into()),
        ("x-content-type-options", "nosniff".into()),
    ];
    let hello = web::Data::new(Hello { party, sign_ins: Memory::default(), sessions: Memory::default() });
    let server = HttpServer::new(move || {
        let headers = headers.iter().fold(DefaultHeaders::new(), |all, (name, value)| all.add((*name, value.as_str())));
        App::new()
            .app_data(hello.clone())
            .wrap(headers)
            .route("/", web::get().to(home_page))
            .route("/login", web::get().to(log_in))
            .route("/callback", web::get().to(come_back))
            .route("/logout", web::post().to(log_out))
            .route("/style.css", web::get().to(pages::style))
    });
    let server = server.workers(1).listen(listener)?.run();
    println!("READY {home}");
    Ok(server.await?)
}

/// Who am I?
async fn home_page(hello: web::Data<Hello>, req: HttpRequest) -> HttpResponse {
    let sessions = hello.sessions.lock().unwrap_or_else(PoisonError::into_inner);
    pages::home(req.cookie(SESSION).and_then(|cookie| sessions.get(cookie.value())))
}

#[derive(Deserialize)]
struct LogIn {
    /// The customer, for an application that serves all tenants of an installation.
    tenant: Option<String>,
}

/// To Doorward.
async fn log_in(hello: web::Data<Hello>, query: web::Query<LogIn>) -> Result<HttpResponse, Failure> {
    let (to, pending) = hello.party.begin(query.into_inner().tenant).await?;
    let cookie = hello.remember(&hello.sign_ins, SIGN_IN, pending);
    Ok(see_other(&to).cookie(cookie).finish())
}

/// And back: with a code, or with the reason why not.
async fn come_back(
    hello: web::Data<Hello>,
    req: HttpRequest,
    answer: web::Query<Answer>,
) -> Result<HttpResponse, Failure> {
    let pending = forget(&hello.sign_ins, &req, SIGN_IN);
    let pending = pending.ok_or_else(|| Failure::new("This sign-in was not begun in this browser, or is over."))?;
    let person = hello.party.finish(pending, answer.into_inner()).await?;
    forget(&hello.sessions, &req, SESSION);
    let cookie = hello.remember(&hello.sessions, SESSION, person);
    Ok(see_other(&hello.party.home).cookie(cookie).finish())
}

/// Out here, and then at Doorward. The cookie is `Lax`, so no other site can post this.
async fn log_out(hello: web::Data<Hello>, req: HttpRequest) -> Result<HttpResponse, Failure> {
    let to = match forget(&hello.sessions, &req, SESSION) {
        Some(person) => hello.party.end(&person).await?,
        None => hello.party.home.clone(),
    };
    Ok(see_other(&to).finish())
}

impl Hello {
    /// Keeps `what` under a new secret; gives the cookie that finds it again.
    fn remember<T>(&self, memory: &Memory<T>, name: &'static str, what: T) -> Cookie<'static> {
        let secret = CsrfToken::new_random().into_secret();
        let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.len() >= MOST {
            memory.clear();
        }
        memory.insert(secret.clone(), what);
        let cookie = Cookie::build(name, secret).path("/").http_only(true).same_site(SameSite::Lax);
        cookie.secure(self.party.home.scheme() == "https").finish()
    }
}

/// Takes what the browser's cookie finds.
fn forget<T>(memory: &Memory<T>, req: &HttpRequest, name: &str) -> Option<T> {
    memory.lock().unwrap_or_else(PoisonError::into_inner).remove(req.cookie(name)?.value())
}

fn see_other(to: &Url) -> HttpResponseBuilder {
    let mut answer = HttpResponse::SeeOther();
    answer.insert_header((LOCATION, to.as_str()));
    answer
}

#[expect(clippy::disallowed_methods, reason = "an application of its own; the ban is for Doorward")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn needed(name: &str) -> Result<String, Failure> {
    setting(name).ok_or_else(|| Failure::new(format!("{name} is not set")))
}
