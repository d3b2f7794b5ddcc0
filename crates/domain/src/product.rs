//! Products: the namespaces of permissions, and the role an application of a product acts as.

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
    format!("{}-editor-role", canonical(product))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_names_of_one_product_lead_to_one_role() {
        assert_eq!(editor_role("plugin-smart-template"), editor_role("plugin-smart-templates"));
        assert_eq!(editor_role("midaz"), "midaz-editor-role");
    }
}
