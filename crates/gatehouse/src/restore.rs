//! `gatehouse restore`: both databases anew from one file, checked, all or nothing.

use std::path::Path;

use crypto::keys::DeploymentKeys;
use domain::audit::{DEPLOYMENT, action};
use domain::{Clock, Epoch, Timestamp};
use error_codes::Failure;
use store::copy::{Replacement, Table, Value};
use store::{Actor, AuditEvent, Outcome, Unit};

use crate::deployment::{Deployment, Side};
use crate::format::{Summing, encode};
use crate::reading::{Contents, Reading, Step, Sum, verify};
use crate::{Refusal, Result};

/// Rows, and bytes of them, that are held before they are written.
const BATCH_ROWS: usize = 500;
const BATCH_BYTES: usize = 1024 * 1024;

/// How a restore is done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// Whether what the databases hold may be lost.
    pub replace: bool,
    /// Whether tokens and sessions from before live on. Safe only where the services stood still since the backup.
    pub keep_sessions: bool,
}

/// A database that is being restored.
struct Target<'a> {
    side: &'a Side,
    keys: DeploymentKeys,
    replacement: Replacement<'a>,
    tables: Vec<Table>,
}

/// Makes both databases anew from a backup, and checks them before they are committed.
///
/// # Errors
/// One sentence. Both databases are then as they were, except where the sentence says otherwise.
pub fn restore(
    deployment: &Deployment,
    from: &Path,
    manner: Manner,
    clock: &dyn Clock,
    progress: &mut dyn FnMut(&str),
) -> Result<Contents> {
    progress("reading the backup to its end");
    let contents = verify(from)?;
    let mut identity = begin(&deployment.identity, &contents, manner)?;
    let mut auth = begin(&deployment.auth, &contents, manner)?;
    load(from, deployment, [&mut auth, &mut identity], progress)?;

    progress("checking relations and deployment keys");
    let now = clock.now();
    for target in [&mut auth, &mut identity] {
        let Target { side, replacement, tables, .. } = target;
        replacement.finish(tables).map_err(|error| side.cannot("restored", error))?;
        target.settle(&contents, manner, now)?;
    }
    identity.replacement.commit().map_err(|error| identity.side.cannot("restored", error))?;
    auth.replacement.commit().map_err(|error| {
        let reason = auth.side.cannot("restored", error);
        Refusal::new(format!(
            "{reason}; identity-service is restored already: do not start the services, and run the same command again \
             with --replace"
        ))
    })?;
    Ok(contents)
}

fn begin<'a>(side: &'a Side, contents: &Contents, manner: Manner) -> Result<Target<'a>> {
    let origin = contents
        .header
        .databases
        .iter()
        .find(|origin| origin.service == side.name())
        .ok_or_else(|| Refusal::new(format!("the backup holds nothing of {}; take another one", side.name())))?;
    let cannot = |error| side.cannot("restored", error);
    if let Some(version) = side.migrations.unknown(&origin.migrations).map_err(cannot)? {
        return Err(Refusal::new(format!(
            "the backup holds the migration {version} of {}, which this program does not know; restore it with Gatehouse \
             {} or newer",
            side.name(),
            contents.header.version
        )));
    }
    let keys = side.keys()?;
    let replacement =
        Replacement::begin(&side.url, &side.migrations, &origin.migrations, manner.replace).map_err(cannot)?;
    Ok(Target { side, keys, replacement, tables: Vec::new() })
}

/// Writes the rows, and compares each table with the backup once it is written.
fn load(
    from: &Path,
    deployment: &Deployment,
    [auth, identity]: [&mut Target<'_>; 2],
    progress: &mut dyn FnMut(&str),
) -> Result<()> {
    let mut reading = Reading::open(from)?;
    loop {
        let (service, table) = match reading.step()? {
            Step::Table { service, table } => (service, table),
            Step::End(_) => return Ok(()),
            Step::Row(_) | Step::TableEnd(_) => return Err(reading.damaged()),
        };
        let unknown = || Refusal::new(format!("the backup holds {service}, which this program does not know"));
        let is_auth = deployment.side(&service).ok_or_else(unknown)?.name() == auth.side.name();
        let target = if is_auth { &mut *auth } else { &mut *identity };
        let sum = target.load(&table, &mut reading)?;
        progress(&format!("{service}: {}, {} rows", table.name, sum.rows));
        target.tables.push(table);
    }
}

impl Target<'_> {
    fn load(&mut self, table: &Table, reading: &mut Reading) -> Result<Sum> {
        let side = self.side;
        let cannot = |error| side.cannot("restored", error);
        let mut batch = Vec::new();
        let mut bytes = 0;
        let expected = loop {
            let end = match reading.step()? {
                Step::Row(row) => {
                    bytes += size(&row);
                    batch.push(row);
                    None
                }
                Step::TableEnd(sum) => Some(sum),
                Step::Table { .. } | Step::End(_) => return Err(reading.damaged()),
            };
            if end.is_some() || batch.len() >= BATCH_ROWS || bytes >= BATCH_BYTES {
                self.replacement.insert(table, &batch).map_err(cannot)?;
                batch.clear();
                bytes = 0;
            }
            if let Some(sum) = end {
                break sum;
            }
        };
        let mut found = Summing::default();
        self.replacement
            .each_row(table, &mut |row| {
                found.row(&encode(&row)?);
                Ok(())
            })
            .map_err(cannot)?;
        if found.sum() != expected {
            let reason =
                format!("{} reads otherwise than it was written; report this as a fault of Gatehouse", table.name);
            return Err(side.cannot("restored", reason));
        }
        Ok(expected)
    }

    /// Checks the deployment keys, ends what was issued before, and tells the audit trail.
    fn settle(&mut self, contents: &Contents, manner: Manner, now: Timestamp) -> Result<()> {
        let Self { side, keys, replacement, .. } = self;
        let (side, keys) = (*side, &*keys);
        let raises = side.name() == identity_service::process::NAME && !manner.keep_sessions;
        let settled = replacement.unit(side.codes, now, |unit| {
            if !side.keys_open(unit, keys)? {
                return Ok(false);
            }
            if raises {
                identity_store::epochs::raise_all(unit, Epoch(u32::try_from(now.seconds()).unwrap_or(0)))?;
            }
            tell(unit, contents, manner)?;
            Ok(true)
        });
        match settled.map_err(|failure| side.cannot("restored", failure))? {
            true => Ok(()),
            false => Err(side.wrong_keys()),
        }
    }
}

fn size(row: &[Value]) -> usize {
    let size = |value: &Value| match value {
        Value::Null | Value::Integer(_) => 8,
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
    };
    row.iter().map(size).sum()
}

fn tell(unit: &mut Unit<'_>, contents: &Contents, manner: Manner) -> std::result::Result<(), Failure> {
    unit.audit(&AuditEvent {
        tenant: DEPLOYMENT.into(),
        actor: Actor::operator(),
        action: action::DEPLOYMENT_RESTORE,
        target_id: String::new(),
        outcome: Outcome::Done,
        details: Some(serde_json::json!({
            "made_at": contents.header.made_at,
            "sha256": contents.sum.sha256,
            "sessions_kept": manner.keep_sessions,
        })),
    })
}
