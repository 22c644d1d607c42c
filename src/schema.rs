//! Generated from the database by `diesel print-schema` (diesel.toml); never edited by hand. A test compares it with the migrations.

diesel::table! {
    /// Links that were mailed to an address: whoever has one, has the mailbox. Each is for one purpose, of one person, once.
    address_proofs (tenant_id, id) {
        /// The tenant.
        tenant_id -> Uuid,
        /// UUIDv7; part of the browser cookie's name of a sign-in that waits.
        id -> Uuid,
        /// sign_in, change_address or reset_password.
        purpose -> Text,
        /// SHA-256 of the link's token.
        token_hash -> Bytea,
        /// The address that the letter went to.
        address -> Text,
        /// Its key.
        address_key -> Text,
        /// Of whom; null for a sign-in of somebody who is no user yet.
        user_id -> Nullable<Uuid>,
        /// The key of the address that the user had when it was asked for: another one by now voids the proof.
        user_key -> Nullable<Text>,
        /// The password that the user had when a reset was asked for: another one by now voids the proof.
        password_id -> Nullable<Uuid>,
        /// Of a sign-in: by which source,
        source_id -> Nullable<Uuid>,
        /// of which issuer,
        issuer -> Nullable<Text>,
        /// of which subject. It proves nothing for another one.
        subject -> Nullable<Text>,
        /// Of a sign-in: what the provider said, sealed, until the sign-in goes on.
        waiting -> Nullable<Bytea>,
        /// Of a sign-in: SHA-256 of the cookie of the browser that began it.
        browser_hash -> Nullable<Bytea>,
        /// Where it ends; already checked.
        return_to -> Nullable<Text>,
        /// When the letter was posted.
        created_at -> Timestamptz,
        /// When it is void.
        expires_at -> Timestamptz,
        /// When the link of a sign-in was confirmed in another browser than the one that began it.
        proven_at -> Nullable<Timestamptz>,
        /// When it was used, or voided.
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// A bearer secret of a user or of a service account.
    api_keys (tenant_id, id) {
        /// The tenant.
        tenant_id -> Uuid,
        /// UUIDv7.
        id -> Uuid,
        /// The user it belongs to, or
        user_id -> Nullable<Uuid>,
        /// the service account it belongs to.
        service_account_id -> Nullable<Uuid>,
        /// What it is for.
        name -> Text,
        /// SHA-256 of the whole key.
        secret_hash -> Bytea,
        /// The last four characters.
        hint -> Text,
        /// The most it may do; its owner's role bounds it again at each use.
        role -> Text,
        /// When it stops working.
        expires_at -> Nullable<Timestamptz>,
        /// When it was revoked.
        revoked_at -> Nullable<Timestamptz>,
        /// Last use, to the minute.
        last_used_at -> Nullable<Timestamptz>,
        /// When it was created.
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// An OAuth 2 client of one tenant.
    applications (tenant_id, id) {
        /// The tenant.
        tenant_id -> Uuid,
        /// UUIDv7; the client_id.
        id -> Uuid,
        /// Display name, shown on the consent page.
        name -> Text,
        /// The name normalised; unique.
        name_key -> Text,
        /// Redirect URIs, authentication, algorithm, lifetimes, scopes, claims.
        settings -> Jsonb,
        /// Hashes of the client secrets: during a rotation more than one is good.
        secrets -> Jsonb,
        /// Grows with each update; the ETag.
        version -> Int8,
        /// When it was created.
        created_at -> Timestamptz,
        /// When it was last changed.
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    /// What happened in a tenant; only ever added to. No foreign keys: it outlives what it speaks of.
    audit_events (tenant_id, id) {
        /// The tenant.
        tenant_id -> Uuid,
        /// UUIDv7; also the event id that refusal pages and logs show.
        id -> Uuid,
        /// When.
        at -> Timestamptz,
        /// Which event; the payload's type.
        event_type -> Text,
        /// Version of the payload's shape.
        event_version -> Int2,
        /// Who did it.
        actor -> Jsonb,
        /// What happened, by ids; never a secret.
        payload -> Jsonb,
        /// The request that did it.
        request_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    /// An authorization request that waits for its user to sign in or to consent.
    authorization_requests (tenant_id, id) {
        /// The tenant that was chosen.
        tenant_id -> Uuid,
        /// UUIDv7; part of the URL that the login comes back to.
        id -> Uuid,
        /// The application that asks: of the tenant, or
        application_id -> Nullable<Uuid>,
        /// of the installation.
        installation_application_id -> Nullable<Uuid>,
        /// The checked parameters.
        request -> Jsonb,
        /// When it came; a login that is asked for must be younger.
        created_at -> Timestamptz,
        /// When it is void.
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    /// Codes by which an owner comes in, once each, while sso is enforced and the provider does not let them in.
    break_glass_codes (tenant_id, id) {
        /// The tenant.
        tenant_id -> Uuid,
        /// UUIDv7.
        id -> Uuid,
        /// Whose it is; it opens nothing while they are no active owner.
        user_id -> Uuid,
        /// SHA-256 of the code.
        code_hash -> Bytea,
        /// When the set was made.
        created_at -> Timestamptz,
        /// When somebody came in by it.
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Which certificates of a connection were told to expire, so that it is told once for each threshold.
    certificate_notices (tenant_id, connection_id, fingerprint) {
        /// The tenant.
        tenant_id -> Uuid,
        /// The connection.
        connection_id -> Uuid,
        /// SHA-256 of the certificate, in hex.
        fingerprint -> Text,
        /// The lowest threshold that was told, in days.
        days -> Int2,
        /// When that was.
        noticed_at -> Timestamptz,
    }
}

diesel::table! {
    /// Security-relevant changes, read by every instance each second to drop what it has cached.
    changes (id) {
        /// Order of arrival; commits may be seen out of order.
        id -> Int8,
        /// When, by the database's clock.
        at -> Timestamptz,
        /// Whose caches to drop.
        tenant_id -> Uuid,
    }
}

diesel::table! {
    /// A tenant's link to its identity provider.
    connections (tenant_id, id) {
        /// The tenant.
        tenant_id -> Uuid,
        /// UUIDv7; shared with identity_sources.
        id -> Uuid,
        /// What the login page shows.
        display_name -> Text,
        /// The name normalised; unique in the tenant.
        display_name_key -> Text,
        /// Only an active connection signs anyone in.
        status -> Text,
        /// The protocol spoken, and its settings (Settings).
        settings -> Jsonb,
        /// What a sign-in may do to users and groups (ProvisioningPolicy).
        provisioning -> Jsonb,
        /// The client secret, sealed.
        client_secret -> Nullable<Bytea>,
        /// When the provider will stop accepting the secret, if the admin said so.
        client_secret_expires_at -> Nullable<Timestamptz>,
        /// Our own key for private_key_jwt (PKCS#8), sealed.
        client_key -> Nullable<Bytea>,
        /// The public half of client_key as a JWK.
        client_key_public -> Nullable<Jsonb>,
        /// The provider's discovery document, or what its SAML metadata says, as last seen good.
        provider_metadata -> Nullable<Jsonb>,
        /// When that was.
        provider_metadata_at -> Nullable<Timestamptz>,
        /// When the provider was last asked for it, whatever it answered.
        provider_asked_at -> Nullable<Timestamptz>,
        /// When the provider is to be asked for it again; null means now.
        provider_due_at -> Nullable<Timestamptz>,
        /// Grows with each update; the ETag.
        version -> Int8,
        /// When it was created.
        created_at -> Timestamptz,
        /// When it was last changed.
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    /// What a user agreed to tell a third partys application.
    consents (tenant_id, user_id, client_id) {
        /// The tenant.
        tenant_id -> Uuid,
        /// Who.
        user_id -> Uuid,
        /// The application, whichever kind.
        client_id -> Uuid,
        /// The application that asks: of the tenant, or
        application_id -> Nullable<Uuid>,
        /// of the installation.
        installation_application_id -> Nullable<Uuid>,
        /// Agreed scopes, separated by blanks.
        scope -> Text,
        /// When it was last agreed.
        granted_at -> Timestamptz,
    }
}

diesel::table! {
    /// What is to be delivered to somebody outside, written in the transaction that causes it: letters.
    deliveries (tenant_id, id) {
        /// The tenant.
        tenant_id -> Uuid,
        /// UUIDv7; a letter's Message-ID is made of it, so that it is the same at each try.
        id -> Uuid,
        /// What it is: the letter's kind.
        kind -> Text,
        /// Where it goes: a mail address.
        recipient -> Text,
        /// The language it is written in: en or de.
        language -> Text,
        /// What is told, without any secret.
        content -> Jsonb,
        /// The link with its secret, sealed; wiped when the delivery is over.
        link -> Nullable<Bytea>,
        /// pending, sent, dead or cancelled.
        state -> Text,
        /// How often it was tried.
        attempts -> Int4,
        /// When it is tried next.
        due_at -> Timestamptz,
        /// Until when a worker has it; NULL: none has.
        leased_until -> Nullable<Timestamptz>,
        /// Why the last try failed, without a secret.
        last_error -> Nullable<Text>,
        /// When it was caused.
        created_at -> Timestamptz,
        /// When it was sent, given up or cancelled.
        finished_at -> Nullable<Timestamptz>,
        /// From then on a try that fails is the last one.
        give_up_at -> Timestamptz,
    }
}

diesel::table! {
    /// The link from what a provider calls a person to the user.
    federated_identities (tenant_id, id) {
        /// The tenant.
        tenant_id -> Uuid,
        /// UUIDv7.
        id -> Uuid,
        /// Who vouches: a connection or a trusted issuer.
        source_id -> Uuid,
        /// The issuer that named the subject.
        issuer -> Text,
        /// The provider's id of the person.
        subject -> Text,
        /// The user.
        user_id -> Uuid,
        /// The address that the provider last gave.
        email -> Nullable<Text>,
        /// When the link was made.
        created_at -> Timestamptz,
        /// When it last signed in.
        last_seen_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// What a user let an application have: born with an authorization code, lives in its tokens.
    grants (tenant_id, id) {
        /// The tenant of the user.
        tenant_id -> Uuid,
        /// UUIDv7.
        id -> Uuid,
        /// The application that asks: of the tenant, or
        application_id -> Nullable<Uuid>,
        /// of the installation.
        installation_application_id -> Nullable<Uuid>,
        /// Who.
        user_id -> Uuid,
        /// The session it was given in; no foreign key, because it outlives a session that only expired.
        session_id -> Uuid,
        /// By which link the person came in, as in the session; the grant goes with it.
        identity_id -> Nullable<Uuid>,
        /// By which identity source, likewise.
        source_id -> Nullable<Uuid>,
        /// Granted scopes, separated by blanks.
        scope -> Text,
        /// The resource server that access tokens are for (RFC 8707), if one was named.
        resource -> Nullable<Text>,
        /// The nonce of the request.
        nonce -> Nullable<Text>,
        /// When the person had proven who they are.
        auth_time -> Nullable<Timestamptz>,
        /// The authentication context class of the session.
        acr -> Nullable<Text>,
        /// The authentication methods of the session.
        amr -> Array<Text>,
        /// Where the code was sent.
        redirect_uri -> Text,
        /// SHA-256 of the authorization code.
        code_hash -> Bytea,
        /// PKCE challenge, S256.
        code_challenge -> Text,
        /// When the code is void.
        code_expires_at -> Timestamptz,
        /// When the code was redeemed.
        code_used_at -> Nullable<Timestamptz>,
        /// When it was given.
        created_at -> Timestamptz,
        /// When its last token is void.
        expires_at -> Timestamptz,
        /// When it was taken back; then none of its tokens is good.
        revoked_at -> Nullable<Timestamptz>,
        /// Why: reuse, logout, revoked, ..
        revoke_reason -> Nullable<Text>,
    }
}

diesel::table! {
    /// Which external group names feed a group.
    group_mappings (tenant_id, id) {
        /// The tenant.
        tenant_id -> Uuid,
        /// UUIDv7.
        id -> Uuid,
        /// The group that is fed.
        group_id -> Uuid,
        /// Only names from this identity source; null means from any.
        source_id -> Nullable<Uuid>,
        /// How the pattern is compared.
        match_kind -> Text,
        /// The external name, or a regular expression over the whole name.
        pattern -> Text,
        /// Grows with each update; the ETag.
        version -> Int8,
        /// When it was created.
        created_at -> Timestamptz,
        /// When it was last changed.
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    /// Who is in which group, and who says so. A manual and a synced membership can stand side by side.
    group_memberships (tenant_id, group_id, user_id, origin) {
        /// The tenant.
        tenant_id -> Uuid,
        /// The group.
        group_id -> Uuid,
        /// The user.
        user_id -> Uuid,
        /// manual, or the id of the identity source whose sync made it.
        origin -> Text,
        /// Since when.
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// A group of a tenant's users.
    groups (tenant_id, id) {
        /// The tenant.
        tenant_id -> Uuid,
        /// UUIDv7.
        id -> Uuid,
        /// Display name.
        name -> Text,
        /// The name normalised; unique in the tenant.
        name_key -> Text,
        /// What the group is for.
        description -> Nullable<Text>,
        /// Grows with each update; the ETag.
        version -> Int8,
        /// When it was created.
        created_at -> Timestamptz,
        /// When it was last changed.
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    /// Removals that a sync wanted and the guard rail held back until an admin decides.
    held_group_removals (tenant_id, id) {
        /// The tenant.
        tenant_id -> Uuid,
        /// UUIDv7.
        id -> Uuid,
        /// Whose sync.
        source_id -> Uuid,
        /// Whose memberships.
        user_id -> Uuid,
        /// The groups that the user would leave.
        group_ids -> Array<Uuid>,
        /// When it was first held.
        created_at -> Timestamptz,
        /// When the latest sync renewed it.
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    /// Parent of everything that can vouch for a person, so that an identity has one foreign key.
    identity_sources (tenant_id, id) {
        /// The tenant.
        tenant_id -> Uuid,
        /// The id that the child row shares.
        id -> Uuid,
        /// Which child it is.
        kind -> Text,
    }
}

diesel::table! {
    /// An OAuth 2 client that serves all tenants.
    installation_applications (id) {
        /// UUIDv7; the client_id.
        id -> Uuid,
        /// Display name, shown on the consent page.
        name -> Text,
        /// The name normalised; unique.
        name_key -> Text,
        /// Redirect URIs, authentication, algorithm, lifetimes, scopes, claims.
        settings -> Jsonb,
        /// Hashes of the client secrets: during a rotation more than one is good.
        secrets -> Jsonb,
        /// Grows with each update; the ETag.
        version -> Int8,
        /// When it was created.
        created_at -> Timestamptz,
        /// When it was last changed.
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    /// A key that signs the tokens of the installations issuer.
    installation_signing_keys (id) {
        /// UUIDv7.
        id -> Uuid,
        /// What it signs with.
        algorithm -> Text,
        /// PKCS#8, sealed.
        private_key -> Bytea,
        /// The JSON Web Key that is published; its kid is the RFC 7638 thumbprint.
        public_key -> Jsonb,
        /// When it was made; published from then on.
        created_at -> Timestamptz,
        /// When it begins to sign; every instance knows it by then.
        use_from -> Timestamptz,
        /// When it is published no longer: what the key before it signed has expired.
        retire_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Somebody is asked to join the tenant: what they will be there once they have proven who they are.
    invitations (tenant_id, id) {
        /// The tenant.
        tenant_id -> Uuid,
        /// UUIDv7.
        id -> Uuid,
        /// A pending one whose time is over counts as expired.
        state -> Text,
        /// SHA-256 of the token in the letter's link; null where no letter was sent.
        token_hash -> Nullable<Bytea>,
        /// The link was printed by the command line too: it does not prove that somebody reads the address's mail.
        token_shown -> Bool,
        /// The invited address as it was given.
        email -> Nullable<Text>,
        /// The address normalised; what is compared.
        email_key -> Nullable<Text>,
        /// The id that another system knows the person by; without an address it is the subject that accepts.
        external_id -> Nullable<Text>,
        /// Display name, where the provider asserts none.
        name -> Nullable<Text>,
        /// Given name, where the provider asserts none.
        given_name -> Nullable<Text>,
        /// Family name, where the provider asserts none.
        family_name -> Nullable<Text>,
        /// The profile that the user gets (Profile).
        profile -> Jsonb,
        /// What the person will be allowed to do.
        role -> Text,
        /// The groups that the person will be in.
        group_ids -> Array<Uuid>,
        /// The one connection by which it can be accepted; null means any way.
        connection_id -> Nullable<Uuid>,
        /// The letter's language.
        language -> Text,
        /// Who invited (Actor); their role is looked at again when it is accepted.
        invited_by -> Jsonb,
        /// How long a letter is good.
        valid_hours -> Int4,
        /// The latest letter.
        delivery_id -> Nullable<Uuid>,
        /// When it was made.
        created_at -> Timestamptz,
        /// When it was last sent, accepted or revoked.
        updated_at -> Timestamptz,
        /// When it is void.
        expires_at -> Timestamptz,
        /// The user who accepted it.
        accepted_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    /// Passwords of users, for tenants that sign people in by Doorward itself.
    local_credentials (tenant_id, user_id) {
        /// The tenant.
        tenant_id -> Uuid,
        /// Whose it is.
        user_id -> Uuid,
        /// Argon2id, as a PHC string.
        password_hash -> Text,
        /// Whether the next login has to choose another one.
        must_change -> Bool,
        /// Of this password; with each change another one, which never was before.
        password_id -> Uuid,
        /// When it was last set.
        changed_at -> Timestamptz,
    }
}

diesel::table! {
    /// A login that was begun: bound to a browser, used once.
    login_attempts (tenant_id, id) {
        /// The tenant.
        tenant_id -> Uuid,
        /// UUIDv7; part of the browser cookie's name.
        id -> Uuid,
        /// Which connection it was begun with.
        connection_id -> Uuid,
        /// SHA-256 of state.
        state_hash -> Bytea,
        /// SHA-256 of the browser cookie's value.
        browser_hash -> Bytea,
        /// Nonce and PKCE verifier, sealed.
        secrets -> Bytea,
        /// Where the login goes when it succeeds; already checked.
        return_to -> Nullable<Text>,
        /// A cross-site form post that came without its cookie, sealed, until the same-site GET fetches it.
        parked_response -> Nullable<Bytea>,
        /// When it was begun.
        created_at -> Timestamptz,
        /// When it is void.
        expires_at -> Timestamptz,
        /// When it was used.
        consumed_at -> Nullable<Timestamptz>,
        /// The session it led to.
        session_id -> Nullable<Uuid>,
        /// SHA-256 of the token of the invitation that the person wants to accept by this login.
        invitation_hash -> Nullable<Bytea>,
    }
}

diesel::table! {
    /// What operators did to the installation; only ever added to.
    operator_audit_events (id) {
        /// UUIDv7.
        id -> Uuid,
        /// When.
        at -> Timestamptz,
        /// Which event; the payload's type.
        event_type -> Text,
        /// Version of the payload's shape.
        event_version -> Int2,
        /// Who did it.
        actor -> Jsonb,
        /// What happened, by ids; never a secret.
        payload -> Jsonb,
        /// The request that did it.
        request_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    /// Bearer secrets of the installation's operators.
    operator_keys (id) {
        /// UUIDv7.
        id -> Uuid,
        /// Who or what holds it.
        name -> Text,
        /// SHA-256 of the whole key.
        secret_hash -> Bytea,
        /// The last four characters.
        hint -> Text,
        /// When it stops working.
        expires_at -> Nullable<Timestamptz>,
        /// When it was revoked.
        revoked_at -> Nullable<Timestamptz>,
        /// Last use, to the minute.
        last_used_at -> Nullable<Timestamptz>,
        /// When it was created.
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// Counters against brute force; rows, so that they hold across instances.
    rate_limits (bucket, window_start) {
        /// SHA-256 of what is counted.
        bucket -> Bytea,
        /// Start of the fixed window.
        window_start -> Timestamptz,
        /// How many so far.
        hits -> Int4,
        /// End of the window; the row means nothing from then on.
        ends_at -> Timestamptz,
    }
}

diesel::table! {
    /// Codes that stand in once for a lost second step. A code that was used has no row any more.
    recovery_codes (tenant_id, user_id, code_hash) {
        /// The tenant.
        tenant_id -> Uuid,
        /// Whose it is.
        user_id -> Uuid,
        /// SHA-256 of the code and whose it is.
        code_hash -> Bytea,
    }
}

diesel::table! {
    /// A refresh token; each is good once and leads to the next.
    refresh_tokens (tenant_id, id) {
        /// The tenant of the user.
        tenant_id -> Uuid,
        /// UUIDv7.
        id -> Uuid,
        /// The grant whose family it is of.
        grant_id -> Uuid,
        /// SHA-256 of the token.
        token_hash -> Bytea,
        /// When it was issued.
        created_at -> Timestamptz,
        /// When it is void.
        expires_at -> Timestamptz,
        /// When it was used; a later use betrays theft.
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// A key pair of our own at one SAML connection, with the certificate that the provider knows it by.
    saml_keys (tenant_id, id) {
        /// The tenant.
        tenant_id -> Uuid,
        /// UUIDv7.
        id -> Uuid,
        /// The connection.
        connection_id -> Uuid,
        /// Whether we sign with it or providers encrypt for it.
        usage -> Text,
        /// Published and not yet used, in use, or out of use and still published.
        status -> Text,
        /// PKCS#8, sealed.
        private_key -> Bytea,
        /// The certificate, in PEM.
        certificate -> Text,
        /// When it was made or pasted.
        created_at -> Timestamptz,
    }
}

diesel::table! {
    /// One known text sealed by each sealing key, so that a missing or wrong key is noticed at start.
    sealing_checks (key_id) {
        /// The sealing key's id.
        key_id -> Text,
        /// The known text, sealed.
        sealed -> Bytea,
    }
}

diesel::table! {
    /// A caller that is not a person.
    service_accounts (tenant_id, id) {
        /// The tenant.
        tenant_id -> Uuid,
        /// UUIDv7.
        id -> Uuid,
        /// Display name.
        name -> Text,
        /// The name normalised; unique in the tenant.
        name_key -> Text,
        /// What it may do in this tenant.
        role -> Text,
        /// A suspended account's keys do not work.
        status -> Text,
        /// Grows with each update; the ETag.
        version -> Int8,
        /// When it was created.
        created_at -> Timestamptz,
        /// When it was last changed.
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    /// A browser that is signed in.
    sessions (tenant_id, id) {
        /// The tenant.
        tenant_id -> Uuid,
        /// UUIDv7; safe to show.
        id -> Uuid,
        /// SHA-256 of the cookie's value.
        token_hash -> Bytea,
        /// Who.
        user_id -> Uuid,
        /// By which link the person came in.
        identity_id -> Nullable<Uuid>,
        /// By which identity source.
        source_id -> Nullable<Uuid>,
        /// When the person last proved who they are.
        auth_time -> Nullable<Timestamptz>,
        /// When it began.
        created_at -> Timestamptz,
        /// Last use, to the minute.
        last_seen_at -> Timestamptz,
        /// Absolute end.
        expires_at -> Timestamptz,
        /// When it was ended before its time.
        ended_at -> Nullable<Timestamptz>,
        /// Why: logout, revoked, user_suspended, ..
        end_reason -> Nullable<Text>,
        /// Address it was made from.
        ip -> Nullable<Text>,
        /// Browser it was made with.
        user_agent -> Nullable<Text>,
        /// The provider's tokens for logout and revocation, sealed.
        upstream -> Nullable<Bytea>,
        /// The authentication context class that the identity provider told.
        acr -> Nullable<Text>,
        /// The authentication methods that the identity provider told, or pwd.
        amr -> Array<Text>,
        /// SHA-256 of the NameID, by which a SAML provider ends the session.
        name_id_hash -> Nullable<Bytea>,
        /// SHA-256 of the SessionIndex, by which a SAML provider ends the session.
        session_index_hash -> Nullable<Bytea>,
    }
}

diesel::table! {
    /// A key that signs the tokens of one tenants issuer.
    signing_keys (tenant_id, id) {
        /// The tenant.
        tenant_id -> Uuid,
        /// UUIDv7.
        id -> Uuid,
        /// What it signs with.
        algorithm -> Text,
        /// PKCS#8, sealed.
        private_key -> Bytea,
        /// The JSON Web Key that is published; its kid is the RFC 7638 thumbprint.
        public_key -> Jsonb,
        /// When it was made; published from then on.
        created_at -> Timestamptz,
        /// When it begins to sign; every instance knows it by then.
        use_from -> Timestamptz,
        /// When it is published no longer: what the key before it signed has expired.
        retire_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Every slug that was ever a tenant's. A slug is part of issuers and URLs, so it is never handed out twice.
    tenant_slugs (slug) {
        /// The slug; lower-case letters, digits and hyphens.
        slug -> Text,
        /// When it was taken.
        created_at -> Timestamptz,
        /// When its tenant was deleted; from then on it is quarantined.
        retired_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// One customer organisation.
    tenants (id) {
        /// UUIDv7.
        id -> Uuid,
        /// Part of every URL and issuer; never changes.
        slug -> Text,
        /// Display name.
        name -> Text,
        /// The SaaS's own id for this customer.
        external_id -> Nullable<Text>,
        /// A suspended tenant signs nobody in and its keys do not work.
        status -> Text,
        /// Where a login may return to: exact URLs, or a prefix that ends in /*.
        allowed_return_urls -> Array<Text>,
        /// Where a login goes without a (permitted) return_to.
        landing_url -> Nullable<Text>,
        /// Grows with each update; the ETag.
        version -> Int8,
        /// When it was created.
        created_at -> Timestamptz,
        /// When it was last changed.
        updated_at -> Timestamptz,
        /// Whether connections, passwords or both sign people in: off, optional, enforced.
        sso -> Text,
        /// Where its people find help; letters name it.
        support_email -> Nullable<Text>,
        /// Where its logo is; letters show it.
        logo_url -> Nullable<Text>,
        /// Addresses of those who look after its connections.
        technical_contacts -> Array<Text>,
        /// What sso was before it was enforced and counts again from sso_confirm_by on; NULL: nothing waits.
        sso_before -> Nullable<Text>,
        /// Until when a login by a connection has to confirm that sso is enforced; NULL: nothing waits.
        sso_confirm_by -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// External group names that a sync saw and nothing mapped, so that they do not vanish silently.
    unmatched_groups (tenant_id, source_id, name) {
        /// The tenant.
        tenant_id -> Uuid,
        /// Who sent the name.
        source_id -> Uuid,
        /// The external name.
        name -> Text,
        /// In how many syncs.
        times_seen -> Int8,
        /// First time.
        first_seen_at -> Timestamptz,
        /// Last time.
        last_seen_at -> Timestamptz,
    }
}

diesel::table! {
    /// Second steps of the login by password: one-time codes by the clock (RFC 6238).
    totp_secrets (tenant_id, id) {
        /// The tenant.
        tenant_id -> Uuid,
        /// UUIDv7.
        id -> Uuid,
        /// Whose it is.
        user_id -> Uuid,
        /// What codes are made of, sealed.
        secret -> Bytea,
        /// When it was made.
        created_at -> Timestamptz,
        /// When a right code showed that the person has it; before that it is asked for by nobody.
        confirmed_at -> Nullable<Timestamptz>,
        /// The step of time whose code was used last; it and those before it are good no more.
        last_step -> Nullable<Int8>,
    }
}

diesel::table! {
    /// Assertions that are good once, until they expire.
    used_assertions (fingerprint) {
        /// SHA-256 of who made it and its id.
        fingerprint -> Bytea,
        /// When it would be refused anyway.
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    /// A person in one tenant. There is no global user.
    users (tenant_id, id) {
        /// The tenant.
        tenant_id -> Uuid,
        /// UUIDv7.
        id -> Uuid,
        /// Address as it was given.
        email -> Nullable<Text>,
        /// The address normalised; what is compared.
        email_key -> Nullable<Text>,
        /// When the address was last proven; null when it never was.
        email_verified_at -> Nullable<Timestamptz>,
        /// Display name.
        name -> Nullable<Text>,
        /// Given name.
        given_name -> Nullable<Text>,
        /// Family name.
        family_name -> Nullable<Text>,
        /// URL of a picture.
        picture -> Nullable<Text>,
        /// The id that another system knows the person by.
        external_id -> Nullable<Text>,
        /// What the person may do in this tenant.
        role -> Text,
        /// A suspended user is signed in nowhere.
        status -> Text,
        /// Grows with each update by an admin; the ETag.
        version -> Int8,
        /// When the user was created.
        created_at -> Timestamptz,
        /// When the user was last changed.
        updated_at -> Timestamptz,
        /// When the user last signed in.
        last_login_at -> Nullable<Timestamptz>,
        /// What kind of record of another system describes the person, such as Practitioner.
        profile_type -> Nullable<Text>,
        /// That record's id.
        profile_id -> Nullable<Text>,
        /// Other identifiers of that record.
        profile_identifiers -> Array<Text>,
    }
}

diesel::table! {
    /// E-mail domains that a tenant has shown to be its own.
    verified_domains (tenant_id, id) {
        /// The tenant.
        tenant_id -> Uuid,
        /// UUIDv7.
        id -> Uuid,
        /// The domain in ASCII (A-label) form, lower case.
        domain -> Text,
        /// Only a verified domain counts for anything.
        status -> Text,
        /// Who attested it.
        method -> Nullable<Text>,
        /// Where addresses of this domain sign in; null means the tenant's login page.
        connection_id -> Nullable<Uuid>,
        /// When it was verified.
        verified_at -> Nullable<Timestamptz>,
        /// Grows with each update; the ETag.
        version -> Int8,
        /// When it was claimed.
        created_at -> Timestamptz,
        /// When it was last changed.
        updated_at -> Timestamptz,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    address_proofs,
    api_keys,
    applications,
    audit_events,
    authorization_requests,
    break_glass_codes,
    certificate_notices,
    changes,
    connections,
    consents,
    deliveries,
    federated_identities,
    grants,
    group_mappings,
    group_memberships,
    groups,
    held_group_removals,
    identity_sources,
    installation_applications,
    installation_signing_keys,
    invitations,
    local_credentials,
    login_attempts,
    operator_audit_events,
    operator_keys,
    rate_limits,
    recovery_codes,
    refresh_tokens,
    saml_keys,
    sealing_checks,
    service_accounts,
    sessions,
    signing_keys,
    tenant_slugs,
    tenants,
    totp_secrets,
    unmatched_groups,
    used_assertions,
    users,
    verified_domains,
);
