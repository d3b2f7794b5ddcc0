//! The HTTP edge: what every route of both services shares.
//!
//! A handler takes [`Context`], [`Caller`] and [`JsonBody`] as arguments, calls one `app` function and returns
//! `Result<HttpResponse, HttpFailure>`.

mod body;
mod caller;
mod connections;
mod context;
mod document;
mod failure;
mod limit;
mod list;
mod members;
mod meter;
mod observe;
mod routes;
mod server;
mod trail;
mod unread;

pub use body::{Bounds, FormBody, JsonBody};
pub use caller::{Caller, StrictCaller, bearer};
pub use context::{Context, Edge, caller_address, nearest_stranger, path_value};
pub use document::Document;
pub use failure::{HttpFailure, HttpResult, failure_body};
use limit::limit;
pub use list::{ListQuery, Style, limit_of, read_cursor, write_cursor};
pub use members::Members;
pub use observe::observe;
pub use routes::{KnownRoutes, describe, health, not_found, operations, readyz, version};
pub use server::{HttpServerHandle, HttpSettings, Readiness, serve};
pub use trail::{AuditFilterParameters, AuditPageParameters, JSON_LINES, TrailQuery, Whose, json_lines};
