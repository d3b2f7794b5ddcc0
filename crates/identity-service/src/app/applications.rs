//! Applications: read, made and deleted.

use domain::Timestamp;
use domain::audit::{action, changes};
use domain::id::{ApplicationId, TenantId};
use domain::page::{Listed, Page};
use domain::permission::PermissionSet;
use error_codes::{Failure, Result, ide};
use identity::application::{Application, ApplicationSecret, Grant, NewApplication, NewSecret};
use identity::group::ADMINISTRATORS;
use identity::membership::unended;
use identity_store::secrets::StoredSecret;
use identity_store::{applications, members, permissions, secrets};
use serde_json::{Value, json};
use store::Unit;

use super::App;
use super::access::Acting;
use super::acts::telling;
use super::secrets::keep_secret;

/// An application with its living secrets, the oldest first.
#[derive(Clone, Debug)]
pub struct ApplicationView {
    /// The application.
    pub application: Application,
    /// What is known of its secrets.
    pub secrets: Vec<ApplicationSecret>,
}

impl App {
    /// The applications of a tenant in the order they were made.
    pub async fn list_applications(&self, tenant: TenantId, page: Page) -> Result<Listed<ApplicationView>> {
        self.store
            .read(move |unit| {
                let now = unit.now();
                let listed = applications::list(unit, tenant, &page)?;
                let ids: Vec<_> = listed.rows.iter().map(|application| application.id).collect();
                let mut stored = secrets::of_applications(unit, tenant, &ids)?;
                Ok(listed.map(|application| {
                    let stored = stored.remove(&application.id).unwrap_or_default();
                    ApplicationView { application, secrets: living(stored, now) }
                }))
            })
            .await
    }

    /// One application.
    ///
    /// # Errors
    /// IDE-1001.
    pub async fn read_application(&self, tenant: TenantId, id: ApplicationId) -> Result<ApplicationView> {
        self.store
            .read(move |unit| {
                let application = applications::find(unit, tenant, id)?.ok_or(ide::APPLICATION_NOT_FOUND)?;
                ApplicationView::of(unit, application)
            })
            .await
    }

    /// Makes an application with its first secret, which is never seen again. It may declare for its product where an
    /// administrator makes it.
    ///
    /// # Errors
    /// IDE-0023 when the caller lacks a permission of the product's editor role.
    pub async fn create_application(
        &self,
        acting: Acting,
        new: NewApplication,
    ) -> Result<(ApplicationView, NewSecret)> {
        let now = self.clock.now();
        let application = new.make(acting.tenant, now, &*self.entropy);
        let secret = NewSecret::new(now, &*self.entropy);
        let made = secret.clone();
        let event = acting.event(action::APPLICATION_CREATE, application.id);
        let view = self.act(event, move |unit, event| {
            acting.may_act_on(&PermissionSet::default(), &permissions_of(unit, &application)?)?;
            let declares = administers(unit, &acting)?;
            let application = Application { declares, ..application.clone() };
            applications::insert(unit, &application)?;
            keep_secret(unit, &application, &secret)?;
            let made = ApplicationView::of(unit, application.clone())?;
            unit.audit(&telling(event, changes(None, Some(made.told()))))?;
            Ok(made)
        });
        Ok((view.await?, made))
    }

    /// Deletes an application: its secrets and tokens are dead, its name and client id are never given again.
    ///
    /// # Errors
    /// IDE-1001, IDE-1014, IDE-0023 for an application above the caller.
    pub async fn delete_application(&self, acting: Acting, id: ApplicationId) -> Result<()> {
        self.act(acting.event(action::APPLICATION_DELETE, id), move |unit, event| {
            let application = hold_changeable(unit, &acting, id)?;
            let ApplicationView { application, secrets } = ApplicationView::of(unit, application)?;
            applications::mark_deleted(unit, &application)?;
            let before = ApplicationView { application, secrets }.told();
            unit.audit(&telling(event, changes(Some(before), None)))
        })
        .await
    }
}

impl ApplicationView {
    /// An application as it is now.
    pub(super) fn of(unit: &mut Unit<'_>, application: Application) -> Result<Self> {
        let now = unit.now();
        let stored = secrets::of_application(unit, &application)?;
        Ok(Self { application, secrets: living(stored, now) })
    }

    /// The application, for the trail.
    fn told(&self) -> Value {
        let Application { name, client_id, product, description, grants, .. } = &self.application;
        json!({
            "name": name,
            "clientId": client_id.as_str(),
            "product": product,
            "description": description,
            "grants": grants.iter().map(Grant::name).collect::<Vec<_>>(),
            "secrets": told_secrets(&self.secrets),
        })
    }
}

/// Secrets by id, for the trail.
pub(super) fn told_secrets(secrets: &[ApplicationSecret]) -> Value {
    secrets
        .iter()
        .map(|secret| json!({ "id": secret.id.to_string(), "expiresAt": secret.expires_at.map(|end| end.to_string()) }))
        .collect()
}

/// Holds an application that is not built in until the commit, for a caller who may do all it may.
///
/// # Errors
/// IDE-1001, IDE-1014, IDE-0023.
pub(super) fn hold_changeable(unit: &mut Unit<'_>, acting: &Acting, id: ApplicationId) -> Result<Application> {
    let application = applications::hold(unit, acting.tenant, id)?.ok_or(ide::APPLICATION_NOT_FOUND)?;
    application.changeable()?;
    let held = permissions_of(unit, &application)?;
    acting.may_act_on(&held, &held)?;
    Ok(application)
}

/// Whether the caller is one of the administrators of the tenant now.
fn administers(unit: &mut Unit<'_>, acting: &Acting) -> Result<bool> {
    let Some(user) = acting.user else { return Ok(false) };
    let groups = members::groups_of(unit, acting.tenant, &[user])?;
    Ok(groups.values().flatten().any(|slug| slug.as_str() == ADMINISTRATORS))
}

/// Refuses a secret of an application that may declare to everybody but administrators: its holder decides who may do what
/// in the product, which is more than the caller may do.
///
/// # Errors
/// IDE-0023.
pub(super) fn may_hand_out_secret(unit: &mut Unit<'_>, acting: &Acting, application: &Application) -> Result<()> {
    if application.declares && !administers(unit, acting)? {
        let reason = "only administrators add secrets to an application that may declare";
        return Err(Failure::new(ide::FORBIDDEN).with_cause(reason));
    }
    Ok(())
}

/// What an application may do, or will once every grant has begun.
pub(super) fn permissions_of(unit: &mut Unit<'_>, application: &Application) -> Result<PermissionSet> {
    let now = unit.now();
    Ok(unended(&permissions::of_application(unit, application)?, now))
}

fn living(stored: Vec<StoredSecret>, now: Timestamp) -> Vec<ApplicationSecret> {
    stored.into_iter().map(|stored| stored.secret).filter(|secret| secret.is_live_at(now)).collect()
}
