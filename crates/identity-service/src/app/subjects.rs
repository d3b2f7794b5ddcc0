//! Who a subject is and what it may do, for auth.

use ::identity::membership::held;
use ::identity::tenant::Tenant;
use ::identity::user::User;
use domain::id::{ApplicationId, TenantId, UserId};
use domain::permission::PermissionSet;
use domain::{Slug, username};
use error_codes::Result;
use identity_store::{applications, members, permissions, tenants, users};
use store::Unit;

use super::App;
use super::login::ClientView;

/// How a subject is asked for.
#[derive(Clone, Debug)]
pub enum Who {
    /// A person by id.
    User(UserId),
    /// A person by username.
    Username(String),
    /// An application by id.
    Application(ApplicationId),
}

/// Who a subject is now.
#[derive(Debug)]
pub enum Subject {
    /// A person.
    Person {
        /// Their tenant.
        tenant: Box<Tenant>,
        /// The person.
        user: Box<User>,
        /// Their groups.
        groups: Vec<Slug>,
        /// What they may do.
        permissions: PermissionSet,
    },
    /// An application.
    Application {
        /// The application.
        view: Box<ClientView>,
        /// What it may do.
        permissions: PermissionSet,
    },
}

impl App {
    /// Tells who a subject is now and what it may do; `None` when nobody has this name in the tenant.
    pub async fn find_subject(&self, tenant: TenantId, who: Who) -> Result<Option<Subject>> {
        self.store.read(move |unit| find(unit, tenant, &who)).await
    }
}

fn find(unit: &mut Unit<'_>, tenant: TenantId, who: &Who) -> Result<Option<Subject>> {
    // First, so that everything read below is at least as new.
    let revision = store::position(unit)?;
    let Some(tenant) = tenants::find(unit, tenant)? else { return Ok(None) };
    let user = match who {
        Who::User(id) => users::find(unit, tenant.id, *id)?,
        Who::Username(name) => match username::fold(name) {
            Some(folded) => users::find_by_username(unit, tenant.id, &folded)?,
            None => None,
        },
        Who::Application(id) => return find_application(unit, &tenant, *id, revision),
    };
    let Some(user) = user else { return Ok(None) };
    let now = unit.now();
    let reaches = permissions::of_user(unit, tenant.id, user.id)?;
    let groups = members::groups_of(unit, tenant.id, &[user.id])?.remove(&user.id).unwrap_or_default();
    let permissions = held(&reaches, now).at_revision(revision);
    Ok(Some(Subject::Person { tenant: Box::new(tenant), user: Box::new(user), groups, permissions }))
}

fn find_application(unit: &mut Unit<'_>, tenant: &Tenant, id: ApplicationId, revision: u64) -> Result<Option<Subject>> {
    let Some(application) = applications::find(unit, tenant.id, id)? else { return Ok(None) };
    let now = unit.now();
    let permissions = held(&permissions::of_application(unit, &application)?, now).at_revision(revision);
    Ok(ClientView::find(unit, application)?.map(|view| Subject::Application { view: Box::new(view), permissions }))
}
