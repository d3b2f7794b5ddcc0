//! Stand-ins for base images that cannot be pulled, from Debian packages: each does what its model does as far as
//! `docker-compose.yml` and `deploy/Dockerfile` ask for it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::getuid;

use super::super::docker::{Docker, printed};
use crate::failure::{Failure, Result};
use crate::progress;
use crate::tools;

/// The release of the images that are stood in for.
const RELEASE: &str = "bookworm";
/// One file system for all stand-ins: what the builds need, and the servers.
const PACKAGES: &str = "busybox,gcc,libc6-dev,libnss-wrapper,make,perl,postgresql,prometheus,python3-aiosmtpd";
const DEBIAN: &str = "gatehouse-stand-in/debian";
/// What the file system holds and nobody needs.
const DROPPED: [&str; 6] =
    ["./var/cache/apt", "./var/lib/apt/lists", "./usr/share/doc", "./usr/share/locale", "./usr/share/man", "./dev"];

/// Each file of the context, as it is made.
const FILES: [(&str, &str); 3] = [
    ("Dockerfile", include_str!("Dockerfile")),
    ("mailpit.py", include_str!("mailpit.py")),
    ("postgres.sh", include_str!("postgres.sh")),
];

/// Makes the stand-in of that target in `Dockerfile`, and gives its name. Made once, it is kept by the engine.
pub(super) fn stand_in(docker: &Docker, folder: &Path, target: &str) -> Result<String> {
    let image = format!("gatehouse-stand-in/{target}");
    make_debian(docker, folder)?;
    let context = folder.join("stand-ins");
    for (name, content) in FILES {
        fs::create_dir_all(&context).map_err(Failure::on("create", &context))?;
        fs::write(context.join(name), content).map_err(Failure::on("write", &context))?;
    }
    copy_toolchain(&context.join("toolchain"))?;
    progress::step(&format!("making {image} from Debian packages"));
    let arguments = ["build", "--quiet", "--network", "none", "--target", target, "--tag", &image];
    printed(docker.command(arguments).arg(&context))?;
    Ok(image)
}

fn make_debian(docker: &Docker, folder: &Path) -> Result<()> {
    if docker.succeeds(["image", "inspect", DEBIAN]) {
        return Ok(());
    }
    if tools::find("debootstrap").is_none() || !getuid().is_root() {
        return Err(Failure::new(
            "no registry gave the base images, and stand-ins from Debian packages need root and debootstrap \
             (`apt-get install debootstrap`)",
        ));
    }
    progress::step("fetching Debian packages for the stand-ins");
    let root = folder.join("debian");
    let packages = folder.join("packages");
    remove_folder(&root)?;
    fs::create_dir_all(&packages).map_err(Failure::on("create", &packages))?;
    let mut command = Command::new("debootstrap");
    command.args(["--variant=minbase", "--include", PACKAGES]).arg("--cache-dir").arg(&packages);
    printed(command.arg(RELEASE).arg(&root))?;
    import(docker, &root)?;
    remove_folder(&root)
}

/// `tar | docker import`, so that the file system becomes one layer.
fn import(docker: &Docker, root: &Path) -> Result<()> {
    let mut tar = Command::new("tar")
        .args(DROPPED.map(|folder| format!("--exclude={folder}/*")))
        .args(["--numeric-owner", "-c", "."])
        .current_dir(root)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(Failure::starting(Path::new("tar")))?;
    let input = tar.stdout.take().map_or_else(Stdio::null, Stdio::from);
    let path = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let imported =
        docker.command(["import", "--change", path, "-", DEBIAN]).stdin(input).stdout(Stdio::null()).status();
    let packed = tar.wait();
    if imported.is_ok_and(|status| status.success()) && packed.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    // Half a file system must not be taken for a whole one.
    docker.succeeds(["image", "rm", DEBIAN]);
    Err(Failure::new("the file system of the stand-ins could not be given to the Docker engine"))
}

/// The compiler that runs this, without its documentation.
fn copy_toolchain(folder: &Path) -> Result<()> {
    if folder.exists() {
        return Ok(());
    }
    let sysroot = printed(Command::new("rustc").args(["--print", "sysroot"]))?;
    let sysroot = PathBuf::from(sysroot.trim());
    let unfinished = folder.with_added_extension("new");
    remove_folder(&unfinished)?;
    fs::create_dir_all(unfinished.join("bin")).map_err(Failure::on("create", &unfinished))?;
    for part in ["bin/cargo", "bin/rustc", "lib"] {
        let mut copy = Command::new("cp");
        copy.args(["--archive", "--dereference"]).arg(sysroot.join(part)).arg(unfinished.join(part));
        printed(&mut copy)?;
    }
    fs::rename(&unfinished, folder).map_err(Failure::on("make", folder))
}

fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(Failure::on("remove", path)(cause)),
        Ok(()) | Err(_) => Ok(()),
    }
}
