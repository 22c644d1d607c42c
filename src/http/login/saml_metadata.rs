//! What SAML providers read about us: one document per connection, for drafts too, because a provider wants it first.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, web};
use uuid::Uuid;

use crate::context::saml_provider::OwnUrls;
use crate::http::Ctx;
use crate::http::problem::Problem;
use crate::model::connection::Settings;
use crate::model::connection::saml::SamlSettings;
use crate::model::saml_key::{KeyStatus, KeyUsage, SamlKey};
use crate::model::tenant::TenantStatus;
use crate::protocol::saml::Certificate;
use crate::protocol::saml::metadata::{SpMetadata, write};
use crate::store::db::DbError;
use crate::store::{connections, saml_keys};

/// `GET /t/{tenant}/sso/{connection}/metadata`: our metadata at this connection.
pub async fn get_metadata(
    ctx: Ctx,
    req: HttpRequest,
    path: web::Path<(String, Uuid)>,
) -> Result<HttpResponse, Problem> {
    let slug = req.match_info().get("tenant").unwrap_or_default();
    let tenant = ctx.tenant(slug).await?.ok_or_else(Problem::not_found)?;
    if tenant.tenant.status != TenantStatus::Active {
        return Err(Problem::not_found()); // T-13
    }
    let (tenant, id) = (tenant.tenant.id, path.1);
    let found = ctx.db.tenant(tenant, move |conn| {
        let row = connections::find(conn, tenant, id)?;
        Ok::<_, DbError>((row, saml_keys::of_connection(conn, tenant, id)?))
    });
    let (row, keys) = found.await?;
    match row.map(|row| row.settings.0) {
        Some(Settings::Saml(settings)) => {
            let document = document(&OwnUrls::of(&ctx.config, slug, id), &settings, &keys);
            Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/samlmetadata+xml")).body(document))
        }
        _ => Err(Problem::not_found()),
    }
}

fn document(own: &OwnUrls, settings: &SamlSettings, keys: &[SamlKey]) -> String {
    let of = |usage: KeyUsage| -> Vec<Certificate> {
        let by = |status| keys.iter().filter(move |key| key.usage == usage && key.status == status);
        // Providers that look at one key only look at the first.
        let order = [KeyStatus::Current, KeyStatus::Next, KeyStatus::Previous];
        order.into_iter().flat_map(by).filter_map(|key| Certificate::parse(&key.certificate).ok()).collect()
    };
    let (signing, encryption) = (of(KeyUsage::Signing), of(KeyUsage::Encryption));
    write(&SpMetadata {
        entity_id: &own.entity_id,
        acs_urls: std::slice::from_ref(&own.acs_url),
        slo_url: Some(&own.slo_url),
        signing: &signing.iter().collect::<Vec<_>>(),
        encryption: &encryption.iter().collect::<Vec<_>>(),
        name_id_format: settings.name_id_format.as_deref(),
        authn_requests_signed: settings.sign_requests,
        want_assertions_signed: settings.require_signed_assertions,
        valid_until: None,
    })
}
