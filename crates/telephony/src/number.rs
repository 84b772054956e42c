//! How a trunk wants numbers written.

use outdial_domain::{NumberFormat, NumberRule, PhoneNumber};
use regex::Regex;

/// Longest number that goes into a request, in bytes.
const LEN_MAX: usize = 64;

/// A trunk's number rules, ready for use.
#[derive(Debug, Clone)]
pub struct NumberRules {
    rules: Vec<(Regex, String)>,
    otherwise: NumberFormat,
}

/// A rule that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("number rule `{matches}`: {problem}")]
pub struct NumberRuleError {
    matches: String,
    problem: String,
}

impl NumberRules {
    /// Rules of which the first that matches writes the number; `otherwise` writes it when none does.
    ///
    /// # Errors
    /// [`NumberRuleError`] for what is no regular expression.
    pub fn new(rules: &[NumberRule], otherwise: NumberFormat) -> Result<Self, NumberRuleError> {
        let compile = |rule: &NumberRule| {
            Regex::new(&rule.matches)
                .map(|regex| (regex, rule.replace.clone()))
                .map_err(|error| NumberRuleError {
                    matches: rule.matches.clone(),
                    problem: error.to_string(),
                })
        };
        Ok(Self {
            rules: rules.iter().map(compile).collect::<Result<_, _>>()?,
            otherwise,
        })
    }

    /// The number as the trunk wants it, or `None` when a rule makes something that cannot be dialed.
    #[must_use]
    pub fn write(&self, number: PhoneNumber) -> Option<String> {
        let plus = number.text();
        let rule = self.rules.iter().find(|(regex, _)| regex.is_match(&plus));
        let written = match rule {
            Some((regex, replace)) => regex.replace(&plus, replace.as_str()).into_owned(),
            None => format(number, self.otherwise),
        };
        let dialable = |c: char| c.is_ascii_alphanumeric() || "+*#-_.".contains(c);
        (!written.is_empty() && written.len() <= LEN_MAX && written.chars().all(dialable))
            .then_some(written)
    }
}

fn format(number: PhoneNumber, format: NumberFormat) -> String {
    match format {
        NumberFormat::Plus => number.text(),
        NumberFormat::AsGiven => number.given(),
        NumberFormat::E164 => number.digits().to_owned(),
        NumberFormat::National => number.national(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> PhoneNumber {
        PhoneNumber::from_text(text).expect("a number")
    }

    fn rule(matches: &str, replace: &str) -> NumberRule {
        NumberRule {
            matches: matches.into(),
            replace: replace.into(),
        }
    }

    fn written(rules: &[NumberRule], format: NumberFormat, text: &str) -> Option<String> {
        NumberRules::new(rules, format)
            .expect("valid rules")
            .write(number(text))
    }

    #[test]
    fn each_format_writes_a_number_its_way() {
        let cases = [
            (NumberFormat::Plus, "+8613012345678"),
            (NumberFormat::E164, "8613012345678"),
            (NumberFormat::National, "13012345678"),
        ];
        for (format, expected) in cases {
            assert_eq!(
                written(&[], format, "+8613012345678").as_deref(),
                Some(expected)
            );
            assert_eq!(written(&[], format, "10085").as_deref(), Some("10085"));
        }
        let given = NumberRules::new(&[], NumberFormat::AsGiven).expect("no rules");
        let landline = number("+8675586013388").spelled("075586013388");
        assert_eq!(given.write(landline).as_deref(), Some("075586013388"));
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let rules = [
            rule("^\\+861069(\\d+)$", "1069$1"),
            rule("^\\+86(1\\d{10})$", "0$1"),
            rule("^\\*", "99"),
        ];
        let write = |text| written(&rules, NumberFormat::E164, text);
        assert_eq!(write("+8613012345678").as_deref(), Some("013012345678"));
        assert_eq!(write("+8610691234").as_deref(), Some("10691234"));
        assert_eq!(write("+14155552671").as_deref(), Some("14155552671"));
        assert_eq!(write("*123#").as_deref(), Some("99123#"));
    }

    #[test]
    fn a_rule_cannot_smuggle_anything_into_a_request() {
        for replace in [
            "",
            "0@evil.example",
            "1>\r\nX: y",
            "1;phone-context=x",
            "1 2",
        ] {
            assert_eq!(
                written(&[rule(".*", replace)], NumberFormat::Plus, "+14155552671"),
                None,
                "{replace:?}"
            );
        }
        assert!(NumberRules::new(&[rule("(", "")], NumberFormat::Plus).is_err());
    }
}
