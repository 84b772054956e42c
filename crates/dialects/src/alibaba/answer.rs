//! Answers as JSON or XML.
//!
//! Source: the pages of OutboundBot 2019-12-26, and what the client libraries make of an answer, as measured.

use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::fault::Fault;

/// In which form a client wants its answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Format {
    /// `application/json`.
    #[default]
    Json,
    /// `text/xml`: the one value under which clients recognise an error in XML.
    Xml,
}

const JSON: HeaderValue = HeaderValue::from_static("application/json;charset=utf-8");
const XML: HeaderValue = HeaderValue::from_static("text/xml;charset=utf-8");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-acs-request-id");
const RETRY_AFTER: HeaderName = HeaderName::from_static("x-acs-retry-after");

/// A success: the operation's members beside those of the envelope.
pub(super) fn success(
    action: &str,
    mut members: Map<String, Value>,
    id: &str,
    format: Format,
) -> Response {
    members.insert("RequestId".to_owned(), json!(id));
    members.insert("HttpStatusCode".to_owned(), json!(200));
    members.insert("Code".to_owned(), json!("OK"));
    members.insert("Message".to_owned(), json!("Success"));
    members.insert("Success".to_owned(), json!(true));
    write(
        &format!("{action}Response"),
        &Value::Object(members),
        StatusCode::OK,
        id,
        format,
    )
}

/// A failure. `host` is what the request called us.
pub(super) fn failure(fault: &Fault, id: &str, host: &str, format: Format) -> Response {
    let members = json!({
        "RequestId": id,
        "HostId": host,
        "Code": fault.code,
        "Message": fault.message,
        "Recommend": "",
        "HttpStatusCode": fault.status.as_u16(),
        "Success": false,
    });
    let mut response = write("Error", &members, fault.status, id, format);
    if let Some(wait) = fault.retry_after {
        let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
        response.headers_mut().insert(RETRY_AFTER, millis.into());
    }
    response
}

fn write(root: &str, members: &Value, status: StatusCode, id: &str, format: Format) -> Response {
    let (body, media_type) = match format {
        Format::Json => (members.to_string(), JSON),
        Format::Xml => {
            let mut text = r#"<?xml version="1.0" encoding="UTF-8"?>"#.to_owned();
            element(&mut text, root, members);
            (text, XML)
        }
    };
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, media_type);
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

/// An element: a list is the element repeated, without anything around it.
fn element(out: &mut String, name: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter().for_each(|item| element(out, name, item)),
        Value::Object(members) => {
            out.push_str(&format!("<{name}>"));
            members
                .iter()
                .for_each(|(name, value)| element(out, name, value));
            out.push_str(&format!("</{name}>"));
        }
        Value::String(text) => {
            out.push_str(&format!("<{name}>"));
            text.chars().for_each(|c| push_escaped(out, c));
            out.push_str(&format!("</{name}>"));
        }
        other => out.push_str(&format!("<{name}>{other}</{name}>")),
    }
}

/// A character of a text; those that XML 1.0 cannot hold at all become the sign for that.
fn push_escaped(out: &mut String, c: char) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&apos;"),
        '\r' => out.push_str("&#13;"),
        '\t' | '\n' => out.push(c),
        '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
        c if c < ' ' => out.push('\u{fffd}'),
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_repeats_its_element() {
        let mut text = String::new();
        let value = json!({"Numbers": ["1", "2"], "Empty": [], "None": null, "Time": [{"Begin": "09:00:00"}], "On": true, "N": 5});
        element(&mut text, "JobGroup", &value);
        let parts = [
            "<Numbers>1</Numbers><Numbers>2</Numbers>",
            "<Time><Begin>09:00:00</Begin></Time>",
            "<On>true</On>",
            "<N>5</N>",
        ];
        assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        assert!(!text.contains("Empty") && !text.contains("None"), "{text}");
    }

    #[test]
    fn a_text_cannot_break_out_of_its_element() {
        let mut text = String::new();
        element(&mut text, "Name", &json!("</Name>&\u{1}\u{ffff}\r"));
        assert_eq!(text, "<Name>&lt;/Name&gt;&amp;\u{fffd}\u{fffd}&#13;</Name>");
    }

    #[test]
    fn a_throttled_client_is_told_when_to_come_back() {
        let fault = Fault::throttled(std::time::Duration::from_micros(1));
        let response = failure(&fault, "ID", "h", Format::Xml);
        assert_eq!(response.status(), 400);
        assert_eq!(response.headers()["x-acs-retry-after"], "1");
        assert_eq!(response.headers()["content-type"], "text/xml;charset=utf-8");
    }
}
