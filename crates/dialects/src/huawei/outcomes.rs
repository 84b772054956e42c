//! What a tenant says of results: codes of its own that are shown for failures, and what business came
//! of a record.

use outdial_domain::ContactId;
use outdial_service::{Caller, Note, Service, ServiceError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fail_code::SUCCESS;
use super::fault::{Fault, FieldFault};
use super::routes::{Answer, Call};

/// The kind of the notes that hold codes to show.
const DISPLAY: &str = "display_result";

/// The kind of the notes that hold what business came of a record, by `dataId`.
const BUSINESS: &str = "business_result";

/// The code that is shown for success. Source: the page about querying results.
const DISPLAY_SUCCESS: &str = "OB99999";

/// Most codes of a tenant: each result is looked for in all of them.
const DISPLAY_MAX: usize = 200;

/// A code of the tenant's, and the results for which it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Display {
    code: String,
    words: String,
    fail_codes: Vec<String>,
}

/// The codes of a tenant, by their ids.
pub(super) struct Displays(Vec<(String, Display)>);

impl Displays {
    /// The tenant's.
    ///
    /// # Errors
    /// The service's.
    pub(super) async fn of(service: &Service, caller: &Caller) -> Result<Self, ServiceError> {
        let notes = service.notes(caller, DISPLAY).await?;
        let read = |note: Note| {
            let display = serde_json::from_str(note.data.as_deref()?).ok()?;
            Some((note.key, display))
        };
        Ok(Self(notes.into_iter().filter_map(read).collect()))
    }

    /// What is shown for a result; nothing where the tenant has no code for it.
    pub(super) fn code(&self, fail_code: &str) -> &str {
        if fail_code == SUCCESS {
            return DISPLAY_SUCCESS;
        }
        let mut displays = self.0.iter().map(|(_, display)| display);
        let shown = displays.find(|display| display.fail_codes.iter().any(|own| own == fail_code));
        shown.map_or("", |display| &display.code)
    }
}

/// `POST …/createObResult`. Source: the CC-iSales page "Creating an External Result".
pub(super) async fn create(call: Call) -> Result<Answer, Fault> {
    let fields = &call.body;
    let code = fields.text_up_to("resultCode", 7)?;
    let words = fields.text_up_to("displayResult", 200)?;
    let words = fields.required("displayResult", words)?;
    let fail_codes = fields.texts("obsCodes")?;
    let fail_codes = fail_codes.filter(|codes| !codes.is_empty());
    let fail_codes = fields.required("obsCodes", fail_codes)?;
    if fail_codes.len() > 100 {
        return Err(fields.fault(FieldFault::TooMany, "obsCodes", "has more than 100 codes"));
    }
    let digits = |code: &String| code.len() == 5 && code.bytes().all(|c| c.is_ascii_digit());
    if !fail_codes.iter().all(digits) {
        let problem = "has something else than codes of five digits";
        return Err(fields.fault(FieldFault::Value, "obsCodes", problem));
    }
    let desk = call.desk.clone();
    let _turn = desk.campaigns.lock().await;
    let Displays(displays) = Displays::of(&call.service, &call.caller).await?;
    if displays.len() >= DISPLAY_MAX {
        let text = format!("there are {DISPLAY_MAX} results to show, and no more");
        return Err(Fault::business("0200001", text));
    }
    let taken = |code: &str| displays.iter().any(|(_, display)| display.code == code);
    let code = match code {
        Some(code) if taken(&code) => {
            let problem = "another result to show has it";
            return Err(fields.fault(FieldFault::Value, "resultCode", problem));
        }
        Some(code) => code,
        None => (1..)
            .map(|number| format!("OB{number:05}"))
            .find(|code| !taken(code))
            .unwrap_or_default(),
    };
    let display = Display {
        code,
        words,
        fail_codes,
    };
    // Ids of digits, as the vendor's are; those of a later result stand behind.
    let id = displays.last().and_then(|(id, _)| id.parse::<u64>().ok());
    let id = format!("{:018}", id.unwrap_or(0) + 1);
    write(&call, DISPLAY, &id, Some(&display)).await?;
    Ok(Answer::with("success", [("defId", id.into())]))
}

/// `DELETE …/{defId}/deleteObsResult`. Source: the CC-iSales page of the operation.
pub(super) async fn delete(call: Call) -> Result<Answer, Fault> {
    let id = call.text(0);
    let (service, caller) = (&call.service, &call.caller);
    if service.note(caller, DISPLAY, id).await?.is_none() {
        return Err(Fault::business("0200001", "defId: there is no such result"));
    }
    write::<Display>(&call, DISPLAY, id, None).await?;
    Ok(Answer::with("success", []))
}

/// `GET …/queryOBSResults`. Source: the CC-iSales page "Querying External Results".
pub(super) async fn list(call: Call) -> Result<Answer, Fault> {
    let size = call.query.integer_in("pageSize", 1..=50)?;
    let size = call.query.required("pageSize", size)?;
    let page = call.query.integer_in("pageNum", 1..=i64::from(i32::MAX))?;
    let page = call.query.required("pageNum", page)?;
    let Displays(displays) = Displays::of(&call.service, &call.caller).await?;
    let size = usize::try_from(size).unwrap_or(50);
    let before = usize::try_from(page - 1).unwrap_or(usize::MAX);
    let rows = displays.iter().skip(before.saturating_mul(size)).take(size);
    let data: Vec<Value> = rows
        .map(|(id, display)| {
            json!({
                "defId": id,
                "displayResult": display.words,
                "resultCode": display.code,
            })
        })
        .collect();
    let total = json!(displays.len());
    Ok(Answer::with(
        "query success",
        [("totalCount", total), ("data", json!(data))],
    ))
}

/// `POST …/callBusiResult/{dataId}`: what business came of a record. Source: the CC-iSales page "Writing
/// Back Business Results".
pub(super) async fn write_back(call: Call) -> Result<Answer, Fault> {
    let fields = &call.body;
    let result = fields.text_up_to("busiResult", 50)?;
    let result = fields.required("busiResult", result)?;
    // The page of this operation has one name, those about reserved calls the other.
    let status = fields.text_up_to("subStatus", 50)?;
    let status = status.or(fields.text_up_to("busiSubStatus", 50)?);
    let words = fields.text_up_to("busiResultDesc", 200)?;
    let words = words.or(fields.text_up_to("busiDesc", 200)?);
    let id = ContactId::new(call.number(0));
    let (service, caller) = (&call.service, &call.caller);
    match service.contact_with_attempts(caller, id).await {
        Ok(_) => {}
        Err(ServiceError::NotFound { .. }) => {
            let problem = "is no record of this tenant";
            return Err(Fault::field(FieldFault::Value, "dataId", problem));
        }
        Err(error) => return Err(error.into()),
    }
    let given = json!({"busiResult": result, "subStatus": status, "busiResultDesc": words});
    write(&call, BUSINESS, &id.number().to_string(), Some(&given)).await?;
    Ok(Answer::with("success", []))
}

/// What was written back of a record, as its query shows it: `properties`.
///
/// # Errors
/// The service's.
pub(super) async fn properties(call: &Call, id: ContactId) -> Result<Vec<Value>, Fault> {
    let key = id.number().to_string();
    let note = call.service.note(&call.caller, BUSINESS, &key).await?;
    let given: Value = note
        .and_then(|note| serde_json::from_str(&note).ok())
        .unwrap_or_default();
    let one = |name: &str| {
        let value = given.get(name)?.as_str()?;
        Some(json!({"propCode": name, "propName": name, "propValue": value}))
    };
    let names = ["busiResult", "subStatus", "busiResultDesc"];
    Ok(names.into_iter().filter_map(one).collect())
}

async fn write<T: Serialize>(
    call: &Call,
    kind: &str,
    key: &str,
    data: Option<&T>,
) -> Result<(), Fault> {
    let note = Note {
        kind: kind.to_owned(),
        key: key.to_owned(),
        // Plain data always becomes JSON.
        data: data.and_then(|data| serde_json::to_string(data).ok()),
    };
    Ok(call.service.write_notes(&call.caller, vec![note]).await?)
}
