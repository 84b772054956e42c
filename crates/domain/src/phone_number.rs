//! Phone numbers: E.164 where the text is one, else a dial string kept as it was given.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::LazyLock;

use phonenumber::Type;
use phonenumber::metadata::DATABASE;
use serde::{Deserialize, Serialize};

use crate::text::ShortText;

/// A number that can be called or shown.
///
/// *E.164* when the text is only digits with an optional leading `+` and a possible **full** number
/// (a length that is only possible locally does not count); else a *dial string* of 1–24 of
/// `0-9 * #`, kept as given and never repaired. Equality, caps and do-not-call compare this form.
///
/// It remembers how it was [given](PhoneNumber::given), because some trunks want it back just so; two
/// spellings of one number are equal.
///
/// `Debug` hides the digits and there is no `Display`: a number reaches text only where
/// [`PhoneNumber::text`] is called by name.
#[derive(Clone, Copy)]
pub struct PhoneNumber {
    digits: ShortText<24>,
    kind: Kind,
    /// How it was given, where that is not its own text.
    spelling: Option<Spelling>,
}

/// How an E.164 number was given: other characters in front of its last digits.
#[derive(Clone, Copy)]
struct Spelling {
    front: Option<ShortText<SPELLING_FRONT_MAX>>,
    /// How many of the number's last digits follow.
    digits: u8,
}

/// Most characters in front: no country has a longer national prefix.
const SPELLING_FRONT_MAX: usize = 6;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    DialString,
    E164,
}

/// A text is no phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneNumberError {
    /// Nothing was given.
    #[error("is empty; give a phone number such as +8613012345678")]
    Empty,
    /// A leading `+` promises an international number, and the rest is not a possible one.
    #[error("is not a possible international number; give + country code and full number")]
    NotPossible,
    /// Neither E.164 nor a dial string.
    #[error("is neither an E.164 number nor a dial string of 1 to 24 characters 0-9 * #")]
    NotDialable,
}

/// A country by its ISO 3166 code: how local numbers are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country(phonenumber::country::Id);

impl Country {
    /// The country with this two-letter code (`CN`, `US`).
    ///
    /// # Errors
    /// Says that the code is not known.
    pub fn new(code: &str) -> Result<Self, String> {
        code.parse().map(Self).map_err(|_| {
            format!(
                "`{}` is not an ISO 3166 country code such as CN",
                code.escape_debug()
            )
        })
    }

    /// The two-letter code.
    pub fn code(self) -> String {
        format!("{:?}", self.0)
    }
}

impl TryFrom<String> for Country {
    type Error = String;
    fn try_from(code: String) -> Result<Self, String> {
        Self::new(&code)
    }
}

impl From<Country> for String {
    fn from(country: Country) -> String {
        country.code()
    }
}

impl PhoneNumber {
    /// Reads a number as a person of `country` writes it; about 10 µs where the text is not
    /// already `+` and digits.
    ///
    /// # Errors
    /// [`PhoneNumberError`] when it is neither E.164 nor a dial string.
    pub fn parse(text: &str, country: Country) -> Result<Self, PhoneNumberError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(PhoneNumberError::Empty);
        }
        let (plus, rest) = match text.strip_prefix('+') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let only_digits = !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
        if only_digits && rest.len() <= 24 {
            let full = if plus {
                possible_international(rest).or_else(|| possible_full(text, country))
            } else {
                possible_full(text, country)
            };
            if let Some(digits) = full {
                let number = Self::e164(digits);
                return Ok(number.spelled(text));
            }
        }
        if plus {
            return Err(PhoneNumberError::NotPossible);
        }
        Self::dial_string(text)
    }

    /// A dial string as it stands: 1–24 of `0-9 * #`.
    ///
    /// # Errors
    /// [`PhoneNumberError::NotDialable`] otherwise.
    pub fn dial_string(text: &str) -> Result<Self, PhoneNumberError> {
        if !text
            .bytes()
            .all(|b| b.is_ascii_digit() || b == b'*' || b == b'#')
        {
            return Err(PhoneNumberError::NotDialable);
        }
        let digits = ShortText::new(text).map_err(|_| PhoneNumberError::NotDialable)?;
        Ok(Self {
            digits,
            kind: Kind::DialString,
            spelling: None,
        })
    }

    fn e164(digits: ShortText<24>) -> Self {
        Self {
            digits,
            kind: Kind::E164,
            spelling: None,
        }
    }

    /// The same number, given as `text`. A text that is no spelling of it changes nothing.
    #[must_use]
    pub fn spelled(self, text: &str) -> Self {
        let own = self.digits.as_str();
        let same = own.bytes().rev().zip(text.bytes().rev());
        let digits = same.take_while(|(one, other)| one == other).count();
        // What they have in common is ASCII, so the cut is between characters.
        let front = &text[..text.len() - digits];
        let is_own = digits == own.len() && front == "+";
        let fits = front.len() <= SPELLING_FRONT_MAX
            && digits > 0
            && front.bytes().all(|b| b == b'+' || b.is_ascii_digit());
        let spelling = (self.kind == Kind::E164 && fits && !is_own).then(|| Spelling {
            front: ShortText::new(front).ok(),
            digits: digits as u8,
        });
        Self { spelling, ..self }
    }

    /// Whether it was given in another way than [`PhoneNumber::text`] writes it.
    pub fn is_spelled(&self) -> bool {
        self.spelling.is_some()
    }

    /// The number as it was given: `13012345678` or `075586013388` where that is what a list says.
    pub fn given(&self) -> String {
        let Some(spelling) = self.spelling else {
            return self.text();
        };
        let digits = self.digits.as_str();
        let from = digits.len().saturating_sub(usize::from(spelling.digits));
        let front = spelling.front.map(|front| front.to_string());
        front.unwrap_or_default() + &digits[from..]
    }

    /// Reads back what [`PhoneNumber::text`] wrote, without looking at numbering plans again. How the
    /// number was given is not part of it: see [`PhoneNumber::spelled`].
    ///
    /// # Errors
    /// [`PhoneNumberError::NotDialable`] for a text that `text` cannot have written.
    pub fn from_text(text: &str) -> Result<Self, PhoneNumberError> {
        match text.strip_prefix('+') {
            Some(rest) if rest.len() <= 15 && rest.bytes().all(|b| b.is_ascii_digit()) => {
                let digits = ShortText::new(rest).map_err(|_| PhoneNumberError::NotDialable)?;
                Ok(Self::e164(digits))
            }
            Some(_) => Err(PhoneNumberError::NotDialable),
            None => Self::dial_string(text),
        }
    }

    /// The number in the clear: `+8613012345678`, or the dial string as given.
    pub fn text(&self) -> String {
        match self.kind {
            Kind::E164 => format!("+{}", self.digits),
            Kind::DialString => self.digits.to_string(),
        }
    }

    /// The number without `+`.
    pub fn digits(&self) -> &str {
        self.digits.as_str()
    }

    /// The number as it is dialed within its own country: without the country code, with the national
    /// prefix where the country's plan has one. A dial string stays as it is.
    pub fn national(&self) -> String {
        match phonenumber::parse(None, self.text()) {
            Ok(number) if !self.is_dial_string() => {
                let written = number
                    .format()
                    .mode(phonenumber::Mode::National)
                    .to_string();
                written.chars().filter(char::is_ascii_digit).collect()
            }
            _ => self.digits().to_owned(),
        }
    }

    /// Whether this is a dial string (a short code, a feature code) and not E.164.
    pub fn is_dial_string(&self) -> bool {
        self.kind == Kind::DialString
    }
}

impl PartialEq for PhoneNumber {
    fn eq(&self, other: &Self) -> bool {
        (self.digits, self.kind) == (other.digits, other.kind)
    }
}

impl Eq for PhoneNumber {}

impl PartialOrd for PhoneNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PhoneNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.digits, self.kind).cmp(&(other.digits, other.kind))
    }
}

impl Hash for PhoneNumber {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.digits, self.kind).hash(state);
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_dial_string() {
            "dial string"
        } else {
            "E.164"
        };
        write!(f, "PhoneNumber({kind}, {} hidden)", self.digits().len())
    }
}

/// As [`PhoneNumber::text`]; where it was given otherwise, that follows after a space. This is for our
/// own memory: what others read writes `text`.
impl Serialize for PhoneNumber {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_spelled() {
            return serializer.serialize_str(&format!("{} {}", self.text(), self.given()));
        }
        serializer.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for PhoneNumber {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (text, given) = match text.split_once(' ') {
            Some((text, given)) => (text, Some(given)),
            None => (text.as_str(), None),
        };
        let number = Self::from_text(text).map_err(serde::de::Error::custom)?;
        Ok(given.map_or(number, |given| number.spelled(given)))
    }
}

/// Lengths of full national numbers by country code, bit *n* set for length *n*; lengths that are
/// only possible locally are left out.
static POSSIBLE_LENGTHS: LazyLock<BTreeMap<u16, u32>> = LazyLock::new(|| {
    const TYPES: [Type; 10] = [
        Type::FixedLine,
        Type::Mobile,
        Type::TollFree,
        Type::PremiumRate,
        Type::SharedCost,
        Type::PersonalNumber,
        Type::Voip,
        Type::Pager,
        Type::Uan,
        Type::Voicemail,
    ];
    let mut lengths = BTreeMap::new();
    for plan in DATABASE.iter() {
        let possible = TYPES
            .iter()
            .filter_map(|&kind| plan.descriptors().get(kind))
            .flat_map(|descriptor| descriptor.possible_length())
            .filter(|&&length| length < 32)
            .fold(0_u32, |bits, &length| bits | 1 << length);
        *lengths.entry(plan.country_code()).or_default() |= possible;
    }
    lengths
});

fn is_possible_length(country_code: u16, length: usize) -> bool {
    length < 32
        && POSSIBLE_LENGTHS
            .get(&country_code)
            .is_some_and(|bits| bits & (1 << length) != 0)
}

/// Whether a leading 0 belongs to the national number (Italy) and is no trunk prefix.
fn zero_is_part_of_number(country_code: u16) -> bool {
    DATABASE
        .by_code(&country_code)
        .is_some_and(|plans| plans.iter().all(|plan| plan.national_prefix() != Some("0")))
}

/// Whether `digits` begin with a country code whose numbering plan has numbers of just this
/// length. This is the common case of an import, and takes no regular expression.
fn possible_international(digits: &str) -> Option<ShortText<24>> {
    // No country code begins with 0, and E.164 ends at 15 digits.
    if digits.starts_with('0') || digits.len() > 15 {
        return None;
    }
    (1..=3).find_map(|length| {
        let code: u16 = digits.get(..length)?.parse().ok()?;
        let national = digits.get(length..)?;
        // Where 0 is the trunk prefix a leading one is left to the full parser.
        let possible = is_possible_length(code, national.len())
            && (!national.starts_with('0') || zero_is_part_of_number(code));
        if possible {
            ShortText::new(digits).ok()
        } else {
            None
        }
    })
}

/// The E.164 digits of a text that is a possible full number as read in `country`.
fn possible_full(text: &str, country: Country) -> Option<ShortText<24>> {
    let number = phonenumber::parse(Some(country.0), text).ok()?;
    let code = number.code().value();
    if text.starts_with('0') && !text.starts_with("00") && zero_is_part_of_number(code) {
        // The parser drops this zero.
        return possible_international(&format!("{code}{text}"));
    }
    let national = number.national().to_string();
    if !is_possible_length(code, national.len()) {
        return None;
    }
    let digits = format!("{code}{national}");
    if digits.len() > 15 {
        return None;
    }
    ShortText::new(&digits).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn china() -> Country {
        Country::new("CN").unwrap()
    }

    fn text(given: &str) -> String {
        PhoneNumber::parse(given, china()).unwrap().text()
    }

    #[test]
    fn full_numbers_become_e164_however_they_are_written() {
        for given in [
            "+8613012345678",
            "13012345678",
            "8613012345678",
            "008613012345678",
        ] {
            assert_eq!(text(given), "+8613012345678", "{given}");
        }
        assert_eq!(text("075586013388"), "+8675586013388");
        assert_eq!(text("0086075586013388"), "+8675586013388");
        assert_eq!(text("+14155552671"), "+14155552671");
        assert_eq!(text("+390612345678"), "+390612345678");
        let rome = PhoneNumber::parse("0612345678", Country::new("IT").unwrap()).unwrap();
        assert_eq!(rome.text(), "+390612345678");
    }

    #[test]
    fn a_number_remembers_how_it_was_given() {
        for given in [
            "13012345678",
            "8613012345678",
            "008613012345678",
            "+8613012345678",
            "013012345678",
            "075586013388",
            "10085",
            "*123#",
        ] {
            let number = PhoneNumber::parse(given, china()).unwrap();
            assert_eq!(number.given(), given);
            let own = PhoneNumber::from_text(&number.text()).unwrap();
            assert_eq!(own, number, "{given}");
            assert_eq!(own.given(), number.text());
            assert_eq!(own.spelled(given).given(), given);
            let json = serde_json::to_value(number).unwrap();
            let back: PhoneNumber = serde_json::from_value(json).unwrap();
            assert_eq!(back.given(), given);
        }
    }

    #[test]
    fn what_is_no_spelling_of_a_number_changes_nothing() {
        let number = PhoneNumber::from_text("+8613012345678").unwrap();
        for text in ["", "x", "1301234567x", "1234567813012345678", "é5678"] {
            assert_eq!(number.spelled(text).given(), "+8613012345678", "{text}");
        }
    }

    #[test]
    fn what_is_only_possible_locally_stays_a_dial_string() {
        for given in ["10085", "*123#", "4", "95588"] {
            let number = PhoneNumber::parse(given, china()).unwrap();
            assert!(number.is_dial_string(), "{given}");
            assert_eq!(number.text(), given);
        }
    }

    #[test]
    fn a_fast_look_at_the_country_code_agrees_with_the_full_parser() {
        for given in [
            "+8613012345678",
            "+14155552671",
            "+442071838750",
            "+85223456789",
            "+6591234567",
        ] {
            let fast = possible_international(&given[1..]);
            assert!(fast.is_some(), "{given}");
            assert_eq!(fast, possible_full(given, china()), "{given}");
        }
        assert_eq!(possible_international("861"), None);
        assert_eq!(possible_international("999123456789"), None);
    }

    #[test]
    fn hostile_texts_are_refused() {
        use PhoneNumberError::*;
        assert_eq!(PhoneNumber::parse("", china()), Err(Empty));
        assert_eq!(PhoneNumber::parse("+", china()), Err(NotPossible));
        assert_eq!(PhoneNumber::parse("+12", china()), Err(NotPossible));
        assert_eq!(PhoneNumber::parse("12a4", china()), Err(NotDialable));
        assert_eq!(
            PhoneNumber::parse("1".repeat(25).as_str(), china()),
            Err(NotDialable)
        );
        assert_eq!(PhoneNumber::parse("12\r\n34", china()), Err(NotDialable));
    }

    #[test]
    fn the_national_form_is_what_people_there_dial() {
        for (given, national) in [
            ("+8613012345678", "13012345678"),
            ("+8675586013388", "075586013388"),
            ("+442071838750", "02071838750"),
            ("+390612345678", "0612345678"),
            ("10085", "10085"),
        ] {
            assert_eq!(
                PhoneNumber::from_text(given).unwrap().national(),
                national,
                "{given}"
            );
        }
    }

    #[test]
    fn debug_shows_no_digits() {
        let shown = format!(
            "{:?}",
            PhoneNumber::parse("+8613012345678", china()).unwrap()
        );
        assert!(!shown.contains("1301"), "{shown}");
    }

    #[test]
    fn the_stored_text_reads_back_as_the_same_number() {
        for given in ["+8613012345678", "10085", "*123#"] {
            let number = PhoneNumber::parse(given, china()).unwrap();
            assert_eq!(PhoneNumber::from_text(&number.text()), Ok(number));
        }
    }
}
