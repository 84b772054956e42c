//! The configuration: one TOML file, with environment variables laid over it.
//!
//! Reading goes in three steps. The text becomes a tree of values that know their lines, and the
//! environment is laid over it; each part of the tree is read into the type that it configures, with
//! everything that is wrong gathered in one report; last, what refers to something else is checked
//! against it. Whoever gets a [`Configuration`] can use it as it stands.

mod agent;
mod cause_map;
mod convert;
mod cross_checks;
mod environment;
mod key;
mod number;
mod place;
mod problem;
mod secret;
mod section;
mod server;
mod sip_uri;
mod suggest;
mod tenant;
mod tree;
mod trunk;
mod vendor;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use outdial_domain::Trunk;
use outdial_service::Setup;

pub use place::{At, KeyPath, Place};
pub use problem::{Problem, Severity};
pub use secret::Secret;
pub use server::{DatabaseSettings, ServerSettings, SipSettings};
pub use vendor::{
    AccessKey, AlibabaSettings, DezhuSettings, HuaweiSettings, TencentSettings, VendorSettings,
};

use place::Found;
use problem::{Fault, Report};
use section::Section;
use tenant::TenantEntry;

/// A configuration that has been checked.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// `[server]`.
    pub server: ServerSettings,
    /// `[database]`.
    pub database: DatabaseSettings,
    /// `[telephony.sip]`.
    pub sip: SipSettings,
    /// Trunks, tenants and keys, as the service takes them.
    pub setup: Setup,
    /// Who each tenant is in the vendors' APIs, by the tenant's name.
    pub vendors: BTreeMap<String, VendorSettings>,
    /// What its author should know, although it can be used.
    pub warnings: Vec<Problem>,
}

/// A configuration that cannot be used: everything that is wrong with it.
#[derive(Clone, Debug)]
pub struct BrokenConfiguration {
    /// What is wrong, in the order of the file; warnings are among it.
    pub problems: Vec<Problem>,
}

impl fmt::Display for BrokenConfiguration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut errors = 0;
        for problem in &self.problems {
            errors += u32::from(problem.severity == Severity::Error);
            writeln!(f, "{problem}")?;
        }
        let s = if errors == 1 { "" } else { "s" };
        write!(
            f,
            "the configuration has {errors} error{s}; nothing was started"
        )
    }
}

impl std::error::Error for BrokenConfiguration {}

impl Configuration {
    /// Reads a file, with the variables of this process laid over it.
    ///
    /// # Errors
    /// [`BrokenConfiguration`] with every problem found.
    pub fn load(path: &Path) -> Result<Self, BrokenConfiguration> {
        let variables = std::env::vars_os().map(|(name, value)| {
            let text = |os: std::ffi::OsString| os.to_string_lossy().into_owned();
            (text(name), text(value))
        });
        Self::load_with(path, variables)
    }

    /// Reads a file, with these variables laid over it.
    ///
    /// # Errors
    /// [`BrokenConfiguration`] with every problem found.
    pub fn load_with(
        path: &Path,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, BrokenConfiguration> {
        let report = Report::default();
        let file = path.display().to_string();
        let parts = match std::fs::read_to_string(path) {
            Ok(text) => {
                let directory = path.parent().unwrap_or(Path::new(""));
                read(&file, &text, directory, variables, &report)
            }
            Err(error) => {
                let at = At {
                    place: Place::WholeFile(file),
                    key: KeyPath::default(),
                };
                let remedy = "name a file in UTF-8 with --config; docs/outdial.example.toml shows how it looks";
                report.error(&at, Fault::new(format!("cannot be read: {error}"), remedy));
                None
            }
        };
        let broken = report.has_errors();
        let problems = report.into_problems();
        // Variables that lead nowhere are found last.
        let broken = broken || problems.iter().any(|p| p.severity == Severity::Error);
        match parts {
            Some(parts) if !broken => Ok(convert::configuration(parts, problems)),
            _ => Err(BrokenConfiguration { problems }),
        }
    }
}

/// What stands in a configuration, each part with its place.
struct Parts {
    /// The file as a whole.
    file: At,
    /// `listen` under `[telephony.sip]`.
    sip_listen_at: At,
    /// `rtp_ports` under `[telephony.sip]`.
    rtp_ports_at: At,
    server: ServerSettings,
    database: DatabaseSettings,
    sip: SipSettings,
    trunks: Vec<Found<Trunk>>,
    tenants: Vec<TenantEntry>,
}

fn read(
    file: &str,
    text: &str,
    directory: &Path,
    variables: impl IntoIterator<Item = (String, String)>,
    report: &Report,
) -> Option<Parts> {
    let mut root = tree::parse(file, text, report);
    if report.has_errors() {
        // What a broken line has swallowed would be reported as missing.
        return None;
    }
    environment::overlay(&mut root, variables, report);
    let parts = Section::root(&root, report, |root| sections(root, file, directory))??;
    cross_checks::check(&parts, report);
    Some(parts)
}

fn sections(root: &mut Section<'_>, file: &str, directory: &Path) -> Option<Parts> {
    let server = root.section_or_empty("server", server::server);
    let database = root.section_or_empty("database", |s| server::database(s, directory));
    let sip = root.section_or_empty("telephony", |telephony| {
        telephony.section_or_empty("sip", |section| {
            let places = (section.at_key("listen"), section.at_key("rtp_ports"));
            (server::sip(section), places)
        })
    });
    let (sip, (sip_listen_at, rtp_ports_at)) = sip??;
    let tenants = root.sections("tenant", |section| tenant::tenant(section, directory));
    let country = match tenants.first() {
        Some(tenant) => tenant.default_country,
        None => tenant::country_default()?,
    };
    let around = trunk::Surroundings { directory, country };
    let trunks = root.sections("trunk", |section| trunk::trunk(section, &around));
    Some(Parts {
        file: At {
            place: Place::WholeFile(file.to_owned()),
            key: KeyPath::default(),
        },
        server: server?,
        database: database?,
        sip,
        sip_listen_at,
        rtp_ports_at,
        trunks: trunks.into_iter().flatten().collect(),
        tenants,
    })
}
