//! Dependencies between the crates point inward. The map is in `docs/ARCHITECTURE.md`; this is the same map as data.

use crate::fault::Fault;
use crate::workspace::{Package, Workspace, short_name};

/// What one crate may use.
struct Arrows {
    name: &'static str,
    /// In the product.
    uses: &'static [&'static str],
    /// In its tests and examples besides: worlds to run in and concrete parts to run on.
    tests_use: &'static [&'static str],
}

const MAP: [Arrows; 12] = [
    Arrows {
        name: "domain",
        uses: &[],
        tests_use: &[],
    },
    Arrows {
        name: "engine",
        uses: &["domain"],
        tests_use: &["sim"],
    },
    Arrows {
        name: "sim",
        uses: &["domain", "engine"],
        tests_use: &[],
    },
    Arrows {
        name: "store",
        uses: &["domain"],
        tests_use: &[],
    },
    Arrows {
        name: "telephony",
        uses: &["domain"],
        tests_use: &["peers"],
    },
    Arrows {
        name: "peers",
        uses: &["domain", "telephony"],
        tests_use: &[],
    },
    // Of `sim`, forecasts only.
    Arrows {
        name: "service",
        uses: &["domain", "engine", "store", "telephony", "sim"],
        tests_use: &["peers"],
    },
    Arrows {
        name: "api",
        uses: &["domain", "service"],
        tests_use: &["store", "telephony", "sim", "peers"],
    },
    Arrows {
        name: "dialects",
        uses: &["domain", "service"],
        tests_use: &["store", "telephony", "sim", "peers"],
    },
    // Built on our own REST API, which it calls over the wire; `api` is for the shapes.
    Arrows {
        name: "console",
        uses: &["api"],
        tests_use: &[],
    },
    // The only crate that names concrete stores and connectors.
    Arrows {
        name: "outdial",
        uses: &[
            "domain",
            "engine",
            "sim",
            "peers",
            "store",
            "telephony",
            "service",
            "dialects",
            "api",
            "console",
        ],
        tests_use: &[],
    },
    // Builds without the product, so that it can say why the product does not build.
    Arrows {
        name: "xtask",
        uses: &[],
        tests_use: &[],
    },
];

/// Crates that would let a clock, a socket, a disk or chance into code that must replay byte for byte.
const IMPURE: [&str; 14] = [
    "async-std",
    "axum",
    "getrandom",
    "hyper",
    "mio",
    "reqwest",
    "rsipstack",
    "rusqlite",
    "smol",
    "socket2",
    "sqlx",
    "tokio",
    "ureq",
    "uuid",
];

/// The crates that must replay byte for byte.
const PURE: [&str; 3] = ["domain", "engine", "sim"];

/// # Errors
/// [`Fault::Findings`], a line for each arrow that is not on the map.
pub(crate) fn check(workspace: &Workspace) -> Result<String, Fault> {
    Fault::from_findings(workspace.packages.iter().flat_map(findings_in).collect())?;
    Ok(format!("{} crates", workspace.packages.len()))
}

fn findings_in(package: &Package) -> Vec<String> {
    let name = package.short_name();
    let Some(arrows) = MAP.iter().find(|arrows| arrows.name == name) else {
        return vec![format!(
            "crate `{name}` is not on the map; add its arrows to xtask/src/check/arrows.rs and to docs/ARCHITECTURE.md"
        )];
    };
    let mut findings = Vec::new();
    for dependency in &package.dependencies {
        let used = short_name(&dependency.name);
        let in_tests = dependency.kind.as_deref() == Some("dev");
        let is_ours = dependency.path.is_some();
        if is_ours
            && !arrows.uses.contains(&used)
            && !(in_tests && arrows.tests_use.contains(&used))
        {
            findings.push(format!(
                "`{name}` must not use `{used}`: arrows point inward, so a type that both need sits in the wrong crate"
            ));
        }
        if PURE.contains(&name) && !in_tests && IMPURE.contains(&dependency.name.as_str()) {
            findings.push(format!(
                "`{name}` must not use `{used}`: it is pure; time, chance and I/O come in as inputs"
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::samples::package;

    #[test]
    fn arrows_on_the_map_are_allowed() {
        let engine = package(
            "outdial-engine",
            &[("outdial-domain", None), ("serde", None)],
            &[],
        );
        assert!(findings_in(&engine).is_empty());
    }

    #[test]
    fn an_arrow_backwards_is_found() {
        let domain = package("outdial-domain", &[("outdial-engine", None)], &[]);
        assert!(findings_in(&domain)[0].starts_with("`domain` must not use `engine`"));
    }

    #[test]
    fn tests_may_use_worlds_that_the_product_may_not() {
        let in_tests = package("outdial-telephony", &[("outdial-peers", Some("dev"))], &[]);
        assert!(findings_in(&in_tests).is_empty());
        let in_product = package("outdial-telephony", &[("outdial-peers", None)], &[]);
        assert_eq!(findings_in(&in_product).len(), 1);
    }

    #[test]
    fn a_pure_crate_may_not_bring_in_a_runtime() {
        let engine = package(
            "outdial-engine",
            &[("tokio", None), ("tokio", Some("dev"))],
            &[],
        );
        assert_eq!(findings_in(&engine).len(), 1);
    }

    #[test]
    fn a_crate_that_is_not_on_the_map_is_found() {
        assert!(findings_in(&package("outdial-helpers", &[], &[]))[0].contains("not on the map"));
    }

    #[test]
    fn the_map_itself_has_no_circle() {
        // Repeatedly take away crates that use only what is already taken away.
        let mut left: Vec<_> = MAP.iter().collect();
        let mut placed: Vec<&str> = Vec::new();
        while !left.is_empty() {
            let before = left.len();
            left.retain(|arrows| {
                let ready = arrows.uses.iter().all(|used| placed.contains(used));
                if ready {
                    placed.push(arrows.name);
                }
                !ready
            });
            assert!(
                left.len() < before,
                "a circle among the crates that are left"
            );
        }
    }
}
