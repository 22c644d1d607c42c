//! `make bench`: whole logins, and what applications do, beside a bare actix server, in one run.
//!
//! A login round is what a browser does: the login URL, the provider's authorize endpoint, the callback. The provider is
//! a stub in this process, the server is the real binary in a process of its own; its CPU and PostgreSQL's are read from
//! `/proc` (Linux), so the stub and the client do not count.
//!
//!     BENCH_SECONDS=10 BENCH_CLIENTS=16 make bench

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a bench reads its environment and prints"
)]

mod application;
mod cpu;
mod server;
mod support;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use application::{Application, gets_per_second};
use cpu::Cpu;
use server::Server;
use support::hostile_provider::HostileProvider;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

fn main() -> ExitCode {
    // `cargo test --benches` builds benches and runs them with this flag: there is nothing to test here.
    if std::env::args().any(|a| a == "--test") {
        return ExitCode::SUCCESS;
    }
    let Ok(cluster) = std::env::var("DOORWARD_TEST_DATABASE_URL") else {
        eprintln!("there is no PostgreSQL to measure with: run `make bench`, or `scripts/test-services cargo bench`");
        return ExitCode::FAILURE;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(run(cluster));
    ExitCode::SUCCESS
}

async fn run(cluster: String) {
    let seconds = Duration::from_secs(number("BENCH_SECONDS", 8));
    let clients = number("BENCH_CLIENTS", 8);
    let hello_url = serve_hello();
    let hello = gets_per_second(&hello_url, "none", clients, seconds / 2).await;
    println!("bare actix hello: {hello:.0} requests/s with {clients} clients");

    let provider = HostileProvider::start();
    let server = Server::start(cluster).await;
    let (login_url, application) = server.connect(&provider.issuer).await;
    login(&client(), &login_url).await; // warm: keys, metadata, caches
    let url = login_url.clone();
    measure("logins, one person again and again", &server, hello, clients, move |_| login_by(url.clone())).await;
    let rounds = application.clone();
    measure("application rounds", &server, hello, clients, move |_| {
        let application = rounds.clone();
        async move { drop(application.round().await) }
    })
    .await;
    compare_userinfo(&application, &hello_url, seconds).await;
    // One at a time, because the stub knows one person at a time.
    let provider = Arc::new(provider);
    measure("logins, a new person each time", &server, hello, 1, move |n| {
        provider.person(json!({"sub": format!("s-{n}"), "email": format!("p{n}@x.example"), "email_verified": true}));
        login_by(login_url.clone())
    })
    .await;
}

async fn login_by(url: String) {
    login(&client(), &url).await;
}

/// Userinfo with a token that was asked for before, and the yardstick, one after the other, with 64 connections each.
async fn compare_userinfo(application: &Application, hello_url: &str, seconds: Duration) {
    const CONNECTIONS: u64 = 64;
    let (token, url) = (application.round().await, application.userinfo_url());
    let hello = gets_per_second(hello_url, &token, CONNECTIONS, seconds).await;
    let userinfo = gets_per_second(&url, &token, CONNECTIONS, seconds).await;
    println!(
        "userinfo, warm, {CONNECTIONS} connections: {userinfo:.0}/s; bare actix hello likewise: {hello:.0}/s; {:.1} % of it",
        userinfo / hello * 100.0
    );
}

/// Runs something for a while and prints what it costs. `work` makes the nth one.
async fn measure<F: Future<Output = ()> + Send>(
    what: &str,
    server: &Server,
    hello: f64,
    clients: u64,
    work: impl Fn(u64) -> F + Clone + Send + 'static,
) {
    let seconds = Duration::from_secs(number("BENCH_SECONDS", 8));
    let (server_cpu, database_cpu) = (Cpu::of(server.pid()), Cpu::of_tree(server.postmaster));
    let done = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let tasks: Vec<_> = (0..clients)
        .map(|_| {
            let (done, work) = (Arc::clone(&done), work.clone());
            tokio::spawn(async move {
                while begun.elapsed() < seconds {
                    work(done.load(Ordering::Relaxed)).await;
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let count = done.load(Ordering::Relaxed);
    let rate = count as f64 / begun.elapsed().as_secs_f64();
    let per = |cpu: &Cpu| cpu.spent().as_secs_f64() * 1000.0 / count.max(1) as f64;
    println!(
        "{what}: {rate:.0}/s with {clients} clients; CPU of each: server {:.2} ms, PostgreSQL {:.2} ms; {:.1} % of bare actix",
        per(&server_cpu),
        per(&database_cpu),
        rate / hello * 100.0
    );
}

/// Follows no redirect and keeps no cookie.
fn client() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

/// One round: begin, provider, callback; ends signed in. The one cookie that matters is carried by hand.
async fn login(client: &reqwest::Client, url: &str) {
    let begun = client.get(url).send().await.unwrap();
    let cookie = begun.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let location = |answer: &reqwest::Response| answer.headers()["location"].to_str().unwrap().to_owned();
    let callback = location(&client.get(location(&begun)).send().await.unwrap());
    let answer = client.get(callback).header("cookie", cookie).send().await.unwrap();
    assert_eq!(answer.status(), 303, "{}", answer.text().await.unwrap());
}

/// The yardstick: the same framework, one worker per core, answering one word.
fn serve_hello() -> String {
    use actix_web::{App, HttpServer, web};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let app = || App::new().route("/", web::get().to(|| async { "hello" }));
            HttpServer::new(app).workers(2).disable_signals().listen(listener).unwrap().run().await
        })
    });
    url
}
