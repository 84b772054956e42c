//! The query of an address: read like the fields of a body.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use outdial_domain::{Country, PhoneNumber};
use serde_json::{Map, Value};

use crate::fields::{Findings, Object, read_object};
use crate::problem::{Kind, Problem};
use crate::scalar::any_text;

/// Most parameters of a query.
const PARAMETERS_MAX: usize = 50;

/// The parameters of a query, each a text.
#[derive(Debug)]
pub(crate) struct Query(Value);

impl Query {
    /// Reads the parameters.
    ///
    /// # Errors
    /// Everything that is wrong with them, unknown ones included.
    pub(crate) fn read<T>(
        &self,
        read: impl FnOnce(&mut Findings, &mut Object<'_>) -> T,
    ) -> Result<T, Problem> {
        read_object(&self.0, |findings, object| Some(read(findings, object)))
            .map_err(Problem::invalid)
    }

    /// Refuses parameters where none are taken.
    ///
    /// # Errors
    /// The parameters there are.
    pub(crate) fn none(&self) -> Result<(), Problem> {
        self.read(|_, _| ())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let pairs = axum::extract::Query::<Vec<(String, String)>>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::new(Kind::Malformed, "the query cannot be read"))?
            .0;
        if pairs.len() > PARAMETERS_MAX {
            return Err(Problem::new(
                Kind::Malformed,
                format!("the query has more than {PARAMETERS_MAX} parameters"),
            ));
        }
        let mut map = Map::new();
        let mut findings = Findings::default();
        for (name, value) in pairs {
            if map.contains_key(&name) {
                findings.add(crate::fields::echo(&name), "is given twice");
            }
            map.insert(name, Value::String(value));
        }
        if findings.is_empty() {
            Ok(Self(Value::Object(map)))
        } else {
            Err(Problem::invalid(findings.into_problems()))
        }
    }
}

/// An address without parameters; what is unknown is refused and not ignored.
#[derive(Debug)]
pub(crate) struct NoQuery;

impl<S: Send + Sync> FromRequestParts<S> for NoQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Query::from_request_parts(parts, state).await?.none()?;
        Ok(Self)
    }
}

/// A phone number. A plus sign that was not written as `%2B` arrives as a space.
pub(crate) fn phone_number(country: Country) -> impl Fn(&Value) -> Result<PhoneNumber, String> {
    move |value| {
        let text = any_text(value)?;
        let text = match text.strip_prefix(' ') {
            Some(rest) => format!("+{rest}"),
            None => text.to_owned(),
        };
        PhoneNumber::parse(&text, country).map_err(|error| error.to_string())
    }
}

/// A parameter that says yes or no by one of two words.
pub(crate) fn truth_of(
    yes: &'static str,
    no: &'static str,
) -> impl Fn(&Value) -> Result<bool, String> {
    move |value| match value.as_str() {
        Some(text) if text == yes => Ok(true),
        Some(text) if text == no => Ok(false),
        _ => Err(format!("must be {yes} or {no}")),
    }
}
