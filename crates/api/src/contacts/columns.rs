//! What the columns of a CSV list mean.

use outdial_domain::NewContact;
use outdial_service::FieldProblem;

use super::csv::Fields;
use super::row::{Draft, RowRules};
use crate::fields::{Findings, echo};

/// What the columns of a list mean, in their order.
pub(super) struct Table(Vec<Column>);

enum Column {
    Number,
    Numbers,
    ExternalId,
    TimeZone,
    Priority,
    Attribute(String),
}

impl Column {
    fn named(name: &str) -> Self {
        match name {
            "number" => Self::Number,
            "numbers" => Self::Numbers,
            "external_id" => Self::ExternalId,
            "time_zone" => Self::TimeZone,
            "priority" => Self::Priority,
            other => Self::Attribute(other.to_owned()),
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Number => "number",
            Self::Numbers => "numbers",
            Self::ExternalId => "external_id",
            Self::TimeZone => "time_zone",
            Self::Priority => "priority",
            Self::Attribute(name) => name,
        }
    }
}

impl Table {
    /// The columns that a header row names.
    pub(super) fn new(header: Fields<'_>) -> Result<Self, String> {
        let mut columns: Vec<Column> = Vec::with_capacity(header.count());
        for field in header.iter() {
            let name = std::str::from_utf8(field)
                .map_err(|_| "the header row is not UTF-8; save the list as UTF-8".to_owned())?
                .trim();
            let sound =
                (1..=100).contains(&name.chars().count()) && !name.contains(char::is_control);
            if !sound {
                return Err(format!(
                    "column {} of the header row must have a name of 1 to 100 characters",
                    columns.len() + 1
                ));
            }
            if columns.iter().any(|column| column.name() == name) {
                return Err(format!(
                    "the header row names the column `{}` twice",
                    echo(name)
                ));
            }
            columns.push(Column::named(name));
        }
        let has_number = columns
            .iter()
            .any(|column| matches!(column, Column::Number | Column::Numbers));
        if has_number {
            return Ok(Self(columns));
        }
        let hint = match columns.as_slice() {
            [Column::Attribute(all)] if all.contains([';', '\t']) => {
                "; columns are separated by commas"
            }
            _ => "",
        };
        let names: Vec<String> = columns.iter().take(10).map(|c| echo(c.name())).collect();
        Err(format!(
            "the header row has no column `number`; it has `{}`{hint}",
            names.join("`, `")
        ))
    }

    /// The contact that a record describes.
    pub(super) fn contact(
        &self,
        rules: &mut RowRules,
        fields: Fields<'_>,
    ) -> Result<NewContact, Vec<FieldProblem>> {
        let mut findings = Findings::default();
        let mut draft = Draft::default();
        if fields.count() != self.0.len() {
            findings.add(
                "",
                format!(
                    "has {} fields; the header row names {} columns",
                    fields.count(),
                    self.0.len()
                ),
            );
            return Err(findings.into_problems());
        }
        for (column, field) in self.0.iter().zip(fields.iter()) {
            let Ok(text) = std::str::from_utf8(field) else {
                findings.add(column.name(), "is not UTF-8");
                continue;
            };
            let trimmed = text.trim();
            if trimmed.is_empty() {
                continue;
            }
            let name = column.name();
            match column {
                Column::Number => rules.number(&mut findings, name, trimmed, &mut draft),
                Column::Numbers => rules.numbers(&mut findings, name, trimmed, &mut draft),
                Column::ExternalId => draft.external_id = rules.external_id(&mut findings, trimmed),
                Column::TimeZone => draft.time_zone = rules.time_zone(&mut findings, trimmed),
                Column::Priority => draft.priority = rules.priority(&mut findings, trimmed.parse()),
                Column::Attribute(_) => rules.attribute(&mut findings, name, text, &mut draft),
            }
        }
        draft.finish(findings)
    }
}
