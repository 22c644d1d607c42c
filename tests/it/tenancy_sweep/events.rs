//! Every write of the API leaves exactly one audit event, in the transaction that writes: where the event cannot be
//! written, nothing is.

use diesel::PgConnection;
use diesel::connection::SimpleConnection;
use doorward::model::group::HeldGroupRemoval;
use doorward::store::db::DbError;
use doorward::store::groups;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Somebody, TABLE, body, request};
use crate::support::admin::Admin;
use crate::support::database::lines;
use crate::support::hostile_provider::HostileProvider;
use crate::support::passwords::{ANOTHER, PASSWORD, prove, signs_in, try_password};
use crate::support::saml::key::IDP;
use crate::support::saml::metadata::provider;
use crate::support::sign_in::id;
use crate::support::totp::me;
use crate::support::{Browser, TestApp, totp};

/// Where events are: of tenants, and of the installation.
const LOGS: [&str; 2] = ["audit_events", "operator_audit_events"];

/// A tenant with whatever a route needs, made anew for each.
struct World {
    app: TestApp,
    operator: Admin,
    provider: HostileProvider,
    connection: String,
}

fn unique() -> String {
    Uuid::now_v7().simple().to_string()
}

impl World {
    async fn new() -> Self {
        let app = TestApp::start();
        let (acme, provider) = (app.tenant("acme").await, HostileProvider::start());
        let connection = id(&acme.connect(&provider, json!({})).await).to_owned();
        let operator = app.operator().await;
        for issuer in ["/oauth2", "/t/acme/oauth2"] {
            // There are keys to rotate once somebody has asked for them.
            assert_eq!(app.browser().get(&format!("{issuer}/jwks.json")).await.status, 200);
        }
        Self { app, operator, provider, connection }
    }

    async fn make(&self, path: &str, body: Value) -> Value {
        self.operator.post(path, &body).await.created()
    }

    /// A new object of the tenant.
    async fn of_acme(&self, noun: &str, body: Value) -> String {
        id(&self.make(&format!("/v1/tenants/acme/{noun}"), body).await).to_owned()
    }

    async fn user(&self) -> String {
        let link = || json!({"connection_id": self.connection, "subject": unique()});
        let user = json!({"email": format!("{}@acme.example", unique()), "identities": [link(), link()]});
        let user = self.of_acme("users", user).await;
        let path = format!("/v1/tenants/acme/users/{user}/password");
        self.operator.put_json(&path, &json!({"password": PASSWORD})).await.expect(204);
        prove(&self.app, &user);
        user
    }

    /// A new user who signed in twice: the browser of the first session, and the id of the second. One `of_ours` has no
    /// identity at a provider.
    async fn person(&self, of_ours: bool) -> (Browser, String) {
        let user = self.user().await;
        if of_ours {
            let identities = format!("/v1/tenants/acme/users/{user}/identities");
            for identity in self.operator.get(&identities).await.ok()["items"].as_array().unwrap() {
                self.operator.delete(&format!("{identities}/{}", id(identity))).await.expect(204);
            }
        }
        let user = self.operator.get(&format!("/v1/tenants/acme/users/{user}")).await.ok();
        let browser = self.app.browser();
        for browser in [&browser, &self.app.browser()] {
            signs_in(&try_password(browser, user["email"].as_str().unwrap(), PASSWORD).await);
        }
        let sessions = self.operator.get(&format!("/v1/tenants/acme/sessions?user_id={}", id(&user))).await.ok();
        (browser, id(&sessions["items"][1]).to_owned())
    }

    /// Makes an owner of the person in this browser, perhaps one with codes.
    async fn make_owner(&self, browser: &Browser, with_codes: bool) {
        let me: Value = serde_json::from_str(&browser.get("/v1/tenants/acme/me").await.body).unwrap();
        let path = format!("/v1/tenants/acme/users/{}", id(&me["user"]));
        self.operator.patch(&path, &json!({"role": "owner"})).await.ok();
        if with_codes {
            let path = "/v1/tenants/acme/me/break-glass-codes";
            let request = browser.request(reqwest::Method::POST, path).header("origin", &browser.base);
            let made = browser.send(request.header("sec-fetch-site", "same-origin"), path).await;
            assert_eq!(made.status, 201, "{}", made.body);
        }
    }

    async fn held_removal(&self) -> String {
        let (user, group) = (self.user().await, self.of_acme("groups", json!({"name": unique()})).await);
        let tenant = self.operator.get("/v1/tenants/acme").await.ok();
        let (tenant_id, now) = (id(&tenant).parse().unwrap(), self.app.clock.now());
        let held = HeldGroupRemoval {
            tenant_id,
            id: Uuid::now_v7(),
            source_id: self.connection.parse().unwrap(),
            user_id: user.parse().unwrap(),
            group_ids: vec![group.parse().unwrap()],
            created_at: now,
            updated_at: now,
        };
        let removal = held.id.to_string();
        let hold = self
            .app
            .context
            .db
            .tenant(tenant_id, move |conn| Ok::<_, DbError>(groups::hold_removal(conn, tenant_id, &held)?));
        hold.await.unwrap();
        removal
    }

    /// A letter that is not due yet.
    async fn waiting_letter(&self) -> String {
        let tenant = self.operator.get("/v1/tenants/acme").await.ok();
        let letter = self.app.post_letter(id(&tenant).parse().unwrap(), "ada@acme.example", "Ada").await;
        let later = self.app.clock.now() + chrono::Duration::hours(1);
        let put_off = self.app.context.db.system(move |conn| {
            use diesel::prelude::*;
            use doorward::schema::deliveries::dsl::{deliveries, due_at, id};
            Ok::<_, DbError>(diesel::update(deliveries.filter(id.eq(letter))).set(due_at.eq(later)).execute(conn)?)
        });
        put_off.await.unwrap();
        letter.to_string()
    }

    /// A signing key whose time has not come: it may be taken back.
    async fn waiting_key(&self, pattern: &str) -> String {
        let base = if pattern.contains("{tenant}") { "/v1/tenants/acme" } else { "/v1" };
        let rotated = self.operator.post(&format!("{base}/signing-keys/rotate"), &json!({})).await;
        assert!(matches!(rotated.status, 200 | 409), "one may wait already");
        let keys = self.operator.get(&format!("{base}/signing-keys")).await.ok();
        let keys = keys["items"].as_array().unwrap().iter();
        id(keys.max_by_key(|key| key["use_from"].as_str().unwrap()).unwrap()).to_owned()
    }

    /// An object and a part of it, such as the route's path names them.
    async fn ids(&self, method: &str, pattern: &str) -> Vec<String> {
        let below = pattern.trim_start_matches("/v1/tenants/{tenant}/").trim_start_matches("/v1/");
        match below.split('/').next().unwrap_or_default() {
            "connections" if pattern.contains("/keys") || pattern.ends_with("/metadata") => {
                let saml = json!({"display_name": unique(), "protocol": "saml"});
                let saml = self.of_acme("connections", saml).await;
                if !pattern.contains("{key}") {
                    return vec![saml];
                }
                let key = self.of_acme(&format!("connections/{saml}/keys"), json!({})).await;
                vec![saml, key]
            }
            "connections" => {
                let settings = json!({"issuer": self.provider.issuer, "client_id": "client"});
                let draft = json!({"display_name": unique(), "settings": settings, "client_secret": "x"});
                let draft = self.of_acme("connections", draft).await;
                if !pattern.ends_with("/activate") {
                    let path = format!("/v1/tenants/acme/connections/{draft}/activate");
                    self.operator.post(&path, &json!({})).await.ok();
                }
                vec![draft]
            }
            "users" if pattern.ends_with("/totp") => {
                let (browser, _) = self.person(false).await;
                totp::enrol(&browser, self.app.clock.now()).await;
                let me: Value = serde_json::from_str(&browser.get("/v1/tenants/acme/me").await.body).unwrap();
                vec![id(&me["user"]).to_owned()]
            }
            "users" => {
                let user = self.user().await;
                let identities = self.operator.get(&format!("/v1/tenants/acme/users/{user}/identities")).await.ok();
                vec![user, id(&identities["items"][0]).to_owned()]
            }
            "groups" => {
                let (group, user) = (self.of_acme("groups", json!({"name": unique()})).await, self.user().await);
                if method == "DELETE" {
                    let path = format!("/v1/tenants/acme/groups/{group}/members/{user}");
                    self.operator.put(&path).await.expect(204);
                }
                vec![group, user]
            }
            "group-mappings" => {
                let group = self.of_acme("groups", json!({"name": unique()})).await;
                vec![self.of_acme("group-mappings", json!({"group_id": group, "pattern": "x"})).await]
            }
            "held-group-removals" => vec![self.held_removal().await],
            "api-keys" => vec![self.of_acme("api-keys", json!({"name": "x", "user_id": self.user().await})).await],
            "sessions" => vec![self.person(false).await.1],
            "deliveries" => vec![self.waiting_letter().await],
            "applications" => {
                let base = if pattern.contains("{tenant}") { "/v1/tenants/acme" } else { "/v1" };
                let made = self.make(&format!("{base}/applications"), body("/applications")).await;
                let path = format!("{base}/applications/{}/secrets", id(&made));
                vec![id(&made).to_owned(), id(&self.make(&path, json!({})).await).to_owned()]
            }
            "signing-keys" => vec![self.waiting_key(pattern).await],
            "operator" => vec![id(&self.make("/v1/operator/keys", json!({"name": unique()})).await).to_owned()],
            noun @ ("domains" | "invitations" | "service-accounts") => {
                vec![self.of_acme(noun, body(&format!("/{noun}"))).await]
            }
            _ => Vec::new(),
        }
    }

    /// A body that the route takes, and that changes something.
    async fn body(&self, method: &str, pattern: &str) -> Value {
        let mut sent = body(pattern);
        match pattern.rsplit('/').find(|part| !part.starts_with('{')) {
            Some("identities") => sent["connection_id"] = json!(self.connection),
            Some("group-mappings") if method == "POST" => {
                sent["group_id"] = json!(self.of_acme("groups", json!({"name": unique()})).await);
            }
            Some("api-keys") => sent["user_id"] = json!(self.user().await),
            Some("metadata") => return json!(provider("https://idp.example/", "", &[&IDP.certificate()])),
            Some("group-mappings") => return json!({"pattern": unique()}),
            Some("connections") if method == "PATCH" => return json!({"display_name": unique()}),
            Some("domains") if method == "PATCH" => return json!({"connection_id": self.connection}),
            _ if method == "PATCH" => return json!({"name": unique()}),
            _ => {}
        }
        sent
    }

    /// The request of this route, which may be sent again. By an operator, or at `me` by a person's session.
    async fn prepare(&self, method: &str, pattern: &str) -> RequestBuilder {
        if pattern.ends_with("/me") || pattern.contains("/me/") {
            let (browser, session) = self.person(pattern.ends_with("/email")).await;
            let part = match pattern.contains("/identities") {
                true => {
                    let mine = me(&browser, reqwest::Method::GET, "/identities", None).await.ok();
                    id(&mine["items"][0]).to_owned()
                }
                false => session,
            };
            if pattern.ends_with("/break-glass-codes") {
                self.make_owner(&browser, method == "DELETE").await;
            }
            let path = pattern.replace("{tenant}", "acme").replace("{id}", &part);
            let request = browser.request(method.parse().unwrap(), &path).header("origin", &browser.base);
            let request = request.header("sec-fetch-site", "same-origin");
            match (method, pattern.rsplit('/').next()) {
                ("POST", Some("confirm")) => {
                    let secret = totp::begin(&browser).await;
                    return request.json(&json!({"code": totp::code(&secret, self.app.clock.now())}));
                }
                ("PATCH", _) => return request.json(&json!({"name": unique()})),
                ("DELETE", Some("totp")) | (_, Some("recovery-codes")) => {
                    totp::enrol(&browser, self.app.clock.now()).await;
                }
                _ => {}
            }
            return if pattern.ends_with("/email") {
                request.json(&body(pattern))
            } else if method == "PUT" {
                request.json(&json!({"current_password": PASSWORD, "new_password": ANOTHER}))
            } else {
                request
            };
        }
        let mut slug = "acme".to_owned();
        if (method, pattern) == ("DELETE", "/v1/tenants/{tenant}") {
            slug = format!("t{}", &unique()[16..]);
            self.make("/v1/tenants", json!({"slug": slug, "name": "Short-lived"})).await;
        }
        let mut ids = self.ids(method, pattern).await.into_iter();
        let parts = pattern.split('/').map(|part| match part {
            "{tenant}" => slug.clone(),
            part if part.starts_with('{') => ids.next().expect("an id for each place"),
            part => part.to_owned(),
        });
        let path = parts.collect::<Vec<_>>().join("/");
        let operator = Somebody { who: "operator", admin: Some(self.operator.clone()), slug: "acme" };
        request(&self.operator.browser, &operator, method, pattern, &path, &self.body(method, pattern).await)
    }
}

/// Every audit event of a log.
fn events(conn: &mut PgConnection, log: &str) -> Vec<String> {
    lines(conn, &format!("SELECT id || ' ' || event_type AS line FROM {log} ORDER BY 1"))
}

/// Which logs tell of it: the tenant's or the operators', and that a tenant comes and goes both.
fn logs(method: &str, pattern: &str) -> [usize; 2] {
    match (method, pattern) {
        ("POST", "/v1/tenants") | ("DELETE", "/v1/tenants/{tenant}") => [1, 1],
        (_, pattern) if pattern.contains("{tenant}") => [1, 0],
        _ => [0, 1],
    }
}

/// A sum over every row of every table; when something was last used does not count, nor do counters of tries.
fn contents(conn: &mut PgConnection) -> Vec<String> {
    let tables =
        "SELECT tablename::text AS line FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'rate_limits'";
    let sums: Vec<String> = lines(conn, tables)
        .iter()
        .map(|table| {
            format!(
                "SELECT '{table} ' || md5(coalesce(string_agg(r, ',' ORDER BY r), '')) AS line FROM \
                 (SELECT (to_jsonb(t) - 'last_used_at' - 'last_seen_at')::text AS r FROM {table} t) rows"
            )
        })
        .collect();
    lines(conn, &format!("{} ORDER BY 1", sums.join(" UNION ALL ")))
}

/// From now on no event can be written, or again every one.
fn refuse_events(conn: &mut PgConnection, refused: bool) {
    let how = if refused { "ENABLE" } else { "DISABLE" };
    let alter = |table: &str| format!("ALTER TABLE {table} {how} TRIGGER no_event;");
    conn.batch_execute(&(alter("audit_events") + &alter("operator_audit_events"))).unwrap();
}

#[actix_web::test]
async fn every_write_leaves_exactly_one_event_and_nothing_is_written_without_it() {
    let world = World::new().await;
    let mut conn = world.app.database.superuser();
    conn.batch_execute(
        "CREATE FUNCTION no_event() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no event''; END'; \
         CREATE TRIGGER no_event BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION no_event(); \
         CREATE TRIGGER no_event BEFORE INSERT ON operator_audit_events FOR EACH ROW EXECUTE FUNCTION no_event();",
    )
    .unwrap();
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for (method, pattern, _) in TABLE.iter().filter(|(method, path, _)| *method != "GET" && path.starts_with("/v1/")) {
        refuse_events(&mut conn, false);
        let request = world.prepare(method, pattern).await;
        let again = request.try_clone().unwrap();

        world.app.send_letters().await; // so that none is sent while rows are compared
        refuse_events(&mut conn, true);
        let before = contents(&mut conn);
        let answer = world.operator.send(request).await;
        if answer.status != 500 || contents(&mut conn) != before {
            wrong.push(format!("{method} {pattern} without an event: {} {:.200}", answer.status, answer.text));
        }

        refuse_events(&mut conn, false);
        let before = LOGS.map(|log| events(&mut conn, log));
        let answer = world.operator.send(again).await;
        let mut new = LOGS.map(|log| events(&mut conn, log));
        for (now, before) in new.iter_mut().zip(&before) {
            now.retain(|event| !before.contains(event));
        }
        if !(200..300).contains(&answer.status) || new.each_ref().map(Vec::len) != logs(method, pattern) {
            wrong.push(format!("{method} {pattern}: {} {:.200} {new:?}", answer.status, answer.text));
        }
        tried += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 45, "{tried}");
}
