//! Compiles `proto/` without a foreign compiler.

use std::error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn error::Error>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("proto");
    println!("cargo:rerun-if-changed={}", root.display());
    let descriptors = protox::compile(["ledgers/v1/ledgers.proto"], [&root])?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}
