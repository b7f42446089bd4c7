//! Making a cluster: `initdb`, or for a throw-away one a copy of what `initdb` made before.
//!
//! Guarantees: it is made beside its place and renamed when complete, so an interrupted first start leaves nothing
//! half made; a copy is only taken from a folder that belongs to the server's own user and is closed to others.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use super::account::{self, Account};
use super::binaries::Binaries;
use super::server::{Durability, ServerError, USER, io};

/// UTF-8 everywhere: without it `lower('MUÑOZ')` keeps its Ñ. Older systems know the first by another name.
const LOCALES: [&str; 4] = ["C.UTF-8", "C.utf8", "en_US.UTF-8", "es_CL.UTF-8"];

/// Makes a cluster at `data`, inside `folder`.
pub(super) fn make(
    found: &Binaries,
    folder: &Path,
    data: &Path,
    durability: Durability,
    runs_as: Option<&Account>,
) -> Result<(), ServerError> {
    let unfinished = folder.join("pgdata.unfinished");
    let kept = match durability {
        Durability::Full => None,
        Durability::None => kept_copy(found, runs_as),
    };
    if !kept.as_deref().is_some_and(|kept| is_safe(kept, runs_as) && copy(kept, &unfinished, runs_as)) {
        initdb(found, &unfinished, data, durability, runs_as)?;
        if let Some(kept) = kept.filter(|kept| !kept.exists()) {
            keep(&unfinished, &kept, runs_as);
        }
    }
    fs::rename(&unfinished, data).map_err(io(data))
}

fn initdb(
    found: &Binaries,
    unfinished: &Path,
    data: &Path,
    durability: Durability,
    runs_as: Option<&Account>,
) -> Result<(), ServerError> {
    let mut said = String::new();
    for locale in LOCALES {
        empty(unfinished, runs_as)?;
        let mut command = Command::new(found.folder.join("initdb"));
        command.arg("-D").arg(unfinished).args(["-U", USER, "-A", "trust", "-E", "UTF8"]);
        command.arg(format!("--locale={locale}")).current_dir("/").stdin(Stdio::null());
        if durability == Durability::None {
            command.arg("--no-sync");
        }
        let output = account::run_as(runs_as, &mut command).output().map_err(io(&found.folder))?;
        if output.status.success() {
            return Ok(());
        }
        said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', " / ");
        if !said.contains("locale") {
            break;
        }
    }
    Err(ServerError::Initdb { folder: data.to_owned(), said })
}

/// An empty folder that belongs to the server's user alone.
fn empty(folder: &Path, runs_as: Option<&Account>) -> Result<(), ServerError> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(io(folder))?;
    }
    fs::create_dir(folder).map_err(io(folder))?;
    fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(io(folder))?;
    account::own(runs_as, folder)
}

/// Where what `initdb` made is kept for throw-away clusters, by program and user: it takes most of their start.
fn kept_copy(found: &Binaries, runs_as: Option<&Account>) -> Option<PathBuf> {
    let about = fs::metadata(found.folder.join("postgres")).ok()?;
    let user = account::user_of(runs_as)?;
    let which = format!("{} {} {} {user}", found.folder.display(), about.len(), about.mtime());
    let name = hex::encode(&Sha256::digest(which.as_bytes())[..8]);
    Some(std::env::temp_dir().join(format!("smartsalud-initdb-{name}")))
}

/// Whoever could write there could run commands as the server's user.
fn is_safe(kept: &Path, runs_as: Option<&Account>) -> bool {
    fs::symlink_metadata(kept).is_ok_and(|about| {
        about.is_dir() && about.mode() & 0o077 == 0 && Some(about.uid()) == account::user_of(runs_as)
    })
}

/// Copies as the server's user, so that no file of ours ends up in it. A failure only costs the time of `initdb`.
fn copy(from: &Path, to: &Path, runs_as: Option<&Account>) -> bool {
    if empty(to, runs_as).is_err() {
        return false;
    }
    let mut command = Command::new("cp");
    command.arg("-Rp").arg(from.join(".")).arg(to).current_dir("/");
    let done = account::run_as(runs_as, &mut command).stdin(Stdio::null()).stderr(Stdio::null()).status();
    done.is_ok_and(|status| status.success()) && to.join("PG_VERSION").exists()
}

/// Renamed when complete; when another process was faster, its copy is as good.
fn keep(made: &Path, kept: &Path, runs_as: Option<&Account>) {
    let unfinished = kept.with_extension(std::process::id().to_string());
    if copy(made, &unfinished, runs_as) && fs::rename(&unfinished, kept).is_ok() {
        return;
    }
    fs::remove_dir_all(&unfinished).ok();
}
