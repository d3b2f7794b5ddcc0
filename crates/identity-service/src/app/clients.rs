//! The secrets of software, and the use made of them.

use ::identity::application::{Application, is_masked};
use crypto::digest::{Sha256Digest, client_secret_digest};
use domain::id::{ApplicationId, SecretId};
use domain::{Secret, Timestamp};
use error_codes::Result;
use identity_store::{applications, secrets};
use store::Unit;

use super::App;
use super::login::ClientView;

/// Whether a client showed a live secret of its own.
pub enum ClientCheck {
    /// It did; with the id of that secret.
    Verified(Box<ClientView>, SecretId),
    /// Unknown client, another tenant's, or a wrong secret.
    Wrong,
}

/// One use of a secret, as auth counted it.
#[derive(Clone, Copy, Debug)]
pub struct SecretUse {
    /// The secret.
    pub secret: SecretId,
    /// When it was last used.
    pub last_used_at: Timestamp,
    /// Tokens it bought since the last report.
    pub tokens: u64,
}

impl App {
    /// Checks a client's secret; `tenant` is the slug of the path, empty when it names none.
    pub async fn verify_client(
        &self,
        tenant: String,
        client_id: String,
        secret: Secret<String>,
    ) -> Result<ClientCheck> {
        if is_masked(secret.expose()) {
            tracing::info!(client.id = %client_id, "masked value used as a client secret");
            self.meters.count_client_check(false);
            return Ok(ClientCheck::Wrong);
        }
        let digest = client_secret_digest(secret.expose());
        let checked = self.store.read(move |unit| check_secret(unit, &client_id, digest, &tenant)).await?;
        self.meters.count_client_check(matches!(checked, ClientCheck::Verified(..)));
        Ok(checked)
    }

    /// Tells what an application is now.
    pub async fn find_application(&self, id: ApplicationId) -> Result<Option<ClientView>> {
        self.store
            .read(move |unit| match applications::find_anywhere(unit, id)? {
                Some(application) => ClientView::find(unit, application),
                None => Ok(None),
            })
            .await
    }

    /// Takes note of the use of secrets; one that was withdrawn meanwhile is passed over.
    pub async fn record_use(&self, uses: Vec<SecretUse>) -> Result<()> {
        self.store
            .write(move |unit| {
                for SecretUse { secret, last_used_at, tokens } in &uses {
                    secrets::record_use(unit, *secret, *last_used_at, *tokens)?;
                }
                Ok(())
            })
            .await
    }
}

/// Compares every secret of a client in constant time; the tenant of the client wins over the one of the path.
pub(super) fn check_secret(
    unit: &mut Unit<'_>,
    client_id: &str,
    presented: Sha256Digest,
    tenant: &str,
) -> Result<ClientCheck> {
    let now = unit.now();
    let Some(application) = applications::find_by_client_id(unit, client_id)? else { return Ok(ClientCheck::Wrong) };
    let Some((view, stored)) = read(unit, application)? else { return Ok(ClientCheck::Wrong) };
    let mut matching = None;
    for stored in &stored {
        if Sha256Digest::from_bytes(stored.digest) == presented && stored.secret.is_live_at(now) {
            matching = Some(stored.secret.id);
        }
    }
    let in_tenant = tenant.is_empty() || view.tenant.slug.as_str() == tenant;
    match matching.filter(|_| in_tenant && view.tenant.active) {
        Some(secret) => Ok(ClientCheck::Verified(Box::new(view), secret)),
        None => Ok(ClientCheck::Wrong),
    }
}

fn read(unit: &mut Unit<'_>, application: Application) -> Result<Option<(ClientView, Vec<secrets::StoredSecret>)>> {
    let stored = secrets::of_application(unit, &application)?;
    Ok(ClientView::find(unit, application)?.map(|view| (view, stored)))
}
