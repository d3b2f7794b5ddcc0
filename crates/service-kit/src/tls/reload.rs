//! What is made from files, and made anew when the files change.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::Instant;

use crate::settings::SettingsError;

/// The pause between two looks at the files.
const LOOK: Duration = Duration::from_secs(2);
/// After which time unchanged files are read again, since certificates expire.
const AGAIN: Duration = Duration::from_secs(60 * 60);

/// A value made from files. While somebody holds it, it follows the files: a change that can be used counts within
/// seconds, and one that cannot is told in the log and leaves what was.
#[derive(Debug)]
pub struct Reloaded<T> {
    current: ArcSwap<T>,
}

impl<T: Send + Sync + 'static> Reloaded<T> {
    /// Makes the value, which must succeed, and begins to look at the files. `table` is the settings' table that names
    /// them.
    pub(super) fn start(
        table: &str,
        files: Vec<PathBuf>,
        make: impl Fn() -> Result<T, SettingsError> + Send + 'static,
    ) -> Result<Arc<Self>, SettingsError> {
        // The look comes before the reading: what changes between them is read again.
        let seen = look(&files);
        let reloaded = Arc::new(Self { current: ArcSwap::from_pointee(make()?) });
        tokio::spawn(follow(Arc::downgrade(&reloaded), table.to_owned(), files, seen, make));
        Ok(reloaded)
    }

    /// The value in force.
    pub(crate) fn current(&self) -> Arc<T> {
        self.current.load_full()
    }
}

/// What tells two states of a file apart: device, inode, size and the time of its last change; none when it is missing.
type Look = Vec<Option<(u64, u64, u64, i64, i64)>>;

fn look(files: &[PathBuf]) -> Look {
    let one = |path: &Path| {
        let found = fs::metadata(path).ok()?;
        Some((found.dev(), found.ino(), found.size(), found.ctime(), found.ctime_nsec()))
    };
    files.iter().map(|path| one(path)).collect()
}

async fn follow<T: Send + Sync + 'static>(
    reloaded: Weak<Reloaded<T>>,
    table: String,
    files: Vec<PathBuf>,
    mut seen: Look,
    make: impl Fn() -> Result<T, SettingsError> + Send + 'static,
) {
    let mut read_at = Instant::now();
    let mut told: Option<SettingsError> = None;
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(reloaded) = reloaded.upgrade() else { return };
        let found = look(&files);
        let has_changed = found != seen;
        // What could not be used is tried again: half of a pair may have been written, or a certificate become valid.
        if !has_changed && told.is_none() && read_at.elapsed() < AGAIN {
            continue;
        }
        (seen, read_at) = (found, Instant::now());
        match make() {
            Ok(value) => {
                reloaded.current.store(Arc::new(value));
                if has_changed || told.is_some() {
                    tracing::info!(table, "changed TLS files were read; new connections use them");
                }
                told = None;
            }
            Err(error) => {
                if told.as_ref() != Some(&error) {
                    tracing::error!(table, %error, "TLS files cannot be used; what was read before stays in use");
                }
                told = Some(error);
            }
        }
    }
}
