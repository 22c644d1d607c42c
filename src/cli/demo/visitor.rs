//! A visitor by script: goes through the whole chain as alice would, and is told no as bob would.

#![expect(clippy::print_stdout, reason = "the check says what it saw")]

use std::collections::BTreeMap;
use std::error::Error;

use actix_web::cookie::Cookie;
use reqwest::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, Method};
use url::Url;

use super::hello::Hello;

/// A browser with a cookie jar by host and port.
struct Visitor {
    client: Client,
    jar: BTreeMap<(String, String), String>,
}

/// Signs alice in to the application and out again, and checks that bob stays out.
pub(super) async fn check(home: &str, hello: Option<&Hello>) -> Result<(), Box<dyn Error>> {
    hello.ok_or("the example application is not built: cargo build --example hello")?;
    let home = Url::parse(home)?;
    let mut alice = Visitor { client: client()?, jar: BTreeMap::new() };
    let (url, page) = alice.sign_in(&home, "alice").await?;
    if url != home || !["Alice Archer", "engineering", "admins", "Acme Inc."].iter().all(|text| page.contains(text)) {
        return Err(format!("alice was not signed in; she ended at {url}").into());
    }
    println!("alice signed in: application, acme, northwind and back, with her groups");
    let (url, page) = alice.go(Method::POST, home.join("logout")?, Some(String::new())).await?;
    if url != home || page.contains("Alice Archer") {
        return Err(format!("alice was not signed out; she ended at {url}").into());
    }
    println!("alice signed out");
    let mut bob = Visitor { client: client()?, jar: BTreeMap::new() };
    let (url, page) = bob.sign_in(&home, "bob").await?;
    if !page.contains("email_not_verified") {
        return Err(format!("bob was not refused; he ended at {url}").into());
    }
    println!("bob was refused: his address is not verified");
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "plays the browser; no request of the product goes this way")]
fn client() -> reqwest::Result<Client> {
    Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build()
}

impl Visitor {
    /// From the application through acme to northwind's forms, and to wherever they lead.
    async fn sign_in(&mut self, home: &Url, person: &str) -> Result<(Url, String), Box<dyn Error>> {
        let at = self.go(Method::GET, home.join("login")?, None).await?;
        let at = self.fill_in(at, &[("email", format!("{person}@northwind.example"))]).await?;
        let who = ("email", format!("{person}@northwind.example"));
        self.fill_in(at, &[who, ("password", format!("{person}-tries-the-demo"))]).await
    }

    /// Sends the page's form with these fields and the hidden ones.
    async fn fill_in(
        &mut self,
        (url, page): (Url, String),
        fields: &[(&str, String)],
    ) -> Result<(Url, String), Box<dyn Error>> {
        let action = between(&page, "action=\"", "\"").ok_or_else(|| format!("there is no form at {url}"))?;
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        for hidden in page.split("<input type=\"hidden\"").skip(1) {
            let part = |name| between(hidden, &format!("{name}=\""), "\"").unwrap_or_default();
            form.append_pair(&part("name"), &part("value"));
        }
        self.go(Method::POST, url.join(&action)?, Some(form.finish())).await
    }

    /// Requests, keeps cookies, follows redirects; gives the last page and where it is.
    async fn go(
        &mut self,
        mut method: Method,
        mut url: Url,
        mut form: Option<String>,
    ) -> Result<(Url, String), Box<dyn Error>> {
        for _ in 0..15 {
            let host = url[url::Position::BeforeHost..url::Position::AfterPort].to_owned();
            let cookies = self.jar.iter().filter(|((at, _), _)| *at == host);
            let cookies: Vec<String> = cookies.map(|((_, name), value)| format!("{name}={value}")).collect();
            let mut request = self.client.request(method, url.clone()).header(COOKIE, cookies.join("; "));
            if let Some(body) = form.take() {
                request = request.header(ORIGIN, url.origin().ascii_serialization());
                request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
            }
            let answer = request.send().await?;
            for line in answer.headers().get_all(SET_COOKIE) {
                let cookie = Cookie::parse(line.to_str()?.to_owned())?;
                self.jar.insert((host.clone(), cookie.name().to_owned()), cookie.value().to_owned());
            }
            let Some(next) = answer.headers().get(LOCATION) else {
                return Ok((url, answer.text().await?));
            };
            url = url.join(next.to_str()?)?;
            method = Method::GET;
        }
        Err("redirected in circles".into())
    }
}

fn between(text: &str, before: &str, after: &str) -> Option<String> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0.replace("&#38;", "&").replace("&amp;", "&"))
}
