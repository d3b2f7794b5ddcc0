//! Instruction counts: the same on a busy machine and on an idle one, so that a change of a few percent is seen.
//!
//! Each subject is run a number of times and twice that number under callgrind; the difference is what it costs, without
//! the start of the program.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use client::{TokenState, TokenVerifier};
use crypto::jws::{Algorithm, JwkSet, SigningKey};
use domain::{Issuers, Slug, SystemClock};
use serde_json::{Value, json};
use service_kit::Verifier;

use crate::decision;
use deployment::Result;

const SUBJECTS: [(&str, u32); 3] = [("token", 200), ("verify", 2_000), ("check", 20_000)];
/// A change below this share is noise.
const NOISE: f64 = 0.05;

/// Does one thing so many times.
pub fn repeat(subject: &str, times: u32) -> Result<()> {
    let key = SigningKey::generate(Algorithm::Es256)?;
    match subject {
        "token" => {
            let claims = claims();
            for _ in 0..times {
                black_box(key.sign("JWT", black_box(&claims))?);
            }
        }
        "verify" => {
            let state = Arc::new(TokenState::new(JwkSet::from_public(&[key.public_jwk().clone()])?));
            let issuers = Issuers::parse("https://id.example.com", Slug::parse("lerian")?)?;
            let verifier = TokenVerifier::new(state, issuers, Arc::new(SystemClock), || Some(Duration::ZERO));
            let token = key.sign("JWT", &claims())?;
            for _ in 0..times {
                verifier.verify(black_box(&token)).map_err(|fault| format!("the token was refused: {fault:?}"))?;
            }
        }
        "check" => {
            let held = decision::set(10_000);
            for _ in 0..times {
                black_box(held.allows(Some(black_box("product3")), black_box("resource0"), black_box("get")));
            }
        }
        other => return Err(format!("'{other}' is none of token, verify, check").into()),
    }
    Ok(())
}

/// Counts, and shows the counts beside the kept ones.
pub fn count(kept_file: &Path, keep: bool) -> Result<()> {
    let kept: BTreeMap<String, u64> =
        std::fs::read_to_string(kept_file).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let mut counts = BTreeMap::new();
    println!("| Instructions of one | Now | Kept | Change |\n|---|---:|---:|---:|");
    for (subject, times) in SUBJECTS {
        eprintln!("  counting the instructions of one {subject}");
        let once = callgrind(subject, times)?;
        let twice = callgrind(subject, times * 2)?;
        let one = twice.saturating_sub(once) / u64::from(times);
        counts.insert(subject.to_owned(), one);
        let change = kept.get(subject).map(|before| share(one, *before));
        let shown = change.map(|change| format!("{:+.1} %", change * 100.0)).unwrap_or_default();
        let mark = if change.is_some_and(|change| change.abs() > NOISE) { " ←" } else { "" };
        let before = kept.get(subject).map(ToString::to_string).unwrap_or_default();
        println!("| {subject} | {one} | {before} | {shown}{mark} |");
    }
    if keep {
        std::fs::write(kept_file, format!("{}\n", serde_json::to_string_pretty(&counts)?))?;
    }
    Ok(())
}

#[allow(clippy::cast_precision_loss)]
fn share(now: u64, before: u64) -> f64 {
    now as f64 / before as f64 - 1.0
}

fn callgrind(subject: &str, times: u32) -> Result<u64> {
    let program = std::env::current_exe()?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["instructions", subject, &times.to_string()])
        .output()
        .map_err(|error| format!("valgrind cannot be started ({error}); Debian's package is called valgrind"))?;
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = words.lines().find_map(|line| line.split_once("Collected :"));
    let count = line.and_then(|(_, count)| count.trim().parse().ok());
    count.ok_or_else(|| format!("valgrind counted nothing:\n{words}").into())
}

fn claims() -> Value {
    let id = "0193a5f0-7b3c-7000-8000-000000000000";
    json!({
        "iss": "https://id.example.com", "sub": "lerian/reference", "aud": ["reference"], "azp": "reference",
        "client_id": "reference", "app": id, "iat": 1_700_000_000, "nbf": 1_700_000_000, "exp": 4_000_000_000_u64,
        "jti": id, "sid": id, "ver": [0, 0, 0], "secret_id": id, "token_use": "access", "scope": "access_manager",
        "owner": "lerian", "type": "application", "name": "reference", "displayName": "reference", "tenantId": id,
    })
}
