//! `doorward demo`: a whole installation with example data, from nothing, each time anew.
//!
//! 1. an embedded PostgreSQL in a data folder of the demo's own, emptied;
//! 2. the server, in this process;
//! 3. `seed`: two tenants, one the other's identity provider, and applications, through the REST API like anybody would;
//! 4. `hello`: the example application, as a child process;
//! 5. the URLs and passwords to try, or with `--check` one scripted sign-in (`visitor`).

#![expect(clippy::print_stdout, reason = "the demo talks to the person who started it")]

mod hello;
mod rest;
mod seed;
mod visitor;

use std::error::Error;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use secrecy::ExposeSecret;
use url::Url;

use super::Done;
use crate::app::{self, Application};
use crate::clock::Clock;
use crate::config::{self, Config, ConfigError};
use crate::context::Context;
use crate::embedded::{EmbeddedOptions, EmbeddedPostgres, default_data_dir};
use crate::store::migrate;

use hello::Hello;
use seed::Seeded;

/// The configuration, with what only a demo may do: call loopback, and use its own database whatever the surroundings say.
pub(super) fn configuration(file: Option<PathBuf>) -> Result<Config, ConfigError> {
    let config = config::load(file, true, |config| app::settings::faults(&own(config.clone())))?;
    Ok(own(config))
}

fn own(mut config: Config) -> Config {
    config.outbound_allow.extend(["127.0.0.0/8", "localhost"].map(str::to_owned));
    config.database_url = None;
    config.migration_url = None;
    (config.sealing_keys, config.sealing_keys_file) = (None, None);
    (config.mail.smtp, config.demo) = (None, true); // its people have no mailboxes
    if config.log_level == "info" {
        config.log_level = "warn".into();
    }
    config
}

/// Runs the demo until Ctrl-C, or once by script.
pub(super) async fn run(mut config: Config, check: bool) -> Done {
    let listener = listen(&config, check)?;
    let place = hello::place(&config, check)?;
    config.listen = listener.local_addr()?;
    config.public_url = Url::parse(&format!("http://localhost:{}", config.listen.port()))?;
    let cluster = tokio::task::spawn_blocking({
        let options = options(&config, check);
        move || empty_cluster(&options)
    });
    let cluster = cluster.await?.map_err(|e| e.to_string())?;
    config.mail.folder = options(&config, check).data_dir.map(|folder| folder.join("mail"));
    config.database_url = Some(cluster.url());
    config.sealing_keys_file = Some(cluster.sealing_key_file().to_owned());

    let application = Application::build_on(listener, config, Clock::default()).await?;
    let (context, handle) = (application.context(), application.handle());
    let serving = actix_web::rt::spawn(application.run());
    let done = match begin(&context, place).await {
        Ok((_, hello)) if check => visitor::check(&hello::home(place), hello.as_ref()).await,
        Ok((seeded, hello)) => {
            tell(&seeded, hello.as_ref().map(|_| hello::home(place)));
            serving.await??;
            drop(hello);
            drop(cluster);
            println!("\nEverything is stopped.");
            return Ok(());
        }
        Err(error) => Err(error),
    };
    handle.stop(false).await;
    serving.await??;
    drop(cluster);
    done
}

/// The data, and the application that signs its people in.
async fn begin(ctx: &Context, place: SocketAddr) -> Result<(Seeded, Option<Hello>), Box<dyn Error>> {
    let seeded = seed::seed(ctx, &hello::home(place)).await?;
    let hello = hello::start(place, &seeded).await?;
    Ok((seeded, hello))
}

/// The configured address. Where nobody asked for one, a free port will do: always for checks, else when 8080 is taken.
/// One that was asked for is never moved: somebody publishes it, or counts on it.
fn listen(config: &Config, check: bool) -> Result<TcpListener, String> {
    let wanted = config.listen;
    if config.listen_is_set {
        return bind(wanted);
    }
    let first = SocketAddr::new(wanted.ip(), if check { 0 } else { wanted.port() });
    bind(first).or_else(|_| bind(SocketAddr::new(wanted.ip(), 0)))
}

fn bind(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).map_err(|error| format!("cannot listen on {address}: {error}"))
}

/// A data folder beside the real one, and another for checks, so that they can run beside each other.
fn options(config: &Config, check: bool) -> EmbeddedOptions {
    let around = &config.surroundings;
    let uid = rustix::process::getuid().as_raw();
    let base = config.data_dir.clone();
    let base = base.or_else(|| default_data_dir(uid, around.home.as_deref(), around.xdg_data_home.as_deref()));
    let name = if check { "demo-check" } else { "demo" };
    let beside = |path: PathBuf| {
        let own = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        path.with_file_name(format!("{own}-{name}"))
    };
    EmbeddedOptions {
        data_dir: base.map(beside),
        pg_bin: around.pg_bin.clone(),
        search_path: around.path.clone(),
        home: around.home.clone(),
        xdg_data_home: around.xdg_data_home.clone(),
        ..EmbeddedOptions::default()
    }
}

fn empty_cluster(options: &EmbeddedOptions) -> Result<EmbeddedPostgres, Box<dyn Error + Send + Sync>> {
    let cluster = EmbeddedPostgres::open(options)?;
    if !cluster.owns_cluster() {
        return Err("a demo is running already; stop it first".into());
    }
    migrate::migrate(&cluster.url())?;
    migrate::revert_all(&cluster.url())?;
    Ok(cluster)
}

fn tell(seeded: &Seeded, hello: Option<String>) {
    let Seeded { base, operator_key, admin_key, .. } = seeded;
    let (operator, key) = (operator_key.expose_secret(), admin_key.expose_secret());
    let application = match hello {
        Some(url) => format!("Open the example application, and click:    {url}"),
        None => "The example application is not built: cargo build --example hello".to_owned(),
    };
    println!(
        "
Doorward runs at {base}

  {application}
      It asks Doorward's tenant acme who you are, and acme asks its identity provider: the tenant northwind.
      alice@northwind.example / alice-tries-the-demo    comes in, with the groups engineering and admins
      bob@northwind.example   / bob-tries-the-demo      is refused: the address is not verified
      carol@northwind.example / carol-tries-the-demo    comes in, without groups
  Sign in to acme without an application:     {base}/t/acme/login

  REST, as acme's admin; the operator of the installation, who may do everything, has {operator}
      export KEY={key}
      curl -H \"Authorization: Bearer $KEY\" {base}/v1/tenants/acme/users
      curl -H \"Authorization: Bearer $KEY\" {base}/v1/tenants/acme/audit-events
  The letters that were written:              {base}/demo/letters
  The API to read and try:                    {base}/docs

Ctrl-C stops all of it. Each start begins from nothing."
    );
}
