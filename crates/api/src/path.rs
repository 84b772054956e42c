//! The id in an address.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use outdial_domain::{AgentId, AttemptId, CampaignId, RevisionNumber, TrunkName};
use outdial_service::PendingEditId;

use crate::fields::echo;
use crate::problem::{Kind, Problem};

/// Something that an address names.
pub(crate) trait PathId: Sized {
    /// What kind of thing it is, in words.
    const WHAT: &'static str;

    /// The id that this text is.
    fn parse(text: &str) -> Option<Self>;
}

/// The id in an address. A text that can be no id names nothing: 404.
#[derive(Debug)]
pub(crate) struct Id<T>(pub(crate) T);

impl<T: PathId, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        id_at(0, parts, state).await.map(Self)
    }
}

/// The second id in an address.
#[derive(Debug)]
pub(crate) struct Second<T>(pub(crate) T);

impl<T: PathId, S: Send + Sync> FromRequestParts<S> for Second<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        id_at(1, parts, state).await.map(Self)
    }
}

/// The id at a place in an address.
async fn id_at<T: PathId, S: Send + Sync>(
    place: usize,
    parts: &mut Parts,
    state: &S,
) -> Result<T, Problem> {
    let missing = |text: &str| {
        Problem::new(
            Kind::NotFound,
            format!("{} `{}` does not exist", T::WHAT, echo(text)),
        )
    };
    let params = RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(|_| missing(""))?;
    let text = params.iter().nth(place).map_or("", |(_, text)| text);
    T::parse(text).ok_or_else(|| missing(text))
}

/// A number without sign or leading zeros, as ids are written.
fn number<N: std::str::FromStr + ToString>(text: &str) -> Option<N> {
    text.parse::<N>()
        .ok()
        .filter(|number| number.to_string() == text)
}

impl PathId for CampaignId {
    const WHAT: &'static str = "campaign";

    fn parse(text: &str) -> Option<Self> {
        Self::new(number(text)?).ok()
    }
}

impl PathId for RevisionNumber {
    const WHAT: &'static str = "revision";

    fn parse(text: &str) -> Option<Self> {
        number(text).map(Self::new)
    }
}

impl PathId for PendingEditId {
    const WHAT: &'static str = "pending edit";

    fn parse(text: &str) -> Option<Self> {
        number(text).map(Self)
    }
}

impl PathId for AttemptId {
    const WHAT: &'static str = "attempt";

    fn parse(text: &str) -> Option<Self> {
        number(text).map(Self::new)
    }
}

impl PathId for AgentId {
    const WHAT: &'static str = "agent";

    fn parse(text: &str) -> Option<Self> {
        Self::new(text).ok()
    }
}

impl PathId for TrunkName {
    const WHAT: &'static str = "trunk";

    fn parse(text: &str) -> Option<Self> {
        Self::new(text).ok()
    }
}

/// An offer's id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfferId(pub(crate) u64);

impl PathId for OfferId {
    const WHAT: &'static str = "offer";

    fn parse(text: &str) -> Option<Self> {
        number(text).map(Self)
    }
}

/// A key's name.
#[derive(Clone, Debug)]
pub(crate) struct KeyName(pub(crate) String);

impl PathId for KeyName {
    const WHAT: &'static str = "key";

    fn parse(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        assert_eq!(CampaignId::parse("7"), CampaignId::new(7).ok());
        for wrong in ["", "0", "07", "+7", "-7", "7.0", "2147483648", "seven"] {
            assert_eq!(CampaignId::parse(wrong), None, "{wrong}");
        }
    }
}
