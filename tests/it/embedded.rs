//! The embedded PostgreSQL, with real clusters and real processes that are really killed.

use std::fs::{self, File, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::sql_types::Text;
use diesel::{Connection, PgConnection, RunQueryDsl};
use doorward::embedded::{EmbeddedError, EmbeddedOptions, EmbeddedPostgres};
use rustix::process::{Pid, Signal, geteuid, getsid, kill_process};
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::support::test_app::SEALING_KEY;

/// A folder of its own for each test, open to the account that PostgreSQL runs as; nothing outlives it.
pub struct Home(PathBuf);

impl Home {
    pub fn new() -> Self {
        let path = PathBuf::from(format!("/var/tmp/doorward-test-{}", Uuid::new_v4()));
        fs::DirBuilder::new().mode(0o755).create(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        Self(path.canonicalize().unwrap())
    }

    pub fn data(&self, name: &str) -> PathBuf {
        self.0.join("data").join(name)
    }

    fn options(&self) -> EmbeddedOptions {
        EmbeddedOptions { data_dir: Some(self.0.join("data")), ..EmbeddedOptions::default() }
    }

    pub fn open(&self) -> EmbeddedPostgres {
        EmbeddedPostgres::open(&self.options()).unwrap()
    }

    pub fn postmaster(&self) -> Option<Pid> {
        let text = fs::read_to_string(self.data("pg/postmaster.pid")).ok()?;
        Pid::from_raw(text.lines().next()?.parse().unwrap())
    }

    fn unfinished(&self) -> Vec<String> {
        let names = fs::read_dir(self.0.join("data")).into_iter().flatten();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("pg.new-")).collect()
    }

    /// Starts the real program on this folder; it opens the cluster and holds it until it is killed.
    fn holder(&self) -> Child {
        let holder = Command::new(env!("CARGO_BIN_EXE_doorward"))
            .arg("serve")
            .env("DOORWARD_DATA_DIR", self.0.join("data"))
            .env("DOORWARD_LISTEN", "127.0.0.1:0")
            .env("DOORWARD_SEALING_KEYS", SEALING_KEY)
            .env_remove("DATABASE_URL")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let lock = self.data("lock");
        wait_until("the holder has the lock", || File::open(&lock).is_ok_and(|lock| lock.try_lock().is_err()));
        holder
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Some(pid) = self.postmaster() {
            let _ = kill_process(pid, Signal::QUIT);
        }
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < deadline, "never came true: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn connect(postgres: &EmbeddedPostgres) -> PgConnection {
    PgConnection::establish(postgres.url().expose_secret()).unwrap()
}

fn ask(postgres: &EmbeddedPostgres, question: &str) -> String {
    diesel::select(diesel::dsl::sql::<Text>(question)).get_result(&mut connect(postgres)).unwrap()
}

fn refusal(options: &EmbeddedOptions) -> EmbeddedError {
    EmbeddedPostgres::open(options).expect_err("must be refused")
}

#[test]
fn embedded_the_first_opener_owns_the_cluster_and_later_ones_attach() {
    let home = Home::new();
    let owner = home.open();
    let attached = home.open();
    assert!(owner.owns_cluster() && !attached.owns_cluster());
    assert_eq!(owner.url().expose_secret(), attached.url().expose_secret());
    assert_eq!(owner.sealing_key_file(), attached.sealing_key_file());
    connect(&attached).batch_execute("CREATE TABLE kept AS SELECT 'kept' AS word").unwrap();

    attached.stop().unwrap();
    assert_eq!(ask(&owner, "(SELECT word FROM kept)"), "kept", "an attached one stops nothing");

    let url = owner.url();
    drop(owner);
    assert!(PgConnection::establish(url.expose_secret()).is_err(), "the owner's end stops the cluster");
    assert!(home.postmaster().is_none());

    let again = home.open();
    assert!(again.owns_cluster());
    assert_eq!(again.url().expose_secret(), url.expose_secret(), "the password stays, and the port if it is free");
    assert_eq!(ask(&again, "(SELECT word FROM kept)"), "kept");
    again.stop().unwrap();
    assert!(home.postmaster().is_none());
}

#[test]
fn embedded_two_openers_at_once_end_with_one_owner_and_one_attached() {
    let home = Home::new();
    let opened =
        thread::scope(|scope| [scope.spawn(|| home.open()), scope.spawn(|| home.open())].map(|t| t.join().unwrap()));
    assert_eq!(opened.iter().filter(|postgres| postgres.owns_cluster()).count(), 1);
    for postgres in &opened {
        assert_eq!(ask(postgres, "current_database()::text"), "doorward");
    }
}

#[test]
fn embedded_a_cluster_whose_holder_was_killed_is_adopted() {
    let home = Home::new();
    let mut holder = home.holder();
    let attached = home.open();
    assert!(!attached.owns_cluster());
    connect(&attached).batch_execute("CREATE TABLE kept AS SELECT 'kept' AS word").unwrap();
    let postmaster = home.postmaster().unwrap();
    // Not compared with our own session: in a container its leader may be outside, and then it has no number here.
    assert_eq!(getsid(Some(postmaster)).unwrap(), postmaster, "Ctrl-C in our terminal must not reach it");
    if let Ok(environment) = fs::read(format!("/proc/{}/environ", postmaster.as_raw_nonzero())) {
        assert!(!String::from_utf8_lossy(&environment).contains(SEALING_KEY));
    }

    holder.kill().unwrap();
    holder.wait().unwrap();
    let heir = home.open();
    assert!(heir.owns_cluster());
    assert_eq!(home.postmaster(), Some(postmaster), "adopted, not started anew");
    assert_eq!(ask(&heir, "(SELECT word FROM kept)"), "kept");
    drop(heir);
    assert!(home.postmaster().is_none(), "the heir stops what it adopted");
}

#[test]
fn embedded_a_cluster_whose_making_was_killed_is_made_anew() {
    let home = Home::new();
    let mut holder = home.holder();
    let half_made = || home.unfinished().iter().any(|name| home.data(name).join("PG_VERSION").exists());
    wait_until("initdb is at work", half_made);
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(!home.data("pg").exists());
    let sealing_key = fs::read_to_string(home.data("sealing-keys")).unwrap();

    let postgres = home.open();
    assert_eq!(ask(&postgres, "current_database()::text"), "doorward");
    assert_eq!(fs::read_to_string(postgres.sealing_key_file()).unwrap(), sealing_key, "never written again");
    drop(postgres);
    drop(home.open());
    assert_eq!(home.unfinished(), Vec::<String>::new());
}

#[test]
fn embedded_secrets_are_private_and_a_wrong_password_is_refused() {
    let home = Home::new();
    let postgres = home.open();
    let mode = |name: &str| fs::metadata(home.data(name)).unwrap().mode() & 0o7777;
    assert_eq!(mode(""), if geteuid().is_root() { 0o711 } else { 0o700 });
    assert_eq!(mode("pg"), 0o700);
    for name in ["password", "port", "lock", "sealing-keys"] {
        let found = fs::metadata(home.data(name)).unwrap();
        assert_eq!((mode(name), found.uid()), (0o600, geteuid().as_raw()), "{name}");
    }
    assert_ne!(fs::metadata(home.data("pg")).unwrap().uid(), 0);

    let password = fs::read_to_string(home.data("password")).unwrap();
    assert!(!format!("{postgres:?}").contains(password.trim()));
    let url = postgres.url().expose_secret().to_owned();
    let refused = |url: &str| PgConnection::establish(url).err().expect("must be refused").to_string();
    assert!(refused(&url.replace(password.trim(), "guess")).contains("password authentication failed"));
    assert!(refused(&url.replace(&format!(":{}", password.trim()), "")).contains("no password supplied"));
    assert_eq!(ask(&postgres, "current_setting('listen_addresses')"), "127.0.0.1");
    assert_eq!(ask(&postgres, "current_setting('unix_socket_directories')"), "");
    assert_eq!(ask(&postgres, "current_setting('server_encoding')"), "UTF8");
    assert_eq!(
        ask(&postgres, "(SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules)"),
        "scram-sha-256"
    );
}

#[test]
fn embedded_the_sealing_key_is_one_line_and_a_lost_secret_is_not_replaced() {
    let home = Home::new();
    let postgres = home.open();
    let line = fs::read_to_string(postgres.sealing_key_file()).unwrap();
    let encoded = line.strip_prefix("k1:").and_then(|rest| rest.strip_suffix('\n')).unwrap();
    let key = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, encoded).unwrap();
    assert_eq!(key.len(), 32);
    drop(postgres);
    for name in ["sealing-keys", "password"] {
        fs::rename(home.data(name), home.data("elsewhere")).unwrap();
        assert!(matches!(refusal(&home.options()), EmbeddedError::SecretLost { path } if path.ends_with(name)));
        fs::rename(home.data("elsewhere"), home.data(name)).unwrap();
    }
    assert!(home.open().owns_cluster());
}

#[test]
fn embedded_a_port_that_somebody_took_is_left_to_them() {
    let home = Home::new();
    drop(home.open());
    let port: u16 = fs::read_to_string(home.data("port")).unwrap().trim().parse().unwrap();
    let _theirs = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let postgres = home.open();
    assert_ne!(ask(&postgres, "current_setting('port')"), port.to_string());
}

#[test]
fn embedded_a_postmaster_pid_of_a_crash_does_not_prevent_the_start() {
    let home = Home::new();
    drop(home.open());
    let owner = fs::metadata(home.data("pg")).unwrap();
    let mut sleep = Command::new("sleep").arg("60").current_dir("/").uid(owner.uid()).gid(owner.gid()).spawn().unwrap();
    // The pid of the crashed postmaster now belongs to another program of the same account.
    let stale = format!("{}\n{}\n1700000000\n1\n\n127.0.0.1\n  1 1\nready   \n", sleep.id(), home.data("pg").display());
    fs::write(home.data("pg/postmaster.pid"), stale).unwrap();
    let opened = EmbeddedPostgres::open(&home.options());
    let sleeps = sleep.try_wait().unwrap().is_none();
    sleep.kill().unwrap();
    sleep.wait().unwrap();
    assert!(opened.unwrap().owns_cluster());
    assert!(sleeps, "the other program is not touched");
}

#[test]
fn embedded_a_cluster_that_was_killed_recovers_at_the_next_start() {
    let home = Home::new();
    let owner = home.open();
    connect(&owner).batch_execute("CREATE TABLE kept AS SELECT 'kept' AS word").unwrap();
    kill_process(home.postmaster().unwrap(), Signal::KILL).unwrap();
    owner.stop().unwrap();
    assert!(home.postmaster().is_some(), "its postmaster.pid is left behind");
    assert_eq!(ask(&home.open(), "(SELECT word FROM kept)"), "kept");
}

#[test]
fn embedded_waiting_for_a_holder_that_never_gets_ready_ends() {
    let home = Home::new();
    drop(home.open());
    let lock = File::open(home.data("lock")).unwrap();
    lock.try_lock().unwrap();
    let options = EmbeddedOptions { ready_within: Duration::from_millis(300), ..home.options() };
    assert!(matches!(refusal(&options), EmbeddedError::NotReady { .. }));
}

#[test]
fn embedded_missing_or_different_programs_are_named() {
    let home = Home::new();
    let empty = home.0.join("bin");
    fs::create_dir(&empty).unwrap();
    let said = refusal(&EmbeddedOptions { pg_bin: Some(empty.clone()), ..home.options() }).to_string();
    assert!(said.contains("14 or newer") && said.contains("apt install postgresql"), "{said}");
    assert!(said.contains(empty.to_str().unwrap()), "{said}");

    let postgres = home.open();
    let installed = ask(&postgres, "split_part(current_setting('server_version'), '.', 1)");
    drop(postgres);
    fs::write(home.data("pg/PG_VERSION"), "9\n").unwrap();
    let said = refusal(&home.options()).to_string();
    assert!(said.contains("PostgreSQL 9 (it made the data folder)") && said.contains(&installed), "{said}");
}

#[test]
fn embedded_a_folder_that_others_can_write_to_or_that_postgres_cannot_reach_is_refused() {
    let home = Home::new();
    fs::create_dir(home.0.join("data")).unwrap();
    fs::set_permissions(home.0.join("data"), Permissions::from_mode(0o777)).unwrap();
    assert!(refusal(&home.options()).to_string().contains("other accounts may write to it"));
    if geteuid().is_root() {
        fs::set_permissions(home.0.join("data"), Permissions::from_mode(0o711)).unwrap();
        fs::set_permissions(&home.0, Permissions::from_mode(0o700)).unwrap();
        assert!(matches!(refusal(&home.options()), EmbeddedError::Folder { path, .. } if path == home.0));
    }
}
