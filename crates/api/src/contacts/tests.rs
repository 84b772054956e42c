use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn reader(format: Format) -> ContactReader {
    ContactReader::new(format, Country::new("CN").unwrap())
}

/// Reads a list that comes in pieces of this size.
fn read_in(format: Format, list: &[u8], piece: usize) -> (Vec<Row>, Option<Broken>) {
    let mut reader = reader(format);
    let mut rows = Vec::new();
    let drain = |reader: &mut ContactReader, rows: &mut Vec<Row>| loop {
        match reader.read() {
            Ok(Some(row)) => rows.push(row),
            Ok(None) => return None,
            Err(broken) => return Some(broken),
        }
    };
    for bytes in list.chunks(piece) {
        reader.feed(bytes);
        if let Some(broken) = drain(&mut reader, &mut rows) {
            return (rows, Some(broken));
        }
    }
    reader.end();
    let broken = drain(&mut reader, &mut rows);
    (rows, broken)
}

fn read(format: Format, list: &str) -> Vec<Row> {
    let (rows, broken) = read_in(format, list.as_bytes(), 4096);
    assert_eq!(broken, None);
    rows
}

/// `number` of each contact, `line field` of each problem.
fn outline(rows: &[Row]) -> Vec<String> {
    rows.iter()
        .flat_map(|row| match row {
            Row::Contact(contact) => vec![contact.numbers[0].text()],
            Row::Wrong { line, problems } => problems
                .iter()
                .map(|problem| format!("{line} {}", problem.field))
                .collect(),
        })
        .collect()
}

#[test]
fn csv_knows_our_columns_and_keeps_the_others_as_attributes() {
    let list = "\u{feff}number,external_id,name,time_zone,priority\r\n\
                13012345678,A-1,\"Li, \"\"Lei\"\"\",Asia/Tokyo,1\r\n\
                10085,,,,\r\n";
    let rows = read(Format::Csv, list);
    let Row::Contact(first) = &rows[0] else {
        panic!("{rows:?}")
    };
    assert_eq!(first.numbers[0].text(), "+8613012345678");
    assert_eq!(first.external_id.as_deref(), Some("A-1"));
    assert_eq!(first.time_zone.as_deref(), Some("Asia/Tokyo"));
    assert_eq!(first.priority, 1);
    assert_eq!(
        first.attributes,
        BTreeMap::from([("name".to_owned(), "Li, \"Lei\"".to_owned())])
    );
    let Row::Contact(second) = &rows[1] else {
        panic!("{rows:?}")
    };
    assert_eq!(
        *second,
        NewContact::with_number(second.numbers[0]),
        "empty fields are left out"
    );
}

#[test]
fn a_bad_csv_line_is_named_with_every_field_and_skipped() {
    let list = "number,time_zone,priority,age\n\
                call me,Asia/Peking,9,1\n\
                \n\
                13012345678,,,2\n\
                13012345679,,3\n\
                13012345670,,,3\n";
    assert_eq!(
        outline(&read(Format::Csv, list)),
        [
            "2 number",
            "2 time_zone",
            "2 priority",
            "+8613012345678",
            "5 ",
            "+8613012345670",
        ]
    );
}

#[test]
fn several_numbers_come_in_one_column() {
    let list = "numbers,name\n\
                13012345678; 13012345679;13012345678,a\n\
                \"[\"\"13012345678\"\", \"\"10085\"\"]\",b\n\
                ;,c\n\
                13012345678;x,d\n";
    let rows = read(Format::Csv, list);
    let numbers: Vec<_> = rows
        .iter()
        .filter_map(|row| match row {
            Row::Contact(contact) => Some(contact.numbers.len()),
            Row::Wrong { .. } => None,
        })
        .collect();
    assert_eq!(numbers, [2, 2]);
    assert_eq!(outline(&rows)[2..], ["4 numbers", "5 numbers"]);
}

#[test]
fn a_quote_that_is_never_closed_costs_its_own_line_only() {
    let list = "number,name\n\
                13012345671,\"open\n\
                13012345672,b\n\
                13012345673,\"two\nlines\"\n\
                13012345674,5\" pipe\n\
                13012345675,\"open again";
    assert_eq!(
        outline(&read(Format::Csv, list)),
        [
            "2 ",
            "+8613012345672",
            "+8613012345673",
            "+8613012345674",
            "7 ",
        ]
    );
}

#[test]
fn endless_lines_are_skipped_in_every_format() {
    let long = "x".repeat(3 * RECORD_BYTES_MAX);
    let csv =
        format!("number,name\n13012345671,{long}\n13012345672,b\n13012345673,\"{long}\n10085,c\n");
    let (rows, _) = read_in(Format::Csv, csv.as_bytes(), 1000);
    assert_eq!(outline(&rows), ["2 ", "+8613012345672", "4 ", "10085"]);
    let ndjson = format!("{{\"number\":\"{long}\"}}\n{{\"number\":\"10085\"}}\n{long}");
    let (rows, _) = read_in(Format::Ndjson, ndjson.as_bytes(), 1000);
    assert_eq!(outline(&rows), ["1 ", "10085", "3 "]);
    let array = format!("[{{\"number\":\"{long}\"}},{{\"number\":\"10085\"}}]");
    let (rows, broken) = read_in(Format::Json, array.as_bytes(), 1000);
    assert_eq!(outline(&rows), ["1 ", "10085"]);
    assert_eq!(broken, None);
}

#[test]
fn hostile_bytes_cost_their_own_line() {
    let list = b"number,name\n13012345671,a\0b\n13012345672,\xff\xfe\n\0,\n13012345673,c\n";
    let (rows, broken) = read_in(Format::Csv, list, 7);
    assert_eq!(broken, None);
    assert_eq!(
        outline(&rows),
        ["2 name", "3 name", "4 number", "+8613012345673"]
    );
}

#[test]
fn a_csv_header_must_name_a_number() {
    let header = |list: &str| {
        let (_, broken) = read_in(Format::Csv, list.as_bytes(), 4096);
        broken.expect("the header row is wrong").problem
    };
    assert!(header("").contains("empty"));
    assert!(header("phone,name\n1,2\n").contains("`phone`, `name`"));
    assert!(header("number;name\n1;2\n").contains("commas"));
    assert!(header("number,name,name\n").contains("twice"));
    assert!(header("number,\n").contains("column 2"));
    let (_, utf16) = read_in(Format::Csv, b"\xff\xfen\0u\0", 4096);
    assert!(utf16.unwrap().problem.contains("UTF-16"));
}

#[test]
fn ndjson_lines_are_contacts_or_say_why_not() {
    let list = "\u{feff}{\"number\": \"13012345678\", \"attributes\": {\"age\": 42, \"vip\": true, \"x\": null}}\r\n\
                \n\
                {\"number\": 13012345678}\n\
                {\"number\": \"10085\", \"nmae\": 1, \"priority\": 7}\n\
                {\"numbers\": [\"10085\", \"no\"]}\n\
                {\"number\": \"1\", \"numbers\": [\"2\"]}\n\
                not json\n\
                {}\n\
                {\"numbers\": [\"10085\", \"10086\"], \"external_id\": \"b\"}";
    let rows = read(Format::Ndjson, list);
    let Row::Contact(first) = &rows[0] else {
        panic!("{rows:?}")
    };
    assert_eq!(first.attributes["age"], "42");
    assert_eq!(first.attributes["vip"], "true");
    assert!(!first.attributes.contains_key("x"));
    assert_eq!(
        outline(&rows),
        [
            "+8613012345678",
            "3 number",
            "4 priority",
            "4 nmae",
            "5 numbers[1]",
            "6 numbers",
            "7 ",
            "8 number",
            "10085",
        ]
    );
}

#[test]
fn a_json_array_is_read_element_by_element() {
    let list = r#" [ {"number": "10085", "attributes": {"note": "a]},\"{"}}, {"number": []},
        5, {"number": "10086"} ] "#;
    assert_eq!(
        outline(&read(Format::Json, list)),
        ["10085", "2 number", "3 ", "10086"]
    );
    assert!(read(Format::Json, "[]").is_empty());
}

#[test]
fn an_array_that_breaks_off_says_where_and_keeps_what_came_before() {
    for (list, line) in [
        ("", 1),
        ("{\"number\": \"10085\"}", 1),
        ("[{\"number\": \"10085\"}", 2),
        ("[{\"number\": \"10085\"},", 2),
        ("[{\"number\": \"10085\"},]", 2),
        ("[{\"number\": \"10085\"}} {", 2),
        ("[{\"number\": \"10085\"},{\"number", 2),
        ("[{\"number\": \"10085\"}] x", 2),
        ("[,]", 1),
    ] {
        let (rows, broken) = read_in(Format::Json, list.as_bytes(), 3);
        let broken = broken.unwrap_or_else(|| panic!("{list} is no array"));
        assert_eq!(broken.line, line, "{list}");
        assert_eq!(rows.len() as u64, line - 1, "{list}");
    }
}

#[test]
fn content_types_name_the_format() {
    let format = Format::from_content_type;
    assert_eq!(format("text/csv; charset=UTF-8"), Ok(Format::Csv));
    assert_eq!(format("Text/CSV"), Ok(Format::Csv));
    assert_eq!(format("application/x-ndjson"), Ok(Format::Ndjson));
    assert_eq!(format("application/json"), Ok(Format::Json));
    assert!(format("text/csv; charset=gbk").is_err());
    assert!(format("application/vnd.ms-excel").is_err());
    assert!(format("").is_err());
}

/// A piece of a list, biased to what the formats find special.
fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("\"".to_owned()),
        Just(",".to_owned()),
        Just("\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("[".to_owned()),
        Just("]".to_owned()),
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just("\\".to_owned()),
        Just("{\"number\":\"10085\"}".to_owned()),
        Just("13012345678,x".to_owned()),
        Just("\u{feff}".to_owned()),
        any::<char>().prop_map(String::from),
    ]
}

proptest! {
    #[test]
    fn pieces_of_any_size_give_the_same_rows(
        fragments in proptest::collection::vec(fragment(), 0..60),
        piece in 1_usize..20,
        beginning in prop_oneof![Just("number,name\n"), Just("["), Just("")],
    ) {
        let list = format!("{beginning}{}", fragments.concat());
        for format in [Format::Csv, Format::Ndjson, Format::Json] {
            let whole = read_in(format, list.as_bytes(), list.len().max(1));
            prop_assert_eq!(read_in(format, list.as_bytes(), piece), whole);
        }
    }

    #[test]
    fn sound_lines_after_garbage_are_found_again(
        garbage in proptest::collection::vec(fragment(), 0..20),
    ) {
        let garbage = garbage.concat().replace(['\r', '\n', '"'], "");
        let list = format!("number\n{garbage}\n10085\n");
        let rows = read(Format::Csv, &list);
        prop_assert_eq!(outline(&rows).pop(), Some("10085".to_owned()));
    }
}
