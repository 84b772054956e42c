//! Whose API a request is for: all four share one port with our own.
//!
//! The first of these that fits decides: a header of the vendor's, a parameter of the vendor's, the path.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse as _, Response};
use outdial_domain::Timestamp;
use outdial_service::Service;
use tower::ServiceExt as _;

use crate::alibaba::{self, Alibaba};
use crate::clock::Clock;
use crate::dezhu::{self, Dezhu};
use crate::huawei::{self, Huawei};
use crate::incoming::{
    Beginning, BodyFault, Incoming, header_of, is_form, read_beginning, read_body,
};
use crate::signing::decode_form;
use crate::tencent::{self, Tencent};

/// Most bytes of a form that is read before it is known whose it is.
const FORM_MAX: usize = 4 << 20;

/// A vendor whose API is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    /// Tencent CCC.
    Tencent,
    /// Alibaba OutboundBot.
    Alibaba,
    /// Huawei CC-iSales.
    Huawei,
    /// Dezhu.
    Dezhu,
}

impl Vendor {
    /// Whose request it is by its headers and address. `None` = nobody's, or told by its body.
    pub fn of(headers: &HeaderMap, path: &str, query: &str) -> Option<Self> {
        let authorization = header_of(headers, "authorization").unwrap_or_default();
        if headers.contains_key("x-tc-action") || authorization.starts_with("TC3-") {
            return Some(Self::Tencent);
        }
        if headers.contains_key("x-acs-action") || authorization.starts_with("ACS3-") {
            return Some(Self::Alibaba);
        }
        if let Some(vendor) = Self::of_parameters(query.as_bytes()) {
            return Some(vendor);
        }
        if path.starts_with(huawei::PREFIX) {
            return Some(Self::Huawei);
        }
        path.starts_with(dezhu::PREFIX).then_some(Self::Dezhu)
    }

    /// Whose request it is by the parameters of its query or form.
    pub fn of_parameters(text: &[u8]) -> Option<Self> {
        let pairs = decode_form(text)?;
        let is = |wanted: &str, value: Option<&str>| {
            let fits = |v: &str| value.is_none_or(|value| value == v);
            pairs.iter().any(|(name, v)| name == wanted && fits(v))
        };
        if is("Version", Some("2020-02-10")) || is("SecretId", None) {
            return Some(Self::Tencent);
        }
        let alibaba = is("Version", Some("2019-12-26"))
            || is("AccessKeyId", None)
            || is("SignatureVersion", None);
        alibaba.then_some(Self::Alibaba)
    }

    /// Its name in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tencent => "tencent",
            Self::Alibaba => "alibaba",
            Self::Huawei => "huawei",
            Self::Dezhu => "dezhu",
        }
    }

    /// Most bytes of a body.
    const fn body_max(self) -> usize {
        match self {
            Self::Tencent => tencent::BODY_MAX,
            Self::Alibaba => alibaba::BODY_MAX,
            Self::Huawei => huawei::BODY_MAX,
            Self::Dezhu => dezhu::BODY_MAX,
        }
    }
}

/// The tenants as each vendor's API knows them.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    /// Tencent's.
    pub tencent: Vec<tencent::Account>,
    /// Alibaba's.
    pub alibaba: Vec<alibaba::Account>,
    /// Huawei's.
    pub huawei: Vec<huawei::Account>,
    /// Dezhu's.
    pub dezhu: Vec<dezhu::Account>,
    /// For a server that ran before: when it was started again. Nonces do not outlive the process, so what
    /// was signed before is refused where a nonce is all that tells a replay.
    pub nonces_since: Option<Timestamp>,
}

/// The vendors' APIs.
#[derive(Clone, Debug)]
pub struct Dialects {
    /// Tencent's.
    pub tencent: Arc<Tencent>,
    /// Alibaba's.
    pub alibaba: Arc<Alibaba>,
    /// Huawei's.
    pub huawei: Arc<Huawei>,
    /// Dezhu's.
    pub dezhu: Arc<Dezhu>,
}

impl Dialects {
    /// The APIs for these tenants. One that no tenant has refuses every key.
    pub fn new(service: &Service, clock: &Clock, accounts: Accounts) -> Self {
        let (service, clock) = (|| service.clone(), || clock.clone());
        Self {
            tencent: Arc::new(Tencent::new(service(), clock(), accounts.tencent)),
            alibaba: Arc::new(
                Alibaba::new(service(), clock(), accounts.alibaba)
                    .with_nonces_since(accounts.nonces_since),
            ),
            huawei: Arc::new(Huawei::new(service(), clock(), accounts.huawei)),
            dezhu: Arc::new(Dezhu::new(service(), clock(), accounts.dezhu)),
        }
    }

    /// A router that answers every address: vendors' requests here, all others by `otherwise`.
    pub fn router(self, otherwise: Router) -> Router {
        Router::new().fallback(move |request: Request| {
            let (dialects, otherwise) = (self.clone(), otherwise.clone());
            async move { dialects.route(request, otherwise).await }
        })
    }

    async fn route(self, request: Request, otherwise: Router) -> Response {
        let (parts, body) = request.into_parts();
        if parts.uri.path().starts_with(alibaba::EXPORTS) {
            let (method, path) = (&parts.method, parts.uri.path());
            return self.alibaba.download(method, path).await;
        }
        let query = parts.uri.query().unwrap_or_default();
        if let Some(vendor) = Vendor::of(&parts.headers, parts.uri.path(), query) {
            let body = read_body(body, vendor.body_max()).await;
            let request = body.map(|body| Incoming::new(parts, body));
            return self.answer(vendor, request).await;
        }
        if parts.uri.path() != "/" || parts.method != Method::POST || !is_form(&parts.headers) {
            return pass(otherwise, parts, body).await;
        }
        // The legacy way of signing has everything in the form.
        match read_beginning(body, FORM_MAX).await {
            Ok(Beginning { bytes, whole }) => {
                match Vendor::of_parameters(whole_pairs(&bytes, whole)) {
                    Some(vendor) if whole => {
                        self.answer(vendor, Ok(Incoming::new(parts, bytes))).await
                    }
                    Some(vendor) => {
                        self.answer(vendor, Err(BodyFault::TooLarge(FORM_MAX)))
                            .await
                    }
                    None if whole => pass(otherwise, parts, bytes.into()).await,
                    // It cannot be told whose it is, and it would be refused by everybody.
                    None => pass(otherwise, parts, Body::empty()).await,
                }
            }
            Err(_) => pass(otherwise, parts, Body::empty()).await,
        }
    }

    async fn answer(self, vendor: Vendor, request: Result<Incoming, BodyFault>) -> Response {
        let begun = Instant::now();
        let response = match vendor {
            Vendor::Tencent => self.tencent.answer(request).await,
            Vendor::Alibaba => self.alibaba.answer(request).await,
            Vendor::Huawei => self.huawei.answer(request).await,
            Vendor::Dezhu => self.dezhu.answer(request).await,
        };
        let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (vendor, status) = (vendor.as_str(), response.status().as_u16());
        tracing::debug!(vendor, status, took_ms, "vendor request");
        response
    }
}

/// The pairs of a form that have come whole: the last one may be cut off in the midst of a character.
fn whole_pairs(form: &[u8], whole: bool) -> &[u8] {
    match form.iter().rposition(|byte| *byte == b'&') {
        Some(end) if !whole => &form[..end],
        _ => form,
    }
}

async fn pass(otherwise: Router, parts: Parts, body: Body) -> Response {
    let Ok(response) = otherwise.oneshot(Request::from_parts(parts, body)).await;
    response.into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    fn of(header: Option<(&'static str, &'static str)>, target: &str) -> Option<Vendor> {
        let mut headers = HeaderMap::new();
        if let Some((name, value)) = header {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Vendor::of(&headers, path, query)
    }

    #[test]
    fn the_first_sign_of_a_vendor_decides() {
        use Vendor::{Alibaba, Dezhu, Huawei, Tencent};
        assert_eq!(of(Some(("x-tc-action", "A")), "/"), Some(Tencent));
        assert_eq!(
            of(Some(("authorization", "TC3-HMAC-SHA256 x")), "/"),
            Some(Tencent)
        );
        assert_eq!(
            of(Some(("x-acs-action", "A")), "/?SecretId=1"),
            Some(Alibaba)
        );
        assert_eq!(
            of(Some(("authorization", "ACS3-HMAC-SHA256 x")), "/"),
            Some(Alibaba)
        );
        assert_eq!(of(None, "/?Version=2020-02-10"), Some(Tencent));
        assert_eq!(of(None, "/?a=b&SecretId=1&AccessKeyId=2"), Some(Tencent));
        assert_eq!(of(None, "/?Version=2019-12-26"), Some(Alibaba));
        assert_eq!(of(None, "/?AccessKeyId=x"), Some(Alibaba));
        assert_eq!(of(None, "/?SignatureVersion=1.0"), Some(Alibaba));
        assert_eq!(
            of(None, "/rest/isales/v1/openapi/campaigns/7"),
            Some(Huawei)
        );
        assert_eq!(
            of(None, "/speech/openapi/v1/task/outbound/edit"),
            Some(Dezhu)
        );
        for nobodys in ["/", "/?Version=1", "/rest/other", "/api/v1/none"] {
            assert_eq!(of(None, nobodys), None, "{nobodys}");
        }
        assert_eq!(of(Some(("authorization", "Bearer x")), "/"), None);
    }

    proptest! {
        #[test]
        fn any_form_is_somebodys_or_nobodys(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Vendor::of_parameters(&bytes);
        }
    }
}
