//! Which products an application may be made for.

use std::collections::BTreeSet;

use domain::{InvalidText, Slug};
use error_codes::{Failure, Result, ide};

/// Registered in every deployment: the names that the documentation of the Access Manager prints.
const ALWAYS: [&str; 5] = ["midaz", "plugin-fees", "plugin-crm", "plugin-smart-template", "plugin-smart-templates"];

/// Gatehouse itself: an application that could choose these would administer whoever made it.
const BUILT_IN: [&str; 3] = ["plugin-identity", "plugin-auth", "gatehouse"];

/// The products of a deployment.
#[derive(Clone, Debug)]
pub struct Products(BTreeSet<String>);

/// Whether a product is Gatehouse itself, which nobody but Gatehouse speaks for.
pub fn is_built_in(product: &str) -> bool {
    BUILT_IN.contains(&product)
}

impl Products {
    /// The products that are always registered, and those of the settings.
    ///
    /// # Errors
    /// A name that is no slug, or belongs to Gatehouse itself.
    pub fn new(registered: impl IntoIterator<Item = String>) -> Result<Self, InvalidText> {
        let mut names: BTreeSet<_> = ALWAYS.map(str::to_owned).into();
        for name in registered {
            Slug::parse(&name)?;
            if is_built_in(&name) {
                return Err(InvalidText::new(format!("must not hold '{name}', which is built in")));
            }
            names.insert(name);
        }
        Ok(Self(names))
    }

    /// Checks the `name` of an application to be made.
    ///
    /// # Errors
    /// IDE-0012, naming what may be chosen.
    pub fn find(&self, name: &str) -> Result<&str> {
        self.0.get(name).map(String::as_str).ok_or_else(|| {
            let names = self.0.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            Failure::new(ide::INVALID_APPLICATION_NAME).with_field("name", format!("must be one of {names}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_registered_products_can_be_chosen() {
        let products = Products::new(["reporter".to_owned()]).unwrap();
        for name in ["midaz", "plugin-smart-template", "reporter"] {
            assert_eq!(products.find(name).unwrap(), name);
        }
        let failure = products.find("Midaz").unwrap_err();
        assert_eq!(failure.code(), ide::INVALID_APPLICATION_NAME);
        assert!(format!("{:?}", failure.fields()).contains("plugin-crm, plugin-fees"));
    }

    #[test]
    fn a_product_of_gatehouse_itself_is_never_registered() {
        assert!(Products::new(["plugin-identity".to_owned()]).is_err());
        assert!(Products::new([]).unwrap().find("plugin-identity").is_err());
    }
}
