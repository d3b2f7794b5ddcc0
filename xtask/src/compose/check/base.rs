//! The images below ours: pulled where a registry can be reached, else made from Debian packages as stand-ins.

mod debian;

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::docker::Docker;
use crate::failure::{Failure, Result};
use crate::progress;
use crate::workspace;

/// A registry that does not answer is given up after this.
const PULL_LIMIT: Duration = Duration::from_secs(600);

/// An image below ours: the variable that names it, the file with its usual name, and the stand-in's target.
struct Base {
    variable: &'static str,
    file: &'static str,
    /// Debian lacks Grafana and the OpenTelemetry collector.
    stand_in: Option<&'static str>,
}

const BASES: [Base; 8] = [
    Base { variable: "BUILD_IMAGE", file: "deploy/Dockerfile", stand_in: Some("build") },
    Base { variable: "RUN_IMAGE", file: "deploy/Dockerfile", stand_in: Some("run") },
    Base { variable: "TRIAL_IMAGE", file: "deploy/Dockerfile", stand_in: Some("trial") },
    Base { variable: "POSTGRES_IMAGE", file: "docker-compose.yml", stand_in: Some("postgres") },
    Base { variable: "PROMETHEUS_IMAGE", file: "docker-compose.yml", stand_in: Some("prometheus") },
    Base { variable: "GRAFANA_IMAGE", file: "docker-compose.yml", stand_in: None },
    Base { variable: "COLLECTOR_IMAGE", file: "docker-compose.yml", stand_in: None },
    Base { variable: "MAIL_IMAGE", file: "docker-compose.yml", stand_in: Some("mail") },
];

/// Which image takes the place of each variable.
pub(super) struct Bases {
    chosen: Vec<Chosen>,
}

struct Chosen {
    variable: &'static str,
    image: String,
    origin: Origin,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Registry,
    StandIn,
    Nowhere,
}

impl Bases {
    pub(super) fn gather(docker: &Docker, folder: &Path) -> Result<Self> {
        let mut chosen = Vec::new();
        for base in &BASES {
            let image = usual_image(base)?;
            let (image, origin) = if pull(docker, &image) {
                (image, Origin::Registry)
            } else if let Some(target) = base.stand_in {
                (debian::stand_in(docker, folder, target)?, Origin::StandIn)
            } else {
                (image, Origin::Nowhere)
            };
            chosen.push(Chosen { variable: base.variable, image, origin });
        }
        Ok(Self { chosen })
    }

    /// Variables and their images.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.chosen.iter().map(|base| (base.variable, base.image.as_str()))
    }

    /// Whether containers of this image can be started here.
    pub(super) fn is_here(&self, variable: &str) -> bool {
        self.chosen.iter().any(|base| base.variable == variable && base.origin != Origin::Nowhere)
    }

    /// Says what was not the real thing.
    pub(super) fn told(&self) -> String {
        let of = |origin| -> Vec<&str> {
            self.chosen.iter().filter(|base| base.origin == origin).map(|base| base.variable).collect()
        };
        let (stand_ins, absent) = (of(Origin::StandIn), of(Origin::Nowhere));
        let mut told = if stand_ins.is_empty() {
            "Every base image came from its registry.".to_owned()
        } else {
            format!("Stand-ins from Debian packages, since no registry gave the image: {}.", stand_ins.join(", "))
        };
        if !absent.is_empty() {
            told += &format!(
                " Not started, for lack of an image, and checked by `docker-compose config` alone: {}.",
                absent.join(", ")
            );
        }
        told
    }
}

/// The image that the file names where the variable is not set: `${NAME:-image}` or `ARG NAME=image`.
fn usual_image(base: &Base) -> Result<String> {
    let path = workspace::root().join(base.file);
    let text = fs::read_to_string(&path).map_err(Failure::on("read", &path))?;
    let after = |start: String, end: &str| {
        text.split_once(&start).and_then(|(_, rest)| rest.split_once(end)).map(|(image, _)| image.to_owned())
    };
    after(format!("${{{}:-", base.variable), "}")
        .or_else(|| after(format!("ARG {}=", base.variable), "\n"))
        .ok_or_else(|| Failure::new(format!("{} names no image for {}", base.file, base.variable)))
}

/// Whether the image is here, from now on.
fn pull(docker: &Docker, image: &str) -> bool {
    if docker.succeeds(["image", "inspect", image]) {
        return true;
    }
    progress::step(&format!("pulling {image}"));
    let mut command = std::process::Command::new("timeout");
    command.arg(PULL_LIMIT.as_secs().to_string()).args(["docker", "pull", "--quiet", image]);
    super::docker::output(&mut command).is_ok_and(|output| output.status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_base_image_is_named_once() {
        for base in &BASES {
            let image = usual_image(base).unwrap();
            assert!(image.contains([':', '/']) && !image.contains(['$', ' ', '\n']), "{image}");
        }
    }
}
