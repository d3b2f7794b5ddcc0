//! A file system of a few megabytes that can be filled and given room again.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use deployment::Result;
use rustix::process::geteuid;
use tempfile::TempDir;

/// A mounted file system in memory; it is unmounted with this value.
pub struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// Mounts one of so many megabytes; `None` where this user may not.
    pub fn mount(megabytes: u32) -> Result<Option<Self>> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        let folder = tempfile::Builder::new().prefix("gatehouse-small-disk-").tempdir_in("/tmp")?;
        let options = format!("size={megabytes}m,mode=0755");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder.path()).output();
        Ok(mounted.is_ok_and(|output| output.status.success()).then_some(Self { folder }))
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all the room that is left.
    pub fn fill(&self) -> Result<()> {
        let mut file = File::options().create(true).append(true).open(self.filler())?;
        for size in [64 * 1024, 4 * 1024, 1] {
            let block = vec![0; size];
            while file.write_all(&block).is_ok() {}
        }
        Ok(())
    }

    /// Gives the room back.
    pub fn make_room(&self) -> Result<()> {
        Ok(fs::remove_file(self.filler())?)
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // What cannot be unmounted because it is in use leaves with its last user.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}
