//! Products: the namespaces of permissions, and the role an application of a product acts as.

/// What the role ends with as which the applications of a product act.
const EDITOR: &str = "-editor-role";

/// The one name of a product that is known by several.
///
/// The documentation of the Access Manager prints both `plugin-smart-template` and `plugin-smart-templates`; they are one
/// product with one role.
pub fn canonical(product: &str) -> &str {
    match product {
        "plugin-smart-template" => "plugin-smart-templates",
        other => other,
    }
}

/// The role as which every application of a product acts, such as `midaz-editor-role`.
pub fn editor_role(product: &str) -> String {
    format!("{}{EDITOR}", canonical(product))
}

/// The products whose applications act as a role: the way back from [`editor_role`]. None for any other role.
pub fn acting_as(role: &str) -> Vec<&str> {
    let Some(product) = role.strip_suffix(EDITOR) else { return Vec::new() };
    let names = [product, "plugin-smart-template"];
    names.into_iter().filter(|name| canonical(name) == product).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_names_of_one_product_lead_to_one_role() {
        assert_eq!(editor_role("plugin-smart-template"), editor_role("plugin-smart-templates"));
        assert_eq!(editor_role("midaz"), "midaz-editor-role");
    }

    #[test]
    fn a_role_leads_back_to_every_product_that_acts_as_it() {
        assert_eq!(acting_as("midaz-editor-role"), ["midaz"]);
        let both = ["plugin-smart-templates", "plugin-smart-template"];
        assert_eq!(acting_as("plugin-smart-templates-editor-role"), both);
        for nobodys in ["midaz-viewer-role", "plugin-smart-template-editor-role", "clerk"] {
            assert_eq!(acting_as(nobodys), Vec::<&str>::new(), "{nobodys}");
        }
    }
}
