//! `cargo xtask layers`: a crate depends only on crates with a smaller number.

use std::collections::BTreeMap;

use crate::failure::{Failure, Result};
use crate::workspace::{DependencyKind, Package, Workspace};

/// Crates without a number. Tests may depend on the first kind, nothing on the second.
const TEST_TOOLS: [&str; 4] = ["deployment", "pair", "postgres-server", "testkit"];
const COMMANDS: [&str; 4] = ["bench", "faults", "ledgers", "xtask"];

/// Up to this layer nobody sees an edge, a runtime, a database, a settings file or telemetry.
const LAST_PURE_LAYER: u32 = 2;
const IMPURE_FAMILIES: [&str; 6] = ["actix", "config", "diesel", "opentelemetry", "tokio", "tonic"];

pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::read()?;
    let layers = workspace.layers();
    let violations = violations(&layers, &workspace.packages);
    if violations.is_empty() {
        println!("Layers: {} crates, and no dependency goes up.", workspace.packages.len());
        return Ok(());
    }
    for violation in &violations {
        eprintln!("  {violation}");
    }
    Err(Failure::new("the layers are broken as listed; see [workspace.metadata.layers] in Cargo.toml"))
}

/// Every broken rule as a sentence; empty when the layers hold.
fn violations(layers: &BTreeMap<String, u32>, packages: &[Package]) -> Vec<String> {
    let mut found = Vec::new();
    for name in layers.keys() {
        if !packages.iter().any(|package| package.name == *name) {
            found.push(format!("`{name}` has a layer number but is no crate of the workspace"));
        }
        if is_tool(name) {
            found.push(format!("`{name}` is a tool and must not have a layer number"));
        }
    }
    for package in packages {
        let own = layers.get(&package.name).copied();
        if own.is_none() && !is_tool(&package.name) {
            found.push(format!("`{}` has no layer number", package.name));
        }
        for dependency in &package.dependencies {
            let for_tests = dependency.kind == Some(DependencyKind::Dev);
            let broken = if dependency.path.is_some() {
                inner_violation(own, layers.get(&dependency.name).copied(), &dependency.name, for_tests)
            } else {
                outer_violation(own, &dependency.name, for_tests)
            };
            if let Some(reason) = broken {
                found.push(format!("`{}` depends on `{}`, {reason}", package.name, dependency.name));
            }
        }
    }
    found
}

/// Judges a dependency on a crate of the workspace.
fn inner_violation(own: Option<u32>, other: Option<u32>, name: &str, for_tests: bool) -> Option<String> {
    if COMMANDS.contains(&name) {
        return Some("on which nothing may depend".to_owned());
    }
    if for_tests {
        return None;
    }
    match (own, other) {
        (Some(own), Some(other)) if other >= own => Some(format!("which goes from layer {own} up to layer {other}")),
        (Some(_), None) if TEST_TOOLS.contains(&name) => Some("which only tests may use".to_owned()),
        // Tools may use every numbered crate, and a crate without a number is reported on its own.
        (Some(_) | None, Some(_) | None) => None,
    }
}

/// Judges a dependency on a published library.
fn outer_violation(own: Option<u32>, name: &str, for_tests: bool) -> Option<String> {
    let pure = own.is_some_and(|layer| layer <= LAST_PURE_LAYER);
    let impure = IMPURE_FAMILIES
        .iter()
        .any(|family| name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_'])));
    (pure && impure && !for_tests).then(|| format!("which no crate of layers 0 to {LAST_PURE_LAYER} may see"))
}

fn is_tool(name: &str) -> bool {
    TEST_TOOLS.contains(&name) || COMMANDS.contains(&name)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::workspace::Dependency;

    fn layers() -> BTreeMap<String, u32> {
        [("domain", 1), ("auth", 2), ("identity", 2), ("store", 3)].map(|(name, layer)| (name.to_owned(), layer)).into()
    }

    fn on(name: &str) -> Dependency {
        Dependency { name: name.to_owned(), kind: None, path: Some(PathBuf::from(name)) }
    }

    fn for_tests(name: &str) -> Dependency {
        Dependency { kind: Some(DependencyKind::Dev), ..on(name) }
    }

    fn on_library(name: &str) -> Dependency {
        Dependency { path: None, ..on(name) }
    }

    /// The violations of a whole workspace in which one crate has these dependencies.
    fn judge(name: &str, dependencies: Vec<Dependency>) -> Vec<String> {
        let mut dependencies = Some(dependencies);
        let packages: Vec<Package> = ["domain", "auth", "identity", "store", "testkit", "xtask"]
            .into_iter()
            .map(|crate_name| Package {
                name: crate_name.to_owned(),
                dependencies: dependencies.take_if(|_| crate_name == name).unwrap_or_default(),
            })
            .collect();
        violations(&layers(), &packages)
    }

    #[test]
    fn a_dependency_that_goes_down_passes() {
        assert_eq!(judge("store", vec![on("auth"), on("domain"), for_tests("testkit")]), Vec::<String>::new());
    }

    #[test]
    fn an_upward_dependency_is_refused() {
        assert_eq!(
            judge("auth", vec![on("store")]),
            ["`auth` depends on `store`, which goes from layer 2 up to layer 3"]
        );
    }

    #[test]
    fn an_upward_build_dependency_is_refused() {
        let dependency = Dependency { kind: Some(DependencyKind::Build), ..on("store") };
        assert_eq!(judge("domain", vec![dependency]).len(), 1);
    }

    #[test]
    fn neighbours_in_one_layer_do_not_see_each_other() {
        assert_eq!(
            judge("auth", vec![on("identity")]),
            ["`auth` depends on `identity`, which goes from layer 2 up to layer 2"]
        );
    }

    #[test]
    fn the_test_kit_is_for_tests_only() {
        assert_eq!(judge("store", vec![on("testkit")]), ["`store` depends on `testkit`, which only tests may use"]);
    }

    #[test]
    fn nothing_depends_on_the_commands() {
        assert_eq!(
            judge("testkit", vec![for_tests("xtask")]),
            ["`testkit` depends on `xtask`, on which nothing may depend"]
        );
    }

    #[test]
    fn a_rule_crate_does_not_see_a_runtime_or_its_family() {
        let seen =
            judge("auth", vec![on_library("tokio"), on_library("diesel_migrations"), on_library("configparser")]);
        assert_eq!(seen.len(), 2, "{seen:?}");
        assert_eq!(judge("store", vec![on_library("tokio"), on_library("diesel")]), Vec::<String>::new());
    }

    #[test]
    fn every_crate_has_a_number_and_every_number_a_crate() {
        let packages = [Package { name: "stranger".to_owned(), dependencies: Vec::new() }];
        let layers = [("gone".to_owned(), 1)].into();
        assert_eq!(
            violations(&layers, &packages),
            ["`gone` has a layer number but is no crate of the workspace", "`stranger` has no layer number"]
        );
    }
}
