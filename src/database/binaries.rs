//! Where PostgreSQL's server programs are on this machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::server::ServerError;

/// The oldest major version that is supported.
const OLDEST: u32 = 15;

/// A folder with `initdb` and `postgres`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// The folder.
    pub folder: PathBuf,
    /// The major version: 15, 16 …
    pub major: u32,
}

/// Looks in the folder given (the setting `SMARTSALUD_POSTGRES_BIN`), then in `PATH`, then where packages put
/// PostgreSQL, highest version first.
///
/// # Errors
/// When there are none, or only older than 15: the error lists where it looked and what to install.
pub fn find(given: Option<&Path>, path: Option<&std::ffi::OsStr>) -> Result<Binaries, ServerError> {
    let in_path: Vec<PathBuf> = path.map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
    find_in(given.map(Path::to_path_buf).into_iter().chain(in_path).chain(packaged()).collect())
}

/// Looks in these folders, in their order.
///
/// # Errors
/// As [`find`].
pub fn find_in(folders: Vec<PathBuf>) -> Result<Binaries, ServerError> {
    let mut looked: Vec<PathBuf> = Vec::new();
    let mut too_old: Option<Binaries> = None;
    for folder in folders {
        if looked.contains(&folder) {
            continue;
        }
        looked.push(folder.clone());
        // `/usr/local/bin/initdb` may be a link into a package's folder, where its libraries are found
        let real = fs::canonicalize(folder.join("initdb"))
            .ok()
            .and_then(|file| file.parent().map(Path::to_path_buf));
        let Some(real) = real.filter(|real| real.join("postgres").is_file()) else { continue };
        let Some(major) = major_of(&real) else { continue };
        let found = Binaries { folder: real, major };
        if major >= OLDEST {
            return Ok(found);
        }
        too_old.get_or_insert(found);
    }
    let listed = looked.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ");
    Err(match too_old {
        Some(old) => ServerError::TooOld { major: old.major, folder: old.folder, install: install_command() },
        None => ServerError::NotFound { looked: listed, install: install_command() },
    })
}

/// `/usr/lib/postgresql/*/bin`, `/usr/pgsql-*/bin`, Homebrew's kegs; highest version first.
fn packaged() -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for (parent, prefix) in [
        ("/usr/lib/postgresql", ""),
        ("/usr", "pgsql-"),
        ("/opt/homebrew/opt", "postgresql@"),
        ("/usr/local/opt", "postgresql@"),
        ("/usr/libexec", "postgresql"),
    ] {
        let Ok(entries) = fs::read_dir(parent) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let version =
                name.to_str().and_then(|name| name.strip_prefix(prefix)).and_then(|v| v.parse().ok());
            if let Some(version) = version {
                let folder = entry.path();
                let bin = folder.join("bin");
                found.push((version, if bin.is_dir() { bin } else { folder }));
            }
        }
    }
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, folder)| folder).collect()
}

/// Asks `postgres --version`, which prints `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn major_of(folder: &Path) -> Option<u32> {
    let output = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let number = text.split("(PostgreSQL)").nth(1)?.trim_start();
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The command that installs the server on this system.
pub fn install_command() -> &'static str {
    let exists = |file: &str| Path::new(file).exists();
    if exists("/usr/bin/apt-get") {
        "apt-get install postgresql"
    } else if exists("/usr/bin/dnf") {
        "dnf install postgresql-server postgresql-contrib"
    } else if exists("/opt/homebrew/bin/brew") || exists("/usr/local/bin/brew") {
        "brew install postgresql@17"
    } else if exists("/sbin/apk") {
        "apk add postgresql postgresql-contrib"
    } else {
        "install PostgreSQL 15 or later with its contrib modules"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_found_says_where_it_looked_and_what_to_install() {
        let error = ServerError::NotFound { looked: "/a, /b".into(), install: install_command() }.to_string();
        assert!(error.contains("/a, /b") && error.contains("install"), "{error}");
    }

    #[test]
    fn the_folder_that_is_given_comes_first() {
        let folder = std::env::temp_dir().join(format!("smartsalud-bin-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in
            [("initdb", "#!/bin/sh\n"), ("postgres", "#!/bin/sh\necho 'postgres (PostgreSQL) 16.2'\n")]
        {
            fs::write(folder.join(name), text).unwrap();
            fs::set_permissions(folder.join(name), std::os::unix::fs::PermissionsExt::from_mode(0o755))
                .unwrap();
        }
        let found = find(Some(&folder), None).unwrap();
        assert_eq!((found.major, found.folder), (16, fs::canonicalize(&folder).unwrap()));
        fs::remove_dir_all(&folder).unwrap();
    }
}
