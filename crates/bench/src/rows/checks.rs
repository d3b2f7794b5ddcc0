//! Permission checks over gRPC: one question a call, and a hundred.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use contracts::auth::v1 as wire;
use contracts::auth::v1::authorization_client::AuthorizationClient;
use deployment::{Deployment, RESOURCE_SERVER_SECRET, Result, password_of, text};
use tokio::task::JoinSet;
use tonic::Request;
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::Channel;

use super::Plan;
use crate::cpu;
use crate::report::Line;

const CONNECTIONS: usize = 4;
/// Calls under way on one connection.
const CALLS: usize = 16;
/// Questions of one batch.
const BATCH: usize = 100;

/// Both rows.
pub async fn all(deployment: &Deployment, plan: Plan) -> Result<Vec<Line>> {
    let administrator = deployment.administrator().await?;
    deployment.person(&administrator, "checker").await?;
    let token = text(&deployment.log_in("checker", &password_of("checker")).await?, "accessToken")?;
    let asking = wire::Asking { access_token: token, ..Default::default() };
    let question = |number: usize| wire::Question {
        product: "midaz".to_owned(),
        resource: "ledgers".to_owned(),
        action: if number.is_multiple_of(2) { "post" } else { "head" }.to_owned(),
    };
    let single = wire::CheckRequest { asking: Some(asking.clone()), question: Some(question(0)) };
    let batch = wire::BatchCheckRequest { asking: Some(asking), questions: (0..BATCH).map(question).collect() };
    let engine = deployment.engine.name();
    let singles = measure(deployment, plan.span, move |mut client, secret| {
        let request = with_secret(single.clone(), secret);
        async move { client.check(request).await.map(|_| 1) }
    });
    let singles = singles.await?;
    let batches = measure(deployment, plan.span, move |mut client, secret| {
        let request = with_secret(batch.clone(), secret);
        async move { client.batch_check(request).await.map(|answer| answer.into_inner().decisions.len()) }
    });
    let batches = batches.await?;
    Ok(vec![
        Line::at_least("Check over gRPC, token seen before", engine, singles, 40_000.0, "/CPU-s"),
        Line::at_least("BatchCheck of 100, decisions", engine, batches, 500_000.0, "/CPU-s"),
    ])
}

fn with_secret<T>(message: T, secret: &AsciiMetadataValue) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", secret.clone());
    request
}

/// Decisions per second of processor time while every connection is kept busy.
async fn measure<F: Future<Output = std::result::Result<usize, tonic::Status>> + Send>(
    deployment: &Deployment,
    span: Duration,
    ask: impl Fn(AuthorizationClient<Channel>, &AsciiMetadataValue) -> F + Send + Sync + 'static,
) -> Result<f64> {
    let address = deployment.auths().first().ok_or("no auth-service runs")?.grpc;
    let secret: AsciiMetadataValue = format!("Bearer {RESOURCE_SERVER_SECRET}").parse()?;
    let (ask, stop, done) = (Arc::new(ask), Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut running = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let client = AuthorizationClient::connect(format!("http://{address}")).await?;
        for _ in 0..CALLS {
            let (client, secret) = (client.clone(), secret.clone());
            let (ask, stop, done) = (Arc::clone(&ask), Arc::clone(&stop), Arc::clone(&done));
            running.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let decisions = ask(client.clone(), &secret).await?;
                    done.fetch_add(decisions as u64, Ordering::Relaxed);
                }
                Ok::<_, tonic::Status>(())
            });
        }
    }
    let pids = deployment.pids();
    let (before, first) = (cpu::used(&pids), done.load(Ordering::Relaxed));
    tokio::time::sleep(span).await;
    let (used, decided) = (cpu::used(&pids).saturating_sub(before), done.load(Ordering::Relaxed) - first);
    stop.store(true, Ordering::Relaxed);
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    #[allow(clippy::cast_precision_loss, reason = "counts of one run are small")]
    let rate = decided as f64 / used.as_secs_f64().max(0.01);
    Ok(rate)
}
