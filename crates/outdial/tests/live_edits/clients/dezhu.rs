//! Dezhu's open API: JSON, signed by RSA over application and time.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Http, now_ms};
use crate::harness::Work;
use crate::harness::config::GROUP;

const APP_ID: &str = "99845aaaaebd4d61acccc9b776208f12";
const PREFIX: &str = "/speech/openapi/v1";
const OK: &str = "10000";
/// A signature holds for five minutes and covers neither path nor body; a new one is made before.
const SIGNATURE_KEPT_MS: i64 = 60_000;
/// Most customers of a request.
const CUSTOMERS_MAX: usize = 1000;

/// An application's key pair, in files of a test's folder.
#[derive(Debug)]
pub(crate) struct DezhuKey {
    private: PathBuf,
    public: String,
}

impl DezhuKey {
    pub(crate) fn new(work: &Work) -> Self {
        let private = work.path("dezhu.pem");
        let file = private.display().to_string();
        openssl(&["genrsa", "-out", &file, "2048"], "");
        let public = openssl(&["rsa", "-in", &file, "-pubout"], "");
        Self {
            private,
            public: String::from_utf8(public).unwrap(),
        }
    }

    /// Lines of the tenant's table.
    pub(crate) fn lines(&self) -> String {
        let public = &self.public;
        format!("[tenant.dezhu]\napp_id = \"{APP_ID}\"\npublic_key = \"\"\"\n{public}\"\"\"\n")
    }
}

fn openssl(arguments: &[&str], input: &str) -> Vec<u8> {
    use std::io::Write as _;
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command openssl; on Debian: apt-get install openssl");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let done = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    done.stdout
}

#[derive(Debug)]
pub(crate) struct Dezhu {
    http: Http,
    key: DezhuKey,
    /// A time and its signature.
    signed: Mutex<Option<(i64, String)>>,
}

impl Dezhu {
    pub(crate) fn new(port: u16, key: DezhuKey) -> Self {
        Self {
            http: Http::new(port),
            key,
            signed: Mutex::default(),
        }
    }

    fn signature(&self) -> (i64, String) {
        let mut signed = self.signed.lock().unwrap();
        let now = now_ms();
        let fresh = signed.take().filter(|(at, _)| now - at < SIGNATURE_KEPT_MS);
        let signature = fresh.unwrap_or_else(|| {
            let file = self.key.private.display().to_string();
            let message = format!("{APP_ID}{now}");
            let signature = openssl(&["dgst", "-sha256", "-sign", &file], &message);
            (now, STANDARD.encode(signature))
        });
        *signed = Some(signature.clone());
        signature
    }

    fn send(&self, method: &str, path: &str, body: &str) -> Result<Value, String> {
        let (time, sign) = self.signature();
        let headers = [
            ("appId", APP_ID.to_owned()),
            ("timestamp", time.to_string()),
            ("sign", sign),
            ("Content-Type", "application/json".to_owned()),
        ];
        let path = format!("{PREFIX}{path}");
        let (_, answer) = self.http.send(method, &path, &headers, body);
        match answer["code"].as_str() {
            Some(OK) => Ok(answer["data"].clone()),
            code => Err(format!(
                "{} {}",
                code.unwrap_or_default(),
                answer["message"]
            )),
        }
    }

    /// `data` of a POST; where the code is not the one of success, that code.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.send("POST", path, &body.to_string())
    }

    /// `data` of a GET that has to be a success.
    pub(crate) fn get(&self, path: &str) -> Value {
        self.send("GET", path, "")
            .unwrap_or_else(|code| panic!("GET {path}: {code}"))
    }

    /// `data` of a POST that has to be a success.
    pub(crate) fn ok(&self, path: &str, body: &Value) -> Value {
        self.post(path, body)
            .unwrap_or_else(|code| panic!("{path}: {code}"))
    }

    /// Makes a task and gives it customers, by which it starts.
    pub(crate) fn create(&self, body: &Value, numbers: &[String]) -> u64 {
        let made = self.ok("/task/outbound/create", body);
        let task = made.as_u64().unwrap();
        self.append(task, numbers);
        task
    }

    /// Adds a customer for each number.
    pub(crate) fn append(&self, task: u64, numbers: &[String]) {
        for part in numbers.chunks(CUSTOMERS_MAX) {
            let customers: Vec<Value> = part.iter().map(|number| customer(number)).collect();
            let body = json!({ "taskId": task, "outBoundCustomers": customers });
            self.ok("/task/outbound/customer/append", &body);
        }
    }

    /// Edits a task: the whole body anew.
    pub(crate) fn edit(&self, task: u64, body: &Value) {
        let mut body = body.clone();
        body["taskId"] = json!(task);
        let done = self.ok("/task/outbound/edit", &body);
        assert_eq!(done, json!(true));
    }
}

fn customer(number: &str) -> Value {
    json!({
        "name": "customer",
        "externalCustomerId": number,
        "phoneGroupVoList": [{
            "identify": "default",
            "phoneRelationVoList": [{ "mobile": number.trim_start_matches("+86"), "relation": "self" }],
        }],
    })
}

/// A task that may call all of these days, with so many ringing calls for each idle agent.
pub(crate) fn task(name: &str, number_group: &str, power: u32) -> Value {
    let day = |days: i64| {
        let at = jiff::Timestamp::from_millisecond(now_ms() + days * 86_400_000).unwrap();
        at.strftime("%Y-%m-%d").to_string()
    };
    json!({
        "taskName": name,
        // A day either side, whatever the zone.
        "taskExecStartDate": day(-1),
        "taskExecEndDate": day(2),
        "taskExecTimes": [
            { "taskExecTimeStartStr": "00:00:00", "taskExecTimeEndStr": "12:00:00" },
            { "taskExecTimeStartStr": "12:00:00", "taskExecTimeEndStr": "23:59:59" },
        ],
        "skillSetId": GROUP.to_string(),
        "outboundNumberGroupId": number_group,
        "strategyDisplaySwitch": 0,
        "sendNumberStrategy": 0,
        "multiplyPower": power,
        "maxRingingDuration": 20,
        "acw": 1,
        "taskType": 1,
        "outboundPhoneGroups": [{ "name": "batch", "identify": "default", "autoOutboundSwitch": 0 }],
    })
}
