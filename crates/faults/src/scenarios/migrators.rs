//! Two processes that migrate, and two that serve, at once over databases that are empty.

use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use deployment::{ADMINISTRATOR_PASSWORD, Deployment, Engine, Result, Service, login};

use crate::ask::ask;
use crate::ledger::new_user;
use crate::report::Line;
use crate::run::{Context, SETTINGS};

/// Databases of their own for each round.
const ROUNDS: [&str; 3] = ["faults_one", "faults_two", "faults_three"];
const BOUND: Duration = Duration::from_secs(12);

pub async fn run(context: &Context) -> Result<Vec<Line>> {
    let server = context.server()?;
    let mut said = Vec::new();
    let (mut both, mut one, mut wrong) = (0, 0, Vec::new());
    for name in ROUNDS {
        let mut machine = context.machine(server.as_ref())?;
        machine.name = name;
        let count = if context.engine == Engine::Postgres { 2 } else { 1 };
        let mut deployment = Deployment::prepare(&machine, context.engine, SETTINGS, count)?;
        for service in [Service::Auth, Service::Identity] {
            let outputs = tokio::task::block_in_place(|| at_once(&deployment, service))?;
            let refusals: Vec<&Output> = outputs.iter().filter(|output| !output.status.success()).collect();
            match refusals.as_slice() {
                [] => both += 1,
                [refusal] => {
                    one += 1;
                    judge(&refusal.stderr, &mut said, &mut wrong);
                }
                _ => wrong.push("both refused".to_owned()),
            }
            // Whoever comes later finds the schema right.
            let again = deployment.command(service).arg("migrate").output()?;
            if !again.status.success() {
                wrong.push(String::from_utf8_lossy(&again.stderr).trim().to_owned());
            }
        }
        deployment.begin_all().await?;
        if context.engine == Engine::Sqlite {
            for service in [Service::Auth, Service::Identity] {
                second_server(&deployment, service, &mut said, &mut wrong).await?;
            }
        }
        for index in 0..count {
            let auth = deployment.processes(Service::Auth)[index].http;
            let identity = deployment.processes(Service::Identity)[index].http;
            let seen = ask(auth, &login("admin", ADMINISTRATOR_PASSWORD), BOUND).await.json();
            let token = seen["accessToken"].as_str().unwrap_or_default();
            let made = ask(identity, &new_user(token, &format!("first{index}")), BOUND).await;
            if made.status() != 201 {
                wrong.push(format!("a first user was answered {}", made.status()));
            }
        }
    }
    said.sort();
    said.dedup();
    let words = if said.is_empty() { String::new() } else { format!("; said: {}", said.join(" / ")) };
    let faults = if wrong.is_empty() { String::new() } else { format!("; WRONG: {}", wrong.join(" / ")) };
    Ok(vec![context.lines.line(
        format!("two `migrate` of each service at once over empty databases, then `serve`; {} times", ROUNDS.len()),
        "both come up, or one refuses with a sentence; the schema is right; the first administrator is there once",
        format!("{both} times both succeeded, {one} times one refused{words}{faults}"),
        wrong.is_empty(),
    )])
}

fn at_once(deployment: &Deployment, service: Service) -> Result<Vec<Output>> {
    let begin = || {
        let mut command = deployment.command(service);
        command.args(["migrate", "--create-database"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    };
    let (first, second) = (begin()?, begin()?);
    Ok(vec![first.wait_with_output()?, second.wait_with_output()?])
}

/// A SQLite file is served by one process, and the second says so.
async fn second_server(
    deployment: &Deployment,
    service: Service,
    said: &mut Vec<String>,
    wrong: &mut Vec<String>,
) -> Result<()> {
    let mut command = deployment.command(service);
    for listener in ["HTTP", "GRPC", "OPERATIONS"] {
        command.env(format!("{}{listener}__LISTEN", service.prefix()), "127.0.0.1:0");
    }
    let mut child = command.arg("serve").stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let began = Instant::now();
    while child.try_wait()?.is_none() {
        if began.elapsed() > BOUND {
            child.kill()?;
            child.wait()?;
            wrong.push(format!("a second {} serves the same file", service.name()));
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let output = child.wait_with_output()?;
    if output.status.success() {
        wrong.push(format!("a second {} ended as if all were well", service.name()));
    }
    judge(&output.stderr, said, wrong);
    Ok(())
}

/// A refusal is one line.
fn judge(stderr: &[u8], said: &mut Vec<String>, wrong: &mut Vec<String>) {
    let text = String::from_utf8_lossy(stderr).trim().to_owned();
    if text.is_empty() || text.lines().count() > 1 || text.contains("panicked") {
        wrong.push(format!("no sentence: {text}"));
    } else {
        // Temporary folders differ in every round.
        let words = text.split_whitespace().map(|word| if word.contains('/') { "…" } else { word });
        said.push(words.collect::<Vec<_>>().join(" "));
    }
}
