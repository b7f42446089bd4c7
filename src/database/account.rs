//! The account the private server runs under when we are root, which PostgreSQL refuses to be.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::server::{ServerError, io};

/// A line of `/etc/passwd`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    name: String,
    user: u32,
    /// Its own group, which is let into the socket's folder.
    pub(super) group: u32,
}

impl Account {
    /// `None` when we are an ordinary user; else `postgres`, or `nobody` when there is no such user.
    pub(super) fn for_server() -> Option<Self> {
        if our_user() != Some(0) {
            return None;
        }
        let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
        Self::named("postgres", &accounts).or_else(|| Self::named("nobody", &accounts))
    }

    fn named(name: &str, accounts: &str) -> Option<Self> {
        let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut parts = line.split(':').skip(2);
        let (user, group) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Self { name: name.to_owned(), user, group })
    }

    /// Sees that it can enter every folder on the way to `folder`.
    pub(super) fn reach(&self, folder: &Path) -> Result<(), ServerError> {
        let way: Vec<&Path> = folder.ancestors().collect();
        for step in way.into_iter().rev() {
            let Ok(about) = fs::metadata(step) else { continue };
            let wanted = match (about.uid() == self.user, about.gid() == self.group) {
                (true, _) => 0o100,
                (false, true) => 0o010,
                (false, false) => 0o001,
            };
            if about.mode() & wanted == 0 {
                return Err(ServerError::ShutOut { user: self.name.clone(), folder: PathBuf::from(step) });
            }
        }
        Ok(())
    }
}

/// Gives a file or folder to the account, if there is one.
pub(super) fn own(account: Option<&Account>, path: &Path) -> Result<(), ServerError> {
    match account {
        Some(account) => chown(path, Some(account.user), Some(account.group)).map_err(io(path)),
        None => Ok(()),
    }
}

/// Lets a command run as the account, if there is one.
pub(super) fn run_as<'a>(account: Option<&Account>, command: &'a mut Command) -> &'a mut Command {
    match account {
        // std drops the supplementary groups when a user is set
        Some(account) => command.uid(account.user).gid(account.group),
        None => command,
    }
}

/// The user whose files this account makes: ours, or the server's.
pub(super) fn user_of(account: Option<&Account>) -> Option<u32> {
    account.map_or_else(our_user, |account| Some(account.user))
}

/// Our user's number. Without `/proc` (macOS) the system's own tool knows it.
fn our_user() -> Option<u32> {
    if let Ok(process) = fs::metadata("/proc/self") {
        return Some(process.uid());
    }
    let output = Command::new("id").arg("-u").output().ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_from_the_system_s_list() {
        let list = "root:x:0:0:root:/root:/bin/bash\npostgres:x:101:104:PostgreSQL administrator,,,:/var/lib:/bin/bash\n";
        let found = Account::named("postgres", list).unwrap();
        assert_eq!((found.user, found.group), (101, 104));
        assert_eq!(Account::named("nobody", list), None);
    }

    #[test]
    fn a_folder_closed_to_the_account_is_named() {
        let closed = std::env::temp_dir().join(format!("smartsalud-closed-{}", std::process::id()));
        fs::create_dir_all(closed.join("inner")).unwrap();
        fs::set_permissions(&closed, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let stranger = Account { name: "postgres".to_owned(), user: u32::MAX - 7, group: u32::MAX - 7 };
        let said = stranger.reach(&closed.join("inner")).unwrap_err().to_string();
        assert!(said.contains(closed.to_str().unwrap()) && said.contains("--data-dir"), "{said}");
        fs::remove_dir_all(&closed).unwrap();
    }
}
