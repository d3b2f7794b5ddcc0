//! The first start: the default tenant, and its administrator.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use ::identity::membership::Validity;
use ::identity::password::{Kinds, NewPassword, Owner};
use ::identity::seed::Seed;
use ::identity::tenant::{ADMINISTRATOR, Tenant, capitalized};
use ::identity::user::{NewUser, RawNewUser, User};
use crypto::token::random_token;
use domain::audit::{action, changes};
use domain::id::RoleId;
use domain::{Entropy, Secret, Slug, username};
use error_codes::{Failure, Result, ide};
use identity_store::{members, passwords, seed, tenants, users};
use service_kit::settings::SettingsError;
use store::{Actor, AuditEvent, Outcome, Unit};

use super::platform::give_platform_role;
use super::tenants::told;
use super::users::UserView;
use super::{App, source};

const EMAIL: &str = "admin@midaz.tech";

impl App {
    /// Whether a tenant exists.
    pub async fn has_tenant(&self, slug: &Slug) -> Result<bool> {
        let sought = slug.clone();
        let found = self.store.read(move |unit| tenants::find_by_slug(unit, sought.as_str())).await?;
        Ok(found.is_some())
    }

    /// Makes a tenant with its administrator where it does not exist; says whether it did.
    ///
    /// Of several processes that start together one makes it, and the others find it made.
    pub async fn plant(&self, slug: &Slug, administrator_password: Option<Secret<String>>) -> Result<bool> {
        if self.has_tenant(slug).await? {
            return Ok(false);
        }
        let now = self.clock.now();
        let tenant = Tenant::new(slug.clone(), capitalized(slug.as_str()), now, &*self.entropy);
        let planted = Seed::new(tenant, now, &*self.entropy).map_err(corrupt)?;
        let user = NewUser::parse(&RawNewUser {
            first_name: "Admin",
            last_name: "Administrator",
            username: ADMINISTRATOR,
            email: EMAIL,
            ..RawNewUser::default()
        })?
        .make(planted.tenant.id, now, &*self.entropy);
        let administrator = match administrator_password {
            Some(password) => {
                let owner = Owner { username: &user.username, email: &user.email };
                NewPassword::parse("password", password.expose(), Kinds::default(), owner)?;
                Some((user, self.hasher.hash(&source(planted.tenant.id, ""), password).await?))
            }
            None => None,
        };
        let platform_role = (*slug == self.default_tenant).then(|| RoleId::new(now, &*self.entropy));
        let planting = self.store.write(move |unit| {
            plant_seed(unit, &planted, administrator.as_ref())?;
            if let Some(id) = platform_role {
                give_platform_role(unit, planted.tenant.id, id)?;
            }
            unit.audit(&AuditEvent {
                tenant: planted.tenant.id,
                actor: Actor::operator(),
                action: action::TENANT_CREATE,
                target_id: planted.tenant.id.to_string(),
                outcome: Outcome::Done,
                details: Some(changes(None, Some(told(&planted.tenant)))),
            })
        });
        match planting.await {
            Ok(()) => Ok(true),
            Err(failure) if failure.code() == ide::NAME_TAKEN => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// Gives an administrator a new password and makes them one again: the way back in, from the host alone. Without a
    /// tenant: of the default one.
    ///
    /// # Errors
    /// IDE-1018 and IDE-1003 when there is no such tenant or user; IDE-0020 and IDE-0027 for the password.
    pub async fn recover_administrator(
        &self,
        tenant: Option<Slug>,
        username: &str,
        password: Secret<String>,
    ) -> Result<()> {
        let slug = tenant.unwrap_or_else(|| self.default_tenant.clone());
        let folded = username::fold(username).ok_or(ide::USER_NOT_FOUND)?;
        let (tenant, user) = self
            .store
            .read(move |unit| {
                let tenant = tenants::find_by_slug(unit, slug.as_str())?.ok_or(ide::TENANT_NOT_FOUND)?;
                let user = users::find_by_username(unit, tenant.id, &folded)?.ok_or(ide::USER_NOT_FOUND)?;
                Ok((tenant, user))
            })
            .await?;
        let owner = Owner { username: &user.username, email: &user.email };
        let password = NewPassword::parse("password", password.expose(), tenant.settings.password_kinds, owner)?;
        let hash = self.hasher.hash(&source(tenant.id, ""), password.into_secret()).await?;
        self.store
            .write(move |unit| {
                let group = Slug::parse(::identity::group::ADMINISTRATORS).map_err(corrupt)?;
                let user = users::hold(unit, tenant.id, user.id)?.ok_or(ide::USER_NOT_FOUND)?;
                let group = identity_store::groups::hold(unit, tenant.id, &group)?.ok_or(ide::INTERNAL)?;
                let active = User { active: true, ..user.clone() };
                let before = UserView::of(unit, user.clone())?;
                users::update(unit, &user, &active)?;
                members::put(unit, &user, group.id, Validity::ALWAYS)?;
                passwords::put(unit, tenant.id, user.id, &hash)?;
                users::raise_epoch(unit, &active)?;
                let after = UserView::of(unit, active)?;
                unit.audit(&AuditEvent {
                    tenant: tenant.id,
                    actor: Actor::operator(),
                    action: action::ADMINISTRATOR_RECOVER,
                    target_id: user.id.to_string(),
                    outcome: Outcome::Done,
                    details: Some(changes(Some(before.told()), Some(after.told()))),
                })
            })
            .await
    }
}

/// The password of the first administrator: what the file holds, or a fresh one that is written into it.
///
/// # Errors
/// A sentence when the file can neither be read nor made.
pub fn administrator_password(file: &Path, entropy: &dyn Entropy) -> Result<Secret<String>, SettingsError> {
    let cannot = |error: std::io::Error| {
        SettingsError::new(format!("the administrator's password file {} cannot be used: {error}", file.display()))
    };
    match std::fs::read_to_string(file) {
        Ok(text) => return Ok(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned())),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(cannot(error)),
        Err(_) => {}
    }
    let password = fresh_password(entropy);
    write_secret(file, &password).map_err(cannot)?;
    Ok(password)
}

/// Writes a secret into a new file that only its owner reads.
pub(crate) fn write_secret(file: &Path, secret: &Secret<String>) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut made = options.open(file)?;
    made.write_all(format!("{}\n", secret.expose()).as_bytes()).and_then(|()| made.sync_all())
}

/// A password with one of each kind of character, whatever a tenant asks for; 144 bits are in the rest.
pub(crate) fn fresh_password(entropy: &dyn Entropy) -> Secret<String> {
    Secret::new(format!("{}.aA1", random_token(18, entropy).expose()))
}

/// Adds a tenant with all it begins with, and its administrator with the hash of their password.
///
/// # Errors
/// IDE-1009 when a tenant has, or had, the slug.
pub(super) fn plant_seed(unit: &mut Unit<'_>, planted: &Seed, administrator: Option<&(User, String)>) -> Result<()> {
    seed::plant(unit, planted)?;
    if let Some((user, hash)) = administrator {
        let administrators = planted.administrators().ok_or(ide::INTERNAL)?;
        users::insert(unit, user)?;
        passwords::put(unit, user.tenant, user.id, hash)?;
        members::put(unit, user, administrators.id, Validity::ALWAYS)?;
    }
    Ok(())
}

pub(super) fn corrupt(reason: domain::InvalidText) -> Failure {
    Failure::new(ide::INTERNAL).with_cause(reason)
}
