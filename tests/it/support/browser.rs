//! A browser without a screen: a cookie jar, redirects followed one by one, forms posted with the headers that a
//! browser would send.

use std::net::SocketAddr;

use reqwest::header::{HOST, LOCATION, ORIGIN};
use reqwest::{Client, ClientBuilder, Method, RequestBuilder, Response};
use url::Url;

/// A browser; clones share the cookie jar.
#[derive(Clone)]
pub struct Browser {
    pub client: Client,
    /// The public URL of the Doorward under test.
    pub base: String,
    /// Where that really listens.
    at: SocketAddr,
}

/// What a request led to.
pub struct Page {
    pub url: Url,
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl Page {
    /// The `Location` of a redirect, made absolute.
    pub fn location(&self) -> Option<Url> {
        self.url.join(self.headers.get(LOCATION)?.to_str().ok()?).ok()
    }

    /// The text of the element with this id (the pages are simple enough for that).
    pub fn text_of(&self, id: &str) -> Option<String> {
        let start = self.body.find(&format!("id=\"{id}\""))?;
        let rest = &self.body[start..];
        let open = rest.find('>')? + 1;
        Some(rest[open..].split('<').next()?.to_owned())
    }

    /// The reason code of a refusal page.
    pub fn code(&self) -> String {
        self.text_of("code").unwrap_or_else(|| panic!("{} {} is no refusal page: {}", self.status, self.url, self.body))
    }

    /// Every `Set-Cookie` line.
    pub fn set_cookies(&self) -> Vec<String> {
        self.headers.get_all("set-cookie").iter().map(|v| v.to_str().unwrap().to_owned()).collect()
    }
}

impl Browser {
    pub fn new(base: &str, port: u16) -> Self {
        Self::with(base, port, |client| client)
    }

    /// One whose client differs (another source address, another authority).
    #[expect(clippy::disallowed_methods, reason = "the test's own client, not the product's")]
    pub fn with(base: &str, port: u16, change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Self {
        let client = Client::builder()
            .cookie_store(true)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("Mozilla/5.0 (doorward test)")
            .no_proxy();
        Self {
            client: change(client).build().unwrap(),
            base: base.to_owned(),
            at: SocketAddr::from(([127, 0, 0, 1], port)),
        }
    }

    /// The same browser, whose requests reach another instance from now on.
    pub fn via(&self, port: u16) -> Self {
        Self { at: SocketAddr::from(([127, 0, 0, 1], port)), ..self.clone() }
    }

    /// A browser with a jar of its own, at the same server.
    pub fn another(&self) -> Self {
        Self::new(&self.base, self.at.port())
    }

    /// A request; one to the public URL goes to this instance's port with the public Host.
    pub fn request(&self, method: Method, url: &str) -> RequestBuilder {
        let absolute = if url.starts_with('/') { format!("{}{url}", self.base) } else { url.to_owned() };
        let parsed = Url::parse(&absolute).unwrap();
        let public = Url::parse(&self.base).unwrap();
        if parsed.origin() == public.origin() && public.port_or_known_default() != Some(self.at.port()) {
            let path = &parsed[url::Position::BeforePath..];
            let direct = format!("http://{}{path}", self.at);
            let host = &public[url::Position::BeforeHost..url::Position::AfterPort];
            return self.client.request(method, direct).header(HOST, host);
        }
        self.client.request(method, parsed)
    }

    /// GET without following redirects.
    pub async fn get(&self, url: &str) -> Page {
        self.send(self.request(Method::GET, url), url).await
    }

    /// Posts a form from a page of the same origin.
    pub async fn post(&self, url: &str, fields: &[(&str, &str)]) -> Page {
        let absolute = if url.starts_with('/') { format!("{}{url}", self.base) } else { url.to_owned() };
        let origin = Url::parse(&absolute).unwrap().origin().ascii_serialization();
        let request = self.request(Method::POST, url).header(ORIGIN, origin).header("sec-fetch-site", "same-origin");
        self.send(request.form(fields), url).await
    }

    /// Sends any request and reads the answer.
    pub async fn send(&self, request: RequestBuilder, url: &str) -> Page {
        let response: Response = request.send().await.unwrap();
        let absolute = if url.starts_with('/') { format!("{}{url}", self.base) } else { url.to_owned() };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Page { url: Url::parse(&absolute).unwrap(), status, headers, body: response.text().await.unwrap() }
    }

    /// GET, and every redirect after it, until a page; stops before `https://app.example`, which nobody serves.
    pub async fn follow(&self, url: &str) -> Page {
        let mut page = self.get(url).await;
        for _ in 0..20 {
            match page.location() {
                Some(next) if next.host_str() != Some("app.example") => page = self.get(next.as_str()).await,
                _ => return page,
            }
        }
        panic!("redirected in circles, last to {}", page.url)
    }
}
