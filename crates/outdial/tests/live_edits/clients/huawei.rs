//! Huawei AICC CC-iSales V1: JSON, signed by `auth-v2`.

use serde_json::{Value, json};

use super::{Http, enc, hex, hmac_sha256, utc};
use crate::harness::config::{CALLER_ID, GROUP};

const VDN: u32 = 7;
const KEY: (&str, &str) = ("demo-ak-0001", "demo-sk-3f9c2a");
const OK: &str = "0200000";
/// Most records of a request.
const RECORDS_MAX: usize = 20;

/// Lines of the tenant's table.
pub(crate) fn lines() -> String {
    let (id, secret) = KEY;
    format!(
        "[tenant.huawei]\nvdn_id = {VDN}\ncalldata_spacing_s = 0\n\
         keys = [{{ id = \"{id}\", secret = \"{secret}\" }}]\n"
    )
}

#[derive(Clone, Debug)]
pub(crate) struct Huawei(Http);

impl Huawei {
    pub(crate) fn new(port: u16) -> Self {
        Self(Http::new(port))
    }

    /// The answer; where its code is not the one of success, that code.
    pub(crate) fn ask(
        &self,
        method: &str,
        tail: &str,
        body: Option<&Value>,
    ) -> Result<Value, String> {
        let path = format!("/rest/isales/v1/openapi/campaigns/{VDN}{tail}");
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut signed = vec![("host", self.0.host.clone())];
        if !body.is_empty() {
            let json = "application/json; charset=UTF-8";
            signed.insert(0, ("content-type", json.to_owned()));
        }
        let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let (id, secret) = KEY;
        let time = utc("%Y-%m-%dT%H:%M:%SZ");
        let prefix = format!("auth-v2/{id}/{time}/{names}");
        let lines: Vec<String> = signed
            .iter()
            .map(|(name, value)| format!("{}:{}", enc(name), enc(value)))
            .collect();
        let canonical = format!(
            "{method}\n{path}\n{names}\n{}\n{}",
            lines.join("\n"),
            enc(&body)
        );
        let key = hex(&hmac_sha256(secret.as_bytes(), prefix.as_bytes()));
        let signature = hex(&hmac_sha256(key.as_bytes(), canonical.as_bytes()));
        signed.retain(|(name, _)| *name != "host");
        signed.push(("authorization", format!("{prefix}/{signature}")));
        let (_, answer) = self.0.send(method, &path, &signed, &body);
        match answer["resultCode"].as_str() {
            Some(OK) => Ok(answer),
            code => Err(code.unwrap_or_default().to_owned()),
        }
    }

    /// An answer that has to be a success.
    pub(crate) fn ok(&self, method: &str, tail: &str, body: Option<&Value>) -> Value {
        self.ask(method, tail, body)
            .unwrap_or_else(|code| panic!("{method} {tail}: {code}"))
    }

    /// Creates a campaign, which runs at once.
    pub(crate) fn create(&self, body: &Value) -> u64 {
        let made = self.ok("POST", "", Some(body));
        made["returnObject"]["id"].as_u64().unwrap()
    }

    /// The whole body anew: there is no other way to change a part.
    pub(crate) fn modify(&self, campaign: u64, body: &Value) {
        self.ok("PUT", &format!("/{campaign}"), Some(body));
    }

    /// Adds numbers, in the form without the country.
    pub(crate) fn add(&self, campaign: u64, numbers: &[String]) {
        for part in numbers.chunks(RECORDS_MAX) {
            let records: Vec<Value> = part
                .iter()
                .map(|number| json!({ "called": number.trim_start_matches("+86") }))
                .collect();
            let body = json!({ "callDataList": records });
            self.ok("POST", &format!("/calldata/{campaign}"), Some(&body));
        }
    }
}

/// Segments of the day for workdays.
pub(crate) fn segments(segments: &[(&str, &str)]) -> Value {
    let mut schedule = json!({});
    for (n, (from, to)) in (1..).zip(segments) {
        schedule[format!("workdayBeginTime{n}")] = json!(from);
        schedule[format!("workdayEndTime{n}")] = json!(to);
    }
    schedule
}

/// The whole day but its last minute, which no segment can hold. Two segments meet at a time that is
/// far from that minute.
pub(crate) fn all_day() -> Value {
    segments(&[("00:00", "12:00"), ("12:00", "23:59")])
}

/// A campaign of agents or, with a flow, of an IVR.
fn body(name: &str, device: u32) -> Value {
    json!({
        "name": name,
        "strBeginTime": "",
        "strEndTime": "",
        "deviceType": device,
        "callerNo": CALLER_ID,
        "maxAlertingTime": 20,
        "scheduleParam": all_day(),
        "callBackUrl": "https://127.0.0.1/results",
    })
}

/// A campaign whose calls agents take.
pub(crate) fn of_agents(name: &str) -> Value {
    let mut body = body(name, 2);
    body["skillParam"] = json!({
        "skillId": GROUP,
        "outBoundType": 2,
        "predictParam": { "predictMethod": 5, "offhookPredictParam": { "offHookRate": 100 } },
    });
    body
}

/// A campaign whose calls a flow takes: so many in so many seconds.
pub(crate) fn of_flow(name: &str, sign: &str, calls: u32, interval_s: u32) -> Value {
    let mut body = body(name, 3);
    body["ivrParam"] =
        json!({ "deviceSign": sign, "callCount": calls, "callInterval": interval_s });
    body
}
