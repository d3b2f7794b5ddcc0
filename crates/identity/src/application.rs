//! Applications: software that authenticates for itself, or for people.

use domain::id::{ApplicationId, TenantId};
use domain::{Entropy, Epoch, Timestamp, text};
use error_codes::{Failure, Result, ide};

use crate::fields::Fields;
use crate::product::Products;

pub use credentials::ClientId;
pub use grants::{Grant, Grants};
pub use secret::{ApplicationSecret, NewSecret, Overlap, is_masked, masked, room_for_another};

mod credentials;
mod grants;
mod secret;

/// A living application.
#[derive(Clone, Debug, PartialEq)]
pub struct Application {
    /// The key of its rows, and the `id` of the Access Manager API.
    pub id: ApplicationId,
    /// The tenant, for ever.
    pub tenant: TenantId,
    /// What it names itself by.
    pub client_id: ClientId,
    /// Its name, unique in the tenant, for ever and never given again.
    pub name: String,
    /// The product as whose editor it acts, under the name it was made with (`name` of the Access Manager API).
    pub product: Option<String>,
    /// Tells applications of one product apart, 1 to 255 characters.
    pub description: String,
    /// The grants it may use.
    pub grants: Grants,
    /// People who name no client log in through it; one in each tenant.
    pub is_default: bool,
    /// Seeded with the tenant, and protected.
    pub built_in: bool,
    /// Whether it may declare what its product permits. An administrator made it, and only administrators add secrets: who
    /// holds one decides who may do what in the product.
    pub declares: bool,
    /// Tokens issued under a smaller number are dead.
    pub epoch: Epoch,
    /// Counts every change, also of secrets.
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Application {
    /// Refuses a change of what was seeded with the tenant.
    pub fn changeable(&self) -> Result<()> {
        if self.built_in { Err(Failure::new(ide::BUILT_IN)) } else { Ok(()) }
    }
}

/// An application of a product, about to be made.
#[derive(Clone, Debug)]
pub struct NewApplication {
    /// The product, registered.
    pub product: String,
    /// What it is for.
    pub description: String,
}

impl NewApplication {
    /// Checks the members of a request; `name` is the product.
    ///
    /// # Errors
    /// IDE-0002 for the description, IDE-0012 for a product that is not registered.
    pub fn parse(name: &str, description: &str, products: &Products) -> Result<Self> {
        let mut fields = Fields::default();
        let Some(description) = fields.read("description", description, |input| text::line(input, 1, 255)) else {
            return Err(fields.into_failure());
        };
        Ok(Self { product: products.find(name)?.to_owned(), description: description.to_owned() })
    }

    /// The application it becomes: it gets tokens for itself alone. Its name is the product and a short id.
    pub fn make(self, tenant: TenantId, now: Timestamp, entropy: &dyn Entropy) -> Application {
        let client_id = ClientId::new(entropy);
        let name = format!("{}-{}", self.product, client_id.short());
        Application { client_id, ..self.make_named(name, tenant, now, entropy) }
    }

    /// The application it becomes under a name that was chosen.
    pub fn make_named(self, name: String, tenant: TenantId, now: Timestamp, entropy: &dyn Entropy) -> Application {
        Application {
            id: ApplicationId::new(now, entropy),
            tenant,
            client_id: ClientId::new(entropy),
            name,
            product: Some(self.product),
            description: self.description,
            grants: Grants::of([Grant::ClientCredentials, Grant::RefreshToken]),
            is_default: false,
            built_in: false,
            declares: false,
            epoch: Epoch::default(),
            revision: 0,
            created_at: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::OsEntropy;

    use super::*;

    fn make(name: &str) -> Application {
        let now = Timestamp::from_seconds(1_000);
        let parsed = NewApplication::parse(name, "Ledger exports", &Products::new([]).unwrap()).unwrap();
        parsed.make(TenantId::new(now, &OsEntropy), now, &OsEntropy)
    }

    #[test]
    fn two_applications_of_one_product_have_names_of_their_own() {
        let (one, other) = (make("plugin-smart-template"), make("plugin-smart-template"));
        assert_eq!(one.product.as_deref(), Some("plugin-smart-template"));
        assert!(one.name.starts_with("plugin-smart-template-"));
        assert!(one.name != other.name && one.client_id != other.client_id);
        assert!(one.changeable().is_ok());
    }

    #[test]
    fn a_product_that_is_not_registered_is_refused() {
        let products = Products::new([]).unwrap();
        let failure = NewApplication::parse("plugin-identity", "x", &products).unwrap_err();
        assert_eq!(failure.code(), ide::INVALID_APPLICATION_NAME);
        let failure = NewApplication::parse("midaz", "", &products).unwrap_err();
        assert_eq!(failure.code(), ide::INVALID_FIELD_TYPE);
    }
}
