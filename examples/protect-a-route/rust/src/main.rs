//! An API with one protected route: verifies the token, then asks whether its holder may read ledgers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing::get};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};
use tokio::sync::Mutex;

struct Gatehouse {
    issuer: String,
    client: reqwest::Client,
    keys: Mutex<(JwkSet, Option<Instant>)>,
}

/// Why a request is refused.
enum Refusal {
    Token,
    Permission,
    Unreachable,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Self::Token => (StatusCode::UNAUTHORIZED, "The token is missing or not valid. Ask for a new one."),
            Self::Permission => (StatusCode::FORBIDDEN, "You may not read ledgers."),
            Self::Unreachable => {
                (StatusCode::SERVICE_UNAVAILABLE, "Permissions cannot be checked now. Try again soon.")
            }
        };
        let mut response = (status, Json(json!({ "message": message }))).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert("www-authenticate", "Bearer".parse().expect("a plain word"));
        }
        response
    }
}

impl Gatehouse {
    /// The claims of an access token of this issuer.
    async fn verify(&self, token: &str) -> Result<Value, Refusal> {
        let header = decode_header(token).map_err(|_| Refusal::Token)?;
        let (key, algorithm) = self.key(&header.kid.ok_or(Refusal::Token)?).await?;
        // The key decides the algorithm, never the token.
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[&self.issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        validation.validate_aud = false;
        let claims = decode::<Value>(token, &key, &validation).map_err(|_| Refusal::Token)?.claims;
        // An ID token has the same issuer and the same keys, and is no permission to call anything.
        if claims["token_use"] == "access" { Ok(claims) } else { Err(Refusal::Token) }
    }

    /// A public key. They are fetched every five minutes, and for an unknown one at most every five seconds.
    async fn key(&self, kid: &str) -> Result<(DecodingKey, Algorithm), Refusal> {
        let mut keys = self.keys.lock().await;
        let age = keys.1.map_or(Duration::MAX, |fetched| fetched.elapsed());
        if age > Duration::from_secs(300) || (keys.0.find(kid).is_none() && age > Duration::from_secs(5)) {
            let answer = self.client.get(format!("{}/.well-known/jwks.json", self.issuer)).send().await;
            let set = answer.map_err(|_| Refusal::Unreachable)?.json().await.map_err(|_| Refusal::Unreachable)?;
            *keys = (set, Some(Instant::now()));
        }
        let key = keys.0.find(kid).ok_or(Refusal::Token)?;
        let algorithm = key.common.key_algorithm.and_then(|name| name.to_string().parse().ok()).ok_or(Refusal::Token)?;
        Ok((DecodingKey::from_jwk(key).map_err(|_| Refusal::Token)?, algorithm))
    }

    /// Whether the holder of the token may do this; only a clear yes is one.
    async fn require(&self, token: &str, resource: &str, action: &str) -> Result<(), Refusal> {
        let question = json!({ "resource": resource, "action": action });
        let request = self.client.post(format!("{}/v1/authorize", self.issuer)).bearer_auth(token).json(&question);
        let answer = request.send().await.map_err(|_| Refusal::Unreachable)?;
        match answer.status().as_u16() {
            200 => {}
            // Ended before its time, by a logout for example.
            401 => return Err(Refusal::Token),
            _ => return Err(Refusal::Unreachable),
        }
        let said: Value = answer.json().await.map_err(|_| Refusal::Unreachable)?;
        if said["authorized"] == true { Ok(()) } else { Err(Refusal::Permission) }
    }
}

async fn ledgers(State(gatehouse): State<Arc<Gatehouse>>, headers: HeaderMap) -> Result<Json<Value>, Refusal> {
    let header = headers.get("authorization").and_then(|value| value.to_str().ok()).ok_or(Refusal::Token)?;
    let (scheme, token) = header.split_once(' ').ok_or(Refusal::Token)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::Token);
    }
    let claims = gatehouse.verify(token).await?;
    gatehouse.require(token, "ledgers", "get").await?;
    Ok(Json(json!({ "ledgers": [], "for": claims["sub"] })))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let gatehouse = Gatehouse {
        issuer: std::env::var("ISSUER").unwrap_or_else(|_| "http://127.0.0.1:4000".to_owned()),
        client: reqwest::Client::builder().timeout(Duration::from_secs(5)).build()?,
        keys: Mutex::new((JwkSet { keys: Vec::new() }, None)),
    };
    let api = Router::new().route("/ledgers", get(ledgers)).with_state(Arc::new(gatehouse));
    let port = std::env::var("PORT").unwrap_or_else(|_| "8080".to_owned());
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    Ok(axum::serve(listener, api).await?)
}
