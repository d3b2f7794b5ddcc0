//! What Prometheus sees of the running services: their metrics, every alert, every query of the dashboard.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::api::Api;
use super::project::Project;
use super::report::Report;
use crate::failure::{Failure, Result};
use crate::workspace;

/// Prometheus looks every 15 s.
const LIMIT: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_secs(1);
const DASHBOARD: &str = "deploy/grafana/dashboards/gatehouse.json";

pub(super) fn prove(project: &Project<'_>, report: &mut Report) -> Result<()> {
    report.heading("observation");
    if !project.has("prometheus") {
        report.note("Prometheus does not run here.");
        return Ok(());
    }
    let prometheus = project.prometheus_api();
    report.check("Prometheus scrapes both services", || {
        until("a service is not scraped", || {
            let up = query(&prometheus, r#"up{job="gatehouse"}"#)?;
            let values: Vec<_> = up.iter().map(|series| series["value"][1].as_str().unwrap_or_default()).collect();
            Ok((values == ["1", "1"]).then_some(()).ok_or(up.into()))
        })
    })?;
    report.check("every alert is evaluated, and none fires", || {
        until("an alert is not evaluated, or fires", || {
            let rules = prometheus.get("/api/v1/rules", "")?.expect(200)?.body;
            let groups = rules["data"]["groups"].as_array().into_iter().flatten();
            let rules: Vec<&Value> = groups.flat_map(|group| group["rules"].as_array().into_iter().flatten()).collect();
            let faulty = rules.iter().find(|rule| rule["health"] != "ok" || rule["state"] == "firing");
            Ok(match faulty {
                None if !rules.is_empty() => Ok(()),
                faulty => Err(faulty.map(|rule| (*rule).clone()).unwrap_or_default()),
            })
        })
    })?;
    let queries = queries_of_dashboard()?;
    let answered = report.check("every query of the dashboard is answered", || {
        queries.iter().try_fold(0, |answered, text| Ok(answered + usize::from(!query(&prometheus, text)?.is_empty())))
    })?;
    report.note(&format!("  {answered} of {} queries show something now", queries.len()));
    Ok(())
}

/// The series that a query gives.
fn query(prometheus: &Api, text: &str) -> Result<Vec<Value>> {
    let answer = prometheus.query("/api/v1/query", "query", text)?.expect(200)?;
    Ok(answer.body["data"]["result"].as_array().cloned().unwrap_or_default())
}

/// Asks again until the answer is right; the wrong one is told at the end.
fn until(complaint: &str, mut ask: impl FnMut() -> Result<std::result::Result<(), Value>>) -> Result<()> {
    let deadline = Instant::now() + LIMIT;
    while let Err(wrong) = ask()? {
        if Instant::now() >= deadline {
            return Err(Failure::new(format!("{complaint} after {} s: {wrong}", LIMIT.as_secs())));
        }
        thread::sleep(POLL);
    }
    Ok(())
}

/// Each query, with what Grafana fills in.
fn queries_of_dashboard() -> Result<Vec<String>> {
    let path = workspace::root().join(DASHBOARD);
    let text = fs::read_to_string(&path).map_err(Failure::on("read", &path))?;
    let dashboard: Value =
        serde_json::from_str(&text).map_err(|cause| Failure::new(format!("{DASHBOARD} is no JSON: {cause}")))?;
    let mut queries = Vec::new();
    collect(&dashboard, &mut queries);
    Ok(queries)
}

fn collect(value: &Value, queries: &mut Vec<String>) {
    if let Some(query) = value["expr"].as_str() {
        queries.push(query.replace("$__rate_interval", "1m").replace("$service", ".+"));
    }
    let members = value.as_object().into_iter().flat_map(serde_json::Map::values);
    members.chain(value.as_array().into_iter().flatten()).for_each(|member| collect(member, queries));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_for_grafana_to_fill_in() {
        let queries = queries_of_dashboard().unwrap();
        assert!(queries.len() > 20 && queries.iter().all(|query| !query.contains('$')), "{queries:?}");
    }
}
