//! What campaigns and tasks have alike: whom to call, what to show, which data goes with it, and when.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use outdial_domain::{DayRule, DaySelector, NewContact, PhoneNumber, Tenant, TimeOfDay, Window};
use serde_json::{Value, json};

use super::fault::Fault;
use super::numbers;
use super::wire::{Fields, Member, optional, required};

/// Most callees of a campaign; the vendor publishes none. Bounded by the size of a request anyway.
pub(super) const CALLEES_MAX: usize = 100_000;

/// Most bytes of user data. Source: the same field of `CreateCallOutSession`.
const UUI_MAX: usize = 1024;

const VARIABLE: &[Member] = &[required("Key"), required("Value")];
const ATTRIBUTE: &[Member] = &[required("Callee"), optional("UUI"), optional("Variables")];

const TIME_RANGE: &[Member] = &[required("StartTime"), required("EndTime")];

/// Keys and values, in their order.
pub(super) type Variables = Vec<(String, String)>;

/// `AvailableTime`: windows of every day; none = always.
pub(super) fn windows(fields: &Fields) -> Result<Vec<DayRule>, Fault> {
    let mut windows = Vec::new();
    for range in fields
        .objects("AvailableTime", TIME_RANGE)?
        .unwrap_or_default()
    {
        let time = |name: &str| {
            let text = range.text(name)?.unwrap_or_default();
            TimeOfDay::parse(text)
                .map_err(|_| Fault::value(&range.path(name), "must be a time such as `09:00:00`"))
        };
        let window = Window::new(time("StartTime")?, time("EndTime")?);
        let empty = |_| Fault::value(&range.path("EndTime"), "must differ from `StartTime`");
        windows.push(window.map_err(empty)?);
    }
    let days = DaySelector::Every;
    Ok(match windows.is_empty() {
        true => Vec::new(),
        false => vec![DayRule { days, windows }],
    })
}

/// Contacts with the place of each number.
pub(super) struct Callees {
    pub(super) list: Vec<NewContact>,
    places: BTreeMap<PhoneNumber, usize>,
}

/// Reads `Callees`; `too_many` is the code for more than there may be.
pub(super) fn callees(
    fields: &Fields,
    tenant: &Tenant,
    too_many: &'static str,
) -> Result<Callees, Fault> {
    let texts = fields.texts("Callees")?.unwrap_or_default();
    if texts.is_empty() {
        return Err(Fault::value("Callees", "must name at least one number"));
    }
    if texts.len() > CALLEES_MAX {
        let message = format!("The parameter `Callees` has more than {CALLEES_MAX} numbers.");
        return Err(Fault::new(too_many, message));
    }
    let mut callees = Callees {
        list: Vec::with_capacity(texts.len()),
        places: BTreeMap::new(),
    };
    for (index, text) in texts.into_iter().enumerate() {
        let path = format!("Callees.{index}");
        let number = numbers::read(text, &path, tenant.default_country)?;
        if let Entry::Vacant(place) = callees.places.entry(number) {
            place.insert(callees.list.len());
            callees.list.push(NewContact::with_number(number));
        }
    }
    Ok(callees)
}

/// Reads `Callers`, each once.
pub(super) fn callers(fields: &Fields, tenant: &Tenant) -> Result<Vec<PhoneNumber>, Fault> {
    let texts = fields.texts("Callers")?.unwrap_or_default();
    if texts.is_empty() {
        return Err(Fault::value("Callers", "must name at least one number"));
    }
    let (mut callers, mut seen) = (Vec::new(), BTreeSet::new());
    for (index, text) in texts.into_iter().enumerate() {
        let path = format!("Callers.{index}");
        let number = numbers::read(text, &path, tenant.default_country)?;
        if seen.insert(number) {
            callers.push(number);
        }
    }
    Ok(callers)
}

/// Reads a list of `Key` and `Value`.
pub(super) fn variables(fields: &Fields, name: &str) -> Result<Variables, Fault> {
    let mut variables = Vec::new();
    for variable in fields.objects(name, VARIABLE)?.unwrap_or_default() {
        // Both are declared as required.
        let key = variable.text("Key")?.unwrap_or_default().to_owned();
        let value = variable.text("Value")?.unwrap_or_default().to_owned();
        variables.push((key, value));
    }
    Ok(variables)
}

/// Reads `UUI`.
pub(super) fn uui(fields: &Fields) -> Result<Option<String>, Fault> {
    let uui = fields.text("UUI")?;
    if uui.is_some_and(|uui| uui.len() > UUI_MAX) {
        let path = fields.path("UUI");
        return Err(Fault::value(&path, "must have at most 1024 bytes"));
    }
    Ok(uui.map(str::to_owned))
}

/// Gives each contact its attributes: the campaign's variables, over them its own, and its UUI.
pub(super) fn attributes(
    fields: &Fields,
    tenant: &Tenant,
    common: &Variables,
    callees: &mut Callees,
) -> Result<(), Fault> {
    for contact in &mut callees.list {
        contact.attributes.extend(common.iter().cloned());
    }
    let given = fields.objects("CalleeAttributes", ATTRIBUTE)?;
    for attribute in given.unwrap_or_default() {
        let path = attribute.path("Callee");
        let text = attribute.text("Callee")?.unwrap_or_default();
        let number = numbers::read(text, &path, tenant.default_country)?;
        let place = callees.places.get(&number);
        let contact = place.and_then(|place| callees.list.get_mut(*place));
        let contact = contact.ok_or_else(|| Fault::value(&path, "is none of `Callees`"))?;
        let uui = uui(&attribute)?.map(|uui| (UUI_ATTRIBUTE.to_owned(), uui));
        contact
            .attributes
            .extend(variables(&attribute, "Variables")?);
        contact.attributes.extend(uui);
    }
    Ok(())
}

/// The attribute of a contact that holds its UUI.
pub(super) const UUI_ATTRIBUTE: &str = "UUI";

/// What is stored of a campaign for this API.
pub(super) fn extras(variables: &Variables, uui: Option<&str>) -> Value {
    let variables: Vec<Value> = variables
        .iter()
        .map(|(key, value)| json!({ "Key": key, "Value": value }))
        .collect();
    json!({ "Variables": variables, "UUI": uui.unwrap_or_default() })
}
