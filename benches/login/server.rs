//! The real binary, in a process of its own, on a database of its own.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::application::{Application, REDIRECT_URI};
use crate::cpu;

/// The running server; ends when the last clone is dropped.
#[derive(Clone)]
pub struct Server {
    running: Arc<Running>,
    base: String,
    key: String,
    /// The database's main process.
    pub postmaster: u32,
}

struct Running {
    child: Child,
    cluster: String,
    database: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Ok(mut conn) = PgConnection::establish(&self.cluster) {
            let _ = conn.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.database));
        }
    }
}

impl Server {
    /// Starts it on this cluster and waits until it is ready.
    pub async fn start(cluster: String) -> Self {
        let database = format!("dw_bench_{}", std::process::id());
        let mut conn = PgConnection::establish(&cluster).unwrap();
        conn.batch_execute(&format!("CREATE DATABASE {database}")).unwrap();
        let backend: i32 = diesel::select(diesel::dsl::sql::<diesel::sql_types::Integer>("pg_backend_pid()"))
            .get_result(&mut conn)
            .unwrap();
        let postmaster = cpu::parent(u32::try_from(backend).unwrap());
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut url = url::Url::parse(&cluster).unwrap();
        url.set_path(&database);
        let base = format!("http://127.0.0.1:{port}");
        let command = |arguments: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
            command.args(arguments).env("DATABASE_URL", url.as_str()).env("DOORWARD_PUBLIC_URL", &base);
            command.env("DOORWARD_LISTEN", format!("127.0.0.1:{port}")).env("DOORWARD_OUTBOUND_ALLOW", "127.0.0.0/8");
            command.env("DOORWARD_SEALING_KEYS", "b:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
            command.env("DOORWARD_LOGIN_RATE_PER_MINUTE", "1000000").env("DOORWARD_LOG_LEVEL", "warn");
            command
        };
        let key = command(&["key", "create", "bench"]).output().unwrap();
        let key = String::from_utf8(key.stdout).unwrap().trim().to_owned();
        let child = command(&["serve"]).stdout(Stdio::null()).spawn().unwrap();
        let running = Arc::new(Running { child, cluster, database });
        for _ in 0..100 {
            let ready = reqwest::get(format!("{base}/readyz")).await.is_ok_and(|a| a.status() == 200);
            if ready {
                return Self { running, base, key, postmaster };
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the server did not become ready");
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.running.child.id()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = reqwest::Client::new().post(format!("{}{path}", self.base)).bearer_auth(&self.key).json(&body);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    /// A tenant with an active connection to this issuer and an application; gives the URL where a login begins, and the
    /// application.
    pub async fn connect(&self, issuer: &str) -> (String, Application) {
        self.post("/v1/tenants", json!({"slug": "bench", "name": "Bench"})).await;
        let settings = json!({"issuer": issuer, "client_id": "client"});
        let draft = json!({"display_name": "Stub", "settings": settings, "client_secret": "secret"});
        let draft = self.post("/v1/tenants/bench/connections", draft).await;
        let path = format!("/v1/tenants/bench/connections/{}/activate", draft["id"].as_str().unwrap());
        let connection = self.post(&path, json!({})).await;
        let wanted = json!({"name": "Bench", "redirect_uris": [REDIRECT_URI]});
        let made = self.post("/v1/tenants/bench/applications", wanted).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let application = Application {
            issuer: format!("{}/t/bench", self.base),
            credential: (text(&made["id"]), text(&made["client_secret"])),
            connection: text(&connection["id"]),
        };
        (text(&connection["login_url"]), application)
    }
}
