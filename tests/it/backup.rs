//! Backup and restore, with the commands that docs/operate.md has: what is installed, dumped, restored and repaired here is
//! typed from there.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use regex::Regex;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use crate::docs::read;
use crate::embedded::Home;
use crate::support::admin::Admin;
use crate::support::browser::Page;
use crate::support::command::{Serving, Settings, text};
use crate::support::database::{LoginRole, TestDatabase, url_of};
use crate::support::hostile_provider::HostileProvider;
use crate::support::relying_party::RelyingParty;
use crate::support::test_app::SEALING_KEY;

/// A key that is not the tests' usual one.
const NEW_KEY: &str = "n2:Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=";

/// The blocks in this language below a heading of docs/operate.md.
fn blocks(heading: &str, language: &str) -> Vec<String> {
    let page = read("docs/operate.md");
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).expect(heading);
    let section = section.split("\n## ").next().unwrap_or_default();
    let block = Regex::new(&format!(r"(?ms)^ *```{language}\n(.*?)^ *```$")).unwrap();
    block.captures_iter(section).map(|found| found[1].to_owned()).collect()
}

/// A database with its owner, installed by the page, under a name of its own; dropped with the value.
struct Installed {
    database: TestDatabase,
    owner: LoginRole,
}

impl Installed {
    fn new() -> Self {
        let name = format!("dw_docs_{}", Uuid::now_v7().simple());
        let installed = Self { database: TestDatabase::named(&name), owner: LoginRole(name) };
        let [database, ..] = &blocks("Install", "sql")[..] else { panic!("no SQL") };
        let [roles, ..] = &blocks("Roles", "sql")[..] else { panic!("no SQL") };
        psql(&url_of("postgres"), &installed.named(&database.replace('…', "secret")), true);
        // Once per cluster: in this one they may be there already.
        psql(&url_of("postgres"), &installed.named(roles), false);
        installed
    }

    /// The text with this installation's name for role and database; folders keep theirs.
    fn named(&self, text: &str) -> String {
        let name = Regex::new(r"(?m)(^|[^/\w])doorward\b").unwrap();
        name.replace_all(text, format!("${{1}}{}", self.owner.0)).into_owned()
    }

    fn url(&self) -> String {
        self.database.url_as(&self.owner)
    }

    fn settings(&self, key_file: &Path) -> Settings {
        Settings::with_database(&self.url())
            .unset("DOORWARD_SEALING_KEYS")
            .set("DOORWARD_SEALING_KEYS_FILE", key_file.to_str().unwrap())
    }
}

/// Feeds SQL to psql, which stops at the first fault when it is `strict`.
fn psql(url: &str, sql: &str, strict: bool) {
    let mut psql = Command::new("psql");
    psql.args(["-qX", "-v", &format!("ON_ERROR_STOP={}", i32::from(strict)), url]);
    let mut psql = psql.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    psql.stdin.take().unwrap().write_all(sql.as_bytes()).unwrap();
    let ended = psql.wait_with_output().unwrap();
    assert!(ended.status.success(), "{sql}: {}", text(&ended.stderr));
}

/// A folder with an `etc` that holds the sealing key, and a place for the backup; gone with the value.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    fn new() -> Self {
        let folder = Self(std::env::temp_dir().join(format!("doorward-backup-{}", Uuid::now_v7())));
        fs::create_dir_all(folder.0.join("etc")).unwrap();
        fs::create_dir(folder.0.join("somewhere-else")).unwrap();
        fs::write(folder.key_file(), format!("{SEALING_KEY}\n")).unwrap();
        folder
    }

    fn key_file(&self) -> PathBuf {
        self.0.join("etc/sealing-keys")
    }

    fn saved_key_file(&self) -> PathBuf {
        self.0.join("somewhere-else/sealing-keys")
    }

    /// Types commands here, with this URL's server and role in the environment. The dump has one name for all.
    fn run(&self, commands: &str, url: &str) -> String {
        let url = Url::parse(url).unwrap();
        let commands = commands.replace("/etc/doorward/", &format!("{}/etc/", self.0.display()));
        let mut bash = Command::new("bash");
        bash.args(["-euc", &commands]).current_dir(&self.0).env("PGHOST", url.host_str().unwrap());
        bash.env("PGPORT", url.port().unwrap().to_string()).env("PGUSER", url.username());
        let ended = bash.env("PGPASSWORD", url.password().unwrap()).output().unwrap();
        assert!(ended.status.success(), "{commands}: {}", text(&ended.stderr));
        text(&ended.stdout)
    }

    /// Restores the dump into a new installation.
    fn restore(&self) -> Installed {
        let target = Installed::new();
        let [.., restore] = &blocks("Backup and restore", "sh")[..] else { panic!("no commands") };
        self.run(&target.named(&restore.replace("doorward.dump", "./the.dump")), &target.url());
        target
    }
}

async fn sign_in(serving: &Serving, connection: &Value) -> Page {
    serving.browser().follow(connection["login_url"].as_str().unwrap()).await
}

#[track_caller]
fn assert_ada(page: &Page) {
    assert_eq!(page.text_of("name").as_deref(), Some("Ada Lovelace"), "{}", page.body);
}

async fn acme_with_ada(serving: &Serving, provider: &HostileProvider) -> (Admin, Value) {
    let acme = serving.tenant("acme");
    let connection = acme.connect(provider, json!({})).await;
    assert_ada(&sign_in(serving, &connection).await);
    (acme, connection)
}

/// Ada signs in, and is the user that she was.
async fn assert_restored(serving: &Serving, connection: &Value) {
    assert_ada(&sign_in(serving, connection).await);
    let users = serving.owner("acme").get("/users").await.ok();
    assert_eq!(users["items"].as_array().unwrap().len(), 1, "the same user as before the backup");
}

#[actix_web::test]
async fn a_backup_restored_elsewhere_signs_people_in_with_the_sealing_key_only() {
    let (source, folder, provider) = (Installed::new(), Folder::new(), HostileProvider::start());
    let settings = source.settings(&folder.key_file());
    let serving = settings.serve();
    let (_, connection) = acme_with_ada(&serving, &provider).await;
    let [backup, ..] = &blocks("Backup and restore", "sh")[..] else { panic!("no commands") };
    folder.run(&source.named(&backup.replace("doorward.dump", "./the.dump")), &url_of("postgres"));
    drop(serving);
    let plain = folder.run("pg_restore --file=- ./the.dump", &url_of("postgres"));
    assert!(plain.contains("COPY public.connections") && !plain.contains("a secret of the client"), "K-02");

    let elsewhere = folder.restore();
    let settings = settings.set("DATABASE_URL", &elsewhere.url());
    let without = settings.clone().unset("DOORWARD_SEALING_KEYS_FILE");
    assert!(without.failure(&["serve"]).contains("sealing_keys"));
    let wrong = without.set("DOORWARD_SEALING_KEYS", NEW_KEY);
    assert!(wrong.failure(&["serve"]).contains("`t1`, which is not configured"));
    let key_file = folder.saved_key_file();
    let serving = settings.set("DOORWARD_SEALING_KEYS_FILE", key_file.to_str().unwrap()).serve();
    assert_restored(&serving, &connection).await;
}

#[actix_web::test]
async fn a_backup_of_the_embedded_postgresql_is_restored_into_one_of_its_own() {
    let (home, folder, provider) = (Home::new(), Folder::new(), HostileProvider::start());
    let data = home.data("");
    let settings = Settings::without_database().set("DOORWARD_DATA_DIR", data.to_str().unwrap());
    let serving = settings.serve();
    let (_, connection) = acme_with_ada(&serving, &provider).await;
    let [_, backup, ..] = &blocks("Backup and restore", "sh")[..] else { panic!("no commands") };
    let backup = backup.replace("D=/var/lib/doorward", &format!("D={}", data.display()));
    folder.run(&backup.replace("doorward.dump", "./the.dump"), &url_of("postgres"));
    drop(serving);

    let elsewhere = folder.restore();
    let same_place = ["DOORWARD_LISTEN", "DOORWARD_PUBLIC_URL"].iter();
    let restored = elsewhere.settings(&folder.saved_key_file());
    let restored = same_place.fold(restored, |all, name| all.set(name, settings.get(name)));
    assert_restored(&restored.serve(), &connection).await;
}

#[actix_web::test]
async fn after_the_sealing_key_is_lost_the_documented_repair_lets_people_in_again() {
    let (installed, folder, provider) = (Installed::new(), Folder::new(), HostileProvider::start());
    let settings = installed.settings(&folder.key_file());
    let serving = settings.serve();
    let (acme, connection) = acme_with_ada(&serving, &provider).await;
    let application = RelyingParty::register(&acme, json!({})).await;
    let saml = acme.post("/connections", &json!({"display_name": "ADFS", "protocol": "saml"})).await.created();
    let browser = serving.browser();
    browser.follow(connection["login_url"].as_str().unwrap()).await;
    application.code(&browser, &[]).await;
    drop(serving);

    fs::write(folder.key_file(), NEW_KEY).unwrap();
    assert!(settings.failure(&["serve"]).contains("`t1`, which is not configured"));
    let [repair] = &blocks("Backup and restore", "sql")[..] else { panic!("one block of SQL") };
    psql(&url_of(&installed.owner.0), repair, true);
    let serving = settings.serve();
    let path = format!("/connections/{}", connection["id"].as_str().unwrap());
    let acme = serving.owner("acme");
    acme.patch(&path, &json!({"client_secret": "a secret of the client"})).await.ok();
    for usage in ["signing", "encryption"] {
        let path = format!("/connections/{}/keys", saml["id"].as_str().unwrap());
        assert_eq!(acme.post(&path, &json!({"usage": usage})).await.created()["status"], "current", "{usage}");
    }
    settings.success(&["secrets", "rotate"]);
    let browser = serving.browser();
    assert_ada(&browser.follow(connection["login_url"].as_str().unwrap()).await);
    application.code(&browser, &[]).await;
}
