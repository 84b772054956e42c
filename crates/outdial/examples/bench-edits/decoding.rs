//! Part one: what it costs to know who asks and what is asked. Operations of the bench read the fields
//! of each vendor's edit and do nothing.

use std::time::{Duration, Instant};

use outdial_dialects::tencent::{Member, optional, required};
use outdial_dialects::{alibaba, dezhu, huawei, tencent};
use serde_json::{Value, json};

use crate::bodies;
use crate::clients::{self, Dezhu};
use crate::inside::{Inside, THREADS};
use crate::support::{Failure, Figures, Metric, say};
use crate::wire::{Connection, request};

/// Share of an unsigned handler's requests that a signed one has to reach.
const SHARE_MIN: f64 = 0.4;
/// Connections, so that the server never waits for the client.
const CONNECTIONS: usize = 8;
const ROUNDS: usize = 7;
const REQUESTS: usize = 4_000;

/// An answer of a usual size.
pub(crate) fn answer() -> String {
    json!({ "Response": { "RequestId": "7f1f3f44-3bd4-4b5c-8f0c-5e8a2a3a6a01" } }).to_string()
}

const MEMBERS: &[Member] = &[
    required("SdkAppId"),
    required("CampaignId"),
    required("Name"),
    required("Callees"),
    required("Callers"),
    required("CallOrder"),
    required("SkillGroupId"),
    required("Priority"),
    required("ExpectedAbandonRate"),
    required("RetryInterval"),
    required("StartTime"),
    required("EndTime"),
    optional("RetryTimes"),
];

pub(crate) const TENCENT: tencent::Operation = tencent::Operation {
    name: "BenchDecoding",
    members: MEMBERS,
    unknown_app: "InvalidParameterValue",
    run: |call| {
        Box::pin(async move {
            let fields = &call.fields;
            fields.text("Name")?;
            for name in ["Callees", "Callers"] {
                fields.texts(name)?;
            }
            for member in &MEMBERS[5..] {
                fields.integer(member.name)?;
            }
            Ok(tencent::Answer::new())
        })
    },
};

pub(crate) const ALIBABA: alibaba::Operation = alibaba::Operation {
    name: "BenchDecoding",
    instance: Some("InstanceId"),
    run: |call| {
        Box::pin(async move {
            let parameters = &call.parameters;
            parameters.list("CallingNumber");
            parameters.integer("RingingDuration")?;
            parameters.text("ScriptId");
            parameters.text("Priority");
            parameters.object("RecallStrategyJson")?;
            if let Some(strategy) = parameters.object("StrategyJson")? {
                strategy.integer("maxAttemptsPerDay")?;
                strategy.integer("minAttemptInterval")?;
                strategy.value("workingTime");
            }
            Ok(alibaba::Answer::new())
        })
    },
};

pub(crate) const HUAWEI: huawei::Operation = huawei::Operation {
    method: "PUT",
    path: "#campaignId/bench",
    run: |call| {
        Box::pin(async move {
            let body = &call.body;
            for name in ["name", "strBeginTime", "strEndTime", "callerNo"] {
                body.text(name)?;
            }
            body.integer_in("maxAlertingTime", 5..=120)?;
            body.integer("deviceType")?;
            if let Some(skill) = body.object("skillParam")? {
                skill.integer("skillId")?;
                skill.object("predictParam")?;
            }
            if let Some(schedule) = body.object("scheduleParam")? {
                schedule.text("workdayBeginTime1")?;
            }
            Ok(huawei::Answer::default())
        })
    },
};

pub(crate) const DEZHU_PATH: &str = "/bench/decoding";

pub(crate) const DEZHU: dezhu::Operation = dezhu::Operation {
    name: "bench_decoding",
    data_on_fault: Value::Null,
    run: |call| {
        Box::pin(async move {
            let body = &call.body;
            for name in ["taskName", "taskExecStartDate", "skillSetId"] {
                body.text(name)?;
            }
            for name in ["taskId", "sendNumberStrategy", "multiplyPower"] {
                body.integer(name)?;
            }
            body.boolean("strategyDisplaySwitch")?;
            body.objects("taskExecTimes")?;
            body.objects("outboundPhoneGroups")?;
            Ok(Value::Bool(true))
        })
    },
};

/// A kind of request, and how to make one more of it.
type Kind<'k> = (&'static str, Box<dyn Fn() -> Result<Vec<u8>, Failure> + 'k>);

/// Requests in a second, by the clock and by the server's own processor time.
#[derive(Clone, Copy)]
struct Rate {
    by_clock: f64,
    by_processor: f64,
}

pub(crate) fn measure(
    inside: &Inside,
    dezhu: &Dezhu,
    figures: &mut Figures,
) -> Result<(), Failure> {
    let kinds: [Kind<'_>; 5] = [
        ("unsigned", Box::new(plain)),
        (
            "Tencent",
            Box::new(|| {
                Ok(clients::tencent(
                    "BenchDecoding",
                    &bodies::tencent(Some(1), 0)?,
                ))
            }),
        ),
        (
            "Alibaba",
            Box::new(|| {
                let pairs = bodies::alibaba(0);
                let pairs: Vec<_> = pairs.iter().map(|(n, v)| (*n, v.as_str())).collect();
                clients::alibaba("BenchDecoding", &pairs)
            }),
        ),
        (
            "Huawei",
            Box::new(|| {
                Ok(clients::huawei(
                    "PUT",
                    "/1/bench",
                    &bodies::huawei("x", false, 0)?,
                ))
            }),
        ),
        (
            "Dezhu",
            Box::new(|| dezhu.request(DEZHU_PATH, &bodies::dezhu(Some(1), "x", false, 0)?)),
        ),
    ];
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(Connection::open(inside.address)?);
    }
    let mut rates: [Vec<Rate>; 5] = std::array::from_fn(|_| Vec::new());
    // In turns, so that what else the machine does befalls all of them. The first turn warms up.
    for round in 0..=ROUNDS {
        for ((name, make), rates) in kinds.iter().zip(&mut rates) {
            let rate = round_of(&mut connections, name, make)?;
            if round > 0 {
                rates.push(rate);
            }
        }
    }
    let mut median = rates
        .map(|rates| {
            let by = |value: fn(&Rate) -> f64| {
                let mut values: Vec<f64> = rates.iter().map(value).collect();
                values.sort_unstable_by(f64::total_cmp);
                values.get(values.len() / 2).copied().unwrap_or_default()
            };
            Rate {
                by_clock: by(|rate| rate.by_clock),
                by_processor: by(|rate| rate.by_processor),
            }
        })
        .into_iter();
    let unsigned = median.next().ok_or("nothing was measured")?;
    figures.add(Metric::new(
        "unsigned requests, one thread",
        unsigned.by_clock,
        "requests/s",
    ));
    for ((name, _), rate) in kinds.iter().skip(1).zip(median) {
        let name = format!("signature and decoding, {name}");
        figures.add(Metric::new(&name, rate.by_clock, "requests/s").at_least(
            SHARE_MIN * unsigned.by_clock,
            format!(
                "40 % of {:.0} of an unsigned handler; median of {ROUNDS} rounds in turns",
                unsigned.by_clock
            ),
        ));
        let share = 100.0 * rate.by_processor / unsigned.by_processor;
        figures.add(Metric::new(
            &format!("{name}, by the server's processor time alone"),
            share,
            "% of unsigned",
        ));
    }
    Ok(())
}

fn plain() -> Result<Vec<u8>, Failure> {
    let body = bodies::tencent(Some(1), 0)?.to_string();
    let headers = [
        ("host", clients::HOST),
        ("content-type", "application/json"),
    ];
    Ok(request("POST", "/bench/plain", &headers, body.as_bytes()))
}

fn round_of(
    connections: &mut [Connection],
    name: &str,
    make: &dyn Fn() -> Result<Vec<u8>, Failure>,
) -> Result<Rate, Failure> {
    let requests: Vec<Vec<u8>> = (0..REQUESTS).map(|_| make()).collect::<Result<_, _>>()?;
    let (began, used) = (Instant::now(), processor_time()?);
    for few in requests.chunks(connections.len()) {
        for (connection, request) in connections.iter_mut().zip(few) {
            connection.send(request)?;
        }
        for connection in connections.iter_mut().take(few.len()) {
            let answer = connection.receive()?;
            let json = answer.json();
            bodies::succeeded(name, &json)?;
        }
    }
    let (took, used) = (began.elapsed(), processor_time()? - used);
    let a_second = |time: Duration| requests.len() as f64 / time.as_secs_f64();
    let rate = Rate {
        by_clock: a_second(took),
        by_processor: a_second(used),
    };
    say(&format!("{name}: {:.0} requests/s", rate.by_clock));
    Ok(rate)
}

/// Processor time of the server's threads so far, as Linux accounts it in nanoseconds.
fn processor_time() -> Result<Duration, Failure> {
    let mut sum = 0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let task = task?.path();
        if std::fs::read_to_string(task.join("comm"))?.trim() == THREADS {
            let told = std::fs::read_to_string(task.join("schedstat"))?;
            sum += told.split(' ').next().unwrap_or_default().parse::<u64>()?;
        }
    }
    Ok(Duration::from_nanos(sum))
}
