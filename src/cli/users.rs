//! The commands about users and their passwords.

#![expect(clippy::print_stdout, reason = "what a command finds is for its user")]

use std::io::Read;

use secrecy::SecretString;
use serde_json::json;

use super::commands::system;
use super::{Done, PasswordArgs, UserArgs};
use crate::context::Context;
use crate::flows::manage_passwords::{self, PasswordIn};
use crate::flows::manage_users::{self, UserIn};
use crate::model::email::EmailAddress;
use crate::store::db::DbError;
use crate::store::users;

/// Most bytes that are read from standard input.
const MAX_INPUT: u64 = 4096;

/// Creates a user and prints it.
pub(super) async fn create(ctx: Context, args: UserArgs) -> Done {
    let caller = system(&ctx, &args.tenant).await?;
    let input = UserIn {
        email: Some(args.email),
        name: args.name,
        given_name: None,
        family_name: None,
        external_id: None,
        profile: None,
        role: Some(args.role),
        identities: Vec::new(),
    };
    for user in manage_users::create(&ctx, &caller, vec![input], false).await? {
        println!("{}", json!({"id": user.id, "email": user.email, "name": user.name, "role": user.role}));
    }
    Ok(())
}

/// Sets the password of a user who exists. It comes by standard input: arguments are seen by every process.
pub(super) async fn set_password(ctx: Context, args: PasswordArgs) -> Done {
    let caller = system(&ctx, &args.tenant).await?;
    let (tenant, key) = (caller.tenant_id(), EmailAddress::parse(&args.email)?.key);
    let found = ctx.db.tenant(tenant, move |conn| Ok::<_, DbError>(users::find_by_email_key(conn, tenant, &key)?));
    let user = found.await?.ok_or_else(|| format!("{} has no user {}", args.tenant, args.email))?;
    let input = PasswordIn { password: read_password()?, must_change: args.must_change };
    manage_passwords::set(&ctx, &caller, user.id, input).await?;
    println!("the password of {} is set", args.email);
    Ok(())
}

/// Standard input without its line end.
fn read_password() -> std::io::Result<SecretString> {
    let mut text = String::new();
    std::io::stdin().lock().take(MAX_INPUT).read_to_string(&mut text)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    Ok(line.strip_suffix('\r').unwrap_or(line).into())
}
