//! Help, versions and exit codes.

mod support;

use support::{code, outdial, stderr, stdout};

#[test]
fn help_names_every_command_and_the_exit_codes() {
    let output = outdial(["--help"]);
    assert_eq!(code(&output), 0);
    let help = stdout(&output);
    for word in [
        "demo",
        "serve",
        "check",
        "import",
        "export",
        "campaign",
        "agent",
        "explain",
        "trunk",
        "simulate",
        "pacer",
        "evidence",
        "Exit codes",
        "OUTDIAL_URL",
        "OUTDIAL_KEY",
    ] {
        assert!(help.contains(word), "{word}\n{help}");
    }
}

#[test]
fn each_command_has_help_of_its_own() {
    for (command, word) in [
        (&["demo"][..], "--once"),
        (&["serve"], "--config"),
        (&["check"], "--config"),
        (&["import"], "--campaign"),
        (&["export"], "--format"),
        (&["campaign"], "abort"),
        (&["campaign", "create"], "FILE"),
        (&["agent", "break"], "--after-call"),
        (&["explain"], "--number"),
        (&["trunk", "test"], "--to"),
    ] {
        let output = outdial(command.iter().chain(&["--help"]));
        assert_eq!(code(&output), 0, "{command:?}");
        assert!(
            stdout(&output).contains(word),
            "{command:?}\n{}",
            stdout(&output)
        );
    }
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    for arguments in [
        &[][..],
        &["dail"],
        &["serve"],
        &["serve", "--config"],
        &["import", "--campaign", "seven", "a.csv"],
        &["campaign", "show"],
        &["explain"],
        &["demo", "--contacts", "0"],
        // No key.
        &["campaign", "list"],
        // No address.
        &["campaign", "list", "--key", "k", "--url", "localhost"],
        // A file that does not tell what it is.
        &["import", "--campaign", "1", "--key", "k", "list.dat"],
        &["export", "--campaign", "1", "--key", "k"],
    ] {
        let output = outdial(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}\n{}", stderr(&output));
        assert!(!stderr(&output).is_empty(), "{arguments:?}");
    }
}

#[test]
fn what_is_not_built_yet_says_so_and_ends_with_1() {
    for arguments in [
        &["simulate", "scenario.toml", "--seeds", "3"][..],
        &["evidence", "verify", "file"],
    ] {
        let output = outdial(arguments);
        assert_eq!(code(&output), 1, "{arguments:?}");
        assert!(
            stderr(&output).contains("not built yet"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn a_key_never_shows_in_help() {
    let output = support::program()
        .args(["campaign", "list", "--help"])
        .env("OUTDIAL_KEY", "hush-hush")
        .output()
        .expect("the program runs");
    assert!(!stdout(&output).contains("hush"), "{}", stdout(&output));
}
