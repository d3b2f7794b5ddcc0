//! What a subject may do, and why: for administrators, who ask about others.

use domain::id::{ApplicationId, TenantId, UserId};
use domain::page::{Listed, Page};
use domain::permission::Permission;
use domain::username;
use error_codes::{Result, ide};
use identity::application::Application;
use identity::effective::{Effective, effective};
use identity::explain::{Explanation, explain};
use identity::holders::{Subject, SubjectKind};
use identity::membership::Reach;
use identity::user::User;
use identity_store::{applications, permissions, users};
use store::Unit;

use super::App;

/// What is explained about one subject.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The subject.
    pub subject: Subject,
    /// Whether it is allowed, and why.
    pub explanation: Explanation,
    /// The position in the change feed up to which every change is in it.
    pub revision: u64,
}

/// Whose permissions are listed.
#[derive(Clone, Copy, Debug)]
pub enum Whose {
    /// Those of a person.
    User(UserId),
    /// Those of an application.
    Application(ApplicationId),
}

/// A subject with every way that leads to a permission of it.
struct Known {
    subject: Subject,
    active: bool,
    reaches: Vec<Reach>,
}

impl App {
    /// Explains whether a subject may do something; it is named by a user's id or username, or by an application's id.
    ///
    /// # Errors
    /// IDE-1022 when nobody has that name.
    pub async fn explain(&self, tenant: TenantId, name: String, asked: Permission) -> Result<Explained> {
        self.store
            .read(move |unit| {
                // First, so that everything read below is at least as new.
                let revision = store::position(unit)?;
                let Known { subject, active, reaches } =
                    Known::named(unit, tenant, &name)?.ok_or(ide::SUBJECT_NOT_FOUND)?;
                let explanation = explain(&reaches, active, &asked, unit.now());
                Ok(Explained { subject, explanation, revision })
            })
            .await
    }

    /// What a subject may do now, by product, resource and action; nothing where it is disabled.
    ///
    /// # Errors
    /// IDE-1003, IDE-1001; IDE-0005 for a cursor that no list gave.
    pub async fn effective_permissions(&self, tenant: TenantId, whose: Whose, page: Page) -> Result<Listed<Effective>> {
        self.store
            .read(move |unit| {
                let known = Known::find(unit, tenant, whose)?;
                let held = if known.active { known.reaches } else { Vec::new() };
                effective(&held, unit.now(), &page)
            })
            .await
    }
}

impl Known {
    fn find(unit: &mut Unit<'_>, tenant: TenantId, whose: Whose) -> Result<Self> {
        match whose {
            Whose::User(id) => {
                let user = users::find(unit, tenant, id)?.ok_or(ide::USER_NOT_FOUND)?;
                Self::user(unit, user)
            }
            Whose::Application(id) => {
                let application = applications::find(unit, tenant, id)?.ok_or(ide::APPLICATION_NOT_FOUND)?;
                Self::application(unit, application)
            }
        }
    }

    /// An id comes before a username that looks like one.
    fn named(unit: &mut Unit<'_>, tenant: TenantId, name: &str) -> Result<Option<Self>> {
        if let Ok(id) = UserId::parse(name) {
            if let Some(user) = users::find(unit, tenant, id)? {
                return Self::user(unit, user).map(Some);
            }
            if let Some(application) = applications::find(unit, tenant, id.uuid().into())? {
                return Self::application(unit, application).map(Some);
            }
        }
        let Some(folded) = username::fold(name) else { return Ok(None) };
        let user = users::find_by_username(unit, tenant, &folded)?;
        user.map(|user| Self::user(unit, user)).transpose()
    }

    fn user(unit: &mut Unit<'_>, user: User) -> Result<Self> {
        let name = user.username.as_str().to_owned();
        let subject = Subject { kind: SubjectKind::User, id: user.id.uuid(), name };
        Ok(Self { subject, active: user.active, reaches: permissions::of_user(unit, user.tenant, user.id)? })
    }

    fn application(unit: &mut Unit<'_>, application: Application) -> Result<Self> {
        let reaches = permissions::of_application(unit, &application)?;
        let Application { id, name, .. } = application;
        Ok(Self { subject: Subject { kind: SubjectKind::Application, id: id.uuid(), name }, active: true, reaches })
    }
}
