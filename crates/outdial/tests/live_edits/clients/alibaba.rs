//! Alibaba Cloud OutboundBot: forms, signed by ACS3-HMAC-SHA256.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::{Http, enc, hex, hmac_sha256, now_ms, sha256_hex, utc};

const INSTANCE: &str = "174952ab-9825-4cc9-a5e2-de82d7fa4cdd";
const KEY: (&str, &str) = ("LTAItestid", "testsecret");
/// The script: an alias of the tenant's flow.
pub(crate) const SCRIPT: &str = "5a3940ce-a12f-4222-9f0f-605a9b89ea7c";
/// Most jobs of a request.
const JOBS_MAX: usize = 99;

/// Lines of the tenant's table.
pub(crate) fn lines() -> String {
    let (id, secret) = KEY;
    format!(
        "[tenant.alibaba]\ninstance_id = \"{INSTANCE}\"\nrequests_per_s = 0\n\
         keys = [{{ id = \"{id}\", secret = \"{secret}\" }}]\n"
    )
}

#[derive(Clone, Debug)]
pub(crate) struct Alibaba(Http);

impl Alibaba {
    pub(crate) fn new(port: u16) -> Self {
        Self(Http::new(port))
    }

    /// The answer; where it is an error, its code.
    pub(crate) fn ask(&self, action: &str, fields: &[(&str, String)]) -> Result<Value, String> {
        static NONCE: AtomicU64 = AtomicU64::new(0);
        let mut pairs = vec![format!("InstanceId={INSTANCE}")];
        pairs.extend(fields.iter().map(|(n, v)| format!("{}={}", enc(n), enc(v))));
        let body = pairs.join("&");
        let nonce = NONCE.fetch_add(1, Ordering::Relaxed);
        let headers = [
            (
                "content-type",
                "application/x-www-form-urlencoded".to_owned(),
            ),
            ("host", self.0.host.clone()),
            ("x-acs-action", action.to_owned()),
            ("x-acs-content-sha256", sha256_hex(body.as_bytes())),
            ("x-acs-date", utc("%Y-%m-%dT%H:%M:%SZ")),
            (
                "x-acs-signature-nonce",
                format!("{}-{}-{nonce}", std::process::id(), now_ms()),
            ),
            ("x-acs-version", "2019-12-26".to_owned()),
        ];
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let lines: String = headers.iter().map(|(n, v)| format!("{n}:{v}\n")).collect();
        let canonical = format!("POST\n/\n\n{lines}\n{names}\n{}", headers[3].1);
        let to_sign = format!("ACS3-HMAC-SHA256\n{}", sha256_hex(canonical.as_bytes()));
        let (id, secret) = KEY;
        let signature = hex(&hmac_sha256(secret.as_bytes(), to_sign.as_bytes()));
        let mut sent = headers.to_vec();
        // The client writes the host itself.
        sent.remove(1);
        sent.push(("accept", "application/json".to_owned()));
        sent.push((
            "authorization",
            format!("ACS3-HMAC-SHA256 Credential={id},SignedHeaders={names},Signature={signature}"),
        ));
        let (_, answer) = self.0.send("POST", "/", &sent, &body);
        match answer["Code"].as_str() {
            Some("OK") => Ok(answer),
            code => Err(code.unwrap_or_default().to_owned()),
        }
    }

    /// An answer that has to be a success.
    pub(crate) fn ok(&self, action: &str, fields: &[(&str, String)]) -> Value {
        self.ask(action, fields)
            .unwrap_or_else(|code| panic!("{action}: {code}"))
    }

    /// Makes a group of the script and answers its id.
    pub(crate) fn create(&self, name: &str, further: &[(&str, String)]) -> String {
        let mut fields = vec![
            ("JobGroupName", name.to_owned()),
            ("ScriptId", SCRIPT.to_owned()),
        ];
        fields.extend_from_slice(further);
        let made = self.ok("CreateJobGroup", &fields);
        made["JobGroup"]["JobGroupId"].as_str().unwrap().to_owned()
    }

    /// Assigns a job for each number.
    pub(crate) fn assign(&self, group: &str, numbers: &[String]) {
        for part in numbers.chunks(JOBS_MAX) {
            let jobs: Vec<Value> = part
                .iter()
                .map(|number| json!({ "contacts": [{ "phoneNumber": number }] }))
                .collect();
            let jobs = json!(jobs.iter().map(Value::to_string).collect::<Vec<_>>());
            let fields = [
                ("JobGroupId", group.to_owned()),
                ("JobsJson", jobs.to_string()),
            ];
            self.ok("AssignJobs", &fields);
        }
    }

    /// `SuspendJobs` or `ResumeJobs` of all jobs of a group.
    pub(crate) fn all_jobs(&self, action: &str, group: &str) {
        let fields = [("JobGroupId", group.to_owned()), ("All", "true".to_owned())];
        self.ok(action, &fields);
    }
}
