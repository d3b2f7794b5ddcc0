//! Who a login names: `username`, or `tenant/username`.

use domain::username;

/// The most characters of a typed name that are looked at; no username is longer.
const LONGEST: usize = 255;

/// What somebody typed to log in, taken apart. It may name nobody; that is found out at the usual cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginName {
    /// The tenant's slug; `None` is the default tenant.
    pub tenant: Option<String>,
    /// Whether the path and the prefix agree. Where they do not, the login is refused as a wrong password is.
    pub consistent: bool,
    /// The comparison form of the username; `None` where no user can have it.
    pub folded: Option<String>,
    /// What tries are counted under, whether the name exists or not.
    pub counted: String,
}

impl LoginName {
    /// Takes a login apart; `path_tenant` is the slug of the path, empty when it names none.
    pub fn read(path_tenant: &str, typed: &str) -> Self {
        let (prefix, name) = typed.split_once('/').unwrap_or(("", typed));
        let tenant = if path_tenant.is_empty() { prefix } else { path_tenant };
        let folded = username::fold(name);
        let counted = folded.clone().unwrap_or_else(|| name.to_lowercase()).chars().take(LONGEST).collect();
        Self {
            tenant: (!tenant.is_empty()).then(|| tenant.to_owned()),
            consistent: prefix.is_empty() || prefix == tenant,
            folded,
            counted,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_prefix_names_the_tenant_where_the_path_does_not() {
        let plain = LoginName::read("", "Ana");
        assert_eq!((plain.tenant, plain.folded.as_deref(), plain.consistent), (None, Some("ana"), true));
        let prefixed = LoginName::read("", "lerian/Ana");
        assert_eq!((prefixed.tenant.as_deref(), prefixed.folded.as_deref()), (Some("lerian"), Some("ana")));
        assert_eq!(LoginName::read("lerian", "Ana").tenant.as_deref(), Some("lerian"));
    }

    #[test]
    fn a_prefix_that_contradicts_the_path_is_inconsistent() {
        assert!(LoginName::read("lerian", "lerian/ana").consistent);
        assert!(!LoginName::read("lerian", "other/ana").consistent);
    }

    #[test]
    fn a_name_that_nobody_can_have_is_counted_all_the_same() {
        let name = LoginName::read("", "Ana Souza");
        assert_eq!((name.folded, name.counted.as_str()), (None, "ana souza"));
    }

    proptest! {
        #[test]
        fn the_spelling_of_a_name_does_not_give_another_counter(name in "[a-zA-Z0-9._-]{3,20}", tenant in "[a-z]{1,8}") {
            let lower = LoginName::read("", &format!("{tenant}/{}", name.to_lowercase()));
            let upper = LoginName::read(&tenant, &name.to_uppercase());
            prop_assert_eq!(lower.counted, upper.counted);
            prop_assert_eq!(lower.tenant, upper.tenant);
        }

        #[test]
        fn anything_typed_can_be_counted(typed in "\\PC{0,600}") {
            prop_assert!(LoginName::read("", &typed).counted.chars().count() <= LONGEST);
        }
    }
}
