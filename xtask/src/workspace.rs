//! The workspace as cargo and git see it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::fault::Fault;
use crate::process;

/// The parts of `cargo metadata` that the tasks read.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    pub(crate) target_directory: PathBuf,
    /// The workspace's own packages only.
    pub(crate) packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `None` for an ordinary one, else `dev` or `build`.
    pub(crate) kind: Option<String>,
    /// Set for a package of this workspace.
    pub(crate) path: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    pub(crate) name: String,
    /// `lib`, `bin`, `test`, `example`, `bench` …
    pub(crate) kind: Vec<String>,
}

impl Workspace {
    /// Asks cargo about the workspace that holds xtask.
    ///
    /// # Errors
    /// When cargo cannot read a manifest.
    pub(crate) fn open() -> Result<Self, Fault> {
        let mut command = process::cargo();
        command.args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--manifest-path",
        ]);
        // Where cargo runs it, not where it was compiled: a target folder may serve several checkouts.
        let package = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        command.arg(package.join("Cargo.toml"));
        let json = process::capture(&mut command)?;
        serde_json::from_str(&json).map_err(|error| Fault::Output {
            command: process::as_typed(&command),
            problem: error.to_string(),
        })
    }

    /// `cargo` in the root of the workspace.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = process::cargo();
        command.current_dir(&self.root);
        command
    }

    /// Every file that is committed or about to be, as paths from the root.
    ///
    /// # Errors
    /// When this is not a git checkout.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>, Fault> {
        let mut git = Command::new("git");
        git.current_dir(&self.root);
        git.args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]);
        let listing = process::capture(&mut git)?;
        let named = listing
            .split('\0')
            .filter(|name| !name.is_empty())
            .map(PathBuf::from);
        // A file deleted in the work tree is still in git's index.
        Ok(named
            .filter(|path| self.root.join(path).is_file())
            .collect())
    }

    /// The text of a file of the workspace, or `None` when it is not text.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn text(&self, path: &Path) -> Result<Option<String>, Fault> {
        let path = self.root.join(path);
        let bytes = fs::read(&path).map_err(|source| Fault::File { path, source })?;
        Ok(String::from_utf8(bytes).ok())
    }
}

impl Package {
    /// The folder of the package's manifest.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(Path::new("."))
    }

    /// The name without the project's prefix: `engine` for `outdial-engine`.
    pub(crate) fn short_name(&self) -> &str {
        short_name(&self.name)
    }

    pub(crate) fn has_library(&self) -> bool {
        self.targets.iter().any(|target| target.is("lib"))
    }
}

impl Target {
    pub(crate) fn is(&self, kind: &str) -> bool {
        self.kind.iter().any(|given| given == kind)
    }
}

/// A package's name without the project's prefix.
pub(crate) fn short_name(package: &str) -> &str {
    package.strip_prefix("outdial-").unwrap_or(package)
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;

    /// A package of the given name that uses others of the workspace: `(name, kind)`.
    pub(crate) fn package(
        name: &str,
        uses: &[(&str, Option<&str>)],
        targets: &[(&str, &str)],
    ) -> Package {
        let dependencies = uses.iter().map(|&(name, kind)| Dependency {
            name: name.to_owned(),
            kind: kind.map(str::to_owned),
            path: name.starts_with("outdial").then(|| PathBuf::from("crates")),
        });
        let targets = targets.iter().map(|&(name, kind)| Target {
            name: name.to_owned(),
            kind: vec![kind.to_owned()],
        });
        Package {
            name: name.to_owned(),
            id: format!("path+file:///here#{name}"),
            manifest_path: PathBuf::from("here").join(name).join("Cargo.toml"),
            dependencies: dependencies.collect(),
            targets: targets.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_of_xtask_is_found_from_anywhere() {
        let workspace = Workspace::open().unwrap();
        assert!(workspace.root.join("Cargo.lock").is_file());
        assert!(
            workspace
                .packages
                .iter()
                .any(|package| package.name == "xtask")
        );
    }

    #[test]
    fn names_lose_the_prefix_of_the_project() {
        assert_eq!(short_name("outdial-engine"), "engine");
        assert_eq!(short_name("outdial"), "outdial");
    }
}
