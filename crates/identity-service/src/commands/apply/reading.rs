//! From a file to the work it asks for: references are followed, and everything is compared with what there is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ::identity::application::NewSecret;
use ::identity::declared::{Contents, Kind, Plan, Refused, Wanted, plan};
use ::identity::password::{NewPassword, Owner};
use ::identity::seed::Seed;
use ::identity::tenant::{NewTenant, RawAdministrator, RawNewTenant, TenantName};
use ::identity::user::User;
use crypto::digest::client_secret_digest;
use domain::id::TenantId;
use domain::{Secret, Slug};
use error_codes::{Failure, ide};
use serde_saphyr::Spanned;
use service_kit::settings::SettingsError;

use super::file::TenantEntry;
use super::wanted::{Fault, fault, wanted};
use super::{Apply, difference};
use crate::app::declared::{Work, contents_of_seed};
use crate::app::first_start::fresh_password;
use crate::app::{App, source};
use crate::commands::sentence;

/// The longest secret or password that a reference leads to, in bytes.
const LONGEST_SECRET: usize = 4096;

/// A file under way.
pub(super) struct Reading<'a> {
    app: &'a App,
    shown: &'a str,
    options: &'a Apply,
    seen: BTreeSet<String>,
    /// What is to be done.
    pub(super) works: Vec<Work>,
    /// The same for people.
    pub(super) difference: String,
    /// Fresh secrets, and the files they go to.
    pub(super) fresh: BTreeMap<PathBuf, Secret<String>>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(app: &'a App, shown: &'a str, options: &'a Apply) -> Self {
        let (seen, works, difference, fresh) = Default::default();
        Self { app, shown, options, seen, works, difference, fresh }
    }

    /// Reads one tenant.
    pub(super) async fn tenant(&mut self, entry: &TenantEntry, system: TenantId) -> Result<(), SettingsError> {
        let here = |failure| fault(&entry.slug, "tenant", failure);
        if !self.seen.insert(entry.slug.value.clone()) {
            let twice = Failure::new(ide::NAME_TAKEN).with_cause("it is declared twice; keep one");
            return Err(self.refuse(here(twice)));
        }
        let name = TenantName::parse(&entry.slug.value);
        let (Ok(slug), Ok(TenantName::Slug(_))) = (Slug::parse(&entry.slug.value), name) else {
            let reason = "must be 1 to 63 lower-case letters, digits or inner hyphens, and no id";
            return Err(self.refuse(here(Failure::new(ide::INVALID_FIELD_TYPE).with_field("slug", reason))));
        };
        let mut wanted = wanted(entry, &self.app.products).map_err(|fault| self.refuse(fault))?;
        let found = self.app.contents(slug.clone()).await.map_err(|failure| sentence(&failure))?;
        let planting = match &found {
            Some(_) => None,
            None => Some(self.planting(entry).await?),
        };
        let contents = match (found, &planting) {
            (Some(contents), _) => contents,
            (None, Some((seed, _))) => contents_of_seed(seed),
            (None, None) => return Err(self.refuse(here(ide::TENANT_NOT_FOUND.into()))),
        };
        let secrets = self.secrets(entry, &contents, &mut wanted)?;
        let planned = self.plan(entry, &contents, &wanted)?;
        if planned.tenant.as_ref().is_some_and(|(_, after)| !after.active) && contents.tenant.id == system {
            return Err(self.refuse(here(ide::SYSTEM_TENANT.into())));
        }
        if planting.is_none() && planned.is_empty() {
            return Ok(());
        }
        let new = planting.as_ref().map(|(seed, _)| &seed.tenant);
        self.difference.push_str(&difference::of(&slug, new, &planned, &secrets));
        self.works.push(Work { slug, wanted, plan: planned, planting, secrets });
        Ok(())
    }

    fn plan(&self, entry: &TenantEntry, contents: &Contents, wanted: &Wanted) -> Result<Plan, SettingsError> {
        plan(contents, wanted, self.options.prune).map_err(|Refused { about, reason }| {
            let (line, about) = match about {
                None => (entry.slug.referenced.line(), format!("the tenant '{}'", entry.slug.value)),
                Some((kind, name)) => (line_of(entry, kind, &name), format!("the {} '{name}'", kind.name())),
            };
            SettingsError::new(format!("{}, line {line}: {about}: {reason}", self.shown))
        })
    }

    /// A tenant that is not there yet, with its administrator.
    async fn planting(&mut self, entry: &TenantEntry) -> Result<(Seed, (User, String)), SettingsError> {
        let here = |failure| fault(&entry.slug, "tenant", failure);
        let slug = &entry.slug.value;
        let administrator = entry.administrator.as_ref();
        let new = NewTenant::parse(&RawNewTenant {
            name: slug,
            display_name: entry.display_name.as_deref(),
            settings: entry.settings.change(),
            limits: entry.limits.change(),
            administrator: RawAdministrator {
                username: administrator.and_then(|administrator| administrator.username.as_deref()),
                email: administrator.and_then(|administrator| administrator.email.as_deref()),
                ..RawAdministrator::default()
            },
        });
        let new = new.map_err(|failure| self.refuse(here(failure)))?;
        let (file, variable) = administrator.map_or((None, None), |administrator| {
            (administrator.password_file.as_deref(), administrator.password_from_environment.as_deref())
        });
        let password = match (self.follow(&entry.slug, "password", file, variable)?, &self.options.secrets_out) {
            (Some(password), _) => password,
            (None, Some(folder)) => {
                let fresh = fresh_password(&*self.app.entropy);
                self.fresh.insert(folder.join(format!("{slug}-administrator.password")), fresh.clone());
                fresh
            }
            (None, None) => {
                let reason = "is new: name the password of its administrator with 'administrator.passwordFile', or give '--secrets-out DIR'";
                return Err(self.sentence(&entry.slug, "tenant", reason));
            }
        };
        let now = self.app.clock.now();
        let seed = Seed::new(new.make(now, &*self.app.entropy), now, &*self.app.entropy);
        let seed = seed.map_err(|reason| SettingsError::new(reason.to_string()))?;
        let user = new.administrator.make(seed.tenant.id, now, &*self.app.entropy);
        let owner = Owner { username: &user.username, email: &user.email };
        let kinds = seed.tenant.settings.password_kinds;
        let chosen = NewPassword::parse("administrator.password", password.expose(), kinds, owner);
        let chosen = chosen.map_err(|failure| self.refuse(here(failure)))?;
        // What is only looked at needs no hash.
        let hash = match self.options.dry_run {
            true => String::new(),
            false => self
                .app
                .hasher
                .hash(&source(seed.tenant.id, ""), chosen.into_secret())
                .await
                .map_err(|failure| sentence(&failure))?,
        };
        Ok((seed, (user, hash)))
    }

    /// Follows the references of applications; those that are new and have none get a fresh secret where there is a folder.
    fn secrets(
        &mut self,
        entry: &TenantEntry,
        contents: &Contents,
        wanted: &mut Wanted,
    ) -> Result<BTreeMap<String, Secret<String>>, SettingsError> {
        let mut secrets = BTreeMap::new();
        for application in entry.applications.iter().flatten() {
            let name = &application.name.value;
            let (file, variable) = (application.secret_file.as_deref(), application.secret_from_environment.as_deref());
            let (now, entropy) = (self.app.clock.now(), &*self.app.entropy);
            let secret = match (self.follow(&application.name, "secret", file, variable)?, &self.options.secrets_out) {
                (Some(value), _) => NewSecret::given(value, now, entropy).map_err(|reason| {
                    self.sentence(&application.name, "application", &format!("its secret {reason}"))
                })?,
                (None, Some(folder)) if !contents.applications.contains_key(name) => {
                    let fresh = NewSecret::new(now, entropy);
                    self.fresh.insert(folder.join(format!("{}-{name}.secret", entry.slug.value)), fresh.value.clone());
                    fresh
                }
                (None, _) => continue,
            };
            let digest = *client_secret_digest(secret.value.expose()).as_bytes();
            if let Some(declared) = wanted.applications.as_mut().and_then(|all| all.get_mut(name)) {
                declared.secret = Some(digest);
            }
            secrets.insert(name.clone(), secret.value);
        }
        Ok(secrets)
    }

    /// What a reference leads to: a file beside the apply file, or a variable of the environment.
    fn follow(
        &self,
        at: &Spanned<String>,
        what: &str,
        file: Option<&Path>,
        variable: Option<&str>,
    ) -> Result<Option<Secret<String>>, SettingsError> {
        let refused = |reason: String| {
            SettingsError::new(format!("{}, line {}: '{}': {reason}", self.shown, at.referenced.line(), at.value))
        };
        let text = match (file, variable) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => return Err(refused(format!("names its {what} by file and by variable; keep one"))),
            (Some(file), None) => {
                let path = self.options.file.parent().unwrap_or(Path::new("")).join(file);
                std::fs::read_to_string(&path).map_err(|error| {
                    refused(format!("the {what} file {} cannot be read: {error}; make it", path.display()))
                })?
            }
            (None, Some(name)) => variable_of(name)
                .ok_or_else(|| refused(format!("the variable {name} with its {what} is not set; set it")))?,
        };
        let text = Secret::new(text);
        let value = text.expose().trim_end_matches(['\r', '\n']);
        if value.len() > LONGEST_SECRET {
            return Err(refused(format!("the {what} has more than {LONGEST_SECRET} bytes; name another")));
        }
        Ok(Some(Secret::new(value.to_owned())))
    }

    fn refuse(&self, fault: Fault) -> SettingsError {
        let Fault { line, about, failure } = fault;
        SettingsError::new(format!("{}, line {line}: {about}: {}", self.shown, sentence(&failure)))
    }

    fn sentence(&self, at: &Spanned<String>, kind: &str, reason: &str) -> SettingsError {
        let line = at.referenced.line();
        SettingsError::new(format!("{}, line {line}: the {kind} '{}': {reason}", self.shown, at.value))
    }
}

#[allow(clippy::disallowed_methods, reason = "the file names the variable")]
fn variable_of(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Where something is declared; where it is pruned, its tenant.
fn line_of(entry: &TenantEntry, kind: Kind, name: &str) -> u64 {
    let names: Vec<&Spanned<String>> = match kind {
        Kind::Role => entry.roles.iter().flatten().map(|role| &role.slug).collect(),
        Kind::Group => entry.groups.iter().flatten().map(|group| &group.slug).collect(),
        Kind::Application => entry.applications.iter().flatten().map(|application| &application.name).collect(),
    };
    let found = names.into_iter().find(|declared| declared.value == name);
    found.unwrap_or(&entry.slug).referenced.line()
}
