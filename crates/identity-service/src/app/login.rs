//! A person's password: take a try → hash → settle.

use ::identity::application::{Application, ApplicationSecret, Grant};
use ::identity::login::LoginName;
use ::identity::tenant::Tenant;
use ::identity::throttle::{ACCOUNT, Admission, NETWORK, Tries};
use ::identity::user::User;
use crypto::digest::client_secret_digest;
use crypto::mac::Mac;
use domain::{Secret, Slug};
use error_codes::{Result, ide};
use identity_store::tries::Key;
use identity_store::{applications, members, passwords, secrets, tenants, tries, users};
use store::{AuditEvent, Outcome, Unit};

use super::clients::{ClientCheck, check_secret};
use super::{App, Origin};

/// What failed logins are counted under: a tag that tells nobody whose it is, whether the name exists or not.
pub struct LoginKeys(Mac);

/// Where the tries of one login are counted.
#[derive(Clone, Copy, Debug)]
struct Counters {
    account: Key,
    network: Key,
}

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

struct Candidate {
    client: ClientView,
    /// `None` for a name that nobody has, or who may not log in.
    user: Option<(User, String)>,
    counters: Option<Counters>,
    account: Admission,
    network: Admission,
}

impl LoginKeys {
    /// Keys tagged with a purpose key of its own.
    pub fn new(mac: Mac) -> Self {
        Self(mac)
    }

    fn of(&self, tenant: &str, name: &LoginName, address: &str) -> Counters {
        let account = [b"account", tenant.as_bytes(), name.counted.as_bytes()];
        let network = network_of(address);
        Counters { account: self.0.tag(&account).bytes, network: self.0.tag(&[b"network", network.as_bytes()]).bytes }
    }
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
            Found::Refused(refusal) => return Ok(refusal),
            Found::Candidate(candidate) => *candidate,
        };
        if let Admission::Blocked { wait } = candidate.network {
            let retry_after_seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).max(1);
            return Ok(LoginOutcome::Throttled { retry_after_seconds });
        }
        let charged = self.charge(&candidate).await?;
        // A locked account costs and answers what a wrong password does.
        let stored = candidate.user.as_ref().filter(|_| charged).map(|(_, hash)| hash.clone());
        let verdict = self.hasher.verify(password.clone(), stored).await?;
        match candidate.user.filter(|_| charged && verdict.matches) {
            Some((user, hash)) => {
                let rehashed = if verdict.stale { Some(self.hasher.hash(password).await?) } else { None };
                let counted = (candidate.account != Admission::Free, candidate.network != Admission::Free);
                let groups =
                    self.settle_success(&user, candidate.counters, counted, rehashed.map(|new| (hash, new))).await?;
                Ok(LoginOutcome::Verified(Box::new(Verified { user, groups, application: candidate.client })))
            }
            None => {
                let free = (charged && candidate.account == Admission::Free, candidate.network == Admission::Free);
                self.settle_failure(candidate.client.tenant, candidate.counters, free, &origin).await?;
                Ok(LoginOutcome::WrongCredentials)
            }
        }
    }

    async fn find_candidate(&self, login: Login) -> Result<Found> {
        let name = LoginName::read(&login.tenant, &login.username);
        let default_tenant = self.default_tenant.clone();
        let slug = name.tenant.clone().unwrap_or_else(|| default_tenant.as_str().to_owned());
        let counters = self.login_keys.as_ref().map(|keys| keys.of(&slug, &name, &login.origin.address));
        self.store
            .read(move |unit| {
                let client = match find_client(unit, &login, &name, &slug, &default_tenant)? {
                    Ok(client) => client,
                    Err(refusal) => return Ok(Found::Refused(refusal)),
                };
                let allowed = client.application.grants.contains(Grant::Password)
                    && (client.tenant.settings.password_grant || !client.application.is_default);
                if !allowed {
                    return Ok(Found::Refused(LoginOutcome::GrantNotAllowed));
                }
                let user = match name.folded.as_deref().filter(|_| name.consistent && client.tenant.active) {
                    Some(folded) => find_user(unit, &client.tenant, folded)?,
                    None => None,
                };
                let (account, network) = admit(unit, counters.as_ref(), tries::find)?;
                Ok(Found::Candidate(Box::new(Candidate { client, user, counters, account, network })))
            })
            .await
    }

    /// Takes the try where tries are no longer free; false when the account is locked.
    async fn charge(&self, candidate: &Candidate) -> Result<bool> {
        let Some(counters) = candidate.counters else { return Ok(true) };
        if matches!(candidate.account, Admission::Blocked { .. }) {
            return Ok(false);
        }
        if candidate.account == Admission::Free && candidate.network == Admission::Free {
            return Ok(true);
        }
        self.store
            .write(move |unit| {
                let (account, network) = admit(unit, Some(&counters), tries::hold)?;
                if [account, network].iter().any(|admission| matches!(admission, Admission::Blocked { .. })) {
                    return Ok(false);
                }
                for (key, admission) in [(&counters.account, account), (&counters.network, network)] {
                    if let Admission::Charged(tries) = admission {
                        tries::put(unit, key, tries)?;
                    }
                }
                Ok(true)
            })
            .await
    }

    /// Forgets the failures of the account, and writes the better hash. Where there is neither, only reads.
    async fn settle_success(
        &self,
        user: &User,
        counters: Option<Counters>,
        (account_charged, network_charged): (bool, bool),
        rehashed: Option<(String, String)>,
    ) -> Result<Vec<Slug>> {
        let (tenant, id) = (user.tenant, user.id);
        let groups =
            move |unit: &mut Unit<'_>| Ok(members::groups_of(unit, tenant, &[id])?.remove(&id).unwrap_or_default());
        let failures = self.store.read(move |unit| match &counters {
            Some(counters) => Ok(!tries::find(unit, &counters.account)?.are_none()),
            None => Ok(false),
        });
        if !failures.await? && !account_charged && !network_charged && rehashed.is_none() {
            return self.store.read(groups).await;
        }
        self.store
            .write(move |unit| {
                if let Some(counters) = &counters {
                    tries::hold(unit, &counters.account)?;
                    tries::put(unit, &counters.account, Tries::default())?;
                    if network_charged {
                        let charged = tries::hold(unit, &counters.network)?;
                        tries::put(unit, &counters.network, charged.refunded())?;
                    }
                }
                if let Some((was, hash)) = &rehashed {
                    passwords::rehash(unit, tenant, id, was, hash)?;
                }
                groups(unit)
            })
            .await
    }

    /// Counts the failure where it was not charged before, and puts it into the trail.
    async fn settle_failure(
        &self,
        tenant: Tenant,
        counters: Option<Counters>,
        (account_free, network_free): (bool, bool),
        origin: &Origin,
    ) -> Result<()> {
        let event = AuditEvent {
            tenant: tenant.id,
            actor: origin.actor("anonymous", ""),
            action: "login",
            target_kind: "tenant",
            target_id: tenant.id.to_string(),
            outcome: Outcome::Refused(error_codes::aut::INVALID_CREDENTIALS),
            details: None,
        };
        self.store
            .write(move |unit| {
                let now = unit.now();
                if let Some(counters) = &counters {
                    for (key, limits, free) in
                        [(&counters.account, ACCOUNT, account_free), (&counters.network, NETWORK, network_free)]
                    {
                        if free {
                            let held = tries::hold(unit, key)?;
                            tries::put(unit, key, held.failed(limits, now))?;
                        }
                    }
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

fn find_user(unit: &mut Unit<'_>, tenant: &Tenant, folded: &str) -> Result<Option<(User, String)>> {
    let Some(user) = users::find_by_username(unit, tenant.id, folded)?.filter(|user| user.active) else {
        return Ok(None);
    };
    let stored = passwords::find(unit, tenant.id, user.id)?;
    Ok(stored.map(|stored| (user, stored.hash)))
}

fn admit(
    unit: &mut Unit<'_>,
    counters: Option<&Counters>,
    find: impl Fn(&mut Unit<'_>, &Key) -> Result<Tries>,
) -> Result<(Admission, Admission)> {
    let Some(counters) = counters else { return Ok((Admission::Free, Admission::Free)) };
    let now = unit.now();
    let account = find(unit, &counters.account)?.admit(ACCOUNT, now);
    let network = find(unit, &counters.network)?.admit(NETWORK, now);
    Ok((account, network))
}

/// What counts as one network: an IPv4 address, or the 64 bits that one IPv6 subscriber has.
fn network_of(address: &str) -> String {
    match address.parse::<std::net::Ipv6Addr>() {
        Ok(address) if address.to_ipv4_mapped().is_none() => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Ok(_) | Err(_) => address.to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_subscriber_is_one_network() {
        assert_eq!(network_of("192.0.2.7"), "192.0.2.7");
        assert_eq!(network_of("2001:db8:1:2:3:4:5:6"), network_of("2001:db8:1:2::9"));
        assert_ne!(network_of("2001:db8:1:2::9"), network_of("2001:db8:1:3::9"));
    }
}
