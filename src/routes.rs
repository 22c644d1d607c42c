//! The whole URL map on one page.
//!
//! The macro makes two things of it: what actix serves, and [`MAP`], which tests hold against the sweep of callers, the
//! OpenAPI document and docs/api.md. A path that has a method here answers other methods with 405. Paths are tried in this
//! order, so what applications ask all day stands first.

use actix_cors::Cors;
use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use actix_web::middleware::Condition;
use actix_web::web::{self, ServiceConfig};

use crate::http::admin::{
    api_keys, applications, audit_events, break_glass, connections, deliveries, domains, group_mappings, groups,
    identities, installation_applications, invitations, me, operators, saml_keys, service_accounts, sessions,
    signing_keys, tenants, totp, users,
};
use crate::http::login::{
    acs, address, break_glass as emergency, callback, forgot, invitation, landing, logout, password, saml_metadata,
    second_step, slo, start, verify,
};
use crate::http::oauth2::{authorize, consent, logout as rp_logout, metadata, organization, token, userinfo};
use crate::http::{absent, account, assets, demo, health, openapi};

macro_rules! routes {
    ($($path:literal => { $($method:ident $handler:path),+ $(,)? })+) => {
        /// Every path and its methods.
        pub const MAP: &[(&str, &[&str])] = &[$(($path, &[$(stringify!($method)),+])),+];

        /// Tells actix all of it.
        pub fn configure(config: &mut ServiceConfig) {
            $(config.service(
                web::resource(exact($path))
                    .wrap(Condition::new(is_open_to_pages($path), cors()))
                    $(.route(web::method(Method::$method).to($handler)))+
                    .default_service(web::to(|req: HttpRequest| async move {
                        absent::not_allowed(&req, &[$(stringify!($method)),+])
                    }))
            );)+
        }
    };
}

/// The path as actix matches it: what is no UUID names nothing, for whoever asks (T-08).
fn exact(path: &str) -> String {
    const UUID: &str = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";
    let ids = ["id", "identity", "user", "connection", "attempt", "request", "secret", "key"];
    ids.iter().fold(path.to_owned(), |path, id| path.replace(&format!("{{{id}}}"), &format!("{{{id}:{UUID}}}")))
}

/// What applications that live in a browser call from pages of their own.
fn is_open_to_pages(path: &str) -> bool {
    let ends = [
        "/.well-known/openid-configuration",
        "/oauth2/jwks.json",
        "/oauth2/token",
        "/oauth2/userinfo",
        "/oauth2/revoke",
    ];
    ends.iter().any(|end| path.ends_with(end)) || path.starts_with("/.well-known/oauth-authorization-server")
}

/// Any page may call those: they look at no cookie, and what they are given says who asks.
fn cors() -> Cors {
    Cors::default().allow_any_origin().send_wildcard().allowed_methods(["GET", "POST"]).allowed_headers([
        AUTHORIZATION,
        CONTENT_TYPE,
        ACCEPT,
    ])
}

routes! {
    "/t/{tenant}/oauth2/userinfo" => { GET userinfo::get_userinfo, POST userinfo::get_userinfo }
    "/t/{tenant}/oauth2/token" => { POST token::post_token }

    "/healthz" => { GET health::get_healthz }
    "/readyz" => { GET health::get_readyz }
    "/openapi.json" => { GET openapi::get_openapi }
    "/docs" => { GET openapi::get_docs }
    "/assets/doorward.css" => { GET assets::get_stylesheet }
    "/assets/submit.js" => { GET assets::get_submit_script }

    "/demo/letters" => { GET demo::get_letters }

    "/t/{tenant}" => { GET landing::get_landing }
    "/t/{tenant}/invitation" => { GET invitation::get_invitation, POST invitation::post_invitation }
    "/t/{tenant}/login" => { GET start::get_login, POST start::post_login }
    "/t/{tenant}/login/password" => { POST password::post_password }
    "/t/{tenant}/login/code" => { POST second_step::post_code }
    "/t/{tenant}/login/new-password" => { POST password::post_new_password }
    "/t/{tenant}/login/forgot" => { GET forgot::get_forgot, POST forgot::post_forgot }
    "/t/{tenant}/login/reset" => { GET forgot::get_reset, POST forgot::post_reset }
    "/t/{tenant}/login/verify" => { GET verify::get_verify, POST verify::post_verify }
    "/t/{tenant}/login/verify/{attempt}" => { GET verify::get_waiting, POST verify::post_waiting }
    "/t/{tenant}/login/verify/{attempt}/again" => { POST verify::post_again }
    "/t/{tenant}/login/break-glass" => { GET emergency::get_break_glass, POST emergency::post_break_glass }
    "/t/{tenant}/login/{connection}" => { GET start::get_begin }
    "/t/{tenant}/sso/{connection}/callback" => { GET callback::get_callback, POST callback::post_callback }
    "/t/{tenant}/sso/{connection}/acs" => { POST acs::post_acs }
    "/t/{tenant}/sso/{connection}/slo" => { GET slo::get_slo, POST slo::post_slo }
    "/t/{tenant}/sso/{connection}/resume/{attempt}" => { GET callback::get_resume }
    "/t/{tenant}/sso/{connection}/jwks.json" => { GET landing::get_client_jwks }
    "/t/{tenant}/sso/{connection}/metadata" => { GET saml_metadata::get_metadata }
    "/t/{tenant}/account" => { GET account::get_account }
    "/t/{tenant}/account/profile" => { POST account::entries::post_profile }
    "/t/{tenant}/account/sessions" => { POST account::entries::post_sessions }
    "/t/{tenant}/account/identities" => { POST account::entries::post_identities }
    "/t/{tenant}/account/password" => { POST account::security::post_password }
    "/t/{tenant}/account/totp" => { POST account::security::post_totp }
    "/t/{tenant}/account/totp/confirm" => { POST account::security::post_confirm }
    "/t/{tenant}/account/totp/remove" => { POST account::security::post_remove }
    "/t/{tenant}/account/recovery-codes" => { POST account::security::post_recovery_codes }
    "/t/{tenant}/account/break-glass" => { POST account::break_glass::post_break_glass }
    "/t/{tenant}/account/break-glass/withdraw" => { POST account::break_glass::post_withdraw }
    "/t/{tenant}/account/email" => { GET address::get_email, POST address::post_email }
    "/t/{tenant}/account/email/confirm" => { GET address::get_confirm_email, POST address::post_confirm_email }
    "/t/{tenant}/logout" => { GET logout::get_logout, POST logout::post_logout }
    "/t/{tenant}/logout/done" => { GET logout::get_logout_done }

    "/.well-known/openid-configuration" => { GET metadata::get_metadata }
    "/.well-known/oauth-authorization-server" => { GET metadata::get_metadata }
    "/.well-known/oauth-authorization-server/t/{tenant}" => { GET metadata::get_metadata }
    "/oauth2/jwks.json" => { GET metadata::get_jwks }
    "/oauth2/authorize" => { GET authorize::get_authorize, POST authorize::post_authorize }
    "/oauth2/organization" => { POST organization::post_organization }
    "/oauth2/token" => { POST token::post_token }
    "/oauth2/userinfo" => { GET userinfo::get_userinfo, POST userinfo::get_userinfo }
    "/oauth2/introspect" => { POST token::post_introspect }
    "/oauth2/revoke" => { POST token::post_revoke }
    "/oauth2/end_session" => { GET rp_logout::get_end_session, POST rp_logout::post_end_session }

    "/t/{tenant}/.well-known/openid-configuration" => { GET metadata::get_metadata }
    "/t/{tenant}/oauth2/jwks.json" => { GET metadata::get_jwks }
    "/t/{tenant}/oauth2/authorize" => { GET authorize::get_authorize, POST authorize::post_authorize }
    "/t/{tenant}/oauth2/continue/{request}" => { GET authorize::get_continue }
    "/t/{tenant}/oauth2/consent/{request}" => { GET consent::get_consent, POST consent::post_consent }
    "/t/{tenant}/oauth2/introspect" => { POST token::post_introspect }
    "/t/{tenant}/oauth2/revoke" => { POST token::post_revoke }
    "/t/{tenant}/oauth2/end_session" => { GET rp_logout::get_end_session, POST rp_logout::post_end_session }

    "/v1/operator/keys" => { GET operators::list_operator_keys, POST operators::create_operator_key }
    "/v1/operator/keys/{id}" => { DELETE operators::revoke_operator_key }
    "/v1/operator/audit-events" => { GET operators::list_operator_audit_events }
    "/v1/applications" => {
        GET installation_applications::list_installation_applications,
        POST installation_applications::create_installation_application
    }
    "/v1/applications/{id}" => {
        GET installation_applications::get_installation_application,
        PATCH installation_applications::update_installation_application,
        DELETE installation_applications::delete_installation_application
    }
    "/v1/applications/{id}/secrets" => { POST installation_applications::create_installation_application_secret }
    "/v1/applications/{id}/secrets/{secret}" => {
        DELETE installation_applications::revoke_installation_application_secret
    }
    "/v1/signing-keys" => { GET signing_keys::list_installation_signing_keys }
    "/v1/signing-keys/rotate" => { POST signing_keys::rotate_installation_signing_keys }
    "/v1/signing-keys/{id}" => { DELETE signing_keys::revoke_installation_signing_key }
    "/v1/tenants" => { GET tenants::list_tenants, POST tenants::create_tenant }
    "/v1/tenants/{tenant}" => { GET tenants::get_tenant, PATCH tenants::update_tenant, DELETE tenants::delete_tenant }

    "/v1/tenants/{tenant}/me" => { GET me::get_me, PATCH me::update_me }
    "/v1/tenants/{tenant}/me/email" => { PUT me::change_my_email }
    "/v1/tenants/{tenant}/me/password" => { PUT me::change_my_password }
    "/v1/tenants/{tenant}/me/break-glass-codes" => {
        GET break_glass::get_my_break_glass_codes,
        POST break_glass::make_my_break_glass_codes,
        DELETE break_glass::withdraw_my_break_glass_codes,
    }
    "/v1/tenants/{tenant}/me/identities" => { GET me::list_my_identities }
    "/v1/tenants/{tenant}/me/identities/{id}" => { DELETE me::unlink_my_identity }
    "/v1/tenants/{tenant}/me/sessions" => { GET me::list_my_sessions, DELETE me::revoke_my_other_sessions }
    "/v1/tenants/{tenant}/me/sessions/{id}" => { DELETE me::revoke_my_session }
    "/v1/tenants/{tenant}/me/totp" => {
        GET totp::get_my_totp, POST totp::begin_my_totp, DELETE totp::remove_my_totp
    }
    "/v1/tenants/{tenant}/me/totp/confirm" => { POST totp::confirm_my_totp }
    "/v1/tenants/{tenant}/me/recovery-codes" => { POST totp::make_my_recovery_codes }

    "/v1/tenants/{tenant}/connections" => { GET connections::list_connections, POST connections::create_connection }
    "/v1/tenants/{tenant}/connections/{id}" => {
        GET connections::get_connection, PATCH connections::update_connection, DELETE connections::delete_connection
    }
    "/v1/tenants/{tenant}/connections/{id}/activate" => { POST connections::activate_connection }
    "/v1/tenants/{tenant}/connections/{id}/disable" => { POST connections::disable_connection }
    "/v1/tenants/{tenant}/connections/{id}/metadata" => { PUT connections::put_connection_metadata }
    "/v1/tenants/{tenant}/connections/{id}/keys" => { GET saml_keys::list_saml_keys, POST saml_keys::create_saml_key }
    "/v1/tenants/{tenant}/connections/{id}/keys/{key}" => { DELETE saml_keys::delete_saml_key }
    "/v1/tenants/{tenant}/connections/{id}/keys/{key}/activate" => { POST saml_keys::activate_saml_key }

    "/v1/tenants/{tenant}/users" => { GET users::list_users, POST users::create_user }
    "/v1/tenants/{tenant}/users/import" => { POST users::import_users }
    "/v1/tenants/{tenant}/users/{id}" => { GET users::get_user, PATCH users::update_user, DELETE users::delete_user }
    "/v1/tenants/{tenant}/users/{id}/password" => { PUT users::set_password, DELETE users::remove_password }
    "/v1/tenants/{tenant}/users/{id}/totp" => { GET totp::get_totp, DELETE totp::remove_totp }
    "/v1/tenants/{tenant}/users/{id}/groups" => { GET users::list_user_groups }
    "/v1/tenants/{tenant}/users/{id}/identities" => { GET identities::list_identities, POST identities::link_identity }
    "/v1/tenants/{tenant}/users/{id}/identities/{identity}" => { DELETE identities::unlink_identity }

    "/v1/tenants/{tenant}/invitations" => {
        GET invitations::list_invitations, POST invitations::create_invitation
    }
    "/v1/tenants/{tenant}/invitations/import" => { POST invitations::import_invitations }
    "/v1/tenants/{tenant}/invitations/{id}" => {
        GET invitations::get_invitation, DELETE invitations::revoke_invitation
    }
    "/v1/tenants/{tenant}/invitations/{id}/resend" => { POST invitations::resend_invitation }

    "/v1/tenants/{tenant}/groups" => { GET groups::list_groups, POST groups::create_group }
    "/v1/tenants/{tenant}/groups/{id}" => { GET groups::get_group, PATCH groups::update_group, DELETE groups::delete_group }
    "/v1/tenants/{tenant}/groups/{id}/members" => { GET groups::list_members }
    "/v1/tenants/{tenant}/groups/{id}/members/{user}" => { PUT groups::add_member, DELETE groups::remove_member }
    "/v1/tenants/{tenant}/group-mappings" => {
        GET group_mappings::list_group_mappings, POST group_mappings::create_group_mapping
    }
    "/v1/tenants/{tenant}/group-mappings/{id}" => {
        GET group_mappings::get_group_mapping, PATCH group_mappings::update_group_mapping,
        DELETE group_mappings::delete_group_mapping
    }
    "/v1/tenants/{tenant}/unmatched-groups" => { GET groups::list_unmatched_groups }
    "/v1/tenants/{tenant}/held-group-removals" => { GET groups::list_held_removals }
    "/v1/tenants/{tenant}/held-group-removals/{id}" => { DELETE groups::dismiss_held_removal }
    "/v1/tenants/{tenant}/held-group-removals/{id}/apply" => { POST groups::apply_held_removal }

    "/v1/tenants/{tenant}/domains" => { GET domains::list_domains, POST domains::create_domain }
    "/v1/tenants/{tenant}/domains/{id}" => { GET domains::get_domain, PATCH domains::update_domain, DELETE domains::delete_domain }
    "/v1/tenants/{tenant}/domains/{id}/attest" => { POST domains::attest_domain }

    "/v1/tenants/{tenant}/service-accounts" => {
        GET service_accounts::list_service_accounts, POST service_accounts::create_service_account
    }
    "/v1/tenants/{tenant}/service-accounts/{id}" => {
        GET service_accounts::get_service_account, PATCH service_accounts::update_service_account,
        DELETE service_accounts::delete_service_account
    }
    "/v1/tenants/{tenant}/api-keys" => { GET api_keys::list_api_keys, POST api_keys::create_api_key }
    "/v1/tenants/{tenant}/api-keys/{id}" => { GET api_keys::get_api_key, DELETE api_keys::revoke_api_key }
    "/v1/tenants/{tenant}/applications" => {
        GET applications::list_applications, POST applications::create_application
    }
    "/v1/tenants/{tenant}/applications/{id}" => {
        GET applications::get_application, PATCH applications::update_application,
        DELETE applications::delete_application
    }
    "/v1/tenants/{tenant}/applications/{id}/secrets" => { POST applications::create_application_secret }
    "/v1/tenants/{tenant}/applications/{id}/secrets/{secret}" => { DELETE applications::revoke_application_secret }
    "/v1/tenants/{tenant}/signing-keys" => { GET signing_keys::list_signing_keys }
    "/v1/tenants/{tenant}/signing-keys/rotate" => { POST signing_keys::rotate_signing_keys }
    "/v1/tenants/{tenant}/signing-keys/{id}" => { DELETE signing_keys::revoke_signing_key }
    "/v1/tenants/{tenant}/sessions" => { GET sessions::list_sessions }
    "/v1/tenants/{tenant}/sessions/{id}" => { GET sessions::get_session, DELETE sessions::revoke_session }
    "/v1/tenants/{tenant}/deliveries" => { GET deliveries::list_deliveries }
    "/v1/tenants/{tenant}/deliveries/{id}" => { GET deliveries::get_delivery }
    "/v1/tenants/{tenant}/deliveries/{id}/retry" => { POST deliveries::retry_delivery }
    "/v1/tenants/{tenant}/deliveries/{id}/cancel" => { POST deliveries::cancel_delivery }
    "/v1/tenants/{tenant}/audit-events" => { GET audit_events::list_audit_events }
    "/v1/tenants/{tenant}/audit-events/{id}" => { GET audit_events::get_audit_event }
}
