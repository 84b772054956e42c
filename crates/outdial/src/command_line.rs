//! The command line: what can be asked of the program.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

const EXIT_CODES: &str = "\
Exit codes: 0 = done; 1 = it failed, or the server refused it; 2 = the command line is wrong.

Operator commands (import, export, campaign, agent, explain, trunk) talk to a running server:
--url and --key, or the variables OUTDIAL_URL and OUTDIAL_KEY.";

/// Outdial: a self-hosted outbound-calling campaign server.
#[derive(Debug, Parser)]
#[command(name = "outdial", version, after_help = EXIT_CODES, arg_required_else_help = true)]
pub struct CommandLine {
    /// What is to be done.
    #[command(subcommand)]
    pub command: Command,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Shows the whole product in one process: simulated carrier, callees and agents over real SIP
    Demo(DemoArguments),
    /// Runs the server
    Serve(ServeArguments),
    /// Checks a configuration, its database and its trunks
    Check(CheckArguments),
    /// Adds contacts from a CSV, XLSX or NDJSON file to a campaign
    Import(ImportArguments),
    /// Writes a campaign's results as CSV, XLSX or NDJSON
    Export(ExportArguments),
    /// Lists, shows, makes and runs campaigns
    Campaign(CampaignArguments),
    /// Lists agents and changes their state
    Agent(AgentArguments),
    /// Tells why a campaign, or a number in it, is or is not dialed
    Explain(ExplainArguments),
    /// Lists trunks and tests one with a call
    Trunk(TrunkArguments),
    /// Runs a scenario in virtual time (not built yet)
    Simulate(LaterArguments),
    /// Runs the policy of predictive campaigns as a process: JSON lines in and out, virtual time
    Pacer,
    /// Writes or checks the abandonment ledger (not built yet)
    Evidence(LaterArguments),
}

/// `outdial demo`.
#[derive(Clone, Debug, Args)]
pub struct DemoArguments {
    /// Contacts in the demo campaign
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub contacts: u32,
    /// Agents
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub agents: u32,
    /// Where the API and the console are served; port 0 = any free one
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDR")]
    pub listen: SocketAddr,
    /// Keeps the database in this directory (else it is temporary)
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Ends when the campaign is done, with a summary; exit code 1 if anything was lost
    #[arg(long)]
    pub once: bool,
}

/// `outdial serve`.
#[derive(Clone, Debug, Args)]
pub struct ServeArguments {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// How long live calls may go on after SIGTERM or Ctrl-C, in seconds
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub stop_limit: u64,
}

/// `outdial check`.
#[derive(Clone, Debug, Args)]
pub struct CheckArguments {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Reads the file only; neither database nor trunks are touched
    #[arg(long)]
    pub file_only: bool,
}

/// Which server, and as whom.
#[derive(Clone, Debug, Args)]
pub struct ServerArguments {
    /// The server's address
    #[arg(
        long,
        env = "OUTDIAL_URL",
        default_value = "http://127.0.0.1:8080",
        global = true
    )]
    pub url: String,
    /// A bearer key of the server
    #[arg(long, env = "OUTDIAL_KEY", hide_env_values = true, global = true)]
    pub key: Option<String>,
    /// The tenant, for the admin key on a server with several
    #[arg(long, env = "OUTDIAL_TENANT", value_name = "NAME", global = true)]
    pub tenant: Option<String>,
}

/// How an answer is shown.
#[derive(Clone, Copy, Debug, Args)]
pub struct OutputArguments {
    /// Prints the server's JSON instead of tables
    #[arg(long, global = true)]
    pub json: bool,
}

const IMPORT_NOTES: &str = "\
Columns (or fields) number, numbers, external_id, time_zone and priority are ours, every other one is an
attribute. Lines that are wrong are reported and skipped; the exit code is 1 only if nothing was accepted.";

const EXPORT_NOTES: &str = "\
One row for each attempt, with its contact's external_id and attributes. In CSV a text from outside that a
spreadsheet would take for a formula gets a leading apostrophe; in XLSX it is marked as text.";

/// `outdial import`.
#[derive(Clone, Debug, Args)]
#[command(after_help = IMPORT_NOTES)]
pub struct ImportArguments {
    /// The campaign
    #[arg(long, value_name = "ID")]
    pub campaign: u32,
    /// What the file is; by default its name tells
    #[arg(long, value_enum)]
    pub format: Option<ListFormat>,
    /// The sheet of an XLSX file; by default the first
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,
    /// Leaves contacts out whose number is in the campaign already: makes a repeated import safe
    #[arg(long)]
    pub skip_duplicates: bool,
    /// The list; `-` = standard input (CSV or NDJSON)
    pub file: PathBuf,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub server: ServerArguments,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArguments,
}

/// What a list or a table of results is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// Comma-separated values with a header row, UTF-8.
    Csv,
    /// A spreadsheet.
    Xlsx,
    /// One JSON object per line.
    Ndjson,
}

/// `outdial export`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXPORT_NOTES)]
pub struct ExportArguments {
    /// The campaign
    #[arg(long, value_name = "ID")]
    pub campaign: u32,
    /// What to write; by default the file's name tells
    #[arg(long, value_enum)]
    pub format: Option<ListFormat>,
    /// Where to; standard output if left out
    pub file: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub server: ServerArguments,
}

/// `outdial campaign`.
#[derive(Clone, Debug, Args)]
pub struct CampaignArguments {
    /// What is to be done.
    #[command(subcommand)]
    pub action: CampaignAction,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub server: ServerArguments,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArguments,
}

/// What is to be done with campaigns.
#[derive(Clone, Debug, Subcommand)]
pub enum CampaignAction {
    /// Lists the tenant's campaigns, newest first
    List,
    /// Shows a campaign and how it is doing
    Show {
        /// The campaign
        id: u32,
    },
    /// Makes a campaign as the JSON file says; it begins as a draft
    Create {
        /// The campaign's settings as in the REST API; `-` = standard input
        file: PathBuf,
    },
    /// Starts a draft
    Start {
        /// The campaign
        id: u32,
    },
    /// Stops dialing; calls that are up go on
    Pause {
        /// The campaign
        id: u32,
    },
    /// Dials again after a pause
    Resume {
        /// The campaign
        id: u32,
    },
    /// Ends a campaign for good
    Abort {
        /// The campaign
        id: u32,
    },
}

/// `outdial agent`.
#[derive(Clone, Debug, Args)]
pub struct AgentArguments {
    /// What is to be done.
    #[command(subcommand)]
    pub action: AgentAction,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub server: ServerArguments,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArguments,
}

/// What is to be done with agents.
#[derive(Clone, Debug, Subcommand)]
pub enum AgentAction {
    /// Lists the tenant's agents
    List,
    /// Makes an agent ready: its phone is called
    Ready {
        /// The agent
        id: String,
    },
    /// Sends an agent on a break
    Break {
        /// The agent
        id: String,
        /// Why; supervisors see it
        #[arg(long)]
        reason: Option<String>,
        /// Not now, but when the present call and its wrap-up are over
        #[arg(long)]
        after_call: bool,
    },
    /// Ends an agent's work
    Offline {
        /// The agent
        id: String,
        /// Not now, but when the present call and its wrap-up are over
        #[arg(long)]
        after_call: bool,
    },
}

/// `outdial explain`.
#[derive(Clone, Debug, Args)]
pub struct ExplainArguments {
    /// The campaign
    #[arg(long, value_name = "ID")]
    pub campaign: u32,
    /// A number in it
    #[arg(long)]
    pub number: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub server: ServerArguments,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArguments,
}

/// `outdial trunk`.
#[derive(Clone, Debug, Args)]
pub struct TrunkArguments {
    /// What is to be done.
    #[command(subcommand)]
    pub action: TrunkAction,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub server: ServerArguments,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub output: OutputArguments,
}

/// What is to be done with trunks.
#[derive(Clone, Debug, Subcommand)]
pub enum TrunkAction {
    /// Lists the server's trunks and their health
    List,
    /// Calls a number over a trunk, hangs up at the answer, and tells how it went (exit code 1 if nobody picked up)
    Test {
        /// The trunk
        name: String,
        /// The number to call
        #[arg(long, value_name = "NUMBER")]
        to: String,
        /// The number to show
        #[arg(long, value_name = "NUMBER")]
        caller_id: Option<String>,
    },
}

/// Arguments of a command that is not built yet: whatever they will be.
#[derive(Clone, Debug, Args)]
pub struct LaterArguments {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    #[allow(missing_docs)]
    pub rest: Vec<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn server_and_output_may_be_named_anywhere() {
        let parsed = CommandLine::try_parse_from([
            "outdial", "campaign", "show", "7", "--url", "http://a", "--key", "k", "--json",
        ]);
        let Ok(CommandLine {
            command: Command::Campaign(campaign),
        }) = parsed
        else {
            panic!("{parsed:?}");
        };
        assert_eq!(campaign.server.url, "http://a");
        assert!(campaign.output.json);
    }
}
