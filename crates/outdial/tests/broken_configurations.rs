//! Broken configurations: each is told by file, line, column, key, problem and remedy.

mod support;

use support::{code, outdial, program, stderr, stdout};

/// A configuration that is sound, to which each case adds its fault.
const SOUND: &str = r#"[server]
listen = "127.0.0.1:8080"
[[trunk]]
name = "carrier"
uri = "sip:127.0.0.1:5080"
[[tenant]]
name = "acme"
time_zone = "Asia/Shanghai"
caller_ids = ["075586013388"]
[[tenant.skill_group]]
id = 255
name = "sales"
[[tenant.agent]]
id = "1001"
skill_groups = [255]
uri = "sip:1001@127.0.0.1:5090"
"#;

/// Lines of [`SOUND`].
const LINES: usize = 16;

struct Case {
    /// Replaces this line of the sound file, from 1; past its end = added.
    line: usize,
    text: &'static str,
    /// `LINE:COLUMN: KEY` that must be told.
    place: &'static str,
    problem: &'static str,
    remedy: &'static str,
}

const fn case(
    line: usize,
    text: &'static str,
    place: &'static str,
    problem: &'static str,
    remedy: &'static str,
) -> Case {
    Case {
        line,
        text,
        place,
        problem,
        remedy,
    }
}

const CASES: &[Case] = &[
    // Text that is no TOML.
    case(
        2,
        "listen = 127.0.0.1",
        "2:15: server.listen",
        "this is not TOML",
        "toml.io",
    ),
    case(2, "listen = \"open", "2:", "this is not TOML", "quotes"),
    case(3, "[[trunk]", "3:", "this is not TOML", "[name]"),
    case(17, "[server]", "17:", "this is not TOML", "toml.io"),
    // Keys.
    case(
        2,
        "lisen = \"127.0.0.1:1\"",
        "2:1: server.lisen",
        "not known",
        "did you mean `listen`?",
    ),
    case(
        1,
        "[sever]",
        "1:2: sever",
        "not known",
        "did you mean `server`?",
    ),
    case(
        4,
        "name = \"c\"\nmaxcalls = 3",
        "5:1: trunk[0].maxcalls",
        "not known",
        "did you mean `max_calls`?",
    ),
    case(
        16,
        "url = \"sip:a\"",
        "16:1: tenant[0].agent[0].url",
        "not known",
        "did you mean `uri`?",
    ),
    case(
        17,
        "[tenant.tencnt]\nsdk_app_id = 1",
        "17:9: tenant[0].tencnt",
        "not known",
        "did you mean `tencent`?",
    ),
    // Missing ones.
    case(5, "", "3:1: trunk[0].uri", "is missing", "uri = \"sip:"),
    case(
        8,
        "",
        "6:1: tenant[0].time_zone",
        "is missing",
        "Asia/Shanghai",
    ),
    case(
        16,
        "",
        "13:1: tenant[0].agent[0].uri",
        "is missing",
        "registers = true",
    ),
    // Types.
    case(
        2,
        "listen = 8080",
        "2:10: server.listen",
        "is an integer",
        "text in quotes",
    ),
    case(
        11,
        "id = \"255\"",
        "11:6: tenant[0].skill_group[0].id",
        "is a text",
        "without quotes",
    ),
    case(
        6,
        "[tenant]",
        "6:1: tenant",
        "there may be several",
        "[[tenant]]",
    ),
    case(
        5,
        "uri = \"sip:a\"\ncodecs = \"pcma\"",
        "6:10: trunk[0].codecs",
        "is a text",
        "list in square brackets",
    ),
    case(
        5,
        "uri = \"sip:a\"\nregister = \"yes\"",
        "6:12: trunk[0].register",
        "is a text",
        "true or false",
    ),
    // Values.
    case(
        2,
        "listen = \"localhost\"",
        "2:10: server.listen",
        "no address with port",
        "IP:PORT",
    ),
    case(
        5,
        "uri = \"127.0.0.1:5080\"",
        "5:7: trunk[0].uri",
        "no SIP address",
        "sip:HOST",
    ),
    case(
        5,
        "uri = \"sip:a\"\ntransport = \"tls\"",
        "6:13: trunk[0].transport",
        "not built yet",
        "\"udp\" or \"tcp\"",
    ),
    case(
        5,
        "uri = \"sip:a\"\ntransport = \"upd\"",
        "6:13: trunk[0].transport",
        "not known",
        "did you mean `udp`?",
    ),
    case(
        5,
        "uri = \"sip:a\"\ncodecs = [\"pcma\", \"g729\"]",
        "6:19: trunk[0].codecs[1]",
        "not known",
        "pcma, pcmu",
    ),
    case(
        5,
        "uri = \"sip:a\"\nmax_calls = 0",
        "6:13: trunk[0].max_calls",
        "out of range",
        "from 1 to",
    ),
    case(
        5,
        "uri = \"sip:a\"\ncalls_per_second = -1",
        "6:20: trunk[0].calls_per_second",
        "out of range",
        "0.5",
    ),
    case(
        5,
        "uri = \"sip:a\"\nfailover_on = [200]",
        "6:16: trunk[0].failover_on[0]",
        "out of range",
        "300 to 699",
    ),
    case(
        5,
        "uri = \"sip:a\"\nnumber_rules = [{ match = \"(\", replace = \"\" }]",
        "6:27: trunk[0].number_rules[0].match",
        "no regular expression",
        "backslash",
    ),
    case(
        5,
        "uri = \"sip:a\"\nnumber_rules = [{ match = \"^1\", replace = \"0$1\" }]",
        "6:43: trunk[0].number_rules[0].replace",
        "names no group",
        "$1",
    ),
    case(
        5,
        "uri = \"sip:a\"\ncause_map = \"absent.toml\"",
        "6:13: trunk[0].cause_map",
        "cannot be read",
        "relative",
    ),
    case(
        5,
        "uri = \"sip:a\"\nusername = \"u\"",
        "6:12: trunk[0].username",
        "no password",
        "password =",
    ),
    case(
        8,
        "time_zone = \"Asia/Shangha\"",
        "8:13: tenant[0].time_zone",
        "no time zone",
        "IANA",
    ),
    case(
        8,
        "time_zone = \"UTC\"\ndefault_country = \"China\"",
        "9:19: tenant[0].default_country",
        "ISO 3166",
        "\"CN\"",
    ),
    case(
        8,
        "time_zone = \"UTC\"\ncompliance = \"us-tsr\"",
        "9:14: tenant[0].compliance",
        "not built yet",
        "\"none\"",
    ),
    case(
        8,
        "time_zone = \"UTC\"\ncompliance = \"nope\"",
        "9:14: tenant[0].compliance",
        "not a compliance profile",
        "\"none\"",
    ),
    case(
        9,
        "caller_ids = [\"12 34\"]",
        "9:15: tenant[0].caller_ids[0]",
        "neither an E.164 number",
        "full number",
    ),
    case(
        17,
        "[database]\nurl = \"postgres://u:hidden@h/d\"",
        "18:7: database.url",
        "not built yet",
        "sqlite://",
    ),
    case(
        17,
        "[database]\nurl = \"outdial.db\"",
        "18:7: database.url",
        "no database",
        "sqlite://",
    ),
    case(
        17,
        "[telephony.sip]\nrtp_ports = \"30000-20000\"",
        "18:13: telephony.sip.rtp_ports",
        "begins with 30000",
        "FIRST-LAST",
    ),
    case(
        17,
        "[telephony.sip]\nrtp_ports = \"5000-6000\"",
        "18:13: telephony.sip.rtp_ports",
        "5060",
        "of their own",
    ),
    case(
        17,
        "[telephony.sip]\nlisten = \"127.0.0.1:8080\"",
        "18:10: telephony.sip.listen",
        "both listen",
        "its own port",
    ),
    case(
        17,
        "[telephony.sip]\nlisten = \"127.0.0.1:5080\"",
        "3:1: trunk[0].uri",
        "own SIP address",
        "another port",
    ),
    case(
        17,
        "[[tenant.flow]]\nid = 1\nname = \"a\"\nfile = \"f.toml\"",
        "20:8: tenant[0].flow[0].file",
        "not built yet",
        "uri = \"sip:",
    ),
    case(
        17,
        "[[tenant.key]]\nname = \"k\"\nrole = \"agent\"\nsecret = \"s\"",
        "17:1: tenant[0].key[0].agent",
        "is missing",
        "agent = \"1001\"",
    ),
    case(
        17,
        "[[tenant.key]]\nname = \"k\"\nrole = \"boss\"\nsecret = \"s\"",
        "19:8: tenant[0].key[0].role",
        "not known",
        "admin, supervisor",
    ),
    // What refers to something else.
    case(
        15,
        "skill_groups = [256]",
        "15:17: tenant[0].agent[0].skill_groups[0]",
        "no skill group `256`",
        "`255`",
    ),
    case(
        17,
        "[[tenant.key]]\nname = \"k\"\nrole = \"agent\"\nagent = \"1002\"\nsecret = \"s\"",
        "20:9: tenant[0].key[0].agent",
        "no agent `1002`",
        "`1001`",
    ),
    case(
        17,
        "[[tenant.number_group]]\nid = \"g\"\ncaller_ids = [\"10085\"]",
        "19:15: tenant[0].number_group[0].caller_ids[0]",
        "not among the tenant's caller IDs",
        "caller_ids",
    ),
    case(
        17,
        "[[tenant.caller_id]]\nnumber = \"10085\"\ntrunk = \"carier\"",
        "19:9: tenant[0].caller_id[0].trunk",
        "no trunk `carier`",
        "did you mean `carrier`?",
    ),
    // What must be there only once.
    case(
        17,
        "[[trunk]]\nname = \"carrier\"\nuri = \"sip:b\"",
        "17:1: trunk[1]",
        "already at",
        "its own",
    ),
    case(
        17,
        "[[tenant]]\nname = \"acme\"\ntime_zone = \"UTC\"",
        "18:8: tenant[1].name",
        "already at",
        "its own",
    ),
    case(
        17,
        "[[tenant.skill_group]]\nid = 256\nname = \"b\"\naliases = [\"255\"]",
        "18:6: tenant[0].skill_group[1].id",
        "already at",
        "its own",
    ),
    case(
        17,
        "[[tenant.agent]]\nid = \"1001\"\nuri = \"sip:b\"",
        "18:6: tenant[0].agent[1].id",
        "the agent `1001` is already at",
        "its own",
    ),
    case(
        17,
        "[[tenant.caller_id]]\nnumber = \"+8675586013388\"",
        "18:10: tenant[0].caller_id[0].number",
        "already at",
        "its own",
    ),
    case(
        17,
        "[[tenant.key]]\nname = \"a\"\nrole = \"admin\"\nsecret = \"hush-hush\"\n[[tenant.key]]\nname = \"b\"\nrole = \"admin\"\nsecret = \"hush-hush\"",
        "24:10: tenant[0].key[1].secret",
        "also the secret of the key `a`",
        "of its own",
    ),
    // Vendors' sections.
    case(
        17,
        "[tenant.tencent]\nsdk_app_id = \"14\"\nkeys = []",
        "18:14: tenant[0].tencent.sdk_app_id",
        "is a text",
        "integer",
    ),
    case(
        17,
        "[tenant.huawei]\nvdn_id = 7",
        "17:9: tenant[0].huawei.keys",
        "is missing",
        "keys = [{",
    ),
    case(
        17,
        "[tenant.dezhu]\napp_id = \"a\"\npublic_key = \"not a key!\"",
        "19:14: tenant[0].dezhu.public_key",
        "neither base64 nor PEM",
        "SPKI",
    ),
    case(
        17,
        "[tenant.dezhu]\napp_id = \"a\"\npublic_key = \"bm8ga2V5\"",
        "19:14: tenant[0].dezhu.public_key",
        "no RSA public key",
        "BEGIN PUBLIC KEY",
    ),
    case(
        17,
        "[tenant.dezhu]\napp_id = \"a\"\npublic_key = \"bm8ga2V5\"\npaths = [{ method = \"POST\", path = \"start\", operation = \"start_task\" }]",
        "20:36: tenant[0].dezhu.paths[0].path",
        "no path of an operation",
        "/speech/openapi/v1",
    ),
    case(
        17,
        "[tenant.dezhu]\napp_id = \"a\"\npublic_key = \"bm8ga2V5\"\npaths = [{ method = \"POST\", path = \"/go\", operation = \"start\" }]",
        "20:55: tenant[0].dezhu.paths[0].operation",
        "start",
        "start_task",
    ),
    case(
        17,
        "[tenant.huawei]\nvdn_id = 7\nkeys = [{ id = \"a/b\", secret = \"s\" }]",
        "19:16: tenant[0].huawei.keys[0].id",
        "cannot be the id of a key",
        "letters",
    ),
];

fn write(directory: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = directory.path().join(name);
    std::fs::write(&path, text).expect("a writable directory");
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn each_fault_is_told_with_its_line_key_and_remedy() {
    let directory = tempfile::tempdir().expect("a directory");
    // Each run of the program reads the numbering plans of the world first, so a few run at once.
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let chunks = CASES.chunks(CASES.len().div_ceil(4)).map(|cases| {
            let directory = &directory;
            scope.spawn(move || {
                cases
                    .iter()
                    .filter_map(|case| fault_of(case, directory))
                    .collect::<Vec<_>>()
            })
        });
        let running: Vec<_> = chunks.collect();
        running
            .into_iter()
            .flat_map(|chunk| chunk.join().expect("no panic"))
            .collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(CASES.len() >= 25);
}

/// How what is told differs from what should be.
fn fault_of(case: &Case, directory: &tempfile::TempDir) -> Option<String> {
    let mut lines: Vec<&str> = SOUND.lines().collect();
    assert_eq!(lines.len(), LINES);
    match lines.get_mut(case.line - 1) {
        Some(line) => *line = case.text,
        None => lines.push(case.text),
    }
    let own = tempfile::tempdir_in(directory).expect("a directory");
    let path = write(&own, "broken.toml", &lines.join("\n"));
    let output = outdial(["check", "--config", &path]);
    let told = stderr(&output);
    let complaint = told
        .find(&format!("error: {path}:{}", case.place))
        .map(|at| told[at..].lines().take(2).collect::<Vec<_>>());
    let right = complaint.is_some_and(|lines| {
        lines[0].contains(case.problem)
            && lines[1].starts_with("  remedy: ")
            && lines[1].contains(case.remedy)
    });
    let leaks = told.contains("hidden") || told.contains("hush");
    let sound = code(&output) == 1 && right && !leaks;
    (!sound).then(|| format!("{}\nexpected {}\n{told}", case.text, case.place))
}

#[test]
fn the_sound_file_is_sound() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = write(&directory, "sound.toml", SOUND);
    let output = outdial(["check", "--file-only", "--config", &path]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(
        stdout(&output).contains("sound (1 trunk, 1 tenant, 1 agent)"),
        "{}",
        stdout(&output)
    );
    assert_eq!(stderr(&output), "");
}

const EXAMPLE: &str = include_str!("../../../docs/outdial.example.toml");

#[test]
fn the_example_is_sound_and_says_nothing() {
    let example = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/outdial.example.toml"
    );
    let output = outdial(["check", "--file-only", "--config", example]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
}

#[test]
fn the_example_stands_alone() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = write(&directory, "outdial.toml", EXAMPLE);
    let output = outdial(["check", "--file-only", "--config", &path]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}

#[test]
fn the_secret_that_everyone_knows_is_for_this_machine_only() {
    let directory = tempfile::tempdir().expect("a directory");
    let open = EXAMPLE.replace("127.0.0.1:8080", "0.0.0.0:8080");
    let path = write(&directory, "open.toml", &open);
    let output = outdial(["check", "--file-only", "--config", &path]);
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output).contains("server.admin_key"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn several_faults_are_told_at_once_in_the_order_of_the_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let text = SOUND
        .replace("127.0.0.1:8080", "nowhere")
        .replace("sip:127.0.0.1:5080", "sips:a")
        .replace("Asia/Shanghai", "Moon/Crater")
        .replace("[255]", "[1]");
    let path = write(&directory, "broken.toml", &text);
    let told = stderr(&outdial(["check", "--config", &path]));
    let places: Vec<&str> = told
        .lines()
        .filter_map(|line| line.strip_prefix("error: ")?.strip_prefix(path.as_str()))
        .filter_map(|rest| rest.split(": ").nth(1))
        .collect();
    assert_eq!(
        places,
        [
            "server.listen",
            "trunk[0].uri",
            "tenant[0].time_zone",
            "tenant[0].agent[0].skill_groups[0]"
        ],
        "{told}"
    );
    assert!(told.contains("4 errors"), "{told}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let output = outdial(["serve", "--config", "/no/such/file.toml"]);
    assert_eq!(code(&output), 1);
    let told = stderr(&output);
    assert!(
        told.contains("/no/such/file.toml") && told.contains("remedy"),
        "{told}"
    );
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("latin1.toml");
    std::fs::write(&path, b"[server]\n# \xE9\n").expect("a writable directory");
    let output = outdial([
        std::ffi::OsStr::new("check"),
        "--config".as_ref(),
        path.as_ref(),
    ]);
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("UTF-8"), "{}", stderr(&output));
}

#[test]
fn faults_of_a_cause_map_are_told_with_its_own_lines() {
    let directory = tempfile::tempdir().expect("a directory");
    let map = write(
        &directory,
        "map.toml",
        "[[rule]]\nsip = 404\noutcome = \"powered_of\"\n[[rule]]\noutcome = \"busy\"\n[[rule]]\nsip = 200\noutcome = \"answered\"\n",
    );
    let text = SOUND.replace("5080\"", "5080\"\ncause_map = \"map.toml\"");
    let path = write(&directory, "broken.toml", &text);
    let told = stderr(&outdial(["check", "--config", &path]));
    for expected in [
        format!("{map}:3:11: rule[0].outcome: `powered_of` is no outcome"),
        "did you mean `powered_off`?".to_owned(),
        format!("{map}:4:1: rule[1]: has no condition"),
        format!("{map}:7:7: rule[2].sip: 200 is out of range"),
        format!("{map}:8:11: rule[2].outcome: `answered` is no outcome of an unanswered call"),
    ] {
        assert!(told.contains(&expected), "expected {expected}\n{told}");
    }
}

#[test]
fn variables_override_values_and_their_faults_are_told_too() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = write(&directory, "sound.toml", SOUND);
    let told = |name: &str, value: &str| {
        let mut command = program();
        command
            .args(["check", "--file-only", "--config", &path])
            .env(name, value);
        stderr(&command.output().expect("the program runs"))
    };
    assert_eq!(told("OUTDIAL_SERVER__LISTEN", "127.0.0.1:9090"), "");
    assert_eq!(told("OUTDIAL_TRUNK__0__MAX_CALLS", "30"), "");
    assert_eq!(told("OUTDIAL_LOG", "debug"), "");
    assert_eq!(told("OUTDIAL_URL", "http://x"), "");
    for (name, value, problem, remedy) in [
        (
            "OUTDIAL_SERVER__LISTEN",
            "nowhere",
            "server.listen: `nowhere` is no address",
            "IP:PORT",
        ),
        (
            "OUTDIAL_TRUNK__0__MAX_CALLS",
            "many",
            "trunk[0].max_calls: is no integer",
            "from 1",
        ),
        (
            "OUTDIAL_TRUNK__3__URI",
            "sip:a",
            "has no entry `3`",
            "by their index",
        ),
        (
            "OUTDIAL_SERVER_LISTEN",
            "x",
            "leads to no key",
            "did you mean OUTDIAL_SERVER__LISTEN?",
        ),
        (
            "OUTDIAL_SERVER__LISTN",
            "x",
            "leads to no key",
            "did you mean OUTDIAL_SERVER__LISTEN?",
        ),
        (
            "OUTDIAL_TRUNK__0__PASWORD",
            "x",
            "leads to no key",
            "did you mean OUTDIAL_TRUNK__0__PASSWORD?",
        ),
        (
            "OUTDIAL_LISTEN",
            "x",
            "leads to no key",
            "OUTDIAL_SERVER__LISTEN",
        ),
    ] {
        let told = told(name, value);
        assert!(
            told.contains(name) && told.contains(problem) && told.contains(remedy),
            "{name}\n{told}"
        );
    }
}
