//! ImportedKeys: what takes long about a SAML connection, made once and kept apart from the rest of a tenant.
//!
//! A tenant's cache is dropped whole at every change, a logout among them, and importing a private key costs some fifty
//! milliseconds. What is kept here is found by everything that it is made of, so no change needs to drop it. What cannot
//! be made is kept too, so that asking again costs nothing.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use secrecy::SecretSlice;
use uuid::Uuid;

use crate::context::provider::ProviderError;
use crate::context::saml_provider::saml_key_place;
use crate::model::saml_key::{KeyStatus, KeyUsage, SamlKey};
use crate::protocol::saml::key::{KeyError, SpKey};
use crate::protocol::saml::{Certificate, CertificateError, Policy, SamlError, Verifier};
use crate::secrets::sealed::{SealError, Sealer};
use crate::secrets::token;
use crate::store::db::DbError;

/// What nobody asked for in so long is let go.
const IDLE: Duration = Duration::from_secs(900);

/// What a connection's verifier and signing key are made of.
#[derive(Debug, Clone)]
pub struct Trust {
    /// The connection.
    pub connection: Uuid,
    /// The provider's certificates, in PEM.
    pub certificates: Vec<String>,
    /// What the connection demands.
    pub policy: Policy,
    /// Our key pairs there.
    pub keys: Vec<SamlKey>,
}

/// What is made of it.
#[derive(Debug, Clone)]
pub struct Imported {
    /// Checks what the provider sends.
    pub verifier: Arc<Verifier>,
    /// Signs what we send.
    pub signing_key: Arc<SpKey>,
}

/// Why it cannot be made.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ImportError {
    /// There is no key to sign with.
    #[error("the connection has no signing key")]
    Missing,
    /// There is no certificate to verify with (S-02), or a key to decrypt with cannot be used.
    #[error(transparent)]
    Saml(#[from] SamlError),
    /// A certificate cannot be used.
    #[error("a certificate of the provider cannot be used: {0}")]
    Certificate(#[from] CertificateError),
    /// A key pair of our own cannot be used.
    #[error("a key of the connection cannot be used: {0}")]
    Key(#[from] KeyError),
    /// A private key does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// What was made, by what it was made of.
pub struct ImportedKeys(Cache<Vec<u8>, Result<Imported, ImportError>>);

impl Default for ImportedKeys {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(1_000).time_to_idle(IDLE).build())
    }
}

impl ImportedKeys {
    /// Of this trust; of many at once who ask for the same one makes it, off the threads that serve.
    ///
    /// # Errors
    /// [`ProviderError`] when a certificate or a key cannot be used.
    pub async fn of(&self, trust: Trust, sealer: &Sealer) -> Result<Imported, ProviderError> {
        let name = trust.name();
        if let Some(known) = self.0.get(&name) {
            return Ok(known?);
        }
        let (cache, sealer) = (self.0.clone(), sealer.clone());
        let make = move || cache.get_with(name, || trust.import(&sealer));
        let made = tokio::task::spawn_blocking(make).await;
        Ok(made.map_err(|_| DbError::Unavailable)??)
    }
}

impl Trust {
    /// Differs wherever what is made would.
    fn name(&self) -> Vec<u8> {
        let keys = self.keys.iter().map(|k| (k.id, k.usage, k.status, &k.certificate, &k.private_key));
        token::hash(&format!("{:?}", (self.connection, &self.certificates, self.policy, keys.collect::<Vec<_>>())))
    }

    fn import(&self, sealer: &Sealer) -> Result<Imported, ImportError> {
        let certificates =
            self.certificates.iter().map(|pem| Certificate::parse(pem)).collect::<Result<Vec<_>, _>>()?;
        let signing = self.keys.iter().find(|k| k.usage == KeyUsage::Signing && k.status == KeyStatus::Current);
        let signing_key = open(signing.ok_or(ImportError::Missing)?, sealer)?;
        let verifier = Verifier::new(&certificates, &self.decryption_keys(sealer)?, self.policy)?;
        Ok(Imported { verifier: Arc::new(verifier), signing_key: Arc::new(signing_key) })
    }

    /// The keys that assertions may be encrypted for, the one in use first.
    fn decryption_keys(&self, sealer: &Sealer) -> Result<Vec<SecretSlice<u8>>, ImportError> {
        let of = |status| self.keys.iter().filter(move |k| k.usage == KeyUsage::Encryption && k.status == status);
        let order = [KeyStatus::Current, KeyStatus::Previous, KeyStatus::Next];
        order.into_iter().flat_map(of).map(|key| Ok(sealer.open(saml_key_place(key), &key.private_key)?)).collect()
    }
}

fn open(key: &SamlKey, sealer: &Sealer) -> Result<SpKey, ImportError> {
    let pkcs8 = sealer.open(saml_key_place(key), &key.private_key)?;
    Ok(SpKey::from_der(&pkcs8, Certificate::parse(&key.certificate)?.der())?)
}
