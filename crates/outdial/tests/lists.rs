//! Lists in and results out, against a server that only pretends.

mod support;

use std::path::{Path, PathBuf};

use calamine::{Data, Reader as _, Xlsx};
use rust_xlsxwriter::Workbook;
use serde_json::{Value, json};
use support::fake_server::{Answer, Asked, FakeServer};
use support::{code, outdial, outdial_with_input, stderr, stdout};

/// Takes lists; every line with `bad` in it is refused.
fn takes_lists(asked: &Asked) -> Answer {
    if asked.method == "GET" {
        return (200, json!({"id": 7}));
    }
    let text = asked.text();
    let csv = asked.header("content-type") == "text/csv";
    let lines: Vec<(usize, &str)> = (1..).zip(text.lines()).skip(usize::from(csv)).collect();
    let bad: Vec<Value> = lines
        .iter()
        .filter(|(_, line)| line.contains("bad"))
        .map(|(line, _)| json!({"line": line, "field": "number", "problem": "is no phone number"}))
        .collect();
    (
        200,
        json!({"accepted": lines.len() - bad.len(), "rejected": bad.len(), "errors": bad}),
    )
}

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("a writable directory");
        path.to_str().expect("UTF-8").to_owned()
    }
}

fn import(server: &FakeServer, file: &str, more: &[&str]) -> (i32, String, String) {
    let url = server.url();
    let fixed = [
        "import",
        "--campaign",
        "7",
        file,
        "--url",
        &url,
        "--key",
        "k",
    ];
    let output = outdial(fixed.iter().chain(more));
    (code(&output), stdout(&output), stderr(&output))
}

#[test]
fn a_csv_goes_up_as_it_is_and_bad_lines_are_told() {
    let (server, files) = (FakeServer::start(takes_lists), Files::new());
    let file = files.write(
        "list.csv",
        "\u{feff}number,city\n13012345678,Beijing\nbad,Xi'an\n13012345679,\"a\nb\"\n",
    );
    let (code, shown, told) = import(&server, &file, &["--skip-duplicates"]);
    assert_eq!((code, told.as_str()), (0, ""));
    assert!(
        shown.contains("line 3: number: is no phone number"),
        "{shown}"
    );
    assert!(shown.contains("3 contacts accepted, 1 rejected"), "{shown}");
    let upload = server.asked().pop().expect("an upload");
    assert_eq!(
        upload.line(),
        "POST /api/v1/campaigns/7/contacts?duplicates=skip"
    );
    assert!(
        upload.text().starts_with("number,city\n"),
        "the byte order mark is sent"
    );
}

#[test]
fn ndjson_comes_from_a_file_or_from_standard_input() {
    let (server, files) = (FakeServer::start(takes_lists), Files::new());
    let list = "{\"number\":\"13012345678\"}\n{\"number\":\"bad\"}\n";
    let file = files.write("list.ndjson", list);
    let (code_, shown, _) = import(&server, &file, &["--json"]);
    assert_eq!(code_, 0);
    let answer: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(answer["accepted"], 1);
    let url = server.url();
    let arguments = [
        "import",
        "--campaign",
        "7",
        "-",
        "--format",
        "ndjson",
        "--url",
        &url,
        "--key",
        "k",
    ];
    let output = outdial_with_input(&arguments, list.as_bytes());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let upload = server.asked().pop().expect("an upload");
    assert_eq!(upload.header("content-type"), "application/x-ndjson");
    assert_eq!(upload.text(), list);
}

#[test]
fn a_list_of_which_nothing_was_taken_is_a_failure() {
    let (server, files) = (FakeServer::start(takes_lists), Files::new());
    let (code, shown, _) = import(&server, &files.write("list.csv", "number\nbad\n"), &[]);
    assert_eq!(code, 1);
    assert!(shown.contains("0 contacts accepted, 1 rejected"), "{shown}");
}

fn spreadsheet(path: &Path) {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name("contacts").expect("a name");
    for (column, heading) in ["Number", "priority", "城市", "since"]
        .into_iter()
        .enumerate()
    {
        sheet.write(0, column as u16, heading).expect("a cell");
    }
    // A number that was typed as a number, one as text, an empty row between, and one that is wrong.
    sheet.write(1, 0, 13_012_345_678.0).expect("a cell");
    sheet.write(1, 1, 1).expect("a cell");
    sheet.write(1, 2, "北京").expect("a cell");
    let date = rust_xlsxwriter::ExcelDateTime::from_ymd(2026, 3, 2).expect("a date");
    let format = rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd");
    sheet
        .write_with_format(1, 3, &date, &format)
        .expect("a cell");
    sheet.write(3, 0, "+8613012345679").expect("a cell");
    sheet.write(4, 0, "bad").expect("a cell");
    let other = workbook.add_worksheet();
    other.set_name("other").expect("a name");
    other.write(0, 0, "phone").expect("a cell");
    workbook.save(path).expect("a writable directory");
}

#[test]
fn a_spreadsheet_goes_up_row_by_row_and_bad_rows_are_told_by_their_row() {
    let (server, files) = (FakeServer::start(takes_lists), Files::new());
    let path = files.path("list.xlsx");
    spreadsheet(&path);
    let file = path.to_str().expect("UTF-8");
    let (code, shown, told) = import(&server, file, &[]);
    assert_eq!((code, told.as_str()), (0, ""));
    assert!(
        shown.contains("row 5: number: is no phone number"),
        "{shown}"
    );
    assert!(shown.contains("2 contacts accepted, 1 rejected"), "{shown}");
    let upload = server.asked().pop().expect("an upload").text();
    let rows: Vec<Value> = upload
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(
        rows[0],
        json!({"number": "13012345678", "priority": 1, "attributes": {"城市": "北京", "since": "2026-03-02"}})
    );
    assert_eq!(rows[1], json!({"number": "+8613012345679"}));
    assert_eq!(rows.len(), 3);
    let (code, _, told) = import(&server, file, &["--sheet", "other"]);
    assert_eq!(code, 1);
    assert!(told.contains("no heading `number`"), "{told}");
    let (code, _, told) = import(&server, file, &["--sheet", "third"]);
    assert_eq!(code, 1);
    assert!(told.contains("`contacts`, `other`"), "{told}");
}

#[test]
fn files_that_are_no_lists_are_refused_before_anything_is_sent() {
    let (server, files) = (FakeServer::start(takes_lists), Files::new());
    let absent = files.path("absent.csv").to_str().expect("UTF-8").to_owned();
    for (file, words) in [
        (absent, "cannot be read"),
        (
            files.write("gbk.csv", b"number,city\n1,\xB1\xB1\n"),
            "UTF-8",
        ),
        (files.write("no.xlsx", b"not a zip"), "XLSX"),
        (
            files.write("x.csv", b"PK\x03\x04 and more"),
            "--format xlsx",
        ),
    ] {
        let (code, _, told) = import(&server, &file, &[]);
        assert_eq!(code, 1, "{file}");
        assert!(told.contains(words), "{file}\n{told}");
    }
    assert!(
        server.asked().iter().all(|asked| asked.method == "GET"),
        "something was sent"
    );
}

#[test]
fn a_refusal_in_the_middle_of_an_import_is_told_with_what_was_taken() {
    let server = FakeServer::start(|asked| match asked.method.as_str() {
        "GET" => (200, json!({"id": 7})),
        _ => (
            503,
            json!({"title": "Storage is unavailable", "detail": "the disk is full", "accepted": 5000}),
        ),
    });
    let files = Files::new();
    let (code, _, told) = import(&server, &files.write("list.csv", "number\n1\n"), &[]);
    assert_eq!(code, 1);
    assert!(told.contains("the disk is full (503)"), "{told}");
    assert!(told.contains("5000 contacts were accepted"), "{told}");
    assert!(told.contains("--skip-duplicates"), "{told}");
}

#[test]
fn a_server_that_refuses_before_it_has_read_the_list_is_heard() {
    use std::io::{BufRead as _, BufReader, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let server = std::thread::spawn(move || {
        for (status, body) in [
            ("200 OK", r#"{"id": 7}"#),
            ("413 Too Large", r#"{"detail": "enough of it"}"#),
        ] {
            let (stream, _) = listener.accept().expect("a connection");
            let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|count| count > 2) {
                line.clear();
            }
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            (&stream)
                .write_all(answer.as_bytes())
                .expect("an open socket");
        }
    });
    let files = Files::new();
    let list = "number\n".to_owned() + &"+8613012345678\n".repeat(500_000);
    let file = files.write("list.csv", &list);
    let output = outdial([
        "import",
        "--campaign",
        "7",
        &file,
        "--url",
        &url,
        "--key",
        "k",
    ]);
    server.join().expect("the server");
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("broke off"), "{}", stderr(&output));
}

#[test]
fn a_long_list_is_streamed() {
    let (server, files) = (FakeServer::start(takes_lists), Files::new());
    let list = "number\n".to_owned() + &"+8613012345678\n".repeat(200_000);
    let (code, shown, _) = import(&server, &files.write("list.csv", &list), &[]);
    assert_eq!(code, 0);
    assert!(shown.contains("200000 contacts accepted"), "{shown}");
    let upload = server.asked().pop().expect("an upload");
    assert_eq!(upload.header("transfer-encoding"), "chunked");
    assert_eq!(upload.body.len(), list.len());
}

/// Three contacts on two pages, four attempts on two pages.
fn gives_results(asked: &Asked) -> Answer {
    let page = |items: Value, next: Value| (200, json!({"items": items, "next_cursor": next}));
    match asked.line().as_str() {
        "GET /api/v1/campaigns/7" => (200, json!({"id": 7})),
        "GET /api/v1/campaigns/7/contacts?limit=1000" => page(
            json!([
                {"id": 1, "number": "+8613012345678", "external_id": "A-1", "state": "done",
                 "attributes": {"city": "北京", "note": "=HYPERLINK(\"http://x\")"}},
                {"id": 2, "numbers": ["10085", "*123#"], "external_id": null, "state": "resting",
                 "attributes": {"outcome": "theirs"}},
            ]),
            json!("p2"),
        ),
        "GET /api/v1/campaigns/7/contacts?limit=1000&cursor=p2" => page(
            json!([{"id": 3, "number": "+8613012345679", "external_id": "-1+1", "state": "done", "attributes": {}}]),
            Value::Null,
        ),
        "GET /api/v1/campaigns/7/attempts?limit=1000" => page(
            json!([
                attempt(11, 1, "+8613012345678", "answered"),
                attempt(12, 2, "10085", "busy")
            ]),
            json!("p2"),
        ),
        "GET /api/v1/campaigns/7/attempts?limit=1000&cursor=p2" => page(
            json!([
                attempt(13, 3, "+8613012345679", "no_answer"),
                attempt(14, 1, "+8613012345678", "busy")
            ]),
            Value::Null,
        ),
        other => (404, json!({"detail": format!("{other} does not exist")})),
    }
}

fn attempt(id: u64, contact: u64, number: &str, outcome: &str) -> Value {
    json!({"id": id, "campaign_id": 7, "contact_id": contact, "number": number, "caller_id": "10085",
        "agent_id": "1001", "trunk": "carrier", "revision": 1, "started_at": "2026-03-02T01:00:00Z",
        "progress_at": null, "answered_at": null, "joined_at": null, "ended_at": "2026-03-02T01:00:09Z",
        "outcome": outcome, "blame": null, "sip_status": 200, "q850_cause": null, "counts_as_abandoned": false})
}

fn export(server: &FakeServer, more: &[&str]) -> std::process::Output {
    let url = server.url();
    let fixed = ["export", "--campaign", "7", "--url", &url, "--key", "k"];
    outdial(fixed.iter().chain(more))
}

fn by_heading(headings: &[String], row: &[String], heading: &str) -> String {
    let column = headings.iter().position(|h| h == heading);
    row[column.unwrap_or_else(|| panic!("no column {heading} in {headings:?}"))].clone()
}

fn assert_results(headings: &[String], rows: &[Vec<String>], neutral: &str) {
    assert_eq!(rows.len(), 4);
    let cell = |row: usize, heading: &str| by_heading(headings, &rows[row], heading);
    assert_eq!(cell(0, "attempt_id"), "11");
    assert_eq!(cell(0, "number"), "+8613012345678");
    assert_eq!(cell(0, "city"), "北京");
    assert_eq!(
        cell(0, "note"),
        format!("{neutral}=HYPERLINK(\"http://x\")")
    );
    assert_eq!(cell(1, "number"), "10085");
    assert_eq!(cell(1, "outcome"), "busy");
    assert_eq!(cell(1, "attributes.outcome"), "theirs");
    assert_eq!(cell(1, "external_id"), "");
    assert_eq!(cell(2, "external_id"), format!("{neutral}-1+1"));
    assert_eq!(cell(3, "external_id"), "A-1");
    assert_eq!(cell(3, "contact_id"), "1");
}

#[test]
fn results_come_out_as_csv_with_what_could_be_a_formula_made_harmless() {
    let (server, files) = (FakeServer::start(gives_results), Files::new());
    let to_stdout = export(&server, &["--format", "csv"]);
    assert_eq!(code(&to_stdout), 0, "{}", stderr(&to_stdout));
    let path = files.path("results.csv");
    let to_file = export(&server, &[path.to_str().expect("UTF-8")]);
    assert_eq!(code(&to_file), 0, "{}", stderr(&to_file));
    assert!(
        stderr(&to_file).contains("4 attempts written"),
        "{}",
        stderr(&to_file)
    );
    assert_eq!(std::fs::read(&path).expect("the file"), to_stdout.stdout);
    let mut csv = csv::Reader::from_reader(to_stdout.stdout.as_slice());
    let headings: Vec<String> = csv
        .headers()
        .expect("a header row")
        .iter()
        .map(str::to_owned)
        .collect();
    let rows: Vec<Vec<String>> = csv
        .records()
        .map(|row| row.expect("a row").iter().map(str::to_owned).collect())
        .collect();
    assert_results(&headings, &rows, "'");
}

#[test]
fn results_come_out_as_ndjson_unchanged() {
    let server = FakeServer::start(gives_results);
    let output = export(&server, &["--format", "ndjson"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    let rows: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[0]["id"], 11);
    assert_eq!(
        rows[0]["contact"]["attributes"]["note"],
        "=HYPERLINK(\"http://x\")"
    );
    assert_eq!(rows[2]["contact"]["external_id"], "-1+1");
}

#[test]
fn results_come_out_as_a_spreadsheet_that_reads_back() {
    let (server, files) = (FakeServer::start(gives_results), Files::new());
    let path = files.path("results.xlsx");
    let output = export(
        &server,
        &["--format", "xlsx", path.to_str().expect("UTF-8")],
    );
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let mut workbook: Xlsx<_> = calamine::open_workbook(&path).expect("a workbook");
    let sheet = workbook
        .worksheet_range_at(0)
        .expect("a sheet")
        .expect("readable");
    let mut rows: Vec<Vec<String>> = sheet
        .rows()
        .map(|row| row.iter().map(Data::to_string).collect())
        .collect();
    let headings = rows.remove(0);
    assert_results(&headings, &rows, "");
    let formulas = workbook.worksheet_formula("attempts").expect("a sheet");
    assert!(formulas.is_empty(), "a text became a formula");
}

#[test]
fn an_exported_spreadsheet_can_be_imported_again() {
    let (server, files) = (FakeServer::start(gives_results), Files::new());
    let path = files.path("results.xlsx");
    let path = path.to_str().expect("UTF-8");
    assert_eq!(code(&export(&server, &[path])), 0);
    let server = FakeServer::start(takes_lists);
    let (code, shown, told) = import(&server, path, &[]);
    assert_eq!(code, 0, "{told}");
    assert!(shown.contains("4 contacts accepted"), "{shown}");
    let upload = server.asked().pop().expect("an upload").text();
    let first: Value = serde_json::from_str(upload.lines().next().expect("a line")).expect("JSON");
    assert_eq!(first["number"], "+8613012345678");
    assert_eq!(first["attributes"]["note"], "=HYPERLINK(\"http://x\")");
}

#[test]
fn an_export_that_breaks_off_leaves_no_file() {
    let server = FakeServer::start(|asked| match asked.target.contains("/attempts") {
        true => (
            503,
            json!({"title": "Storage is unavailable", "detail": "try again"}),
        ),
        false => gives_results(asked),
    });
    let files = Files::new();
    let path = files.path("results.csv");
    let output = export(&server, &[path.to_str().expect("UTF-8")]);
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output).contains("try again (503)"),
        "{}",
        stderr(&output)
    );
    assert_eq!(
        std::fs::read_dir(files.path(""))
            .expect("the directory")
            .count(),
        0
    );
}
