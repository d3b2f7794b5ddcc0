//! The JSON Web Signature vectors of project Wycheproof (github.com/C2SP/wycheproof, `testvectors_v1`).
//!
//! They are not part of this repository. `GATEHOUSE_VECTORS` names the folder that holds `wycheproof/`; without it, one
//! beside the workspace is looked for. Without vectors these tests say so and check nothing, except where `CI` is set:
//! there, they fail.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::JwkSet;
use super::header::Header;
use super::verify::authenticate;

/// A vector whose only fault is that its key comes from a chip with a weak generator (CVE-2017-15361), which the
/// modulus alone tells. The keys that we trust come from ourselves or from an issuer that the operator chose.
const KEY_OF_A_WEAK_GENERATOR: &str = "rejectsKeyWithRocaVulnerability";

/// How many vectors of a file were refused and accepted as they should be.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    refused: usize,
    accepted: usize,
}

#[test]
fn signature_vectors_are_decided_as_wycheproof_says() {
    // Accepted: RS256 (1 + 5 + 2 of RFC 7520) and ES256 (2). The other valid vectors have algorithms that are not ours.
    check("json_web_signature_test.json", |count| assert!(count.refused > 300 && count.accepted == 10, "{count:?}"));
}

#[test]
fn key_vectors_are_decided_as_wycheproof_says() {
    check("json_web_key_test.json", |count| assert!(count.refused > 15 && count.accepted == 1, "{count:?}"));
}

#[test]
fn mixed_vectors_are_decided_as_wycheproof_says() {
    check("json_web_crypto_test.json", |count| assert!(count.refused > 40 && count.accepted == 2, "{count:?}"));
}

/// Decides every JWS vector of a file, and hands the count over if the file is there.
fn check(file: &str, assert_count: impl FnOnce(Count)) {
    let Some(document) = read(file) else { return };
    let mut count = Count::default();
    for group in list(&document["testGroups"]) {
        let set = key_set(group);
        for test in list(&group["tests"]).iter().filter(|test| !test["jws"].is_null()) {
            let (id, comment) = (&test["tcId"], test["comment"].as_str().unwrap());
            let token = test["jws"].as_str().map_or_else(|| test["jws"].to_string(), str::to_owned);
            if test["result"] == "invalid" && comment != KEY_OF_A_WEAK_GENERATOR {
                // Not the whole verification, which would refuse these payloads whoever had signed them.
                assert!(authenticate(&token, &set).is_err(), "{file} {id} {comment} must be refused");
                count.refused += 1;
            } else if test["result"] == "valid" && is_ours(&token, &set) {
                assert!(is_signed(&token, &set), "{file} {id} {comment} must be accepted");
                count.accepted += 1;
            }
        }
    }
    assert_count(count);
}

/// Whether the vector is signed with one of our algorithms by a key that we can have.
fn is_ours(token: &str, set: &JwkSet) -> bool {
    header(token).is_some_and(|header| set.algorithm(&header.kid) == Some(header.algorithm))
}

/// Whether its key made the signature; looks at nothing else, so that a vector may have an empty payload.
fn is_signed(token: &str, set: &JwkSet) -> bool {
    let (input, signature) = token.rsplit_once('.').unwrap();
    let key = set.find(&header(token).unwrap().kid).unwrap();
    key.verifies(input.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
}

fn header(token: &str) -> Option<Header> {
    let text = URL_SAFE_NO_PAD.decode(token.split('.').next()?).ok()?;
    Header::parse(&text).ok()
}

/// The public key or set of a group, or its symmetric one where it has no other; empty if the set is refused.
fn key_set(group: &Value) -> JwkSet {
    let key = if group["public"].is_null() { &group["private"] } else { &group["public"] };
    let mut set = if key["keys"].is_array() { key.clone() } else { json!({ "keys": [key] }) };
    for key in set["keys"].as_array_mut().unwrap() {
        let key = key.as_object_mut().unwrap();
        key.entry("kid").or_insert_with(|| "unnamed".into());
    }
    JwkSet::parse(set.to_string().as_bytes()).unwrap_or_else(|_| JwkSet::from_public(&[]).unwrap())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

#[allow(clippy::disallowed_methods, reason = "tests have no settings")]
fn read(file: &str) -> Option<Value> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
    let folder = std::env::var("GATEHOUSE_VECTORS").map_or_else(|_| beside(), PathBuf::from);
    let path = folder.join("wycheproof").join(file);
    match std::fs::read(&path) {
        Ok(text) => Some(serde_json::from_slice(&text).unwrap()),
        Err(error) if std::env::var_os("CI").is_some() => panic!("{}: {error}", path.display()),
        Err(error) => {
            println!("NOT CHECKED, {}: {error}", path.display());
            None
        }
    }
}
