//! Bodies: one JSON value of a bounded size.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use futures_util::StreamExt;
use serde_json::Value;

use crate::fields::read_object;
use crate::problem::{Kind, Problem};

/// Most bytes of a JSON body.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Longest wait for the next piece of a body.
pub(crate) const PIECE_WAIT: Duration = Duration::from_secs(30);

/// The JSON value of a body.
#[derive(Debug)]
pub(crate) struct JsonBody(pub(crate) Value);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let headers = request.headers();
        refuse_encoding(headers)?;
        if let Some(content_type) = content_type(headers)?
            && !is_json(content_type)
        {
            return Err(Problem::new(
                Kind::UnsupportedMediaType,
                "send application/json",
            ));
        }
        let bytes = collect(request.into_body()).await?;
        if bytes.trim_ascii().is_empty() {
            return Err(Problem::new(
                Kind::Malformed,
                "the body is empty; send a JSON object",
            ));
        }
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            let detail = format!("the body is not JSON: {error}");
            Problem::new(Kind::Malformed, detail)
        })
    }
}

/// A request that says everything by its address: its body is empty or `{}`.
#[derive(Debug)]
pub(crate) struct NoBody;

impl<S: Send + Sync> FromRequest<S> for NoBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        refuse_encoding(request.headers())?;
        let bytes = collect(request.into_body()).await?;
        if bytes.trim_ascii().is_empty() {
            return Ok(Self);
        }
        let body: Value = serde_json::from_slice(&bytes).map_err(|error| {
            let detail = format!("the body is not JSON: {error}; send none");
            Problem::new(Kind::Malformed, detail)
        })?;
        read_object(&body, |_, _| Some(Self)).map_err(Problem::invalid)
    }
}

/// The content type that a request names.
///
/// # Errors
/// One that is no text.
pub(crate) fn content_type(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    headers
        .get(header::CONTENT_TYPE)
        .map(|value| {
            value.to_str().map_err(|_| {
                Problem::new(Kind::UnsupportedMediaType, "Content-Type is not readable")
            })
        })
        .transpose()
}

/// Refuses compressed bodies: a small one could unfold to any size.
pub(crate) fn refuse_encoding(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get(header::CONTENT_ENCODING) {
        Some(encoding) if encoding != "identity" => Err(Problem::new(
            Kind::UnsupportedMediaType,
            "compressed bodies are not taken; send it without Content-Encoding",
        )),
        _ => Ok(()),
    }
}

fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
        || media_type.eq_ignore_ascii_case("application/merge-patch+json")
}

async fn collect(body: Body) -> Result<Vec<u8>, Problem> {
    let mut stream = body.into_data_stream();
    let mut bytes = Vec::new();
    loop {
        match tokio::time::timeout(PIECE_WAIT, stream.next()).await {
            Err(_) => return Err(too_slow()),
            Ok(None) => return Ok(bytes),
            Ok(Some(Err(_))) => return Err(broke_off()),
            Ok(Some(Ok(piece))) if bytes.len() + piece.len() > BODY_BYTES_MAX => {
                return Err(Problem::new(
                    Kind::TooLarge,
                    format!("the body has more than {BODY_BYTES_MAX} bytes"),
                ));
            }
            Ok(Some(Ok(piece))) => bytes.extend_from_slice(&piece),
        }
    }
}

/// The client has stopped sending.
pub(crate) fn too_slow() -> Problem {
    Problem::new(
        Kind::TooSlow,
        format!("nothing came for {} s", PIECE_WAIT.as_secs()),
    )
}

/// The connection broke inside the body.
pub(crate) fn broke_off() -> Problem {
    Problem::new(Kind::Malformed, "the body broke off")
}
