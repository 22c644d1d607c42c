//! The example application (`examples/hello`), as a child process that ends with us.

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use uuid::Uuid;

use super::bind;
use super::seed::Seeded;
use crate::config::Config;

/// Where the application is, unless something else is there.
const PORT: u16 = 8090;
/// Ports below those that systems give out to whoever asks for any.
const UNASKED: Range<u16> = 20_000..30_000;
/// Runs a program until standard input closes. Our end of that pipe closes when the child is dropped, and when we are
/// killed: so the application never outlives us.
const WHILE_OPEN: &str = r#""$0" & started=$!; exec >&-; read -r _; kill "$started""#;

/// The running application; dropping it ends it.
pub(super) struct Hello {
    _child: Child,
}

/// Where the application shall listen: beside Doorward, at port 8090 or a free one. Where Doorward listens on all
/// addresses, both ports are published, so this one is not moved either; with any port for Doorward, any will do.
pub(super) fn place(config: &Config, check: bool) -> Result<SocketAddr, String> {
    let everywhere = config.listen.ip().is_unspecified();
    let ip = if everywhere { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
    let at = |port| bind((ip, port).into()).and_then(|listener| listener.local_addr().map_err(|e| e.to_string()));
    match (check || config.listen.port() == 0, everywhere) {
        (true, _) => free(at),
        (false, true) => at(PORT),
        (false, false) => at(PORT).or_else(|_| free(at)),
    }
}

/// A port that is free and that no system gives out by itself: it has to be free still when the application starts.
fn free(at: impl Fn(u16) -> Result<SocketAddr, String>) -> Result<SocketAddr, String> {
    let some_port =
        || UNASKED.start + u16::try_from(Uuid::new_v4().as_u128() % UNASKED.len() as u128).unwrap_or_default();
    let mut tried = Err("no port is free".to_owned());
    for _ in 0..100 {
        tried = at(some_port());
        if tried.is_ok() {
            break;
        }
    }
    tried
}

/// The URL of an application that listens there. Not `localhost`, so that browsers take it for another site than
/// Doorward, as a real one is.
pub(super) fn home(place: SocketAddr) -> String {
    format!("http://127.0.0.1:{}", place.port())
}

/// Starts the application and waits until it answers. `None`: it was not built.
pub(super) async fn start(place: SocketAddr, seeded: &Seeded) -> Result<Option<Hello>, Box<dyn Error>> {
    let Some(program) = program()? else { return Ok(None) };
    let mut command = Command::new("sh");
    command.arg("-c").arg(WHILE_OPEN).arg(program).stdin(Stdio::piped()).stdout(Stdio::piped());
    // A group of its own: Ctrl-C reaches us alone, and it ends when everything else has ended.
    command.process_group(0);
    command.env("ISSUER", format!("{}/t/acme", seeded.base));
    command.env("CLIENT_ID", &seeded.client.id).env("CLIENT_SECRET", &seeded.client.secret);
    command.env("LISTEN", place.to_string()).env("PUBLIC_URL", home(place));
    let mut child = command.spawn()?;
    let stdout = child.stdout.take().ok_or("the application has no output")?;
    let mut line = String::new();
    let mut reader = BufReader::new(stdout);
    let read = tokio::time::timeout(Duration::from_secs(30), reader.read_line(&mut line));
    read.await.map_err(|_| "the example application did not start within 30 seconds")??;
    if !line.starts_with("READY ") {
        return Err("the example application did not start".into());
    }
    Ok(Some(Hello { _child: child }))
}

/// `examples/hello` beside our own program, where cargo puts it.
fn program() -> io::Result<Option<PathBuf>> {
    let beside = std::env::current_exe()?.with_file_name("examples").join("hello");
    Ok(Some(beside).filter(|path| path.is_file()))
}
