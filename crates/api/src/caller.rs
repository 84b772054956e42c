//! Who asks: the owner of the key.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use outdial_service::{Caller, ServiceError};

use crate::Api;
use crate::problem::{Kind, Problem};

/// The header by which the admin key names its tenant.
pub(crate) const TENANT_HEADER: &str = "Outdial-Tenant";

/// The caller that a request's key belongs to.
#[derive(Debug)]
pub(crate) struct Asker(pub(crate) Caller);

impl FromRequestParts<Api> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let secret = bearer(&parts.headers)?;
        let tenant = match parts.headers.get(TENANT_HEADER) {
            None => None,
            Some(value) => Some(std::str::from_utf8(value.as_bytes()).map_err(|_| {
                Problem::field(TENANT_HEADER, "is not UTF-8; give the name of a tenant")
            })?),
        };
        match api.service.authenticate(secret, tenant).await {
            Ok(Some(caller)) => {
                check_tenant(api, &caller, tenant)?;
                Ok(Self(caller))
            }
            Ok(None) => Err(Problem::new(
                Kind::Unauthenticated,
                "no key has this secret",
            )),
            Err(ServiceError::Invalid(problems)) => Err(Problem::invalid(problems)),
            Err(error) => Err(error.into()),
        }
    }
}

/// A tenant's key opens its own tenant only; to name another one is a mistake that must not pass in
/// silence.
fn check_tenant(api: &Api, caller: &Caller, named: Option<&str>) -> Result<(), Problem> {
    let Some(named) = named else { return Ok(()) };
    let own = api.service.tenant(caller.tenant)?.name;
    if own == named {
        return Ok(());
    }
    Err(Problem::field(
        TENANT_HEADER,
        format!("the key belongs to the tenant `{own}`; leave the header out"),
    ))
}

fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let missing = || {
        Problem::new(
            Kind::Unauthenticated,
            "send the header Authorization: Bearer KEY",
        )
    };
    let value = headers.get(header::AUTHORIZATION).ok_or_else(missing)?;
    let text = value.to_str().map_err(|_| missing())?;
    let (scheme, secret) = text.split_once(' ').ok_or_else(missing)?;
    let secret = secret.trim();
    if scheme.eq_ignore_ascii_case("Bearer") && !secret.is_empty() {
        Ok(secret)
    } else {
        Err(missing())
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_key_comes_as_a_bearer_token() {
        let read = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(text));
            bearer(&headers).map(str::to_owned).ok()
        };
        assert_eq!(read("Bearer s3cret").as_deref(), Some("s3cret"));
        assert_eq!(read("bearer s3cret").as_deref(), Some("s3cret"));
        for wrong in ["Basic s3cret", "Bearer", "Bearer ", "s3cret", ""] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert!(bearer(&HeaderMap::new()).is_err());
    }
}
