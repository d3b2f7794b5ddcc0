//! The HTTP edge.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpResponse, HttpServer, web};
use client::actix::{admit, require};
use client::{Guard, Question};
use domain::token::AccessToken;
use serde_json::json;

use crate::LEDGERS;

/// Who is behind a token; any good token will do.
async fn me(token: web::ReqData<Arc<AccessToken>>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "name": token.name }))
}

async fn list(token: web::ReqData<Arc<AccessToken>>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "ledgers": LEDGERS, "for": token.name }))
}

async fn make() -> HttpResponse {
    HttpResponse::NotImplemented().json(json!({ "title": "Example", "message": "This example makes no ledgers." }))
}

async fn health() -> &'static str {
    "healthy"
}

/// The routes: everything below `/v1` needs a good token, and ledgers a permission for each method besides.
fn routes(guard: &Arc<Guard>) -> impl Fn(&mut web::ServiceConfig) + Clone + use<> {
    let guard = Arc::clone(guard);
    move |config| {
        let (to_read, to_make) = (Question::new("midaz", "ledgers", "get"), Question::new("midaz", "ledgers", "post"));
        let ledgers = web::resource("/ledgers")
            .route(web::get().to(list).wrap(require(Arc::clone(&guard), to_read)))
            .route(web::post().to(make).wrap(require(Arc::clone(&guard), to_make)));
        let protected = web::scope("/v1").wrap(admit(Arc::clone(&guard)));
        config
            .route("/health", web::get().to(health))
            .service(protected.route("/me", web::get().to(me)).service(ledgers));
    }
}

/// Serves the routes.
pub(crate) fn serve(listen: SocketAddr, guard: &Arc<Guard>) -> std::io::Result<(SocketAddr, ServerHandle)> {
    let listener = TcpListener::bind(listen)?;
    let address = listener.local_addr()?;
    let routes = routes(guard);
    let server = HttpServer::new(move || App::new().configure(routes.clone()))
        .workers(1)
        .disable_signals()
        .listen(listener)?
        .run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok((address, handle))
}
