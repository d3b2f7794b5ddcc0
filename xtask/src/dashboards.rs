//! `cargo xtask dashboards`: the dashboard and the alerts, evaluated by a real Prometheus over a running pair.

use std::env;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cargo;
use crate::failure::{Failure, Result};
use crate::interrupt::Interrupt;
use crate::process::{self, POLL};
use crate::progress;
use crate::tools;
use crate::workspace;

const DASHBOARD: &str = "deploy/grafana/dashboards/gatehouse.json";
const ALERTS: &str = "deploy/prometheus/alerts.yml";
const ALERTS_TEST: &str = "deploy/prometheus/alerts.test.yml";
/// How long Prometheus may take to have scraped both services and evaluated the alerts.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn run() -> Result<()> {
    let (Some(prometheus), Some(promtool)) = (tools::find("prometheus"), tools::find("promtool")) else {
        println!("Skipped: `prometheus` and `promtool` are not on the PATH; install them (Debian: prometheus).");
        return Ok(());
    };
    let root = workspace::root();
    let queries = queries(&read(&root.join(DASHBOARD))?)?;
    progress::heading("alerts");
    for (act, file) in [("check", ALERTS), ("test", ALERTS_TEST)] {
        let mut command = Command::new(&promtool);
        command.args([act, "rules"]).arg(root.join(file));
        cargo::run(command, "promtool refuses the alerts; its reason stands above")?;
    }
    progress::heading("a pair and a Prometheus");
    let interrupt = Interrupt::watch()?;
    let folder = tempfile::tempdir().map_err(|cause| Failure::new(format!("cannot make a folder: {cause}")))?;
    let pair = Pair::start(folder.path())?;
    let prometheus = Prometheus::start(&prometheus, promtool, folder.path(), &pair, interrupt)?;
    prometheus.wait_for("count(up{job=\"gatehouse\"} == 1) == 2", "Prometheus does not see both services")?;
    for query in &queries {
        prometheus.evaluate(query)?;
    }
    let evaluated =
        "sum(prometheus_rule_group_last_duration_seconds) >= 0 and sum(prometheus_rule_evaluations_total) > 0";
    prometheus.wait_for(evaluated, "Prometheus does not evaluate the alerts")?;
    if prometheus.holds("sum(prometheus_rule_evaluation_failures_total) > 0")? {
        return Err(Failure::new("an alert cannot be evaluated; run Prometheus with deploy/prometheus to see which"));
    }
    println!("\n{} queries of the dashboard and all alerts were evaluated over both services.", queries.len());
    Ok(())
}

/// Every query of a dashboard, with what Grafana puts in place of its variables.
fn queries(dashboard: &str) -> Result<Vec<String>> {
    let dashboard: Value = serde_json::from_str(dashboard)
        .map_err(|cause| Failure::new(format!("{DASHBOARD} is not understood: {cause}")))?;
    let mut found = Vec::new();
    collect(&dashboard, &mut found);
    Ok(found.into_iter().map(|query| query.replace("$__rate_interval", "1m").replace("$service", ".+")).collect())
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("expr").and_then(Value::as_str).map(ToOwned::to_owned));
            members.values().for_each(|value| collect(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(Failure::on("read", path))
}

/// A pair that ends with this command.
struct Pair {
    /// This program. Asked for at the beginning, since a build that replaces it leaves the process without a name.
    own: PathBuf,
    data: PathBuf,
    operations: [u16; 2],
}

impl Pair {
    fn start(folder: &Path) -> Result<Self> {
        // Six ports from this one on; `up` refuses when one of them is taken.
        let base = free_port()?.min(65_514);
        let own = env::current_exe().map_err(|cause| Failure::new(format!("cannot find this program: {cause}")))?;
        let pair = Self { own, data: folder.join("data"), operations: [base + 20, base + 21] };
        let mut up = pair.command("up");
        up.args(["--detach", "--port-base", &base.to_string()]);
        cargo::run(up, "the pair did not start; the reason stands above")?;
        Ok(pair)
    }

    fn command(&self, act: &str) -> Command {
        let mut command = Command::new(&self.own);
        command.arg(act).arg("--data").arg(&self.data).stdout(Stdio::null());
        command
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        if !self.command("down").status().is_ok_and(|status| status.success()) {
            eprintln!("the pair still runs; stop its two processes by hand");
        }
    }
}

struct Prometheus {
    child: Child,
    promtool: PathBuf,
    url: String,
    interrupt: Interrupt,
}

impl Prometheus {
    fn start(program: &Path, promtool: PathBuf, folder: &Path, pair: &Pair, interrupt: Interrupt) -> Result<Self> {
        let port = free_port()?;
        let [auth, identity] = pair.operations;
        let alerts = workspace::root().join(ALERTS);
        let configuration = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\n\
             rule_files: ['{}']\n\
             scrape_configs:\n\
             - job_name: gatehouse\n  static_configs: [{{ targets: ['127.0.0.1:{auth}', '127.0.0.1:{identity}'] }}]\n\
             - job_name: prometheus\n  static_configs: [{{ targets: ['127.0.0.1:{port}'] }}]\n",
            alerts.display()
        );
        let file = folder.join("prometheus.yml");
        fs::write(&file, configuration).map_err(Failure::on("write", &file))?;
        let log = folder.join("prometheus.log");
        let log = fs::File::create(&log).map_err(Failure::on("write", &log))?;
        let child = Command::new(program)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("prometheus").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(Failure::starting(program))?;
        Ok(Self { child, promtool, url: format!("http://127.0.0.1:{port}"), interrupt })
    }

    /// Whether a query has an answer.
    fn holds(&self, query: &str) -> Result<bool> {
        Ok(!self.evaluate(query)?.trim().is_empty())
    }

    fn evaluate(&self, query: &str) -> Result<String> {
        let mut command = Command::new(&self.promtool);
        let output = command.args(["query", "instant", &self.url, query]).stdin(Stdio::null()).output();
        let output = output.map_err(Failure::starting(&self.promtool))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(Failure::new(format!("Prometheus cannot evaluate '{query}': {reason}")))
    }

    fn wait_for(&self, query: &str, otherwise: &str) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        // Until it listens, every question fails.
        while !self.holds(query).unwrap_or(false) {
            if self.interrupt.is_raised() {
                return Err(Failure::new("interrupted; everything that was started is stopped"));
            }
            if Instant::now() >= deadline {
                return Err(Failure::new(format!("{otherwise} after {} s", PATIENCE.as_secs())));
            }
            thread::sleep(POLL);
        }
        Ok(())
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        process::stop(self.child.id(), || self.child.try_wait().ok().flatten().is_some());
    }
}

fn free_port() -> Result<u16> {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    port.map(|address| address.port()).map_err(|cause| Failure::new(format!("no port is free: {cause}")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Words that name a metric of ours.
    fn metrics(text: &str) -> BTreeSet<String> {
        let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
        words
            .filter(|word| ["gatehouse_", "process_"].iter().any(|begin| word.starts_with(begin)))
            .map(str::to_owned)
            .collect()
    }

    /// The metrics that the crates define, by the names in their code.
    fn defined(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                defined(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.extend(metrics(&text));
            }
        }
    }

    #[test]
    fn the_dashboard_and_the_alerts_name_only_metrics_that_exist() {
        let root = workspace::root();
        let mut known = BTreeSet::new();
        defined(&root.join("crates/service-kit/src"), &mut known);
        for of in ["auth-service", "identity-service", "store"] {
            defined(&root.join("crates").join(of).join("src"), &mut known);
        }
        let mut named: BTreeSet<String> =
            queries(&read(&root.join(DASHBOARD)).unwrap()).unwrap().iter().flat_map(|query| metrics(query)).collect();
        assert!(named.len() > 20, "{named:?}");
        named.extend(metrics(&read(&root.join(ALERTS)).unwrap()));
        for name in named {
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            assert!(known.contains(&name) || base.is_some_and(|base| known.contains(base)), "nobody counts {name}");
        }
    }
}
