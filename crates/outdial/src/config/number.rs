//! Phone numbers and countries as a configuration writes them.

use outdial_domain::{Country, PhoneNumber};

use super::problem::Fault;

/// Reads a two-letter country code.
pub(super) fn country(text: &str) -> Result<Country, Fault> {
    Country::new(text)
        .map_err(|problem| Fault::new(problem, "give two capital letters, such as \"CN\""))
}

/// Reads a number as a person of this country writes it. The complaint does not repeat it.
pub(super) fn phone_number(text: &str, country: Country) -> Result<PhoneNumber, Fault> {
    PhoneNumber::parse(text, country).map_err(|error| {
        let message = error.to_string();
        match message.split_once("; ") {
            Some((problem, remedy)) => Fault::new(problem, remedy),
            None => Fault::new(
                message,
                "write the full number without spaces, such as \"+8675586013388\" or \"075586013388\", or a short code such as \"10085\"",
            ),
        }
    })
}
