//! What `--only NAME` chooses.

use crate::fault::Fault;
use crate::workspace::{Package, Workspace};

/// The tests of one run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Choice<'a> {
    /// Full names of the packages.
    pub(crate) packages: Vec<&'a str>,
    /// Whether these are all packages of the workspace.
    pub(crate) everything: bool,
    /// Only this integration test of the package.
    pub(crate) test: Option<&'a str>,
    /// Whether there is a library whose documentation may hold tests.
    pub(crate) doc_tests: bool,
}

impl<'a> Choice<'a> {
    /// # Errors
    /// [`Fault::Refused`] with the names to choose from, when there is no such crate or test.
    pub(crate) fn of(workspace: &'a Workspace, only: Option<&str>) -> Result<Self, Fault> {
        Self::among(&workspace.packages, only)
    }

    fn among(packages: &'a [Package], only: Option<&str>) -> Result<Self, Fault> {
        let Some(only) = only else {
            return Ok(Self {
                packages: packages
                    .iter()
                    .map(|package| package.name.as_str())
                    .collect(),
                everything: true,
                test: None,
                doc_tests: packages.iter().any(Package::has_library),
            });
        };
        if let Some(package) = packages
            .iter()
            .find(|package| package.name == only || package.short_name() == only)
        {
            return Ok(Self {
                packages: vec![&package.name],
                everything: false,
                test: None,
                doc_tests: package.has_library(),
            });
        }
        let found = integration_tests(packages).find(|(_, test)| *test == only);
        let Some((package, test)) = found else {
            return Err(Fault::Refused(unknown(packages, only)));
        };
        Ok(Self {
            packages: vec![&package.name],
            everything: false,
            test: Some(test),
            doc_tests: false,
        })
    }
}

fn integration_tests(packages: &[Package]) -> impl Iterator<Item = (&Package, &str)> {
    packages.iter().flat_map(|package| {
        let tests = package.targets.iter().filter(|target| target.is("test"));
        tests.map(move |target| (package, target.name.as_str()))
    })
}

fn unknown(packages: &[Package], only: &str) -> String {
    let crates: Vec<_> = packages.iter().map(Package::short_name).collect();
    let tests: Vec<_> = integration_tests(packages).map(|(_, test)| test).collect();
    format!(
        "--only {only}: no such crate or integration test.\n    crates: {}\n    integration tests: {}",
        crates.join(", "),
        tests.join(", "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::samples::package;

    fn sample() -> Vec<Package> {
        vec![
            package(
                "outdial-engine",
                &[],
                &[("outdial_engine", "lib"), ("properties", "test")],
            ),
            package("outdial", &[], &[("outdial", "bin"), ("sipp", "test")]),
        ]
    }

    #[test]
    fn without_a_name_everything_is_chosen() {
        let packages = sample();
        let choice = Choice::among(&packages, None).unwrap();
        assert!(choice.everything && choice.doc_tests);
        assert_eq!(choice.packages, ["outdial-engine", "outdial"]);
    }

    #[test]
    fn a_crate_is_chosen_by_either_of_its_names() {
        let packages = sample();
        let long = Choice::among(&packages, Some("outdial-engine")).unwrap();
        assert_eq!(Choice::among(&packages, Some("engine")).unwrap(), long);
        assert_eq!(
            (long.packages, long.test, long.doc_tests),
            (vec!["outdial-engine"], None, true)
        );
    }

    #[test]
    fn an_integration_test_is_chosen_by_its_name() {
        let packages = sample();
        let choice = Choice::among(&packages, Some("sipp")).unwrap();
        assert_eq!(
            (choice.packages, choice.test, choice.doc_tests),
            (vec!["outdial"], Some("sipp"), false)
        );
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let packages = sample();
        let fault = Choice::among(&packages, Some("sip"))
            .unwrap_err()
            .to_string();
        assert!(fault.contains("crates: engine, outdial"), "{fault}");
        assert!(
            fault.contains("integration tests: properties, sipp"),
            "{fault}"
        );
    }
}
