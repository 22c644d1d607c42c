//! A visitor by script: clicks through the login as alice would, and is told no as bob would.

#![expect(clippy::print_stdout, reason = "the check says what it saw")]

use std::collections::BTreeMap;
use std::error::Error;

use actix_web::cookie::Cookie;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Method};
use url::Url;

use super::seed::Seeded;

/// A browser with a cookie jar by host and port.
struct Visitor {
    client: Client,
    jar: BTreeMap<(String, String), String>,
}

/// Signs alice in and checks that bob stays out.
pub(super) async fn check(seeded: &Seeded) -> Result<(), Box<dyn Error>> {
    let alice = sign_in(seeded, "alice").await?;
    if !alice.contains("Alice Archer") || !alice.contains("engineering") {
        return Err("alice was not signed in".into());
    }
    println!("alice signed in and is in her groups");
    let bob = sign_in(seeded, "bob").await?;
    if !bob.contains("email_not_verified") {
        return Err("bob was not refused".into());
    }
    println!("bob was refused: his address is not verified");
    Ok(())
}

/// From the login page through the provider's form to the page where it ends.
async fn sign_in(seeded: &Seeded, person: &str) -> Result<String, Box<dyn Error>> {
    let mut visitor = Visitor { client: client()?, jar: BTreeMap::new() };
    let start = Url::parse(&format!("{}/t/acme/login", seeded.base))?;
    let (url, page) = visitor.go(Method::GET, start, None).await?;
    let link = between(&page, "class=\"choice\" href=\"", "\"").ok_or("the login page offers no connection")?;
    let (url, page) = visitor.go(Method::GET, url.join(&link)?, None).await?;
    let action = between(&page, "action=\"", "\"").ok_or("the provider shows no form")?;
    let form = format!("login={person}&password={person}-pw&go=in");
    Ok(visitor.go(Method::POST, url.join(&action)?, Some(form)).await?.1)
}

#[expect(clippy::disallowed_methods, reason = "plays the browser; no request of the product goes this way")]
fn client() -> reqwest::Result<Client> {
    Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build()
}

impl Visitor {
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
