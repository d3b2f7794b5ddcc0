//! The secrets of applications: a second one beside the first, and the end of one.

use crypto::digest::client_secret_digest;
use domain::Timestamp;
use domain::audit::{action, changes};
use domain::id::{ApplicationId, SecretId};
use error_codes::{Result, ide};
use identity::application::{Application, ApplicationSecret, NewSecret, Overlap, room_for_another};
use identity_store::secrets;
use serde_json::{Value, json};
use store::Unit;

use super::App;
use super::access::Acting;
use super::acts::telling;
use super::applications::{ApplicationView, hold_changeable, may_hand_out_secret, told_secrets};

/// A secret that was just added.
#[derive(Clone, Debug)]
pub struct AddedSecret {
    /// The secret; its value is never seen again.
    pub secret: NewSecret,
    /// When it was made.
    pub created_at: Timestamp,
}

impl App {
    /// Adds a secret; the one there is lives on beside it for the overlap.
    ///
    /// # Errors
    /// IDE-1001, IDE-1014, IDE-1015, IDE-0023 for an application above the caller.
    pub async fn add_secret(&self, acting: Acting, id: ApplicationId, overlap: Overlap) -> Result<AddedSecret> {
        let secret = NewSecret::new(self.clock.now(), &*self.entropy);
        self.act(acting.event(action::APPLICATION_ADD_SECRET, id), move |unit, event| {
            let now = unit.now();
            let application = hold_changeable(unit, &acting, id)?;
            may_hand_out_secret(unit, &acting, &application)?;
            let ApplicationView { application, secrets: living } = ApplicationView::of(unit, application)?;
            room_for_another(&living, now)?;
            for old in &living {
                secrets::mark_ending(unit, &application, old.id, overlap.end_of(old, now))?;
            }
            keep_secret(unit, &application, &secret)?;
            let ApplicationView { secrets: now_living, .. } = ApplicationView::of(unit, application)?;
            unit.audit(&telling(event, told(&living, &now_living)))?;
            Ok(AddedSecret { secret: secret.clone(), created_at: now })
        })
        .await
    }

    /// Withdraws a secret: the tokens it bought are dead, those of another secret live on.
    ///
    /// # Errors
    /// IDE-1001, IDE-1014, IDE-1013, IDE-0023 for an application above the caller.
    pub async fn withdraw_secret(&self, acting: Acting, id: ApplicationId, secret: SecretId) -> Result<()> {
        self.act(acting.event(action::APPLICATION_WITHDRAW_SECRET, id), move |unit, event| {
            let application = hold_changeable(unit, &acting, id)?;
            let ApplicationView { application, secrets: living } = ApplicationView::of(unit, application)?;
            if !secrets::mark_withdrawn(unit, &application, secret)? {
                return Err(ide::SECRET_NOT_FOUND.into());
            }
            let ApplicationView { secrets: left, .. } = ApplicationView::of(unit, application)?;
            unit.audit(&telling(event, told(&living, &left)))
        })
        .await
    }
}

/// Stores the digest of a fresh secret; the value is kept nowhere.
pub(super) fn keep_secret(unit: &mut Unit<'_>, application: &Application, secret: &NewSecret) -> Result<()> {
    secrets::insert(unit, application, secret.id, client_secret_digest(secret.value.expose()).as_bytes())
}

/// The living secrets before and after, for the trail.
fn told(before: &[ApplicationSecret], after: &[ApplicationSecret]) -> Value {
    let told = |secrets: &[ApplicationSecret]| Some(json!({ "secrets": told_secrets(secrets) }));
    changes(told(before), told(after))
}
