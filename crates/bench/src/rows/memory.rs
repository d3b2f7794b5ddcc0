//! What a process holds, how soon it is ready, and how large its binary is.

use super::Plan;
use super::reads;
use crate::cpu;
use crate::report::Line;
use deployment::{Deployment, Machine, Process, Result, Service};

const MIB: f64 = 1024.0 * 1024.0;

/// The size of the binaries.
pub fn binaries(machine: &Machine) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (name, path) in [("auth-service", &machine.auth), ("identity-service", &machine.identity)] {
        #[allow(clippy::cast_precision_loss)]
        let size = std::fs::metadata(path)?.len() as f64 / MIB;
        lines.push(Line::at_most(format!("binary of {name}"), "", size, 15.0, "MiB"));
    }
    Ok(lines)
}

/// Memory of processes that were just started.
pub fn idle(deployment: &Deployment) -> Vec<Line> {
    held(deployment, "idle", 25.0)
}

/// Memory after load, with as many users in the database as are there.
pub async fn loaded(deployment: &Deployment, plan: Plan) -> Result<Vec<Line>> {
    reads::all(deployment, plan).await?;
    Ok(held(deployment, "after load, large database", 50.0))
}

/// From the start of the program to its first ready answer, over a database that exists.
pub async fn ready(deployment: &mut Deployment) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for service in [Service::Auth, Service::Identity] {
        let mut times = Vec::new();
        for _ in 0..5 {
            times.push(deployment.restart(service).await?.as_secs_f64() * 1_000.0);
        }
        times.sort_unstable_by(f64::total_cmp);
        let engine = deployment.engine.name();
        lines.push(Line::at_most(format!("start to ready, {}", service.name()), engine, times[2], 100.0, "ms"));
    }
    Ok(lines)
}

fn held(deployment: &Deployment, when: &str, goal: f64) -> Vec<Line> {
    let services = [("auth-service", &deployment.auths()[0]), ("identity-service", &deployment.identities()[0])];
    let line = |(name, process): (&str, &Process)| {
        let held = cpu::memory_mib(process.pid()).unwrap_or(0.0);
        Line::at_most(format!("memory of {name}, {when}"), deployment.engine.name(), held, goal, "MiB")
    };
    services.into_iter().map(line).collect()
}
