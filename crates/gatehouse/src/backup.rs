//! `gatehouse backup`: both databases into one file, while the services run.

use std::path::Path;

use domain::Clock;
use store::copy::Snapshot;

use crate::Result;
use crate::deployment::{Deployment, Side};
use crate::format::{Origin, Sum};
use crate::writing::Writing;

/// Writes both databases into a new file of mode 0600; the deployment keys are not read.
///
/// # Errors
/// One sentence; the file is not there then.
pub fn backup(deployment: &Deployment, to: &Path, clock: &dyn Clock, progress: &mut dyn FnMut(&str)) -> Result<Sum> {
    let made_at = clock.now().to_string();
    // Auth first: whatever it refers to is in identity by then.
    let mut snapshots = Vec::new();
    for side in [&deployment.auth, &deployment.identity] {
        let snapshot = Snapshot::take(&side.url, &side.migrations).map_err(|error| side.cannot("read", error))?;
        snapshots.push((side, snapshot));
    }
    let origin = |(side, snapshot): &(&Side, Snapshot)| Origin {
        service: side.name().to_owned(),
        engine: side.engine().to_owned(),
        migrations: snapshot.migrations().to_vec(),
    };
    let mut writing = Writing::begin(to, made_at, snapshots.iter().map(origin).collect())?;
    for (side, mut snapshot) in snapshots {
        for table in snapshot.tables() {
            let cannot = |error| side.cannot("read", error);
            writing.table(side.name(), &table).map_err(cannot)?;
            snapshot.each_row(&table, &mut |row| writing.row(&row)).map_err(cannot)?;
            let sum = writing.table_end().map_err(cannot)?;
            progress(&format!("{}: {}, {} rows", side.name(), table.name, sum.rows));
        }
    }
    writing.finish()
}
