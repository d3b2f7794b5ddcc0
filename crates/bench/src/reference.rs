//! The bare reference: what an HTTP handler costs on this machine when it does nothing but the unavoidable.
//!
//! It runs as a process of its own, so that its processor time is counted as that of the services is.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::{App, HttpResponse, HttpServer, web};
use crypto::jws::{Algorithm, SigningKey};
use serde_json::{Value, json};

/// A handler that takes JSON and gives JSON.
pub const JSON: &str = "/json";

/// The path of the handler that signs one token for each request.
pub fn sign_path(algorithm: &str) -> String {
    format!("/sign/{algorithm}")
}

struct Keys([(&'static str, SigningKey); 2]);

/// Serves until the process is killed; prints the address as its only line.
pub async fn serve() -> std::io::Result<()> {
    let listener = std::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let key = |algorithm| SigningKey::generate(algorithm).map_err(std::io::Error::other);
    let keys = [("RS256", key(Algorithm::Rs256)?), ("ES256", key(Algorithm::Es256)?)];
    let keys = web::Data::from(Arc::new(Keys(keys)));
    #[allow(clippy::print_stdout, reason = "whoever started it reads the address here")]
    {
        println!("{}", listener.local_addr()?);
    }
    HttpServer::new(move || {
        App::new()
            .app_data(keys.clone())
            .route(JSON, web::post().to(|body: web::Json<Value>| async move { HttpResponse::Ok().json(body) }))
            .route("/sign/{algorithm}", web::post().to(sign))
    })
    .listen(listener)?
    .run()
    .await
}

/// A token with about as many claims as ours.
async fn sign(keys: web::Data<Keys>, algorithm: web::Path<String>, _: web::Json<Value>) -> HttpResponse {
    let Some((_, key)) = keys.0.iter().find(|(name, _)| *name == *algorithm) else {
        return HttpResponse::NotFound().finish();
    };
    let id = "0193a5f0-7b3c-7000-8000-000000000000";
    let claims = json!({
        "iss": "http://127.0.0.1:4000", "sub": "lerian/reference", "aud": ["reference"], "azp": "reference",
        "client_id": "reference", "app": id, "iat": 1, "nbf": 1, "exp": 3601, "jti": id, "sid": id, "ver": [0, 0, 0],
        "secret_id": id, "token_use": "access", "scope": "access_manager", "owner": "lerian", "type": "application",
        "name": "reference", "displayName": "reference", "tenantId": id,
    });
    match key.sign("JWT", &claims) {
        Ok(token) => HttpResponse::Ok().json(json!({ "accessToken": token, "tokenType": "Bearer", "expiresIn": 3600 })),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}
