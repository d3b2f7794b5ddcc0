//! Who takes part in a token, as identity tells: the tenant, the application and the person.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use domain::id::{ApplicationId, SecretId, TenantId, UserId};
use domain::{Epoch, Epochs, Slug, Timestamp};

use crate::{GrantType, TenantLifetimes};

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its slug, which tokens call the owner.
    pub slug: Slug,
    /// What its tokens must not be older than.
    pub epoch: Epoch,
    /// How long things live in it, as far as it sets that itself.
    pub lifetimes: TenantLifetimes,
    /// Requests in a second at most, where it has such a limit.
    pub requests_per_second: Option<NonZeroU32>,
}

/// An application: through which people log in, or which acts for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its id.
    pub id: ApplicationId,
    /// What it presents itself as.
    pub client_id: String,
    /// The tenant it belongs to.
    pub tenant: Tenant,
    /// Its name, unique in the tenant.
    pub name: String,
    /// The product as whose editor it acts, in the spelling it was made with.
    pub product: Option<String>,
    /// What its tokens must not be older than.
    pub epoch: Epoch,
    /// The grants it may use.
    pub grants: Vec<GrantType>,
    /// The ids of its secrets that are not withdrawn, each with its end if it has one.
    pub secrets: BTreeMap<SecretId, Option<Timestamp>>,
    /// Whether it is the tenant's own, through which people log in without naming a client.
    pub is_default: bool,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their username, as it was given.
    pub username: String,
    /// Their first name.
    pub first_name: String,
    /// Their last name.
    pub last_name: String,
    /// Their e-mail address.
    pub email: String,
    /// Whether the address was shown to be theirs.
    pub email_verified: bool,
}

impl Application {
    /// The `sub` of its own tokens; a user's id has no `/`, so it never equals one.
    pub fn sub(&self) -> String {
        format!("{}/{}", self.tenant.slug, self.name)
    }

    /// Its name for human eyes: the product, which is what it was registered as on the Access Manager surface.
    pub fn display_name(&self) -> &str {
        self.product.as_deref().unwrap_or(&self.name)
    }

    /// The epochs of a token that it gets for itself.
    pub fn own_epochs(&self) -> Epochs {
        Epochs { tenant: self.tenant.epoch, application: self.epoch, subject: self.epoch }
    }

    /// The epochs of a token that a person gets through it.
    pub fn epochs_of(&self, user: Epoch) -> Epochs {
        Epochs { subject: user, ..self.own_epochs() }
    }

    /// Whether it may use a grant.
    pub fn allows(&self, grant: GrantType) -> bool {
        self.grants.contains(&grant)
    }

    /// Whether a secret of it is neither withdrawn nor past its end.
    pub fn has_live_secret(&self, secret: SecretId, now: Timestamp) -> bool {
        self.secrets.get(&secret).is_some_and(|end| end.is_none_or(|end| now < end))
    }
}

impl User {
    /// Their name for human eyes.
    pub fn display_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }
}
