//! A person's password: take a try → hash → settle.

use ::identity::application::{Application, ApplicationSecret, Grant};
use ::identity::login::LoginName;
use ::identity::tenant::Tenant;
use ::identity::user::User;
use crypto::digest::client_secret_digest;
use domain::audit::action;
use domain::id::{TenantId, UserId};
use domain::{Secret, Slug};
use error_codes::{Result, aut, ide};
use identity_store::{applications, members, passwords, secrets, tenants, users};
use serde_json::json;
use store::{AuditEvent, Outcome, Unit};

use super::attempts::Attempt;
use super::clients::{ClientCheck, check_secret};
use super::{App, Origin, source};

/// A login as it came.
#[derive(Debug)]
pub struct Login {
    /// The slug of the path; empty when it names none.
    pub tenant: String,
    /// As typed.
    pub username: String,
    /// As typed.
    pub password: Secret<String>,
    /// The client; empty for the tenant's default application.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: Secret<String>,
    /// Where it came from.
    pub origin: Origin,
}

/// What became of a login. A refusal is a value: it must be counted.
#[derive(Debug)]
pub enum LoginOutcome {
    /// It is them.
    Verified(Box<Verified>),
    /// Unknown, wrong, disabled or locked.
    WrongCredentials,
    /// The client is not known, or its secret is wrong.
    WrongClient,
    /// The client may not use passwords.
    GrantNotAllowed,
    /// Too many failures from this network.
    Throttled {
        /// When another try makes sense, in seconds.
        retry_after_seconds: u32,
    },
}

impl LoginOutcome {
    /// Under which it is counted.
    const fn name(&self) -> &'static str {
        match self {
            Self::Verified(_) => "verified",
            Self::WrongCredentials => "wrong_credentials",
            Self::WrongClient => "wrong_client",
            Self::GrantNotAllowed => "grant_not_allowed",
            Self::Throttled { .. } => "throttled",
        }
    }
}

/// A person whose password was right, as they were when it was checked.
#[derive(Debug)]
pub struct Verified {
    /// The person.
    pub user: User,
    /// Their groups.
    pub groups: Vec<Slug>,
    /// The application through which they log in.
    pub application: ClientView,
}

/// An application as other services see it.
#[derive(Clone, Debug)]
pub struct ClientView {
    /// Its tenant.
    pub tenant: Tenant,
    /// The application.
    pub application: Application,
    /// Its secrets that are not withdrawn.
    pub secrets: Vec<ApplicationSecret>,
}

/// What is read before the check.
enum Found {
    Refused(LoginOutcome),
    Candidate(Box<Candidate>),
}

/// Whom a login names.
enum Named {
    /// Nobody.
    Unknown,
    /// Somebody who may not log in.
    Locked(UserId),
    /// A user with a stored password.
    User(Box<User>, String),
}

struct Candidate {
    client: ClientView,
    named: Named,
    attempt: Attempt,
}

impl App {
    /// Checks a login.
    ///
    /// # Errors
    /// IDE-0022 when too many are waiting to be hashed.
    pub async fn log_in(&self, login: Login) -> Result<LoginOutcome> {
        let Login { password, origin, .. } = &login;
        let (password, origin) = (password.clone(), origin.clone());
        let candidate = match self.find_candidate(login).await? {
            Found::Refused(refusal) => {
                self.meters.count_login(refusal.name());
                return Ok(refusal);
            }
            Found::Candidate(candidate) => *candidate,
        };
        if let Some(retry_after_seconds) = candidate.attempt.network_wait_seconds() {
            self.meters.count_login("throttled");
            return Ok(LoginOutcome::Throttled { retry_after_seconds });
        }
        let admitted = self.charge(candidate.attempt).await?;
        // A locked account costs and answers what a wrong password does.
        let source = source(candidate.client.tenant.id, &origin.address);
        let verdict = self.hasher.verify(&source, password.clone(), candidate.named.stored(admitted)).await?;
        match (candidate.named, admitted) {
            (Named::User(user, hash), Some(attempt)) if verdict.matches => {
                let rehashed =
                    if verdict.stale { Some((hash, self.hasher.hash(&source, password).await?)) } else { None };
                let groups = self.settle_success(&user, attempt, rehashed).await?;
                self.meters.count_login("verified");
                Ok(LoginOutcome::Verified(Box::new(Verified { user: *user, groups, application: candidate.client })))
            }
            (named, admitted) => {
                self.meters.count_login(if admitted.is_some() { "wrong_credentials" } else { "locked" });
                self.settle_failure(candidate.client.tenant.id, &named, admitted, &origin).await?;
                Ok(LoginOutcome::WrongCredentials)
            }
        }
    }

    async fn find_candidate(&self, login: Login) -> Result<Found> {
        let name = LoginName::read(&login.tenant, &login.username);
        let default_tenant = self.default_tenant.clone();
        let slug = name.tenant.clone().unwrap_or_else(|| default_tenant.as_str().to_owned());
        let counters = self.counters(&slug, &name.counted, &login.origin.address);
        self.store
            .read(move |unit| {
                let client = match find_client(unit, &login, &name, &slug, &default_tenant)? {
                    Ok(client) => client,
                    Err(refusal) => return Ok(Found::Refused(refusal)),
                };
                let allowed = client.application.grants.contains(Grant::Password)
                    && (client.tenant.settings.password_grant || !client.application.is_default);
                // A tenant in which nobody may log in answers as one that does not exist.
                if client.tenant.active && !allowed {
                    return Ok(Found::Refused(LoginOutcome::GrantNotAllowed));
                }
                let named = match name.folded.as_deref().filter(|_| name.consistent && client.tenant.active) {
                    Some(folded) => Named::find(unit, &client.tenant, folded)?,
                    None => Named::Unknown,
                };
                let attempt = Attempt::look(unit, counters)?;
                Ok(Found::Candidate(Box::new(Candidate { client, named, attempt })))
            })
            .await
    }

    /// Forgets the failures of the account, and writes the better hash. Where there is neither, only reads.
    async fn settle_success(
        &self,
        user: &User,
        attempt: Attempt,
        rehashed: Option<(String, String)>,
    ) -> Result<Vec<Slug>> {
        let (tenant, id) = (user.tenant, user.id);
        let groups =
            move |unit: &mut Unit<'_>| Ok(members::groups_of(unit, tenant, &[id])?.remove(&id).unwrap_or_default());
        if rehashed.is_none() && !attempt.was_charged() && !self.has_failures(attempt).await? {
            return self.store.read(groups).await;
        }
        self.store
            .write(move |unit| {
                attempt.settle_success(unit)?;
                if let Some((was, hash)) = &rehashed {
                    passwords::rehash(unit, tenant, id, was, hash)?;
                }
                groups(unit)
            })
            .await
    }

    /// Counts the failure of a try that was looked at, and puts it into the trail.
    ///
    /// What was typed as the name is kept nowhere: people type passwords there.
    async fn settle_failure(
        &self,
        tenant: TenantId,
        named: &Named,
        attempt: Option<Attempt>,
        origin: &Origin,
    ) -> Result<()> {
        let (user, reason) = match named {
            Named::Unknown => (None, "unknown"),
            Named::Locked(user) => (Some(*user), "locked"),
            Named::User(user, _) if attempt.is_none() => (Some(user.id), "throttled"),
            Named::User(user, _) => (Some(user.id), "password"),
        };
        let event = AuditEvent {
            tenant,
            actor: origin.actor("anonymous", ""),
            action: action::LOGIN_FAIL,
            target_id: user.map(|user| user.to_string()).unwrap_or_default(),
            outcome: Outcome::Refused(aut::INVALID_CREDENTIALS),
            details: Some(json!({ "reason": reason })),
        };
        self.store
            .write(move |unit| {
                if let Some(attempt) = &attempt {
                    attempt.settle_failure(unit)?;
                }
                unit.audit(&event)
            })
            .await
    }
}

/// The application through which a person logs in; it decides the tenant.
fn find_client(
    unit: &mut Unit<'_>,
    login: &Login,
    name: &LoginName,
    slug: &str,
    default_tenant: &Slug,
) -> Result<Result<ClientView, LoginOutcome>> {
    if login.client_id.is_empty() && login.client_secret.expose().is_empty() {
        let tenant = match tenants::find_by_slug(unit, slug)? {
            Some(tenant) => tenant,
            // The login goes on as for an unknown user, at the usual cost; inactive, so that nobody is found.
            None => {
                let tenant = tenants::find_by_slug(unit, default_tenant.as_str())?.ok_or(ide::INTERNAL)?;
                Tenant { active: false, ..tenant }
            }
        };
        let application = applications::find_default(unit, tenant.id)?.ok_or(ide::INTERNAL)?;
        return Ok(Ok(ClientView { tenant, application, secrets: Vec::new() }));
    }
    let digest = client_secret_digest(login.client_secret.expose());
    match check_secret(unit, &login.client_id, digest, name.tenant.as_deref().unwrap_or_default())? {
        ClientCheck::Verified(view, _) => Ok(Ok(*view)),
        ClientCheck::Wrong => Ok(Err(LoginOutcome::WrongClient)),
    }
}

impl Named {
    fn find(unit: &mut Unit<'_>, tenant: &Tenant, folded: &str) -> Result<Self> {
        let Some(user) = users::find_by_username(unit, tenant.id, folded)? else { return Ok(Self::Unknown) };
        if !user.active {
            return Ok(Self::Locked(user.id));
        }
        let stored = passwords::find(unit, tenant.id, user.id)?;
        Ok(match stored {
            Some(stored) => Self::User(Box::new(user), stored.hash),
            None => Self::Locked(user.id),
        })
    }

    /// The hash to compare with, where the try may be looked at.
    fn stored(&self, admitted: Option<Attempt>) -> Option<String> {
        match self {
            Self::User(_, hash) if admitted.is_some() => Some(hash.clone()),
            Self::Unknown | Self::Locked(_) | Self::User(..) => None,
        }
    }
}

impl ClientView {
    /// An application as it is now, with the tenant and the secrets that belong to it.
    pub fn find(unit: &mut Unit<'_>, application: Application) -> Result<Option<Self>> {
        let Some(tenant) = tenants::find(unit, application.tenant)? else { return Ok(None) };
        let stored = secrets::of_application(unit, &application)?;
        let secrets = stored.into_iter().map(|stored| stored.secret).collect();
        Ok(Some(Self { tenant, application, secrets }))
    }
}
