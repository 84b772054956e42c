//! What each vendor's client can read: the rules of its envelope, as its library or page has them.

use axum::http::{HeaderMap, StatusCode};
use outdial_dialects::Vendor;
use serde_json::Value;

/// An answer as it came.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// The vendor's code.
///
/// # Errors
/// What a client would stumble over; also a fault of ours, which nothing that is sent may cause.
pub(super) fn code(vendor: Option<Vendor>, answer: &Read) -> Result<String, String> {
    let text = std::str::from_utf8(&answer.body).map_err(|_| "the answer is no text")?;
    match vendor {
        None => nobody(answer, text),
        Some(Vendor::Tencent) => tencent(answer, text),
        Some(Vendor::Alibaba) => alibaba(answer, text),
        Some(Vendor::Huawei) => huawei(answer, text),
        Some(Vendor::Dezhu) => dezhu(answer, text),
    }
}

fn nobody(answer: &Read, text: &str) -> Result<String, String> {
    let passed_on = answer.status == 404 && text == "nobody's";
    passed_on
        .then(|| "nobody's".to_owned())
        .ok_or_else(|| "it is nobody's, and somebody has answered".to_owned())
}

fn media_type<'a>(answer: &'a Read, wanted: &str) -> Result<&'a str, String> {
    let types: Vec<_> = answer.headers.get_all("content-type").iter().collect();
    match types[..] {
        [only] if only == wanted => Ok(only.to_str().unwrap_or_default()),
        _ => Err(format!("Content-Type is {types:?}, and not {wanted}")),
    }
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("the answer is no JSON: {error}"))
}

fn member<'a>(of: &'a Value, name: &str) -> Result<&'a str, String> {
    let found = of.get(name).and_then(Value::as_str);
    let found = found.filter(|text| !text.is_empty());
    found.ok_or_else(|| format!("{name} lacks, is empty or no text"))
}

/// Status 200, one type exactly, everything in `Response`, an id in it, and a code in `Error`.
fn tencent(answer: &Read, text: &str) -> Result<String, String> {
    if answer.status != 200 {
        return Err(format!("the status is {}", answer.status));
    }
    media_type(answer, "application/json")?;
    let json = json(text)?;
    let only = json.as_object().filter(|members| members.len() == 1);
    let inner = only.and_then(|members| members.get("Response"));
    let inner = inner.ok_or("there is more or less than `Response`")?;
    if member(inner, "RequestId")?.len() != 36 {
        return Err("RequestId is none".to_owned());
    }
    let Some(error) = inner.get("Error") else {
        return Ok("none".to_owned());
    };
    member(error, "Message")?;
    ours(member(error, "Code")?, |code| {
        code.starts_with("InternalError")
    })
}

/// The true status; id in a header and in the body; JSON or XML, and the members either way.
fn alibaba(answer: &Read, text: &str) -> Result<String, String> {
    let id = answer.headers.get("x-acs-request-id");
    let id = id
        .and_then(|id| id.to_str().ok())
        .ok_or("the header of the id lacks")?;
    let success = answer.status == 200;
    let (own_id, code, said) = match media_type(answer, "text/xml;charset=utf-8") {
        Ok(_) => {
            let root = xml(text)?;
            if success != (root.name != "Error") {
                return Err(format!("{} under the root `{}`", answer.status, root.name));
            }
            let part = |name: &str| {
                let part = root.parts.iter().find(|(known, _)| known == name);
                part.map(|(_, text)| text.clone())
                    .ok_or_else(|| format!("{name} lacks"))
            };
            (part("RequestId")?, part("Code")?, part("HttpStatusCode")?)
        }
        Err(_) => {
            media_type(answer, "application/json;charset=utf-8")?;
            let json = json(text)?;
            member(&json, "Message")?;
            if json["Success"] != success {
                return Err("Success is not as the status".to_owned());
            }
            let said = json["HttpStatusCode"].to_string();
            let texts = (member(&json, "RequestId")?, member(&json, "Code")?);
            (texts.0.to_owned(), texts.1.to_owned(), said)
        }
    };
    if own_id != id || said != answer.status.as_u16().to_string() {
        return Err("id or status differ between the head and the body".to_owned());
    }
    if answer.status.is_server_error() {
        return Err(format!("a fault of ours: {code}"));
    }
    ours(&code, |code| code.starts_with("InternalError"))
}

/// Both pairs of code and text, which say the same, at one of the statuses of the vendor.
fn huawei(answer: &Read, text: &str) -> Result<String, String> {
    media_type(answer, "application/json; charset=UTF-8")?;
    let json = json(text)?;
    let code = member(&json, "resultCode")?;
    if json["returnCode"] != code || json["returnDesc"] != json["resultDesc"] {
        return Err("the two codes or texts differ".to_owned());
    }
    if !json["resultDesc"].is_string() {
        return Err("resultDesc is no text".to_owned());
    }
    match answer.status.as_u16() {
        200 | 401 | 404 | 405 | 408 | 413 | 429 => ours(code, |_| false),
        status => Err(format!("the status is {status}")),
    }
}

/// `code` as a text, `message` and `data`, at 200 but for addresses that do not exist.
fn dezhu(answer: &Read, text: &str) -> Result<String, String> {
    media_type(answer, "application/json;charset=UTF-8")?;
    let json = json(text)?;
    member(&json, "message")?;
    let known = ["10000", "10001", "10002", "20001", "29002", "29008"];
    let code = member(&json, "code")?;
    if json.get("data").is_none() || !known.contains(&code) {
        return Err("data lacks, or the code is none".to_owned());
    }
    if answer.status != 200 && (answer.status != 404 || code != "20001") {
        return Err(format!("the status is {}", answer.status));
    }
    ours(code, |code| code == "29008")
}

fn ours(code: &str, is_ours: impl Fn(&str) -> bool) -> Result<String, String> {
    match is_ours(code) {
        true => Err(format!("a fault of ours: {code}")),
        false => Ok(code.to_owned()),
    }
}

/// A document's root, with the texts of the elements right below.
struct Root {
    name: String,
    parts: Vec<(String, String)>,
}

/// Reads a document without attributes: every element closed in its order, every `&` an entity, no
/// character that XML 1.0 does not have.
fn xml(text: &str) -> Result<Root, String> {
    let is_char = |c: char| matches!(c, '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'..);
    if !text.chars().all(is_char) {
        return Err("a character that XML does not have".to_owned());
    }
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
    let mut rest = text.strip_prefix(head).ok_or("no head of XML")?;
    let (mut open, mut root, mut held): (Vec<&str>, _, _) = (Vec::new(), None, String::new());
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        if open.is_empty() && !before.is_empty() {
            return Err("text outside of the root".to_owned());
        }
        entities(before)?;
        held.push_str(before);
        let (tag, after) = tag[1..].split_once('>').ok_or("a tag has no end")?;
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("`{name}` is closed and not open"));
            }
            if let (1, Some(Root { parts, .. })) = (open.len(), &mut root) {
                parts.push((name.to_owned(), std::mem::take(&mut held)));
            }
            continue;
        }
        let mut letters = tag.chars();
        if !letters.next().is_some_and(char::is_alphabetic) || tag.contains(['<', ' ', '/', '&']) {
            return Err(format!("`{tag}` is no name"));
        }
        match &root {
            Some(_) if open.is_empty() => return Err("a second root".to_owned()),
            Some(_) => {}
            None => {
                root = Some(Root {
                    name: tag.to_owned(),
                    parts: Vec::new(),
                });
            }
        }
        held.clear();
        open.push(tag);
    }
    match root {
        Some(root) if open.is_empty() && rest.is_empty() => Ok(root),
        _ => Err("the document does not end where it should".to_owned()),
    }
}

fn entities(text: &str) -> Result<(), String> {
    let known = ["amp;", "lt;", "gt;", "quot;", "apos;", "#13;"];
    let after = text.split('&').skip(1);
    let mut unknown = after.filter(|after| !known.iter().any(|name| after.starts_with(name)));
    match unknown.next() {
        Some(_) => Err("an `&` that is no entity".to_owned()),
        None => Ok(()),
    }
}

#[test]
fn xml_that_no_client_reads_is_told() {
    let read = |body: &str| xml(&format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{body}"));
    let root = read("<Error><Code>A&amp;B</Code><L><Code>x</Code></L></Error>").ok();
    let parts = root.map(|root| root.parts[0].clone());
    assert_eq!(parts, Some(("Code".to_owned(), "A&amp;B".to_owned())));
    for broken in [
        "<a><b></a></b>",
        "<a>&b</a>",
        "<a></a><b></b>",
        "<a>\u{1}</a>",
        "<a>",
        "x<a></a>",
        "<a></a>x",
        "",
    ] {
        assert!(read(broken).is_err(), "{broken}");
    }
}
