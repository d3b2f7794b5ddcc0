//! The clock of one service an hour off.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use deployment::{ADMINISTRATOR_PASSWORD, Deployment, Result, Service, get, login, post};

use crate::ask::{Tally, ask};
use crate::ledger::refresh;
use crate::probe::{QUESTION, client_credentials, spell, until_ready};
use crate::report::Line;
use crate::run::{Context, SETTINGS};

/// What lets one process see another time (Debian: libfaketime).
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";
const FOLDERS: [&str; 3] = ["/usr/lib", "/usr/local/lib", "/usr/lib64"];
const LIFE: Duration = Duration::from_secs(3);
const BOUND: Duration = Duration::from_secs(12);
const RECOVERY: Duration = Duration::from_secs(15);

pub async fn run(context: &Context) -> Result<Vec<Line>> {
    let Some(library) = library() else {
        return Ok(vec![
            context.lines.skipped("a clock an hour off", "libfaketime is not installed (Debian: libfaketime)"),
        ]);
    };
    let server = context.server()?;
    let settings = [SETTINGS, &[("GATEHOUSE_AUTH__TOKENS__ACCESS_SECONDS", "3")]].concat();
    let mut deployment = Deployment::start(&context.machine(server.as_ref())?, context.engine, &settings, 1).await?;
    let mut lines = Vec::new();
    for service in [Service::Auth, Service::Identity] {
        for offset in ["+1h", "-1h"] {
            lines.push(skewed(context, &mut deployment, &library, service, offset).await?);
        }
    }
    Ok(lines)
}

async fn skewed(
    context: &Context,
    deployment: &mut Deployment,
    library: &Path,
    service: Service,
    offset: &'static str,
) -> Result<Line> {
    let administrator = deployment.administrator().await?;
    let (id, secret) = deployment.application(&administrator).await?;
    let before = ask(deployment.auth(), &login("admin", ADMINISTRATOR_PASSWORD), BOUND).await.json();
    let (preload, time) = (format!("LD_PRELOAD={}", library.display()), format!("FAKETIME={offset}"));
    // Spans are measured by another clock, which nobody sets.
    deployment.wrap(service, &["env", &preload, &time, "FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1"]);
    deployment.processes_mut(service)[0].kill();
    deployment.begin(service, 0)?;
    let ready = until_ready(deployment, true, RECOVERY).await;
    let right = if service == Service::Auth { Service::Identity } else { Service::Auth };

    let mut tally = Tally::default();
    let mut refusals = 0;
    let mut note = |seen: &crate::ask::Seen| {
        // That a token is refused whose times make no sense here is as it should be.
        if seen.status() == 401 { refusals += 1 } else { tally.note(seen) }
    };
    let mut outlived = 0;
    let began = Instant::now();
    while began.elapsed() < LIFE * 2 {
        let asked_at = Instant::now();
        let seen = ask(deployment.auth(), &login("admin", ADMINISTRATOR_PASSWORD), BOUND).await;
        note(&seen);
        let answer = seen.json();
        let token = answer["accessToken"].as_str().unwrap_or_default().to_owned();
        let requests = |token: &str| {
            [
                (deployment.auth(), post("/v1/authorize", Some(token), QUESTION)),
                (deployment.auth(), get("/v1/userinfo", Some(token))),
                (deployment.identity(), get("/v1/users", Some(token))),
            ]
        };
        for (address, request) in requests(&token) {
            note(&ask(address, &request, BOUND).await);
        }
        note(&ask(deployment.auth(), &client_credentials(&id, &secret), BOUND).await);
        tokio::time::sleep((LIFE + Duration::from_millis(100)).saturating_sub(asked_at.elapsed())).await;
        for (address, request) in requests(&token) {
            if address == deployment.processes(right)[0].http {
                outlived += u32::from(ask(address, &request, BOUND).await.is_success());
            }
        }
    }
    let refreshed = ask(deployment.auth(), &refresh(before["refreshToken"].as_str().unwrap_or_default()), BOUND).await;
    note(&refreshed);
    let still_ready = until_ready(deployment, true, Duration::ZERO).await;

    deployment.wrap(service, &["env"]);
    deployment.processes_mut(service)[0].kill();
    deployment.begin(service, 0)?;
    let recovered = until_ready(deployment, true, RECOVERY).await;
    let administrator = deployment.administrator().await?;
    let users = ask(deployment.identity(), &get("/v1/users", Some(&administrator)), BOUND).await;
    Ok(context.lines.line(
        format!("{} with its clock {offset}", service.name()),
        "success, 401 or 503; ready; the process with the right clock takes no token beyond its life; well again afterwards",
        format!(
            "ready {}, and after {} s {}; {tally}, {refusals} × 401; {outlived} tokens outlived; with the right clock again \
             ready {} and users {}",
            spell(ready),
            began.elapsed().as_secs(),
            if still_ready.is_some() { "still" } else { "NOT" },
            spell(recovered),
            users.status()
        ),
        ready.is_some()
            && still_ready.is_some()
            && tally.is_orderly()
            && tally.done > 0
            && outlived == 0
            && recovered.is_some()
            && users.is_success(),
    ))
}

/// Distributions put libraries into a folder named after the processor, or not.
fn library() -> Option<PathBuf> {
    FOLDERS.iter().map(PathBuf::from).find_map(|folder| {
        let inner = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
        std::iter::once(folder).chain(inner).map(|folder| folder.join(LIBRARY)).find(|path| path.is_file())
    })
}
