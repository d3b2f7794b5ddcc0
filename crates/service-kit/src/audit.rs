//! The audit trail towards the outside: an event as JSON, alone, in pages and in lines.

use std::io::{self, Write};
use std::pin::pin;

use domain::audit::Recorded;
use error_codes::Result;
use futures_util::{Stream, TryStreamExt};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::settings::SettingsError;

/// Something that happened.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEventResponse {
    #[schema(format = "uuid")]
    id: String,
    /// The tenant it happened in; the nil UUID for what belongs to the deployment.
    #[schema(format = "uuid")]
    tenant_id: String,
    /// RFC 3339.
    #[schema(example = "2025-04-08T08:01:30.169Z")]
    at: String,
    actor: AuditActor,
    /// What was done; `docs/audit.md` lists every action.
    #[schema(example = "user.update")]
    action: String,
    target: AuditTarget,
    /// `done` or `refused`.
    #[schema(example = "done")]
    outcome: String,
    /// The code of the refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "IDE-0023")]
    code: Option<String>,
    /// Where it came from; absent for what no request caused.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(example = "192.0.2.1")]
    address: String,
    /// The `X-Request-Id` of the request; absent for what no request caused.
    #[serde(skip_serializing_if = "String::is_empty")]
    request_id: String,
    /// `before` and `after` with what changed, and what else is worth knowing. Never a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, example = json!({ "before": { "active": true }, "after": { "active": false } }))]
    details: Option<Value>,
}

/// Who did it.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct AuditActor {
    /// `user`, `application`, `service`, `operator` or `anonymous`.
    #[schema(example = "user")]
    kind: String,
    /// Absent where the kind says it all.
    #[serde(skip_serializing_if = "String::is_empty")]
    id: String,
}

/// What it was done to.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct AuditTarget {
    #[schema(example = "user")]
    kind: String,
    /// Absent where there was nothing with that name.
    #[serde(skip_serializing_if = "String::is_empty")]
    id: String,
}

/// A page of a trail.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditPageResponse {
    /// The newest first. Where what is asked for is rare, there may be fewer than `limit`, even none, and more to come.
    pub items: Vec<AuditEventResponse>,
    /// Events at most.
    pub limit: u16,
    /// The `cursor` of the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl From<Recorded> for AuditEventResponse {
    fn from(event: Recorded) -> Self {
        Self {
            id: event.id.to_string(),
            tenant_id: event.tenant.to_string(),
            at: event.at.to_string(),
            actor: AuditActor { kind: event.actor_kind, id: event.actor_id },
            action: event.action,
            target: AuditTarget { kind: event.target_kind, id: event.target_id },
            outcome: event.outcome,
            code: event.code,
            address: event.address,
            request_id: event.request_id,
            details: event.details,
        }
    }
}

/// Events as JSON lines: one object and one line break each.
pub fn lines(events: Vec<Recorded>) -> io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for event in events {
        serde_json::to_writer(&mut lines, &AuditEventResponse::from(event))?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// Writes an export as JSON lines. Whoever reads them may go away early.
///
/// # Errors
/// A sentence when the trail cannot be read or the lines cannot be written.
pub async fn write_lines(
    batches: impl Stream<Item = Result<Vec<Recorded>>>,
    out: &mut impl Write,
) -> Result<(), SettingsError> {
    let mut batches = pin!(batches);
    let unread = |failure| SettingsError::new(format!("the audit trail cannot be read: {failure}"));
    while let Some(events) = batches.try_next().await.map_err(unread)? {
        match lines(events).and_then(|lines| out.write_all(&lines)).and_then(|()| out.flush()) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(SettingsError::new(format!("the audit trail cannot be written: {error}"))),
        }
    }
    Ok(())
}
