//! What a file declares of a tenant, against what there is: the differences, and nothing when there are none.
//!
//! What was seeded with a tenant, and the roles that products declare of themselves ([`declaration`](crate::declaration)),
//! are neither declared nor pruned, and who is in a group is nobody's business here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::permission::Permission;

use crate::seed::PLATFORM_ROLE;
use crate::tenant::{Tenant, TenantChange};

/// The SHA-256 of a secret.
pub type Digest = [u8; 32];

/// What a tenant holds beyond what was seeded with it, by slug or name.
#[derive(Clone, Debug, PartialEq)]
pub struct Contents {
    /// The tenant.
    pub tenant: Tenant,
    /// Its roles.
    pub roles: BTreeMap<String, RoleState>,
    /// Its groups.
    pub groups: BTreeMap<String, GroupState>,
    /// Its applications.
    pub applications: BTreeMap<String, ApplicationState>,
    /// What was seeded with it, or declared by products.
    pub built_in: BTreeSet<(Kind, String)>,
}

/// What is declared beside tenants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A role.
    Role,
    /// A group.
    Group,
    /// An application.
    Application,
}

impl Kind {
    /// The word for it, as sentences and the audit trail write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Group => "group",
            Self::Application => "application",
        }
    }
}

/// A role as it is, or as it will be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleState {
    /// Its name for people.
    pub name: String,
    /// What it permits.
    pub permissions: BTreeSet<Permission>,
}

/// A group as it is, or as it will be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupState {
    /// Its name for people.
    pub name: String,
    /// What it permits of its own.
    pub permissions: BTreeSet<Permission>,
    /// The slugs of its roles.
    pub roles: BTreeSet<String>,
}

/// An application as it is, or as it will be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApplicationState {
    /// Its product.
    pub product: String,
    /// What it is for.
    pub description: String,
    /// The digests of its living secrets.
    pub secrets: BTreeSet<Digest>,
}

/// What is declared of a tenant. A list that is absent is left alone.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The tenant itself; what is absent stays.
    pub tenant: TenantChange,
    /// The roles.
    pub roles: Option<BTreeMap<String, WantedRole>>,
    /// The groups.
    pub groups: Option<BTreeMap<String, WantedGroup>>,
    /// The applications.
    pub applications: Option<BTreeMap<String, WantedApplication>>,
}

/// A declared role.
#[derive(Clone, Debug, Default)]
pub struct WantedRole {
    /// Its name for people.
    pub name: String,
    /// Exactly what it permits; `None` leaves that alone.
    pub permissions: Option<BTreeSet<Permission>>,
}

/// A declared group.
#[derive(Clone, Debug, Default)]
pub struct WantedGroup {
    /// Its name for people.
    pub name: String,
    /// Exactly what it permits of its own; `None` leaves that alone.
    pub permissions: Option<BTreeSet<Permission>>,
    /// Exactly its roles; `None` leaves them alone.
    pub roles: Option<BTreeSet<String>>,
}

/// A declared application.
#[derive(Clone, Debug, Default)]
pub struct WantedApplication {
    /// Its product.
    pub product: String,
    /// What it is for.
    pub description: String,
    /// A secret that it must have.
    pub secret: Option<Digest>,
}

/// Something that is made (nothing before), changed, or deleted (nothing after).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit<T> {
    /// Its slug or name.
    pub name: String,
    /// As it is.
    pub before: Option<T>,
    /// As it will be.
    pub after: Option<T>,
}

/// Everything that is to change in a tenant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The tenant before and after.
    pub tenant: Option<(Tenant, Tenant)>,
    /// Roles.
    pub roles: Vec<Edit<RoleState>>,
    /// Groups.
    pub groups: Vec<Edit<GroupState>>,
    /// Applications.
    pub applications: Vec<Edit<ApplicationState>>,
}

/// Why a declaration cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What it is about; `None` for the tenant itself.
    pub about: Option<(Kind, String)>,
    /// A reason that continues "the role 'x' …".
    pub reason: String,
}

impl Plan {
    /// Whether nothing is to change.
    pub fn is_empty(&self) -> bool {
        self.tenant.is_none() && self.roles.is_empty() && self.groups.is_empty() && self.applications.is_empty()
    }
}

/// Compares what is declared with what there is. With `prune`, what a given list does not name is deleted.
///
/// # Errors
/// The first thing that is built in, names a role that there is not, or changes what is for ever.
pub fn plan(actual: &Contents, wanted: &Wanted, prune: bool) -> Result<Plan, Refused> {
    let tenant = wanted.tenant.apply(&actual.tenant).map_err(|failure| {
        let refused = failure.fields().iter().map(|(name, detail)| format!("'{name}' {}", reason_of(detail)));
        Refused { about: None, reason: refused.collect::<Vec<_>>().join("; ") }
    })?;
    let tenant = (tenant != actual.tenant).then(|| (actual.tenant.clone(), tenant));
    let roles = edits(Kind::Role, actual, &actual.roles, wanted.roles.as_ref(), prune, |was, role| {
        let permissions = role.permissions.clone().or_else(|| was.map(|was| was.permissions.clone()));
        Ok(RoleState { name: role.name.clone(), permissions: permissions.unwrap_or_default() })
    })?;
    let groups = edits(Kind::Group, actual, &actual.groups, wanted.groups.as_ref(), prune, |was, group| {
        let permissions = group.permissions.clone().or_else(|| was.map(|was| was.permissions.clone()));
        let roles = group.roles.clone().or_else(|| was.map(|was| was.roles.clone()));
        Ok(GroupState {
            name: group.name.clone(),
            permissions: permissions.unwrap_or_default(),
            roles: roles.unwrap_or_default(),
        })
    })?;
    let kind = Kind::Application;
    let applications =
        edits(kind, actual, &actual.applications, wanted.applications.as_ref(), prune, |was, wanted| {
            if let Some(was) = was.filter(|was| was.product != wanted.product) {
                return Err(format!("is of product '{}' for ever; declare it under another name", was.product));
            }
            let mut secrets = was.map(|was| was.secrets.clone()).unwrap_or_default();
            secrets.extend(wanted.secret);
            Ok(ApplicationState { product: wanted.product.clone(), description: wanted.description.clone(), secrets })
        })?;
    let plan = Plan { tenant, roles, groups, applications };
    check_roles(actual, &plan)?;
    Ok(plan)
}

fn edits<T: Clone + PartialEq, W>(
    kind: Kind,
    actual: &Contents,
    held: &BTreeMap<String, T>,
    wanted: Option<&BTreeMap<String, W>>,
    prune: bool,
    merge: impl Fn(Option<&T>, &W) -> Result<T, String>,
) -> Result<Vec<Edit<T>>, Refused> {
    let Some(wanted) = wanted else { return Ok(Vec::new()) };
    let mut edits = Vec::new();
    // Deleted first: that makes room under the limits of the tenant.
    for (name, was) in held.iter().filter(|(name, _)| prune && !wanted.contains_key(*name)) {
        edits.push(Edit { name: name.clone(), before: Some(was.clone()), after: None });
    }
    for (name, wanted) in wanted {
        let refused = |reason| Refused { about: Some((kind, name.clone())), reason };
        if actual.built_in.contains(&(kind, name.clone())) {
            return Err(refused(
                "is built in or declared by a product, and protected; take it out of the file".to_owned(),
            ));
        }
        let before = held.get(name).cloned();
        let after = Some(merge(before.as_ref(), wanted).map_err(refused)?);
        if before != after {
            edits.push(Edit { name: name.clone(), before, after });
        }
    }
    Ok(edits)
}

/// Every group has only roles that there are afterwards, and none that reaches beyond the tenant.
fn check_roles(actual: &Contents, plan: &Plan) -> Result<(), Refused> {
    let roles = after(&actual.roles, &plan.roles);
    let grantable = |role: &String| {
        let built_in = actual.built_in.contains(&(Kind::Role, role.clone())) && role != PLATFORM_ROLE;
        built_in || roles.contains_key(role)
    };
    for (name, group) in after(&actual.groups, &plan.groups) {
        if let Some(role) = group.roles.iter().find(|role| !grantable(role)) {
            let reason =
                format!("has the role '{role}', which there is not or cannot be given; declare it, or name another");
            return Err(Refused { about: Some((Kind::Group, name)), reason });
        }
    }
    Ok(())
}

/// What there is once the edits are made.
pub fn after<T: Clone>(held: &BTreeMap<String, T>, edits: &[Edit<T>]) -> BTreeMap<String, T> {
    let mut left = held.clone();
    for edit in edits {
        match &edit.after {
            Some(state) => left.insert(edit.name.clone(), state.clone()),
            None => left.remove(&edit.name),
        };
    }
    left
}

fn reason_of(detail: &error_codes::FieldDetail) -> String {
    match detail {
        error_codes::FieldDetail::Reason(reason) => reason.clone(),
        error_codes::FieldDetail::Rejected(value) => format!("cannot be {value}"),
    }
}

/// A state as members with their values, to be compared and told; what is in a set is a member without a value.
pub trait Members {
    /// The members.
    fn members(&self) -> BTreeMap<String, String>;
}

impl Members for RoleState {
    fn members(&self) -> BTreeMap<String, String> {
        named(&self.name).into_iter().chain(self.permissions.iter().map(permission)).collect()
    }
}

impl Members for GroupState {
    fn members(&self) -> BTreeMap<String, String> {
        let roles = self.roles.iter().map(|role| (format!("role {role}"), String::new()));
        named(&self.name).into_iter().chain(self.permissions.iter().map(permission)).chain(roles).collect()
    }
}

impl Members for ApplicationState {
    fn members(&self) -> BTreeMap<String, String> {
        let texts = [("product", &self.product), ("description", &self.description)];
        let secrets = self.secrets.iter().map(|digest| (format!("secret {}", Fingerprint(digest)), String::new()));
        texts.into_iter().map(|(name, value)| (name.to_owned(), value.clone())).chain(secrets).collect()
    }
}

impl Members for Tenant {
    fn members(&self) -> BTreeMap<String, String> {
        let Self { settings, limits, .. } = self;
        let (kinds, networks) = (settings.password_kinds, &settings.allowed_networks);
        let flag = |name: &str, value: bool| Some((name.to_owned(), value.to_string()));
        let count = |name: &str, value: Option<u32>| value.map(|value| (name.to_owned(), value.to_string()));
        let members = [
            Some(("displayName".to_owned(), self.display_name.clone())),
            flag("active", self.active),
            flag("settings.passwordKinds.upper", kinds.upper),
            flag("settings.passwordKinds.lower", kinds.lower),
            flag("settings.passwordKinds.digit", kinds.digit),
            flag("settings.passwordKinds.special", kinds.special),
            flag("settings.passwordGrant", settings.password_grant),
            count("settings.accessTokenSeconds", settings.access_token_seconds),
            count("settings.sessionIdleSeconds", settings.session_idle_seconds),
            count("settings.sessionAbsoluteSeconds", settings.session_absolute_seconds),
            count("settings.machineRefreshSeconds", settings.machine_refresh_seconds),
            (!networks.is_empty()).then(|| ("settings.allowedNetworks".to_owned(), networks.join(", "))),
            count("limits.users", limits.users),
            count("limits.groups", limits.groups),
            count("limits.applications", limits.applications),
            count("limits.requestsPerSecond", limits.requests_per_second),
        ];
        members.into_iter().flatten().collect()
    }
}

/// The first digits of a digest: enough to tell two secrets apart, and nothing of their values.
struct Fingerprint<'a>(&'a Digest);

impl fmt::Display for Fingerprint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn named(name: &str) -> [(String, String); 1] {
    [("name".to_owned(), name.to_owned())]
}

fn permission(Permission { product, resource, action }: &Permission) -> (String, String) {
    (format!("permission {product}:{resource}:{action}"), String::new())
}

#[cfg(test)]
mod tests;
