//! What cargo knows about the workspace: crates, their dependencies, the layers table, the target folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;

use crate::cargo;
use crate::failure::{Failure, Result};

/// The answer of `cargo metadata --no-deps`, as far as it is used.
#[derive(Deserialize)]
pub(crate) struct Workspace {
    pub(crate) packages: Vec<Package>,
    pub(crate) target_directory: PathBuf,
    #[serde(rename = "metadata")]
    tables: Option<Tables>,
}

#[derive(Deserialize)]
struct Tables {
    #[serde(default)]
    layers: BTreeMap<String, u32>,
}

#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// Absent for a normal dependency.
    pub(crate) kind: Option<DependencyKind>,
    /// Present for a crate of this workspace.
    pub(crate) path: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DependencyKind {
    Build,
    Dev,
}

impl Workspace {
    pub(crate) fn read() -> Result<Self> {
        let output = cargo::command(["metadata", "--no-deps", "--format-version", "1"])
            .stderr(Stdio::inherit())
            .output()
            .map_err(|cause| Failure::new(format!("cannot start cargo: {cause}")))?;
        if !output.status.success() {
            return Err(Failure::new("cargo cannot read the workspace; mend what it names above"));
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|cause| Failure::new(format!("the answer of `cargo metadata` is not understood: {cause}")))
    }

    /// The table `[workspace.metadata.layers]` of the root manifest; empty when there is none.
    pub(crate) fn layers(&self) -> BTreeMap<String, u32> {
        self.tables.as_ref().map(|tables| tables.layers.clone()).unwrap_or_default()
    }
}

/// The root folder of the workspace, known since this crate was compiled in it.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}
