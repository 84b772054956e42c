//! SIPp scenarios, with one element of our own that spares the repetition.
//!
//! `<respond code="486" reason="Busy Here" …/>` stands for a `<send>` with the headers that every
//! response has. Its attributes:
//!
//! * `code`, `reason`: the status line;
//! * `header`: one more header line;
//! * `sdp="yes"`: with a description of audio; `sdp="no"` is the default;
//! * `contact="no"`: without Contact, which is the default for codes from 300;
//! * `to="dialog"`: the request's To carries our tag already;
//! * `cseq`: in place of the request's own CSeq;
//! * `counter`, `next`, `retrans`: as for `<send>`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Reads a scenario of `tests/sipp`, expanded.
pub(crate) fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/sipp")
        .join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    expand(&text)
}

fn expand(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("<respond ") {
        let end = start + rest[start..].find("/>").expect("<respond …/> is closed");
        out.push_str(&rest[..start]);
        out.push_str(&send(&attributes(&rest[start + "<respond ".len()..end])));
        rest = &rest[end + 2..];
    }
    out.push_str(rest);
    out
}

/// Attributes in either kind of quotes.
fn attributes(text: &str) -> BTreeMap<&str, &str> {
    let mut found = BTreeMap::new();
    let mut rest = text.trim();
    while let Some((name, after)) = rest.split_once('=') {
        let quote = after.chars().next().expect("a value stands in quotes");
        let (value, after) = after[1..]
            .split_once(quote)
            .expect("a value ends with its quote");
        found.insert(name.trim(), value);
        rest = after;
    }
    found
}

fn send(given: &BTreeMap<&str, &str>) -> String {
    let code: u16 = given["code"].parse().expect("code is a number");
    let mut text = "<send".to_owned();
    for name in ["counter", "next", "retrans"] {
        if let Some(value) = given.get(name) {
            write!(text, " {name}=\"{value}\"").unwrap();
        }
    }
    let to = if given.get("to") == Some(&"dialog") {
        ""
    } else {
        ";tag=[call_number]"
    };
    let cseq = given
        .get("cseq")
        .map_or("[last_CSeq:]".to_owned(), |c| format!("CSeq: {c}"));
    write!(
        text,
        ">\n<![CDATA[\n\nSIP/2.0 {code} {}\n[last_Via:]\n[last_From:]\n[last_To:]{to}\n[last_Call-ID:]\n{cseq}\n",
        given["reason"]
    )
    .unwrap();
    if given.get("contact") != Some(&"no") && code < 300 {
        text.push_str("Contact: <sip:[local_ip]:[local_port];transport=[transport]>\n");
    }
    if let Some(header) = given.get("header") {
        writeln!(text, "{header}").unwrap();
    }
    if given.get("sdp") == Some(&"yes") {
        text.push_str(
            "Content-Type: application/sdp\nContent-Length: [len]\n\n\
             v=0\no=callee 1 1 IN IP[local_ip_type] [local_ip]\ns=-\n\
             c=IN IP[media_ip_type] [media_ip]\nt=0 0\n\
             m=audio [media_port] RTP/AVP 8\na=rtpmap:8 PCMA/8000\n",
        );
    } else {
        text.push_str("Content-Length: 0\n");
    }
    text.push_str("\n]]>\n</send>");
    text
}

#[test]
fn a_response_is_written_out() {
    let text = expand("a <respond code=\"486\" reason=\"Busy Here\" counter=\"busy\"/> b");
    assert!(text.starts_with("a <send counter=\"busy\">"), "{text}");
    assert!(
        text.contains("SIP/2.0 486 Busy Here\n") && text.ends_with("</send> b"),
        "{text}"
    );
    assert!(!text.contains("Contact"), "{text}");
}
