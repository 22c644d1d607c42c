//! The letter of an invitation: a new token, of which the row keeps the hash and the letter the link.

use diesel::PgConnection;
use secrecy::SecretString;

use crate::context::Context;
use crate::flows::{Error, post};
use crate::model::audit::Actor;
use crate::model::email::EmailAddress;
use crate::model::invitation::Invitation;
use crate::model::letter::Letter;
use crate::secrets::token;
use crate::store::users;

/// Makes a token for `row` and posts its letter; gives the link. What was the token before is worth nothing from now on.
///
/// # Errors
/// [`Error`] of the database.
pub(super) fn post(
    conn: &mut PgConnection,
    ctx: &Context,
    slug: &str,
    row: &mut Invitation,
    to: &EmailAddress,
) -> Result<SecretString, Error> {
    let token = token::random(); // L-16: nothing of the invitation is in it
    let link = SecretString::from(ctx.config.url(&format!("/t/{slug}/invitation?token={token}")));
    let letter = Letter::Invitation { inviter: inviter(conn, row)?, expires_at: row.expires_at };
    let id = post::post(conn, ctx, row.tenant_id, (to, row.language), &letter, Some(&link))?;
    (row.token_hash, row.delivery_id) = (Some(token::hash(&token)), Some(id));
    Ok(link)
}

/// What who invites is called; keys, operators and the command line are nobody to write of.
fn inviter(conn: &mut PgConnection, row: &Invitation) -> Result<Option<String>, Error> {
    let Actor::User { user_id, .. } = row.invited_by.0 else { return Ok(None) };
    Ok(users::find(conn, row.tenant_id, user_id)?.and_then(|user| user.name.or(user.email)))
}
