//! The scenarios, each in a file of its own.

mod clock;
mod crowd;
mod database;
mod descriptors;
mod disk;
mod kill;
mod migrators;
mod peer;
mod rolling;
mod slow;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use deployment::Result;

use crate::report::Line;
use crate::run::Context;

/// The names of all scenarios, in the order in which they run.
pub const NAMES: [&str; 10] =
    ["kill", "peer", "database", "slow", "disk", "descriptors", "clock", "rolling", "migrators", "crowd"];

/// Runs one scenario on one engine.
pub async fn run(name: &str, context: &Context) -> Result<Vec<Line>> {
    match name {
        "kill" => kill::run(context).await,
        "peer" => peer::run(context).await,
        "database" => database::run(context).await,
        "slow" => slow::run(context).await,
        "disk" => disk::run(context).await,
        "descriptors" => descriptors::run(context).await,
        "clock" => clock::run(context).await,
        "rolling" => rolling::run(context).await,
        "migrators" => migrators::run(context).await,
        "crowd" => crowd::run(context).await,
        _ => Err(format!("there is no scenario '{name}'").into()),
    }
}

/// A span between two others that nobody can foretell.
fn random_between(least: Duration, most: Duration) -> Duration {
    let chance = RandomState::new().build_hasher().finish();
    least + (most - least).mul_f64(f64::from(u32::try_from(chance >> 32).unwrap_or(0)) / f64::from(u32::MAX))
}
