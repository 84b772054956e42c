//! "Special dates": days of a campaign that are holidays. They have their own segments in
//! `scheduleParam`, and no calls where it has none.

use jiff::civil::Date;
use outdial_domain::edit::Rule;
use outdial_domain::{Campaign, CampaignId, DaySelector, EditPolicy, Field};
use outdial_service::{CampaignEdit, ServiceError};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::campaign::{Stored, campaign_id, campaign_of};
use super::fault::{Fault, FieldFault};
use super::routes::{Answer, Call};
use super::wire::Fields;

/// Most special dates of a campaign. Source: the page about adding one.
const HOLIDAYS_MAX: usize = 20;

/// Days that an entry of dates may span.
const DAYS_MAX: usize = 3_660;

/// Special dates change in every state; nothing else does by them.
pub(super) const HOLIDAYS: EditPolicy =
    EditPolicy::new("huawei holiday")
        .taking(|_| true)
        .ruling(|field, _| match field {
            Field::Rules => Rule::Take,
            _ => Rule::Ignore,
        });

/// A special date, as it is stored and shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Holiday {
    id: u32,
    name: String,
    /// 1 weekly, 2 dates, 3 dates of every year.
    r#type: i64,
    week: Option<String>,
    begin_time: Option<String>,
    end_time: Option<String>,
}

impl Holiday {
    /// Its days. What was read names days that exist.
    pub(super) fn days(&self) -> DaySelector {
        let ends = (self.begin_time.as_deref(), self.end_time.as_deref());
        let days = match (self.r#type, ends) {
            (1, _) => self
                .week
                .as_deref()
                .and_then(weekdays)
                .map(DaySelector::Weekdays),
            (2, (Some(begin), Some(end))) => dates(begin, end).map(DaySelector::Dates),
            (_, (Some(begin), Some(end))) => yearly(begin, end).map(DaySelector::Yearly),
            _ => None,
        };
        days.unwrap_or(DaySelector::Dates(vec![(1, 1, 1)]))
    }

    fn read(fields: &Fields, id: u32) -> Result<Self, Fault> {
        let name = fields.text_up_to("name", 30)?;
        let name = fields.required("name", name)?;
        let kind = fields.integer_in("type", 1..=3)?;
        let kind = fields.required("type", kind)?;
        let week = fields.text("week")?;
        let begin = fields.text("beginTime")?;
        let end = fields.text("endTime")?;
        let mut read = Self {
            id,
            name,
            r#type: kind,
            week: None,
            begin_time: None,
            end_time: None,
        };
        if kind == 1 {
            let week = fields.required("week", week)?;
            if weekdays(&week).is_none() {
                let problem = "must be days from 1 to 7 with commas between";
                return Err(fields.fault(FieldFault::Value, "week", problem));
            }
            read.week = Some(week);
            return Ok(read);
        }
        let begin = fields.required("beginTime", begin)?;
        let end = fields.required("endTime", end)?;
        let day = if kind == 2 { day_of } else { day_of_every_year };
        for (name, text) in [("beginTime", &begin), ("endTime", &end)] {
            if day(text).is_none() {
                let problem =
                    format!("{name}: is not a day such as 2026-05-01, or 05-01 for type 3");
                return Err(Fault::business("0200030", problem));
            }
        }
        if kind == 2 && dates(&begin, &end).is_none() {
            let problem = format!("must not be before beginTime, and within {DAYS_MAX} days of it");
            return Err(fields.fault(FieldFault::Combination, "endTime", &problem));
        }
        (read.begin_time, read.end_time) = (Some(begin), Some(end));
        Ok(read)
    }
}

fn weekdays(text: &str) -> Option<Vec<u8>> {
    let day = |part: &str| part.trim().parse().ok().filter(|day| (1..=7).contains(day));
    let mut days: Vec<u8> = text.split(',').map(day).collect::<Option<_>>()?;
    days.sort_unstable();
    days.dedup();
    Some(days)
}

fn day_of(text: &str) -> Option<Date> {
    let plain = text.len() == 10 && text.bytes().all(|c| c.is_ascii_digit() || c == b'-');
    text.parse().ok().filter(|_| plain)
}

/// In a leap year, so that 29 February is a day.
fn day_of_every_year(text: &str) -> Option<Date> {
    day_of(&format!("2024-{text}"))
}

fn dates(begin: &str, end: &str) -> Option<Vec<(i16, u8, u8)>> {
    let (begin, end) = (day_of(begin)?, day_of(end)?);
    let days = begin
        .series(jiff::Span::new().days(1))
        .take_while(|day| *day <= end);
    let days: Vec<_> = days
        .take(DAYS_MAX + 1)
        .map(|day| {
            (
                day.year(),
                day.month().unsigned_abs(),
                day.day().unsigned_abs(),
            )
        })
        .collect();
    (1..=DAYS_MAX).contains(&days.len()).then_some(days)
}

/// One that ends before it begins goes over the new year.
fn yearly(begin: &str, end: &str) -> Option<Vec<(u8, u8)>> {
    let (begin, end) = (day_of_every_year(begin)?, day_of_every_year(end)?);
    let year = Date::new(2024, 1, 1)
        .ok()?
        .series(jiff::Span::new().days(1))
        .take(366);
    let within = |day: &Date| match begin <= end {
        true => (begin..=end).contains(day),
        false => *day >= begin || *day <= end,
    };
    let days = year.filter(within);
    Some(
        days.map(|day| (day.month().unsigned_abs(), day.day().unsigned_abs()))
            .collect(),
    )
}

/// `GET …/holiday/{campaignId}`. Source: the CC-iSales page of the operation.
pub(super) async fn list(call: Call) -> Result<Answer, Fault> {
    let campaign = campaign_of(&call).await?;
    let data = json!(Stored::of(&campaign).holidays);
    Ok(Answer::with("query success", [("data", data)]))
}

/// `POST …/holiday/{campaignId}`. Source: the CC-iSales page of the operation.
pub(super) async fn add(call: Call) -> Result<Answer, Fault> {
    let mut holiday = Holiday::read(&call.body, 0)?;
    let desk = call.desk.clone();
    let _turn = desk.campaigns.lock().await;
    let mut stored = Stored::of(&campaign_of(&call).await?);
    check_name(&stored, &holiday)?;
    if stored.holidays.len() >= HOLIDAYS_MAX {
        let text = format!("a campaign has at most {HOLIDAYS_MAX} special dates");
        return Err(Fault::business("0200015", text));
    }
    stored.holiday_last += 1;
    holiday.id = stored.holiday_last;
    let id = json!({"id": holiday.id});
    stored.holidays.push(holiday);
    store(&call, stored).await?;
    Ok(Answer::with("", [("returnObject", id)]))
}

/// `PUT …/holiday/{campaignId}`. Source: the CC-iSales page of the operation.
pub(super) async fn modify(call: Call) -> Result<Answer, Fault> {
    let id = call.body.integer("id")?;
    let id = call.body.required("id", id)?;
    let holiday = Holiday::read(&call.body, u32::try_from(id).unwrap_or(0))?;
    let desk = call.desk.clone();
    let _turn = desk.campaigns.lock().await;
    let mut stored = Stored::of(&campaign_of(&call).await?);
    let known = stored
        .holidays
        .iter()
        .position(|known| known.id == holiday.id);
    let place = known.ok_or_else(unknown)?;
    check_name(&stored, &holiday)?;
    if let Some(place) = stored.holidays.get_mut(place) {
        *place = holiday;
    }
    store(&call, stored).await
}

/// `DELETE …/holiday/{campaignId}/{holidayId}`. Source: the CC-iSales page of the operation.
pub(super) async fn remove(call: Call) -> Result<Answer, Fault> {
    let desk = call.desk.clone();
    let _turn = desk.campaigns.lock().await;
    let mut stored = Stored::of(&campaign_of(&call).await?);
    let before = stored.holidays.len();
    stored
        .holidays
        .retain(|known| u64::from(known.id) != call.number(1));
    if stored.holidays.len() == before {
        return Err(unknown());
    }
    store(&call, stored).await
}

/// `DELETE …/holiday/{campaignId}`. Source: the CC-iSales page of the operation.
pub(super) async fn remove_all(call: Call) -> Result<Answer, Fault> {
    let desk = call.desk.clone();
    let _turn = desk.campaigns.lock().await;
    let mut stored = Stored::of(&campaign_of(&call).await?);
    stored.holidays.clear();
    store(&call, stored).await
}

fn unknown() -> Fault {
    Fault::business("0200014", "the special date does not exist")
}

fn check_name(stored: &Stored, holiday: &Holiday) -> Result<(), Fault> {
    let mut others = stored
        .holidays
        .iter()
        .filter(|other| other.id != holiday.id);
    if others.any(|other| other.name == holiday.name) {
        return Err(Fault::business(
            "0200013",
            "name: another special date has it",
        ));
    }
    Ok(())
}

/// Stores the special dates, and makes the calendar anew with them.
async fn store(call: &Call, stored: Stored) -> Result<Answer, Fault> {
    let id: CampaignId = campaign_id(call.number(0))?;
    let holidays = stored.holidays.clone();
    let edit = CampaignEdit::new(HOLIDAYS, move |campaign: &Campaign| {
        let before = Stored::of(campaign);
        let mut settings = campaign.settings.clone();
        let calendar = &settings.calendar;
        // One that is always open has no segments to keep.
        if calendar.rules().is_empty() {
            return Ok(settings);
        }
        let rules = before.schedule(calendar.rules()).rules(&holidays);
        let (starts, ends) = (calendar.starts_at(), calendar.ends_at());
        let made = outdial_domain::Calendar::new(starts, ends, calendar.time_zone(), rules);
        settings.calendar =
            made.map_err(|problem| ServiceError::field("calendar", problem.to_string()))?;
        Ok(settings)
    });
    let edit = edit.with_extras(move |_| stored.value());
    call.service.edit_campaign(&call.caller, id, edit).await?;
    Ok(Answer::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Holiday, &'static str> {
        Holiday::read(&Fields::read(body.as_bytes()).unwrap(), 1).map_err(|fault| fault.code)
    }

    #[test]
    fn each_kind_names_its_days() {
        let days = |body: &str| read(body).unwrap().days();
        assert_eq!(
            days(r#"{"name":"weekend","type":1,"week":"7,6"}"#),
            DaySelector::Weekdays(vec![6, 7])
        );
        assert_eq!(
            days(r#"{"name":"may","type":2,"beginTime":"2026-04-30","endTime":"2026-05-01"}"#),
            DaySelector::Dates(vec![(2026, 4, 30), (2026, 5, 1)])
        );
        assert_eq!(
            days(r#"{"name":"new year","type":3,"beginTime":"12-31","endTime":"01-01"}"#),
            DaySelector::Yearly(vec![(1, 1), (12, 31)])
        );
    }

    #[test]
    fn each_wrong_field_has_its_code() {
        for (body, code) in [
            (r#"{"type":1,"week":"6"}"#, "02000001"),
            (r#"{"name":"x","type":4}"#, "02000007"),
            (r#"{"name":"x","type":1}"#, "02000001"),
            (r#"{"name":"x","type":1,"week":"8"}"#, "02000007"),
            (
                r#"{"name":"x","type":2,"beginTime":"2026-05-01"}"#,
                "02000001",
            ),
            (
                r#"{"name":"x","type":2,"beginTime":"05-01","endTime":"05-02"}"#,
                "0200030",
            ),
            (
                r#"{"name":"x","type":3,"beginTime":"2026-05-01","endTime":"05-02"}"#,
                "0200030",
            ),
            (
                r#"{"name":"x","type":2,"beginTime":"2026-05-02","endTime":"2026-05-01"}"#,
                "02000009",
            ),
            (
                r#"{"name":"x","type":2,"beginTime":"2026-05-02","endTime":"2126-05-01"}"#,
                "02000009",
            ),
        ] {
            assert_eq!(read(body), Err(code), "{body}");
        }
    }
}
