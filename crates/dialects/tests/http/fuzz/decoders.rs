//! The readers of signatures, parameters and bodies, each given every request: also those that a server
//! would have given to another.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use outdial_dialects::dezhu::PublicKey;
use outdial_dialects::tencent::{Member, optional};
use outdial_dialects::{
    AccessKey, Incoming, KeyRing, NonceStore, Secret, Tolerance, Vendor, alibaba, dezhu, huawei,
    tencent,
};
use outdial_domain::Timestamp;

use super::sent::Sent;
use crate::common::{NOW, PUBLIC_KEY};

/// A few names of each kind of value.
const MEMBERS: &[Member] = &[
    optional("SdkAppId"),
    optional("CampaignId"),
    optional("Name"),
    optional("Callees"),
    optional("Variables"),
];

struct Owner(NonceStore);

impl alibaba::sign::Nonces for Owner {
    fn nonces(&self) -> &NonceStore {
        &self.0
    }
}

fn keys<T>(id: &str, owner: T) -> KeyRing<T> {
    let mut keys = KeyRing::default();
    let key = AccessKey {
        id: id.to_owned(),
        secret: Secret::new("secret"),
    };
    keys.add(key, owner);
    keys
}

/// A reader by its name.
type Reader = (&'static str, fn(&Incoming));

/// Gives a request to all of them.
///
/// # Errors
/// The name of the one that panics.
pub(super) fn read(sent: &Sent) -> Result<(), String> {
    let Some(request) = sent.incoming() else {
        return Ok(());
    };
    let readers: [Reader; 5] = [
        ("whose it is", |request| {
            let query = request.uri.query().unwrap_or_default();
            let _ = Vendor::of(&request.headers, request.uri.path(), query);
            let _ = Vendor::of_parameters(&request.body);
        }),
        ("tencent", tencent),
        ("alibaba", alibaba),
        ("huawei", huawei),
        ("dezhu", dezhu),
    ];
    for (name, reader) in readers {
        catch_unwind(AssertUnwindSafe(|| reader(&request)))
            .map_err(|_| format!("the reader `{name}` panics"))?;
    }
    Ok(())
}

fn now() -> Timestamp {
    Timestamp::from_secs(NOW)
}

fn tencent(request: &Incoming) {
    let _ = tencent::sign::verify(request, &keys("AKID-acme", ()), &[], now());
    if let Ok(fields) = tencent::Fields::read(request, MEMBERS) {
        for member in MEMBERS {
            let _ = (fields.text(member.name), fields.integer(member.name));
            let _ = (fields.boolean(member.name), fields.texts(member.name));
            let _ = (fields.integers(member.name), fields.list(member.name));
        }
    }
}

fn alibaba(request: &Incoming) {
    let owner = Owner(NonceStore::new(Duration::from_secs(1800), 10));
    let _ = alibaba::sign::verify(request, &keys("LTAI-acme", owner), None, now());
    if let Ok(parameters) = alibaba::Parameters::read(request) {
        for name in ["InstanceId", "CallingNumber", "StrategyJson", "JobsJson"] {
            let _ = (parameters.text(name), parameters.integer(name));
            let _ = (parameters.boolean(name), parameters.list(name));
            let object = parameters.object(name);
            // Members are read by the names of the page's table.
            if let (Ok(Some(object)), "StrategyJson") = (object, name) {
                for name in ["id", "maxAttemptsPerDay", "repeatable"] {
                    let _ = (object.text(name), object.integer(name));
                    let _ = object.boolean(name);
                }
            }
        }
    }
}

fn huawei(request: &Incoming) {
    let rules = huawei::sign::Rules::default();
    let _ = huawei::sign::verify(request, &keys("ak-acme", ()), &rules, now());
    let query = request.uri.query().unwrap_or_default();
    let read = [
        huawei::Fields::read(&request.body),
        huawei::Fields::read_query(query),
    ];
    for fields in read.into_iter().flatten() {
        for name in ["name", "deviceType", "skillParam", "scheduleParam"] {
            let _ = (fields.text(name), fields.integer(name), fields.object(name));
            let _ = (fields.objects(name), fields.texts(name));
        }
    }
}

fn dezhu(request: &Incoming) {
    let key = PublicKey::read(PUBLIC_KEY);
    let app = dezhu::sign::App {
        keys: key.into_iter().collect(),
        owner: (),
    };
    let apps = dezhu::sign::Apps::from([("0123456789abcdef0123456789abcdef".to_owned(), app)]);
    let _ = dezhu::sign::verify(request, &apps, Tolerance::ANY, now());
    let _ = PublicKey::read(&String::from_utf8_lossy(&request.body));
    let query = request.uri.query().unwrap_or_default();
    let read = [
        dezhu::Fields::read(&request.body),
        dezhu::Fields::read_query(query),
    ];
    for fields in read.into_iter().flatten() {
        for name in [
            "taskId",
            "taskName",
            "taskExecTimes",
            "strategyDisplaySwitch",
        ] {
            let _ = (fields.text(name), fields.integer(name));
            let _ = (fields.boolean(name), fields.objects(name));
        }
    }
}
