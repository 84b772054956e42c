//! What clients ask: the examples of the vendors' pages, and every operation of `docs/dialects` with
//! the fields that stand there.

use std::fs;
use std::path::{Path, PathBuf};

use outdial_dialects::Vendor;
use serde_json::{Value, json};

use super::dice::Dice;
use super::node::Node;

/// An operation, as a client names it, with what it is asked.
#[derive(Clone, Debug)]
pub(super) struct Seed {
    pub(super) vendor: Vendor,
    pub(super) method: &'static str,
    /// The path, and nothing for Tencent and Alibaba.
    pub(super) path: String,
    /// The operation, where it is not told by the path.
    pub(super) action: String,
    /// Names to make a body of, where there is none.
    fields: Vec<Field>,
    /// A body that is read to its end.
    body: Option<Node>,
}

/// A field of a page's table.
#[derive(Clone, Debug)]
struct Field {
    name: String,
    required: bool,
    /// The first number that the page tells of its range.
    least: Option<u64>,
    is_text: bool,
}

impl Field {
    /// Reads a row: `| name | how | words |`.
    fn of_row(line: &str) -> Option<Self> {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        let (name, how, words) = (cells.next()?, cells.next()?, cells.next()?);
        let required = name.ends_with('*');
        let name = name.trim_matches(['`', '*', ' ']);
        let is_name = name.len() > 1 && name.bytes().all(|b| b.is_ascii_alphanumeric());
        let is_field = ["honoured", "stored", "refused", "ignored"].contains(&how);
        let digits = words.replace(',', "");
        let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
        let is_text = words.contains("characters") || words.contains('`');
        (is_name && is_field).then(|| Self {
            name: name.to_owned(),
            required: required || name == "InstanceId",
            least: digits.parse().ok().filter(|_| !is_text),
            is_text,
        })
    }
}

/// Ids that answers have named; a request that knows one gets further.
pub(super) type Known = Vec<String>;

/// All of them.
pub(super) fn all() -> Vec<Seed> {
    let mut seeds = examples();
    for vendor in [
        Vendor::Tencent,
        Vendor::Alibaba,
        Vendor::Huawei,
        Vendor::Dezhu,
    ] {
        let page = format!("../../docs/dialects/{}.md", vendor.as_str());
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        seeds.extend(of_page(vendor, &fs::read_to_string(page).unwrap()));
    }
    seeds
}

/// The sections of a page, each with the fields of its table.
fn of_page(vendor: Vendor, page: &str) -> Vec<Seed> {
    let mark = match vendor {
        Vendor::Tencent | Vendor::Alibaba => "### ",
        Vendor::Huawei | Vendor::Dezhu => "## ",
    };
    let mut seeds = Vec::new();
    for section in page.split(&format!("\n{mark}")).skip(1) {
        let head = section.lines().next().unwrap_or_default();
        let lines = section.lines().take_while(|line| !line.starts_with("## "));
        let fields: Vec<Field> = lines.filter_map(Field::of_row).collect();
        let seed = |method, path: String, action: &str| Seed {
            vendor,
            method,
            path,
            action: action.to_owned(),
            fields: fields.clone(),
            body: None,
        };
        if matches!(vendor, Vendor::Tencent | Vendor::Alibaba) {
            let is_name = !head.contains(' ') && !head.ends_with("Json");
            seeds.extend(is_name.then(|| seed("POST", "/".to_owned(), head)));
            continue;
        }
        for line in section.lines() {
            let Some((method, path)) = line.trim_matches(['`', ' ', '†']).split_once(' ') else {
                continue;
            };
            let path = path.trim_matches(['`', ' ', '†']);
            let method = ["GET", "POST", "PUT", "DELETE"]
                .into_iter()
                .find(|m| *m == method);
            let is_path = path.is_empty() || path.starts_with('/');
            if let Some(method) = method.filter(|_| line.contains('`') && is_path) {
                seeds.push(seed(method, path.to_owned(), ""));
            }
        }
    }
    assert!(seeds.len() > 10, "{vendor:?}: {}", seeds.len());
    seeds
}

fn fixture(path: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let text = fs::read_to_string(folder.join(path).join("request.http")).unwrap();
    text.split_once("\n\n").unwrap().1.to_owned()
}

fn json_of(path: &str) -> Value {
    serde_json::from_str(&fixture(path)).unwrap()
}

/// Bodies that are carried out when nothing is changed in them.
fn examples() -> Vec<Seed> {
    let seed = |vendor, method, path: &str, action: &str, body: &Value| Seed {
        vendor,
        method,
        path: path.to_owned(),
        action: action.to_owned(),
        fields: Vec::new(),
        body: Some(Node::of(body)),
    };
    let mut tencent = json_of("tencent/UpdatePredictiveDialingCampaign/documented");
    tencent["SdkAppId"] = json!(1_400_000_007);
    tencent["StartTime"] = json!(4_000_000_000_u32);
    tencent["EndTime"] = json!(4_000_003_600_u32);
    tencent["CampaignId"] = json!(1);
    let mut created = tencent.clone();
    created["Variables"] = json!([{ "Key": "city", "Value": "Shenzhen" }]);
    created["AvailableTime"] = json!([{ "StartTime": "09:00:00", "EndTime": "21:00:00" }]);
    created["CalleeAttributes"] = json!([{ "Callee": "+8613012345678", "UUI": "x" }]);
    created.as_object_mut().unwrap().remove("CampaignId");
    let strategy = r#"{"maxAttemptsPerDay":"3","minAttemptInterval":"5","workingTime":[{"beginTime":"09:00:00","endTime":"18:00:00"}],"repeatBy":"Week","repeatDays":["1","3"]}"#;
    let group = json!({
        "InstanceId": "instance-acme", "JobGroupName": "spring", "Name": "spring",
        "ScriptId": "5a3940ce-a12f-4222-9f0f-605a9b89ea7c", "StrategyJson": strategy,
        "RecallStrategyJson": r#"{"emptyNumberIgnore":false}"#, "CallingNumber": ["10085"],
        "RingingDuration": "25", "MinConcurrency": "1", "Priority": "Daily", "JobGroupId": "ID",
        "FlashSmsExtras": r#"{"templateId":"1","configId":"2"}"#,
    });
    let jobs = json!({
        "InstanceId": "instance-acme", "JobGroupId": "ID", "IsAsynchrony": "false",
        "JobsJson": [r#"{"extras":[{"key":"loan","value":"5"}],"contacts":[{"phoneNumber":"13012345678","referenceId":"crm-1","name":"王"}]}"#],
    });
    let mut huawei = json_of("huawei/ModifyCampaign/documented");
    huawei["name"] = "National Day".into();
    huawei["strBeginTime"] = "2096-09-10 00:00:00".into();
    huawei["strEndTime"] = "2096-10-07 23:59:59".into();
    let data =
        json!({ "callDataList": [{ "dataId": "1", "callerNo": "13012345678", "name": "x" }] });
    let mut dezhu = json_of("dezhu/EditTask/not-started");
    dezhu["taskExecStartDate"] = "2096-09-10".into();
    dezhu["taskExecEndDate"] = "2096-10-07".into();
    dezhu["taskId"] = json!(1);
    let customers = json!({ "taskId": 1, "outBoundCustomers": [{ "name": "王", "externalCustomerId": "c", "phones": [{ "identify": "default", "phone": "13012345678" }] }] });
    vec![
        seed(
            Vendor::Tencent,
            "POST",
            "/",
            "CreatePredictiveDialingCampaign",
            &created,
        ),
        seed(
            Vendor::Tencent,
            "POST",
            "/",
            "UpdatePredictiveDialingCampaign",
            &tencent,
        ),
        seed(Vendor::Alibaba, "POST", "/", "CreateJobGroup", &group),
        seed(Vendor::Alibaba, "POST", "/", "ModifyJobGroup", &group),
        seed(Vendor::Alibaba, "POST", "/", "AssignJobs", &jobs),
        seed(Vendor::Huawei, "POST", "", "", &huawei),
        seed(Vendor::Huawei, "PUT", "/campaignId", "", &huawei),
        seed(Vendor::Huawei, "POST", "/calldata/campaignId", "", &data),
        seed(
            Vendor::Huawei,
            "POST",
            "/appoint/update",
            "",
            &json_of("huawei/UpdateAppointment/documented"),
        ),
        seed(Vendor::Dezhu, "POST", "/task/outbound/create", "", &dezhu),
        seed(Vendor::Dezhu, "POST", "/task/outbound/edit", "", &dezhu),
        seed(
            Vendor::Dezhu,
            "POST",
            "/task/outbound/customer/append",
            "",
            &customers,
        ),
    ]
}

impl Seed {
    /// The path with ids in the place of their names.
    pub(super) fn path(&self, dice: &mut Dice, known: &Known) -> String {
        let parts = self.path.split('/').map(|part| match part {
            "campaignId" => (1 + dice.below(9)).to_string(),
            "holidayId" | "dataId" | "callId" => id(dice, known),
            part => part.to_owned(),
        });
        let path = parts.collect::<Vec<_>>().join("/");
        match self.vendor {
            Vendor::Tencent | Vendor::Alibaba => "/".to_owned(),
            Vendor::Huawei => format!("/rest/isales/v1/openapi/campaigns/7{path}"),
            Vendor::Dezhu => format!("/speech/openapi/v1{path}"),
        }
    }

    /// What it is asked: the example's body, or values for its fields.
    pub(super) fn body(&self, dice: &mut Dice, known: &Known) -> Node {
        if let Some(mut body) = self.body.clone() {
            if let Node::Object(members) = &mut body {
                for (name, value) in members {
                    let is_id =
                        ["CampaignId", "JobGroupId", "taskId", "appointId"].contains(&&name[..]);
                    if is_id && !dice.one_in(4) {
                        *value = self.value(name, dice, known);
                    }
                    // Names are unique at some vendors.
                    if ["JobGroupName", "name", "taskName"].contains(&&name[..]) && dice.one_in(2) {
                        *value = text(&format!("n{}", dice.below(1_000_000)));
                    }
                }
            }
            return body;
        }
        let mut members = Vec::new();
        for field in &self.fields {
            if field.required || dice.one_in(2) {
                let value = match field.least {
                    Some(least) if !dice.one_in(3) => {
                        Node::Raw((least + dice.next() % 3).to_string())
                    }
                    None if field.is_text && dice.one_in(2) => text("spring"),
                    _ => self.value(&field.name, dice, known),
                };
                members.push((field.name.clone(), value));
            }
        }
        Node::Object(members)
    }

    /// A value that the field may well have.
    fn value(&self, name: &str, dice: &mut Dice, known: &Known) -> Node {
        match name {
            "SdkAppId" => return Node::Raw("1400000007".to_owned()),
            "InstanceId" => return text("instance-acme"),
            "CampaignId" | "TaskId" | "taskId" => {
                return Node::Raw((1 + dice.below(9)).to_string());
            }
            "Callers" | "CallingNumber" => return Node::List(vec![text("10085")]),
            "Callees" => return Node::List(vec![text("+8613012345678")]),
            _ => {}
        }
        let lower = name.to_lowercase();
        if lower.ends_with("id") || lower.ends_with("ids") {
            return text(&id(dice, known));
        }
        let scalars = [
            "0",
            "1",
            "2",
            "5",
            "10",
            "60",
            "1700000000",
            "4000000000",
            "1749204000000",
            "true",
            "false",
            "\"1\"",
            "\"true\"",
            "\"spring\"",
            "\"13012345678\"",
            "\"2096-09-10\"",
            "\"09:00:00\"",
            "\"2096-09-10 00:00:00\"",
            "\"125\"",
            "\"1,3\"",
            "null",
            "\"\"",
        ];
        let scalar = Node::Raw((*dice.pick(&scalars)).to_owned());
        if !lower.ends_with('s') && !lower.contains("list") && !lower.contains("param") {
            return scalar;
        }
        let inner = |dice: &mut Dice| {
            let mut members = Vec::new();
            for _ in 0..dice.below(4) {
                let name = match self.fields.as_slice() {
                    [] => "a".to_owned(),
                    fields => dice.pick(fields).name.clone(),
                };
                members.push((name, Node::Raw((*dice.pick(&scalars)).to_owned())));
            }
            Node::Object(members)
        };
        match dice.below(5) {
            0 => scalar,
            1 => inner(dice),
            2 => Node::List(vec![scalar]),
            _ => Node::List((0..1 + dice.below(3)).map(|_| inner(dice)).collect()),
        }
    }
}

pub(super) fn text(text: &str) -> Node {
    Node::Raw(Value::from(text).to_string())
}

fn id(dice: &mut Dice, known: &Known) -> String {
    match known.as_slice() {
        [] => "1".to_owned(),
        known => dice.pick(known).clone(),
    }
}

/// Remembers the ids that an answer names.
pub(super) fn learn(known: &mut Known, answer: &Value) {
    const KEPT: usize = 64;
    match answer {
        Value::Array(items) => items.iter().for_each(|item| learn(known, item)),
        Value::Object(members) => {
            for (name, value) in members {
                let is_id = name.to_lowercase().ends_with("id") && name != "RequestId";
                let value_text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                if is_id && value_text.len() < 64 && !known.contains(&value_text) {
                    known.push(value_text);
                    if known.len() > KEPT {
                        known.remove(0);
                    }
                }
                learn(known, value);
            }
        }
        _ => {}
    }
}
