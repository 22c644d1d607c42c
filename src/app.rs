//! Application: from a configuration to a running server.
//!
//! [`open`] makes the context: database (the embedded one if none is named), migrations, sealing keys. [`Application`]
//! adds the workers and the servers. The command line uses the first alone, tests and `serve` the second.

pub mod settings;

use std::io;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App, HttpRequest, HttpServer, web};
use secrecy::SecretString;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing_actix_web::TracingLogger;
use utoipa_swagger_ui::SwaggerUi;

use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::context::caches::Caches;
use crate::context::hasher::Hasher;
use crate::context::imported_keys::ImportedKeys;
use crate::context::limiter::Limiter;
use crate::context::{Context, Parts};
use crate::embedded::{EmbeddedError, EmbeddedOptions, EmbeddedPostgres};
use crate::flows::{limits, rotate_secrets};
use crate::http::absent;
use crate::http::body::MAX_JSON;
use crate::http::guard::{guard, plain_tokens};
use crate::http::problem::Problem;
use crate::outbound::{AllowRule, Outbound, OutboundError, OutboundPolicy};
use crate::protocol::jwt::jwks::JwksCache;
use crate::store::db::Db;
use crate::store::migrate::{self, MigrateError};
use crate::telemetry::RequestSpan;
use crate::{flows, routes, telemetry, workers};

/// Why nothing was started.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each says itself")]
pub enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    #[error("the sealing keys do not fit: {0}")]
    Keys(flows::Error),
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error("cannot listen on {0}: {1}")]
    Listen(std::net::SocketAddr, io::Error),
    #[error("the server failed: {0}")]
    Serve(#[from] io::Error),
}

/// A context and the embedded database that it may rest on.
pub struct Opened {
    /// The context.
    pub context: Context,
    /// The embedded cluster; when it is ours, dropping it stops it.
    pub embedded: Option<EmbeddedPostgres>,
}

/// Opens database and keys: starts or attaches to the embedded cluster if need be, migrates, checks the sealing keys.
///
/// # Errors
/// [`StartError`] says what to do about it.
pub async fn open(config: Config, clock: Clock) -> Result<Opened, StartError> {
    let refused = |fault| ConfigError(vec![fault]);
    let configured = settings::sealer(&config).map_err(refused)?;
    let allow = settings::allow_rules(&config).map_err(ConfigError)?;
    let mailer = settings::mailer(&config).map_err(refused)?;
    let (embedded, database_url) = database(&config).await?;
    let migration_url = config.migration_url.clone().unwrap_or_else(|| database_url.clone());
    let done = tokio::task::spawn_blocking(move || migrate::migrate(&migration_url)).await;
    let migrated = done.map_err(io::Error::other)??;
    if migrated > 0 {
        tracing::info!(migrated, "the database was brought up to date");
    }
    let sealer = match (configured, &embedded) {
        (Some(sealer), _) => sealer,
        (None, Some(cluster)) => settings::sealer_of_file(cluster.sealing_key_file()).map_err(refused)?,
        (None, None) => return Err(refused(settings::no_sealing_key()).into()),
    };
    let context = Context::new(Parts {
        db: Db::new(&database_url, config.database_pool_size),
        outbound: Outbound::new(outbound_policy(&config, allow))?,
        mailer,
        jwks: JwksCache::new(clock.clone()),
        caches: Caches::default(),
        imported_keys: ImportedKeys::default(),
        hasher: Hasher::default(),
        begin_limit: Limiter::per_minute(config.login_rate_per_minute),
        garbage_limit: Limiter::per_minute(limits::GARBAGE_PER_MINUTE),
        park_limit: Limiter::per_minute(limits::PARKED_PER_MINUTE),
        draining: AtomicBool::new(false),
        sealer,
        clock,
        config,
    });
    rotate_secrets::check_keys(&context).await.map_err(StartError::Keys)?;
    Ok(Opened { context, embedded })
}

async fn database(config: &Config) -> Result<(Option<EmbeddedPostgres>, SecretString), StartError> {
    if let Some(url) = &config.database_url {
        return Ok((None, url.clone()));
    }
    let around = &config.surroundings;
    let options = EmbeddedOptions {
        data_dir: config.data_dir.clone(),
        pg_bin: around.pg_bin.clone(),
        search_path: around.path.clone(),
        home: around.home.clone(),
        xdg_data_home: around.xdg_data_home.clone(),
        ..EmbeddedOptions::default()
    };
    let opened = tokio::task::spawn_blocking(move || EmbeddedPostgres::open(&options)).await;
    let embedded = opened.map_err(io::Error::other)??;
    let url = embedded.url();
    Ok((Some(embedded), url))
}

fn outbound_policy(config: &Config, allow: Vec<AllowRule>) -> OutboundPolicy {
    let own_hosts = config.public_url.host_str().map(str::to_owned).into_iter().collect();
    OutboundPolicy { allow, own_hosts, ..OutboundPolicy::default() }
}

/// A server that listens and is about to serve.
pub struct Application {
    context: Context,
    server: Server,
    admin: Option<Server>,
    port: u16,
    admin_port: Option<u16>,
    workers: workers::Workers,
    embedded: Option<EmbeddedPostgres>,
}

impl Application {
    /// Opens everything and binds the ports; nothing is answered before [`Application::run`].
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn build(config: Config, clock: Clock) -> Result<Self, StartError> {
        let listen = config.listen;
        let listener = TcpListener::bind(listen).map_err(|e| StartError::Listen(listen, e))?;
        Self::build_on(listener, config, clock).await
    }

    /// The same on a port that is bound already (tests bind port 0 first, because the public URL holds the port).
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn build_on(listener: TcpListener, config: Config, clock: Clock) -> Result<Self, StartError> {
        telemetry::metrics();
        let admin_listener = match config.admin_listen {
            Some(address) => Some(TcpListener::bind(address).map_err(|e| StartError::Listen(address, e))?),
            None => None,
        };
        let Opened { context, embedded } = open(config, clock).await?;
        let port = listener.local_addr()?.port();
        let admin_port = admin_listener.as_ref().map(|l| l.local_addr().map(|a| a.port())).transpose()?;
        let workers = workers::start(&context);
        let server = serve(listener, &context)?;
        let admin = admin_listener.map(serve_metrics).transpose()?;
        Ok(Self { context, server, admin, port, admin_port, workers, embedded })
    }

    /// The port that is listened on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The port of the metrics, if they are served.
    #[must_use]
    pub fn admin_port(&self) -> Option<u16> {
        self.admin_port
    }

    /// What the handlers are handed.
    #[must_use]
    pub fn context(&self) -> Context {
        self.context.clone()
    }

    /// Stops the server from outside; `true` waits for requests in flight.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Serves until SIGINT or SIGTERM or until [`Application::handle`] stops it; then workers and the embedded database
    /// end. SIGTERM drains: `/readyz` says no at once, new requests are still served for `drain_seconds`, so that load
    /// balancers can look away, and requests in flight and a letter on its way are finished, both within
    /// `shutdown_seconds`. SIGINT, or a second signal, skips the wait.
    ///
    /// # Errors
    /// [`StartError::Serve`].
    pub async fn run(self) -> Result<(), StartError> {
        let Self { context, server, admin, workers, embedded, .. } = self;
        let handle = server.handle();
        let (drain, (told, mut stopped)) = (context.clone(), oneshot::channel());
        let signals = tokio::spawn(async move {
            let signal = stop_signal().await;
            tracing::info!("stopping: not ready any more, finishing what is under way");
            drain.draining.store(true, Ordering::SeqCst);
            if signal == StopSignal::Terminate {
                let wait = Duration::from_secs(drain.config.drain_seconds);
                tokio::select! { () = tokio::time::sleep(wait) => {}, _ = stop_signal() => {} }
            }
            let _ = told.send(Instant::now());
            handle.stop(true).await;
        });
        let metrics = admin.map(|server| (server.handle(), tokio::spawn(server)));
        let served = server.await;
        signals.abort();
        context.draining.store(true, Ordering::SeqCst); // also where no signal came
        let since = stopped.try_recv().unwrap_or_else(|_| Instant::now());
        if let Some((handle, task)) = metrics {
            handle.stop(false).await;
            task.abort();
        }
        workers.finish(since + Duration::from_secs(context.config.shutdown_seconds)).await;
        drop(embedded);
        Ok(served?)
    }
}

/// Who asks the process to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopSignal {
    /// SIGINT: somebody at a terminal, who waits.
    Interrupt,
    /// SIGTERM: something that operates it, with load balancers before it.
    Terminate,
}

/// Waits for SIGINT or SIGTERM.
pub async fn stop_signal() -> StopSignal {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
        (Ok(mut interrupt), Ok(mut terminate)) => {
            tokio::select! { _ = interrupt.recv() => StopSignal::Interrupt, _ = terminate.recv() => StopSignal::Terminate }
        }
        _ => std::future::pending().await,
    }
}

fn serve(listener: TcpListener, context: &Context) -> Result<Server, StartError> {
    let (data, shutdown) = (web::Data::new(context.clone()), context.config.shutdown_seconds);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(data.clone())
            .app_data(web::PayloadConfig::new(MAX_JSON))
            .app_data(web::PathConfig::default().error_handler(|_, _| Problem::not_found().into()))
            .wrap(from_fn(guard))
            .wrap(Compress::default())
            .wrap(from_fn(plain_tokens))
            .wrap(TracingLogger::<RequestSpan>::new())
            .configure(routes::configure)
            .service(SwaggerUi::new("/docs/{_:.*}").config(utoipa_swagger_ui::Config::from("/openapi.json")))
            .default_service(web::to(|req: HttpRequest| async move { absent::not_found(&req) }))
    });
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    Ok(server
        .workers(workers)
        .disable_signals()
        .shutdown_timeout(shutdown)
        .client_request_timeout(Duration::from_secs(10))
        .listen(listener)?
        .run())
}

/// Metrics in Prometheus' text format, at a port of their own (K-12).
fn serve_metrics(listener: TcpListener) -> Result<Server, StartError> {
    let render = || async {
        telemetry::metrics().map(metrics_exporter_prometheus::PrometheusHandle::render).unwrap_or_default()
    };
    let server = HttpServer::new(move || App::new().route("/metrics", web::get().to(render)));
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}
