//! Secrets, and every form in which one would be told.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// How much of a long secret is enough to speak of a leak.
const PART: usize = 48;

/// Known secrets.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    all: Vec<(&'static str, String)>,
}

impl Secrets {
    /// One more, by the name under which a leak is told.
    pub(super) fn add(&mut self, name: &'static str, secret: &str) {
        assert!(secret.len() >= 12, "{name} is too short to be found for certain");
        self.all.push((name, secret.to_owned()));
    }

    /// Every place where one of them stands, with what is around it.
    pub(super) fn look_into(&self, shown: &[(&'static str, String)]) -> Vec<String> {
        let mut leaks = Vec::new();
        for (name, secret) in &self.all {
            for (place, text) in shown {
                let form = forms(secret).into_iter().chain(parts(secret)).find(|form| text.contains(form.as_str()));
                if let Some(form) = form {
                    let line = text.lines().find(|line| line.contains(&form)).unwrap_or_default();
                    leaks.push(format!("{name} in {place}: {}", line.chars().take(2_000).collect::<String>()));
                }
            }
        }
        leaks
    }
}

/// The whole secret as it is, escaped, encoded, and as numbers.
pub(super) fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let percent = |kept: &[u8], space: &str| {
        let encode = |byte: &u8| match byte {
            b' ' => space.to_owned(),
            byte if byte.is_ascii_alphanumeric() || kept.contains(byte) => char::from(*byte).to_string(),
            byte => format!("%{byte:02X}"),
        };
        bytes.iter().map(encode).collect::<String>()
    };
    let mut forms = vec![
        secret.to_owned(),
        secret.escape_debug().to_string(),
        secret.escape_default().to_string(),
        serde_json::to_string(secret).unwrap().trim_matches('"').to_owned(),
        percent(b"-_.~", "%20"),
        percent(b"-_.*", "+"),
        bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        format!("{bytes:?}").trim_matches(['[', ']']).to_owned(),
        bytes.escape_ascii().to_string(),
    ];
    // In base64 a text looks different behind one or two other bytes, so its middle is looked for.
    for before in 0..3 {
        let padded = [&b"::"[..before], bytes].concat();
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&padded);
            let whole = encoded.len() - usize::from(padded.len() % 3 != 0) * 2;
            forms.push(encoded[if before == 0 { 0 } else { 4 }..whole].to_owned());
        }
    }
    forms
}

/// Parts of a long secret, such as a token that a log would cut off. The head of a token is the same in all of them.
fn parts(secret: &str) -> Vec<String> {
    if secret.len() < 2 * PART || !secret.is_ascii() {
        return Vec::new();
    }
    let middle = secret.find('.').map_or(0, |dot| dot + 1).min(secret.len() - PART);
    vec![secret[middle..middle + PART].to_owned(), secret[secret.len() - PART / 2..].to_owned()]
}
