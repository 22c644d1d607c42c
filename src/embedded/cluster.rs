//! Runs the cluster: adopts a living postmaster or starts one, makes the database, stops it.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::{Connection, ConnectionError, PgConnection, RunQueryDsl, sql_query};
use rustix::process::{Pid, test_kill_process};
use secrecy::{ExposeSecret, SecretString};

use super::account::{Account, run};
use super::folder::Folder;
use super::install::Install;
use super::{EmbeddedError, EmbeddedOptions, PAUSE, initdb};

/// The superuser of the cluster.
pub(super) const USER: &str = "doorward";
/// The database that Doorward works in.
pub(super) const DATABASE: &str = "doorward";

/// Given on the command line, which beats every file in the cluster: loopback only, no sockets in shared folders, and
/// no statement or row in the server's log.
const SETTINGS: &str = "-c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c password_encryption=scram-sha-256 \
     -c log_min_error_statement=panic -c log_error_verbosity=terse";

/// How many ports may be snatched away before we give up.
const PORTS: usize = 3;

/// A complete cluster, the programs of its version and the account that owns it.
#[derive(Debug)]
pub(super) struct Cluster {
    data: PathBuf,
    account: Account,
    install: Install,
}

impl Cluster {
    /// Finds the programs, and makes the cluster if there is none. Needs the lock.
    pub(super) fn prepare(
        folder: &Folder,
        password: &SecretString,
        options: &EmbeddedOptions,
    ) -> Result<Self, EmbeddedError> {
        initdb::sweep(folder).map_err(|error| folder.io("clean up", error))?;
        let data = folder.cluster();
        let account = Account::for_cluster(&data)?;
        account.check_reach(folder.root())?;
        let install = Install::find(options, account, made_by(&data)?)?;
        if !data.exists() {
            initdb::make(folder, password, account, &install)?;
        }
        Ok(Self { data, account, install })
    }

    /// Adopts the living postmaster or starts one; gives its port when the database takes connections. Needs the lock.
    pub(super) fn run(&self, folder: &Folder, password: &SecretString, within: Duration) -> Result<u16, EmbeddedError> {
        let deadline = Instant::now() + within;
        let mut reason = "nothing answered".to_owned();
        while Instant::now() < deadline {
            // A postmaster that ends while we knock is seen in the next round and started anew.
            let Some(port) = living_postmaster(&self.data) else {
                self.start(folder, within)?;
                continue;
            };
            match make_database(port, password) {
                Ok(()) => {
                    folder.set_port(port)?;
                    let (version, data_dir) = (self.install.major, folder.root().display());
                    tracing::info!(version, port, %data_dir, "the embedded PostgreSQL is ready");
                    return Ok(port);
                }
                Err(error) => reason = error,
            }
            thread::sleep(PAUSE);
        }
        Err(EmbeddedError::NotReady { data_dir: folder.root().to_owned(), reason })
    }

    fn start(&self, folder: &Folder, within: Duration) -> Result<(), EmbeddedError> {
        forget_foreign_postmaster(&self.data).map_err(|error| folder.io("remove a stale postmaster.pid in", error))?;
        // The last port first, so that a tool which knows it finds the cluster again.
        let ports = folder.port().into_iter().chain((0..PORTS).filter_map(|_| free_port()));
        let mut failed = EmbeddedError::NoPort;
        for port in ports.filter(|port| is_free(*port)) {
            tracing::info!(port, data_dir = %folder.root().display(), "starting the embedded PostgreSQL");
            match self.pg_ctl(&["start", "--timeout", &within.as_secs().max(1).to_string()], Some(port)) {
                Ok(()) => return Ok(()),
                // It takes longer than pg_ctl waits: the caller knocks at the door itself.
                Err(_) if living_postmaster(&self.data).is_some() => return Ok(()),
                // Whoever snatched the port may have given it back already, so its being free now proves nothing.
                Err(error) => {
                    tracing::warn!(port, %error, "it did not start; trying another port");
                    failed = error;
                }
            }
        }
        Err(failed)
    }

    /// Stops the cluster at once (clients are cut off, transactions rolled back) and waits for its end.
    pub(super) fn stop(&self) -> Result<(), EmbeddedError> {
        tracing::info!(data_dir = %self.data.display(), "stopping the embedded PostgreSQL");
        match self.pg_ctl(&["stop", "--mode=fast"], None) {
            Err(error) if living_postmaster(&self.data).is_some() => Err(error),
            _ => Ok(()),
        }
    }

    /// `pg_ctl` puts the postmaster into a session of its own, so the terminal's signals do not reach it either.
    fn pg_ctl(&self, action: &[&str], port: Option<u16>) -> Result<(), EmbeddedError> {
        let log = self.data.join("server.log");
        let mut pg_ctl = self.account.command(&self.install.program("pg_ctl"));
        pg_ctl.args(action).args(["--wait", "--silent", "--pgdata"]).arg(&self.data);
        if let Some(port) = port {
            pg_ctl.arg("--log").arg(&log).arg("--options").arg(format!("-p {port} {SETTINGS}"));
        }
        run(&mut pg_ctl).map(drop).map_err(|error| match error {
            EmbeddedError::Program { program, status, output } => {
                EmbeddedError::Program { program, status, output: format!("{output} (its log: {})", log.display()) }
            }
            other => other,
        })
    }
}

/// The URL of a database of the cluster. The password is URL-safe base64, so nothing needs escaping.
pub(super) fn url(port: u16, password: &SecretString, database: &str) -> SecretString {
    format!("postgres://{USER}:{}@127.0.0.1:{port}/{database}", password.expose_secret()).into()
}

/// Connects within two seconds. SCRAM proves both sides, and nothing else is accepted: a stranger on our old port
/// cannot pass for the cluster, nor ask for the password in clear.
pub(super) fn connect(port: u16, password: &SecretString, database: &str) -> Result<PgConnection, ConnectionError> {
    let url = url(port, password, database);
    PgConnection::establish(&format!("{}?require_auth=scram-sha-256&connect_timeout=2", url.expose_secret()))
}

fn make_database(port: u16, password: &SecretString) -> Result<(), String> {
    if connect(port, password, DATABASE).is_ok() {
        return Ok(());
    }
    let mut maintenance = connect(port, password, "postgres").map_err(|error| error.to_string())?;
    let exists = sql_query(format!("SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'")).execute(&mut maintenance);
    if exists.map_err(|error| error.to_string())? == 0 {
        let created = maintenance.batch_execute(&format!("CREATE DATABASE {DATABASE}"));
        created.map_err(|error| error.to_string())?;
    }
    connect(port, password, DATABASE).map(drop).map_err(|error| error.to_string())
}

/// The major version that made the cluster, or `None` when there is no cluster.
fn made_by(data: &Path) -> Result<Option<u32>, EmbeddedError> {
    if !data.exists() {
        return Ok(None);
    }
    let version = fs::read_to_string(data.join("PG_VERSION")).ok().and_then(|text| text.trim().parse().ok());
    let reason = "it is no PostgreSQL cluster: its PG_VERSION cannot be read";
    version.map(Some).ok_or_else(|| EmbeddedError::Folder { path: data.to_owned(), reason })
}

/// Pid and port of `postmaster.pid` (its first and fourth line).
fn postmaster_pid(data: &Path) -> Option<(Pid, u16)> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let mut lines = text.lines();
    let pid = Pid::from_raw(lines.next()?.trim().parse().ok()?)?;
    Some((pid, lines.nth(2)?.trim().parse().ok()?))
}

/// The port of the cluster's postmaster, if it lives.
fn living_postmaster(data: &Path) -> Option<u16> {
    let (pid, port) = postmaster_pid(data)?;
    (test_kill_process(pid).is_ok() && !is_foreign(pid, data)).then_some(port)
}

/// Whether a living process is known to be no part of this cluster. A postmaster works in its cluster's folder; where
/// there is no `/proc`, nothing is known and PostgreSQL's own check decides.
fn is_foreign(pid: Pid, data: &Path) -> bool {
    fs::read_link(format!("/proc/{}/cwd", pid.as_raw_nonzero())).is_ok_and(|cwd| cwd != data)
}

/// After a crash, another process may have got the postmaster's pid (the rule in containers, where pids begin at 1
/// each time), and PostgreSQL would refuse to start because of it. A pid that nobody has is left to PostgreSQL, which
/// also looks for surviving children.
fn forget_foreign_postmaster(data: &Path) -> std::io::Result<()> {
    match postmaster_pid(data) {
        Some((pid, _)) if test_kill_process(pid).is_ok() && is_foreign(pid, data) => {
            tracing::warn!("removing the postmaster.pid of a crash: its pid is another program's now");
            fs::remove_file(data.join("postmaster.pid"))
        }
        _ => Ok(()),
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn free_port() -> Option<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?.local_addr().ok().map(|address| address.port())
}
