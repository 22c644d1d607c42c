//! What the commands do, but for `demo`.

#![expect(clippy::print_stdout, reason = "what a command finds is for its user")]

use std::sync::Arc;

use secrecy::ExposeSecret;
use serde_json::json;

use super::{
    ApplicationArgs, ApplicationCommand, Command, ConfigCommand, Done, KeyArgs, KeyCommand, SecretsCommand, TenantArgs,
    TenantCommand, UserCommand, demo, users,
};
use crate::app::{self, Application, Opened};
use crate::clock::Clock;
use crate::config::Config;
use crate::context::Context;
use crate::context::issuer::Issuer;
use crate::flows::authenticate::Caller;
use crate::flows::invite::{self, InvitationIn};
use crate::flows::manage_api_keys::{self, ApiKeyIn};
use crate::flows::manage_applications::{self, Registry};
use crate::flows::manage_operators::{self, OperatorKeyIn};
use crate::flows::manage_service_accounts::{self, ServiceAccountIn};
use crate::flows::manage_tenants::{self, TenantIn};
use crate::flows::rotate_secrets;
use crate::model::audit::{Actor, Stamp};
use crate::model::email::EmailAddress;
use crate::model::role::Role;

/// Runs one command.
pub(super) async fn run(command: Command, config: Config) -> Done {
    match command {
        Command::Serve { .. } => serve(config).await,
        Command::Demo { check } => demo::run(config, check).await,
        Command::Config(ConfigCommand::Check) => {
            println!("the configuration can be used; the public URL is {}", config.public_url);
            Ok(())
        }
        Command::Migrate => {
            app::open(config, Clock::default()).await?;
            println!("the database is up to date");
            Ok(())
        }
        Command::Tenant(TenantCommand::Create(args)) => with_context(config, |ctx| create_tenant(ctx, args)).await,
        Command::User(UserCommand::Create(args)) => with_context(config, |ctx| users::create(ctx, args)).await,
        Command::User(UserCommand::SetPassword(args)) => {
            with_context(config, |ctx| users::set_password(ctx, args)).await
        }
        Command::Key(KeyCommand::Create(args)) => with_context(config, |ctx| create_key(ctx, args)).await,
        Command::Application(ApplicationCommand::Create(args)) => {
            with_context(config, |ctx| create_application(ctx, args)).await
        }
        Command::Secrets(SecretsCommand::Rotate) => with_context(config, rotate).await,
    }
}

async fn serve(config: Config) -> Done {
    let public_url = config.public_url.clone();
    let application = Application::build(config, Clock::default()).await?;
    tracing::info!(port = application.port(), %public_url, "serving");
    Ok(application.run().await?)
}

async fn with_context<F, Fut>(config: Config, work: F) -> Done
where
    F: FnOnce(Context) -> Fut,
    Fut: Future<Output = Done>,
{
    let Opened { context, embedded } = app::open(config, Clock::default()).await?;
    let done = work(context).await;
    drop(embedded);
    done
}

/// The command line acts as the system itself: whoever may run it here may read the database anyway.
fn stamp(ctx: &Context) -> Stamp {
    Stamp { actor: Actor::System, request_id: None, at: ctx.clock.now() }
}

/// The same, in a tenant.
pub(super) async fn system(ctx: &Context, slug: &str) -> Result<Caller, Box<dyn std::error::Error>> {
    let tenant = ctx.tenant(slug).await?.ok_or_else(|| format!("there is no tenant {slug}"))?;
    Ok(Caller { actor: Actor::System, role: Role::Owner, tenant, request_id: None, in_person: false })
}

async fn create_tenant(ctx: Context, args: TenantArgs) -> Done {
    let input = TenantIn {
        name: args.name.unwrap_or_else(|| args.slug.clone()),
        slug: args.slug,
        external_id: args.external_id,
        allowed_return_urls: args.return_urls,
        landing_url: args.landing_url,
        sso: None,
        support_email: None,
        logo_url: None,
        technical_contacts: Vec::new(),
    };
    let owner = args.owner_email;
    // Before there is a tenant whose owner cannot be invited.
    owner.as_deref().map(EmailAddress::parse).transpose().map_err(|e| format!("--owner-email {e}"))?;
    let tenant = manage_tenants::create(&ctx, stamp(&ctx), input).await?;
    let login_url = ctx.config.url(&format!("/t/{}/login", tenant.slug));
    let mut made = json!({"id": tenant.id, "slug": tenant.slug, "name": tenant.name, "login_url": login_url});
    if let Some(email) = owner {
        let caller = system(&ctx, &tenant.slug).await?;
        let owner = InvitationIn { email: Some(email), role: Some(Role::Owner), ..InvitationIn::default() };
        let invited = invite::create(&ctx, &caller, owner, true).await?;
        let link = invited.link.as_ref().map(ExposeSecret::expose_secret);
        made["owner_invitation"] = json!({"id": invited.row.id, "url": link, "expires_at": invited.row.expires_at});
    }
    println!("{made}");
    Ok(())
}

async fn create_application(ctx: Context, args: ApplicationArgs) -> Done {
    let (registry, issuer) = match args.tenant {
        Some(slug) => {
            let caller = system(&ctx, &slug).await?;
            let issuer = Issuer::Tenant(Arc::clone(&caller.tenant));
            (Registry::Tenant(caller), issuer)
        }
        None => (Registry::Installation(stamp(&ctx)), Issuer::Installation),
    };
    let method = if args.public { "none" } else { "client_secret_basic" };
    let input = json!({"name": args.name, "redirect_uris": args.redirect_uris, "token_endpoint_auth_method": method});
    let (row, secret) = manage_applications::create(&ctx, registry, serde_json::from_value(input)?).await?;
    let mut made = json!({"client_id": row.id, "issuer": issuer.url(&ctx.config)});
    if let Some(secret) = secret {
        made["client_secret"] = secret.expose_secret().into();
    }
    println!("{made}");
    Ok(())
}

async fn create_key(ctx: Context, args: KeyArgs) -> Done {
    let Some(slug) = args.tenant else {
        let input = OperatorKeyIn { name: args.name, expires_at: None };
        let (_, secret) = manage_operators::create_key(&ctx, stamp(&ctx), input).await?;
        println!("{}", secret.expose_secret());
        return Ok(());
    };
    let caller = system(&ctx, &slug).await?;
    let account = ServiceAccountIn { name: args.name.clone(), role: args.role };
    let account = manage_service_accounts::create(&ctx, &caller, account).await?;
    let key = ApiKeyIn {
        name: args.name,
        user_id: None,
        service_account_id: Some(account.id),
        role: Some(args.role),
        expires_at: None,
    };
    let (_, secret) = manage_api_keys::create(&ctx, &caller, key).await?;
    println!("{}", secret.expose_secret());
    Ok(())
}

async fn rotate(ctx: Context) -> Done {
    let renewed = rotate_secrets::rotate(&ctx).await?;
    let first = ctx.sealer.key_ids()[0];
    println!("{renewed} secrets were sealed anew with key {first}; older keys may be removed now");
    Ok(())
}
