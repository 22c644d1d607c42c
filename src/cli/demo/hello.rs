//! The example application (`examples/hello`), as a child process that ends with us.

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::bind;
use super::seed::Seeded;
use crate::config::Config;

/// Where the application is, unless something else is there.
const PORT: u16 = 8090;
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
        (true, _) => at(0),
        (false, true) => at(PORT),
        (false, false) => at(PORT).or_else(|_| at(0)),
    }
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
