//! The demo's identity provider: npm `oidc-provider`, as a child process that ends with us.

use std::error::Error;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The client that the provider knows us as.
pub(super) struct Client {
    /// Its id.
    pub(super) id: String,
    /// Its secret.
    pub(super) secret: String,
    /// Where the provider sends browsers back to.
    pub(super) redirect_uri: String,
    /// And after signing out.
    pub(super) post_logout_uri: String,
}

/// The running provider; dropping it ends it.
pub(super) struct Provider {
    /// Its issuer.
    pub(super) issuer: String,
    _child: Child,
}

/// Starts the provider and waits until it answers.
pub(super) async fn start(listen: IpAddr, client: &Client) -> Result<Provider, Box<dyn Error>> {
    let script = script()?;
    let mut command = Command::new("node");
    command.arg(script).stdout(Stdio::piped()).stderr(Stdio::null()).stdin(Stdio::null()).kill_on_drop(true);
    // A group of its own: Ctrl-C reaches us alone, and we end it when everything else has ended.
    command.process_group(0);
    if listen.is_unspecified() {
        // Reached from outside a container, where both ports are published.
        command.envs([("HOST", "0.0.0.0"), ("PORT", "9100"), ("ISSUER", "http://localhost:9100")]);
    } else {
        // An address of its own makes it another site to the browser, as a real one is; macOS has 127.0.0.1 only.
        command.envs([("HOST", if cfg!(target_os = "macos") { "127.0.0.1" } else { "127.0.0.21" }), ("PORT", "0")]);
    }
    command.env("CLIENT_ID", &client.id).env("CLIENT_SECRET", &client.secret);
    command.env("REDIRECT_URI", &client.redirect_uri).env("POST_LOGOUT_URI", &client.post_logout_uri);
    let mut child = command.spawn().map_err(|e| format!("node cannot be started ({e}); run scripts/setup demo"))?;
    let stdout = child.stdout.take().ok_or("the provider has no output")?;
    let mut line = String::new();
    let mut reader = BufReader::new(stdout);
    let read = tokio::time::timeout(Duration::from_secs(30), reader.read_line(&mut line));
    read.await.map_err(|_| "the identity provider did not start within 30 seconds")??;
    let issuer =
        line.trim().strip_prefix("READY ").ok_or("the identity provider did not start; run scripts/setup demo")?;
    Ok(Provider { issuer: issuer.to_owned(), _child: child })
}

/// The script beside the sources, or in the folder that the command was started in.
fn script() -> Result<PathBuf, Box<dyn Error>> {
    let candidates = [PathBuf::from("."), PathBuf::from(env!("CARGO_MANIFEST_DIR"))];
    let found = candidates.iter().map(|c| c.join("tests/idps/oidc-provider/server.mjs")).find(|p| p.is_file());
    found
        .ok_or_else(|| "tests/idps/oidc-provider/server.mjs is not here; run the demo in a checkout (make demo)".into())
}
