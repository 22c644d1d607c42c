//! The command line: `doorward serve | demo | migrate | config check | tenant create | user create | user set-password |
//! key create | application create | secrets rotate`.
//!
//! Says what there is and hands over: `commands` opens the context and calls the same flows as REST, as the system
//! itself (those of people are in `users`); `demo` starts everything for a look around. Prints for people, exits non-zero on failure.

mod commands;
mod demo;
mod users;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::app;
use crate::config;
use crate::model::role::Role;

/// How a command ends.
type Done = Result<(), Box<dyn std::error::Error>>;

/// Enterprise sign-on for multi-tenant SaaS.
#[derive(Debug, Parser)]
#[command(name = "doorward", version, about)]
struct Cli {
    /// The configuration file; the environment (DOORWARD_*) wins over it.
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve. Without a database URL an embedded PostgreSQL is started.
    Serve {
        /// Use the embedded PostgreSQL although the public URL is not a loopback one.
        #[arg(long)]
        embedded: bool,
    },
    /// Start everything with example data and say where to click.
    Demo {
        /// Sign in once by script and end.
        #[arg(long)]
        check: bool,
    },
    /// Bring the database up to date and end.
    Migrate,
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Manage tenants.
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Manage users.
    #[command(subcommand)]
    User(UserCommand),
    /// Manage keys.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Manage applications: what signs its users in through Doorward.
    #[command(subcommand)]
    Application(ApplicationCommand),
    /// Manage secrets at rest.
    #[command(subcommand)]
    Secrets(SecretsCommand),
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Tell every fault of the configuration, or that there is none.
    Check,
}

#[derive(Debug, Subcommand)]
enum TenantCommand {
    /// Create a tenant; prints it as JSON.
    Create(TenantArgs),
}

#[derive(Debug, Args)]
struct TenantArgs {
    /// Part of every URL of the tenant; never changes.
    slug: String,
    /// Display name; the slug when absent.
    #[arg(long)]
    name: Option<String>,
    /// Your own id for this customer.
    #[arg(long)]
    external_id: Option<String>,
    /// Where logins may return to; may be given several times.
    #[arg(long = "return-url")]
    return_urls: Vec<String>,
    /// Where a login goes that names no target.
    #[arg(long)]
    landing_url: Option<String>,
    /// Invites the first owner: a letter goes to this address, and the link in it is printed too.
    #[arg(long)]
    owner_email: Option<String>,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Create a user; prints it as JSON.
    Create(UserArgs),
    /// Set a user's password, which is read from standard input; ends their sessions.
    SetPassword(PasswordArgs),
}

#[derive(Debug, Args)]
struct UserArgs {
    /// The tenant's slug.
    #[arg(long)]
    tenant: String,
    /// The user's e-mail address.
    #[arg(long)]
    email: String,
    /// Display name.
    #[arg(long)]
    name: Option<String>,
    /// What the user may do in the tenant: member, auditor, admin or owner.
    #[arg(long, value_parser = parse_role, default_value = "member")]
    role: Role,
}

#[derive(Debug, Args)]
struct PasswordArgs {
    /// The tenant's slug.
    #[arg(long)]
    tenant: String,
    /// The user's e-mail address.
    #[arg(long)]
    email: String,
    /// The next login has to choose another one.
    #[arg(long)]
    must_change: bool,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Create a key and print its secret, once: an operator's, or with --tenant a service account's of that tenant.
    Create(KeyArgs),
}

#[derive(Debug, Args)]
struct KeyArgs {
    /// Who or what will hold it.
    name: String,
    /// The tenant's slug; without it the key is an operator's.
    #[arg(long)]
    tenant: Option<String>,
    /// What the key may do in the tenant: member, auditor, admin or owner.
    #[arg(long, value_parser = parse_role, default_value = "admin", requires = "tenant")]
    role: Role,
}

#[derive(Debug, Subcommand)]
enum ApplicationCommand {
    /// Create an application of a tenant, or without --tenant one that serves all; prints client id and secret as JSON.
    Create(ApplicationArgs),
}

#[derive(Debug, Args)]
struct ApplicationArgs {
    /// The tenant's slug; without it the application serves all tenants.
    #[arg(long)]
    tenant: Option<String>,
    /// What people know it by.
    #[arg(long)]
    name: String,
    /// Where its sign-ins come back to; may be given several times.
    #[arg(long = "redirect-uri", required = true)]
    redirect_uris: Vec<String>,
    /// It keeps no secret: a native application, or one in a browser.
    #[arg(long)]
    public: bool,
}

#[derive(Debug, Subcommand)]
enum SecretsCommand {
    /// Seal everything again with the first sealing key, while servers serve.
    Rotate,
}

fn parse_role(text: &str) -> Result<Role, String> {
    [Role::Member, Role::Auditor, Role::Admin, Role::Owner]
        .into_iter()
        .find(|role| role.as_str() == text)
        .ok_or_else(|| "must be member, auditor, admin or owner".to_owned())
}

/// Runs the command of the process's arguments. A fault is one message on standard error and exit status 1.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let embedded = matches!(cli.command, Command::Serve { embedded: true });
    let demo = matches!(cli.command, Command::Demo { .. });
    let loaded =
        if demo { demo::configuration(cli.config) } else { config::load(cli.config, embedded, app::settings::faults) };
    let config = match loaded {
        Ok(config) => config,
        Err(error) => return failed(&error),
    };
    crate::telemetry::start_logging(&config);
    let done = actix_web::rt::System::new().block_on(commands::run(cli.command, config));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&*error),
    }
}

#[expect(clippy::print_stderr, reason = "a command's fault is for its user")]
fn failed(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("doorward: {error}");
    ExitCode::FAILURE
}
