//! The OpenAPI 3.1 document, made from the handlers.

use actix_web::HttpResponse;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Ref, RefOr, Required, ResponseBuilder, content::ContentBuilder};
use utoipa::{Modify, OpenApi};

use crate::http::admin::{
    api_keys, applications, audit_events, break_glass, connections, deliveries, domains, group_mappings, groups,
    identities, installation_applications, invitations, me, operators, saml_keys, service_accounts, sessions,
    signing_keys, tenants, totp, users,
};
use crate::http::problem::ProblemBody;

/// The document.
#[derive(OpenApi)]
#[openapi(
    info(title = "Doorward", description = "Enterprise sign-on for multi-tenant SaaS. Every error is `application/problem+json` with a stable `code`."),
    components(schemas(ProblemBody)),
    modifiers(&WhatAllShare),
    security(("bearer" = [])),
    paths(
        tenants::list_tenants, tenants::create_tenant, tenants::get_tenant, tenants::update_tenant, tenants::delete_tenant,
        connections::list_connections, connections::create_connection, connections::get_connection,
        connections::update_connection, connections::delete_connection, connections::activate_connection,
        connections::disable_connection, connections::put_connection_metadata,
        saml_keys::list_saml_keys, saml_keys::create_saml_key, saml_keys::activate_saml_key, saml_keys::delete_saml_key,
        users::list_users, users::create_user, users::import_users, users::get_user, users::update_user, users::delete_user,
        users::set_password, users::remove_password, users::list_user_groups, identities::list_identities, identities::link_identity, identities::unlink_identity,
        invitations::list_invitations, invitations::create_invitation, invitations::import_invitations,
        invitations::get_invitation, invitations::resend_invitation, invitations::revoke_invitation,
        groups::list_groups, groups::create_group, groups::get_group, groups::update_group, groups::delete_group,
        groups::list_members, groups::add_member, groups::remove_member, groups::list_unmatched_groups,
        groups::list_held_removals, groups::apply_held_removal, groups::dismiss_held_removal,
        group_mappings::list_group_mappings, group_mappings::create_group_mapping, group_mappings::get_group_mapping,
        group_mappings::update_group_mapping, group_mappings::delete_group_mapping,
        domains::list_domains, domains::create_domain, domains::get_domain, domains::update_domain, domains::attest_domain,
        domains::delete_domain,
        service_accounts::list_service_accounts, service_accounts::create_service_account,
        service_accounts::get_service_account, service_accounts::update_service_account,
        service_accounts::delete_service_account,
        api_keys::list_api_keys, api_keys::create_api_key, api_keys::get_api_key, api_keys::revoke_api_key,
        applications::list_applications, applications::create_application, applications::get_application,
        applications::update_application, applications::delete_application, applications::create_application_secret,
        applications::revoke_application_secret,
        signing_keys::list_signing_keys, signing_keys::rotate_signing_keys, signing_keys::list_installation_signing_keys,
        signing_keys::rotate_installation_signing_keys, signing_keys::revoke_signing_key,
        signing_keys::revoke_installation_signing_key,
        sessions::list_sessions, sessions::get_session, sessions::revoke_session,
        deliveries::list_deliveries, deliveries::get_delivery, deliveries::retry_delivery, deliveries::cancel_delivery,
        audit_events::list_audit_events, audit_events::get_audit_event,
        installation_applications::list_installation_applications,
        installation_applications::create_installation_application,
        installation_applications::get_installation_application,
        installation_applications::update_installation_application,
        installation_applications::delete_installation_application,
        installation_applications::create_installation_application_secret,
        installation_applications::revoke_installation_application_secret,
        totp::get_my_totp, totp::begin_my_totp, totp::confirm_my_totp, totp::remove_my_totp, totp::make_my_recovery_codes,
        totp::get_totp, totp::remove_totp,
        me::get_me, me::update_me, me::change_my_email, me::change_my_password, me::list_my_identities, me::unlink_my_identity,
        me::list_my_sessions, me::revoke_my_other_sessions, me::revoke_my_session,
        break_glass::get_my_break_glass_codes, break_glass::make_my_break_glass_codes,
        break_glass::withdraw_my_break_glass_codes,
        operators::list_operator_keys, operators::create_operator_key, operators::revoke_operator_key,
        operators::list_operator_audit_events,
    )
)]
pub struct ApiDoc;

/// Adds what every operation has: its path parameters, If-Match on changes, and the problem answer.
struct WhatAllShare;

impl Modify for WhatAllShare {
    fn modify(&self, doc: &mut utoipa::openapi::OpenApi) {
        let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        doc.components.get_or_insert_default().add_security_scheme("bearer", bearer);
        for (path, item) in &mut doc.paths.paths {
            let names: Vec<&str> = path.split(['{', '}']).skip(1).step_by(2).collect();
            let changes = [(&mut item.patch, true), (&mut item.delete, true)];
            let others = [(&mut item.get, false), (&mut item.post, false), (&mut item.put, false)];
            for (operation, versioned) in changes.into_iter().chain(others) {
                if let Some(operation) = operation {
                    complete(operation, &names, versioned);
                }
            }
        }
    }
}

fn complete(operation: &mut Operation, path_names: &[&str], versioned: bool) {
    let parameters = operation.parameters.get_or_insert_default();
    parameters.retain(|p| !matches!(p, RefOr::T(p) if p.parameter_in == ParameterIn::Path));
    let text = || ObjectBuilder::new().schema_type(Type::String);
    for name in path_names {
        let what = if *name == "tenant" { "The tenant's slug." } else { "An id (UUID)." };
        let parameter = ParameterBuilder::new().name(*name).parameter_in(ParameterIn::Path).required(Required::True);
        parameters.push(RefOr::T(parameter.description(Some(what)).schema(Some(text())).build()));
    }
    if versioned {
        let what = "The ETag of an earlier answer; 412 when the object changed since.";
        let parameter =
            ParameterBuilder::new().name("If-Match").parameter_in(ParameterIn::Header).required(Required::False);
        parameters.push(RefOr::T(parameter.description(Some(what)).schema(Some(text())).build()));
    }
    let content = ContentBuilder::new().schema(Some(RefOr::Ref(Ref::from_schema_name("ProblemBody")))).build();
    let problem = ResponseBuilder::new().description("The error").content("application/problem+json", content).build();
    operation.responses.responses.insert("default".into(), RefOr::T(problem));
}

/// `GET /openapi.json`.
pub async fn get_openapi() -> HttpResponse {
    HttpResponse::Ok().json(ApiDoc::openapi())
}

/// `GET /docs`: to the reader.
pub async fn get_docs() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header(("location", "/docs/")).finish()
}
