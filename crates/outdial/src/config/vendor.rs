//! `[tenant.tencent]` and its like: who a tenant is in each vendor's API, and with which keys.

use outdial_dialects::dezhu::{KeyFault, OwnPath, PublicKey, operations};

use super::place::{At, Found};
use super::problem::Fault;
use super::secret::{Secret, secret};
use super::section::{Section, count, integer, name, one_of, text};

/// A tenant's identity in the vendors' APIs.
#[derive(Clone, Debug, Default)]
pub struct VendorSettings {
    /// `[tenant.tencent]`.
    pub tencent: Option<TencentSettings>,
    /// `[tenant.alibaba]`.
    pub alibaba: Option<AlibabaSettings>,
    /// `[tenant.huawei]`.
    pub huawei: Option<HuaweiSettings>,
    /// `[tenant.dezhu]`.
    pub dezhu: Option<DezhuSettings>,
}

/// A pair of access keys that requests are signed with.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// Sent with each request.
    pub id: String,
    /// Signs each request.
    pub secret: Secret,
}

/// `[tenant.tencent]`.
#[derive(Clone, Debug)]
pub struct TencentSettings {
    /// `SdkAppId`.
    pub sdk_app_id: u64,
    /// Keys; at least one.
    pub keys: Vec<AccessKey>,
    /// Requests in a second per operation; 0 = no limit. Default 20.
    pub requests_per_s: u32,
}

/// `[tenant.alibaba]`.
#[derive(Clone, Debug)]
pub struct AlibabaSettings {
    /// `InstanceId`.
    pub instance_id: String,
    /// Keys; at least one.
    pub keys: Vec<AccessKey>,
    /// Requests in a second; 0 = no limit. Default 100.
    pub requests_per_s: u32,
}

/// `[tenant.huawei]`.
#[derive(Clone, Debug)]
pub struct HuaweiSettings {
    /// `vdnId`.
    pub vdn_id: u32,
    /// Keys; at least one.
    pub keys: Vec<AccessKey>,
    /// Requests in a second; 0 = no limit. Default 0.
    pub requests_per_s: u32,
    /// Seconds between two uploads of call data; 0 = no limit. Default 1.
    pub calldata_spacing_s: u32,
    /// Hosts to which results may be pushed; empty = any.
    pub callback_hosts: Vec<String>,
}

/// `[tenant.dezhu]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DezhuSettings {
    /// `appId`.
    pub app_id: String,
    /// The public keys that check signatures: the first is `public_key`, then `further_public_keys`, which
    /// is for the time in which a key is exchanged.
    pub public_keys: Vec<PublicKey>,
    /// Requests in a second; 0 = no limit. Default 0.
    pub requests_per_s: u32,
    /// Paths beside those of the table, for operations whose paths the vendor has not made public.
    pub paths: Vec<OwnPath>,
}

/// Reads the vendors' sections of a tenant, and where each stands.
pub(super) fn vendors(section: &mut Section<'_>) -> (VendorSettings, Vec<(&'static str, At)>) {
    let mut stands = Vec::new();
    let mut stands_at = |key, section: &Section<'_>| {
        if section.has(key) {
            stands.push((key, section.at_key(key)));
        }
    };
    for key in ["tencent", "alibaba", "huawei", "dezhu"] {
        stands_at(key, section);
    }
    let settings = VendorSettings {
        tencent: section.section("tencent", tencent).flatten(),
        alibaba: section.section("alibaba", alibaba).flatten(),
        huawei: section.section("huawei", huawei).flatten(),
        dezhu: section.section("dezhu", dezhu).flatten(),
    };
    (settings, stands)
}

fn tencent(section: &mut Section<'_>) -> Option<TencentSettings> {
    let sdk_app_id = section.required("sdk_app_id", "1400000000", integer(1..=i64::MAX));
    let keys = keys(section);
    let requests_per_s = requests_per_s(section, 20);
    Some(TencentSettings {
        // The range has no negative numbers.
        sdk_app_id: sdk_app_id?.value.unsigned_abs(),
        keys,
        requests_per_s,
    })
}

fn alibaba(section: &mut Section<'_>) -> Option<AlibabaSettings> {
    let example = "\"174952ab-9825-4cc9-a5e2-de82d7fa4cdd\"";
    let instance_id = section.required("instance_id", example, name);
    let keys = keys(section);
    let requests_per_s = requests_per_s(section, 100);
    Some(AlibabaSettings {
        instance_id: instance_id?.value,
        keys,
        requests_per_s,
    })
}

fn huawei(section: &mut Section<'_>) -> Option<HuaweiSettings> {
    let vdn_id = section.required("vdn_id", "7", count(0..=i32::MAX.unsigned_abs()));
    let keys = keys(section);
    let requests_per_s = requests_per_s(section, 0);
    let spacing = section.optional("calldata_spacing_s", count(0..=3600));
    let hosts = section.list("callback_hosts", name).unwrap_or_default();
    Some(HuaweiSettings {
        vdn_id: vdn_id?.value,
        keys,
        requests_per_s,
        calldata_spacing_s: spacing.map_or(1, |found| found.value),
        callback_hosts: hosts.into_iter().map(|found| found.value).collect(),
    })
}

fn dezhu(section: &mut Section<'_>) -> Option<DezhuSettings> {
    let app_id = section.required("app_id", "\"99845aaaaebd4d61acccc9b776208f12\"", name);
    let public_key = section.required("public_key", "\"base64 or PEM\"", public_key);
    let further = section.list("further_public_keys", self::public_key);
    let requests_per_s = requests_per_s(section, 0);
    let paths = section.sections("paths", own_path);
    let further = further.unwrap_or_default();
    let keys = std::iter::once(public_key?).chain(further);
    Some(DezhuSettings {
        app_id: app_id?.value,
        public_keys: keys.map(|found| found.value).collect(),
        requests_per_s,
        paths: paths.into_iter().flatten().collect(),
    })
}

/// `{ method = "POST", path = "/task/outbound/begin", operation = "start_task" }`.
fn own_path(section: &mut Section<'_>) -> Option<OwnPath> {
    let names: Vec<_> = operations().map(|name| (name, name)).collect();
    let methods = [("GET", "GET"), ("POST", "POST")];
    let method = section.required("method", "\"POST\"", one_of(&methods));
    let path = section.required("path", "\"/task/outbound/begin\"", path);
    let operation = section.required("operation", "\"start_task\"", one_of(&names));
    Some(OwnPath {
        method: method?.value.to_owned(),
        path: path?.value,
        operation: operation?.value.to_owned(),
    })
}

/// What follows `/speech/openapi/v1` in an address.
fn path(value: &super::tree::Value) -> Result<String, Fault> {
    let path = text(value)?;
    let sound = path.len() > 1
        && path.starts_with('/')
        && path
            .bytes()
            .all(|c| c.is_ascii_graphic() && !b"?#".contains(&c));
    if sound && !path.starts_with("/speech/") {
        return Ok(path);
    }
    Err(Fault::new(
        format!("`{}` is no path of an operation", path.escape_debug()),
        "write what follows /speech/openapi/v1, such as /task/outbound/begin",
    ))
}

fn requests_per_s(section: &mut Section<'_>, default: u32) -> u32 {
    section
        .optional("requests_per_s", count(0..=1_000_000))
        .map_or(default, |found| found.value)
}

fn keys(section: &mut Section<'_>) -> Vec<AccessKey> {
    if !section.has("keys") {
        section.error(
            "keys",
            Fault::new(
                "is missing: without keys no request can be signed",
                "add keys = [{ id = \"…\", secret = \"…\" }]",
            ),
        );
    }
    let mut keys: Vec<AccessKey> = Vec::new();
    let read = section.sections("keys", |section| {
        let id = section.required("id", "\"AKIDtestid\"", key_id);
        let secret = section.required("secret", "\"…\"", secret);
        Some((id?, secret?.value))
    });
    for (Found { value: id, at }, secret) in read.into_iter().flatten() {
        if keys.iter().any(|key| key.id == id) {
            let fault = Fault::new(
                format!("the id `{}` stands here twice", id.escape_debug()),
                "give each key an id of its own",
            );
            section.report().error(&at, fault);
        } else {
            keys.push(AccessKey { id, secret });
        }
    }
    keys
}

/// An RSA key, of a length that is neither unsafe nor a burden.
fn public_key(value: &super::tree::Value) -> Result<PublicKey, Fault> {
    PublicKey::read(&text(value)?).map_err(|fault| {
        let remedy = match fault {
            KeyFault::Encoding | KeyFault::Form => {
                "paste the public key as the vendor shows it: base64 of its SPKI form, or PEM between -----BEGIN PUBLIC KEY----- and -----END PUBLIC KEY-----"
            }
            KeyFault::Length(_) => "make a new pair: openssl genrsa 2048",
        };
        Fault::new(fault.to_string(), remedy)
    })
}

/// The id of a key stands between signs of its own in a signature's header.
fn key_id(value: &super::tree::Value) -> Result<String, Fault> {
    let id = name(value)?;
    if id
        .chars()
        .all(|c| c.is_ascii_graphic() && !"/,;=".contains(c))
    {
        return Ok(id);
    }
    Err(Fault::new(
        format!("`{}` cannot be the id of a key", id.escape_debug()),
        "use letters, digits, `-`, `_` and `.`: it stands in the header of each signed request",
    ))
}
