//! Tenants: the boundary that nothing crosses, and what is set for everybody inside it.

use domain::id::TenantId;
use domain::{Entropy, Epoch, InvalidText, Slug, Timestamp, text};
use error_codes::{Failure, Result, ide};

use crate::fields::Fields;
use crate::user::{NewUser, RawNewUser};

pub use change::TenantChange;
pub use limits::{Limits, LimitsChange, keep_within};
pub use settings::{KindsChange, Settings, SettingsChange};

mod change;
mod limits;
mod settings;

/// The username of the first administrator of a tenant, unless another is named.
pub const ADMINISTRATOR: &str = "admin";

/// One tenant. Its slug stands in tokens, paths and logins, and never changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name in tokens (`owner`), paths and logins.
    pub slug: Slug,
    /// Its name for people, 1 to 255 characters.
    pub display_name: String,
    /// Whether anybody may log in.
    pub active: bool,
    /// Raised when everything in it is ended.
    pub epoch: Epoch,
    /// What is set for everybody inside it.
    pub settings: Settings,
    /// How much of everything it may have.
    pub limits: Limits,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Tenant {
    /// A new, active tenant with default settings and without limits.
    pub fn new(slug: Slug, display_name: String, now: Timestamp, entropy: &dyn Entropy) -> Self {
        Self {
            id: TenantId::new(now, entropy),
            slug,
            display_name,
            active: true,
            epoch: Epoch::default(),
            settings: Settings::default(),
            limits: Limits::default(),
            created_at: now,
            updated_at: now,
        }
    }

    /// Refuses to end the tenant that administers all others.
    ///
    /// # Errors
    /// IDE-1020.
    pub fn may_end(&self, system: TenantId) -> Result<()> {
        if self.id == system { Err(Failure::new(ide::SYSTEM_TENANT)) } else { Ok(()) }
    }
}

/// How a tenant is named in a path or on a command line: no slug reads as an id, so one text never means two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantName {
    /// By its id.
    Id(TenantId),
    /// By its slug.
    Slug(Slug),
}

impl TenantName {
    /// Reads a name.
    ///
    /// # Errors
    /// IDE-1018 for what can name none.
    pub fn parse(text: &str) -> Result<Self> {
        match TenantId::parse(text) {
            Ok(id) => Ok(Self::Id(id)),
            Err(_) => Slug::parse(text).map(Self::Slug).map_err(|_| ide::TENANT_NOT_FOUND.into()),
        }
    }
}

/// What a request says about a tenant to be made; nothing in it was checked.
#[derive(Clone, Debug, Default)]
pub struct RawNewTenant<'a> {
    /// `name`, the slug.
    pub name: &'a str,
    /// `displayName`; the slug with a capital when absent.
    pub display_name: Option<&'a str>,
    /// `settings`.
    pub settings: SettingsChange,
    /// `limits`.
    pub limits: LimitsChange,
    /// `administrator`.
    pub administrator: RawAdministrator<'a>,
}

/// What a request says about the first administrator; each member has a default, so that no tenant is without one.
#[derive(Clone, Debug, Default)]
pub struct RawAdministrator<'a> {
    /// `administrator.username`; `admin` when absent.
    pub username: Option<&'a str>,
    /// `administrator.email`; an address that no mail ever reaches when absent (RFC 6761 §6.4).
    pub email: Option<&'a str>,
    /// `administrator.firstName`; `Admin` when absent.
    pub first_name: Option<&'a str>,
    /// `administrator.lastName`; `Administrator` when absent.
    pub last_name: Option<&'a str>,
}

/// A tenant about to be made.
#[derive(Clone, Debug)]
pub struct NewTenant {
    /// Its slug.
    pub slug: Slug,
    /// Its name for people.
    pub display_name: String,
    /// What is set for everybody inside it.
    pub settings: Settings,
    /// How much of everything it may have.
    pub limits: Limits,
    /// The first administrator; the password goes its own way.
    pub administrator: NewUser,
}

impl NewTenant {
    /// Checks every member.
    ///
    /// # Errors
    /// IDE-0002 with every member that breaks a limit.
    pub fn parse(raw: &RawNewTenant<'_>) -> Result<Self> {
        let mut fields = Fields::default();
        let slug = fields.read("name", raw.name, parse_slug);
        let shown = raw.display_name.map_or_else(|| capitalized(raw.name), str::to_owned);
        let display_name = fields.read("displayName", shown.as_str(), parse_display_name);
        let settings = raw.settings.apply(&Settings::default(), &mut fields);
        let limits = raw.limits.apply(&Limits::default(), &mut fields);
        let (Some(slug), Some(display_name), true) = (slug, display_name, fields.are_sound()) else {
            return Err(fields.into_failure());
        };
        let administrator = raw.administrator.parse(&slug)?;
        Ok(Self { slug, display_name, settings, limits, administrator })
    }

    /// The tenant it becomes.
    pub fn make(&self, now: Timestamp, entropy: &dyn Entropy) -> Tenant {
        Tenant {
            settings: self.settings.clone(),
            limits: self.limits.clone(),
            ..Tenant::new(self.slug.clone(), self.display_name.clone(), now, entropy)
        }
    }
}

impl RawAdministrator<'_> {
    fn parse(&self, slug: &Slug) -> Result<NewUser> {
        let nowhere = format!("{ADMINISTRATOR}@{slug}.invalid");
        let raw = RawNewUser {
            first_name: self.first_name.unwrap_or("Admin"),
            last_name: self.last_name.unwrap_or("Administrator"),
            username: self.username.unwrap_or(ADMINISTRATOR),
            email: self.email.unwrap_or(&nowhere),
            ..RawNewUser::default()
        };
        NewUser::parse(&raw).map_err(|failure| {
            let named = |name: &String| format!("administrator.{name}");
            let fields = failure.fields().iter().map(|(name, detail)| (named(name), detail.clone())).collect();
            Failure::new(failure.code()).with_fields(fields)
        })
    }
}

/// Reads a name for people.
pub fn parse_display_name(input: &str) -> Result<String, InvalidText> {
    text::line(input, 1, 255).map(str::to_owned)
}

/// `lerian` is shown as `Lerian`.
pub fn capitalized(slug: &str) -> String {
    let mut letters = slug.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A slug that nobody can take for an id.
fn parse_slug(input: &str) -> Result<Slug, InvalidText> {
    if TenantId::parse(input).is_ok() {
        return Err(InvalidText::new("must not have the form of an id"));
    }
    Slug::parse(input)
}

#[cfg(test)]
mod tests;
