//! How each API shows a campaign.

use crate::world::World;
use serde_json::{Value, json};

/// Where a campaign stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    Draft,
    Scheduled,
    Running,
    Paused,
    EndedByHand,
}

/// Who takes its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TakenBy {
    Agents(u64),
    Flow(u64),
}

/// A campaign as it is to be shown.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) id: u64,
    pub(super) uuid: String,
    pub(super) name: String,
    pub(super) shown: &'static str,
    pub(super) ring_s: u64,
    pub(super) stand: Stand,
    pub(super) taken_by: TakenBy,
    /// A group without jobs is scheduled in its own API, and a draft elsewhere.
    pub(super) by_alibaba: bool,
}

/// That members of an answer are these.
fn same<const N: usize>(shown: &Value, wanted: [(&str, Value); N]) {
    for (name, wanted) in wanted {
        assert_eq!(shown[name], wanted, "{name} of {shown}");
    }
}

/// The one of a list that has this id.
fn find<'l>(list: &'l Value, name: &str, id: &Value) -> &'l Value {
    let list = list
        .as_array()
        .unwrap_or_else(|| panic!("{list} is no list"));
    let found = list.iter().find(|item| item[name] == *id);
    found.unwrap_or_else(|| panic!("{id} is not among {list:?}"))
}

fn has(list: &Value, name: &str, id: u64) -> bool {
    let mut list = list.as_array().into_iter().flatten();
    list.any(|item| item[name] == id)
}

impl Kept {
    pub(super) fn by_rest(&self, world: &World) {
        let path = format!("campaigns/{}", self.id);
        let described = world.rest().get(&path).ok("describe");
        let all = json!(world.rest().all("campaigns"));
        let listed = find(&all, "id", &json!(self.id));
        let state = match self.stand {
            Stand::Draft => "draft",
            Stand::Scheduled => "scheduled",
            Stand::Running => "running",
            Stand::Paused => "paused",
            Stand::EndedByHand => "ended",
        };
        let target = match self.taken_by {
            TakenBy::Agents(group) => json!({ "skill_group": group }),
            TakenBy::Flow(flow) => json!({ "flow": flow }),
        };
        for shown in [&described, listed] {
            same(
                shown,
                [
                    ("uuid", json!(self.uuid)),
                    ("name", json!(self.name)),
                    ("state", json!(state)),
                    ("target", target.clone()),
                ],
            );
            assert_eq!(shown["ring_timeout_s"].as_f64(), Some(self.ring_s as f64));
        }
    }

    /// Agents make it a predictive campaign, a flow an automatic task: each is none of the other's.
    pub(super) fn by_tencent(&self, world: &World) {
        let ask = |action: &str, name: &str| world.tencent.ask(action, json!({ name: self.id }));
        let campaign = ask("DescribePredictiveDialingCampaign", "CampaignId");
        let task = ask("DescribeAutoCalloutTask", "TaskId");
        let list = |action: &str| {
            let page = json!({ "PageSize": 100, "PageNumber": 0 });
            world.tencent.ok(action, page)
        };
        let campaigns = list("DescribePredictiveDialingCampaigns")["CampaignList"].clone();
        let tasks = list("DescribeAutoCalloutTasks")["Tasks"].clone();
        let not_its = Err("InvalidParameterValue".to_owned());
        match self.taken_by {
            TakenBy::Agents(group) => {
                let status = match self.stand {
                    Stand::Draft | Stand::Scheduled => 0,
                    Stand::Running => 1,
                    Stand::Paused => 2,
                    Stand::EndedByHand => 3,
                };
                let listed = find(&campaigns, "CampaignId", &json!(self.id));
                for shown in [&campaign.unwrap(), listed] {
                    same(
                        shown,
                        [
                            ("Name", json!(self.name)),
                            ("Status", json!(status)),
                            ("SkillGroupId", json!(group)),
                        ],
                    );
                }
                assert_eq!(task, not_its);
                assert!(!has(&tasks, "TaskId", self.id), "{tasks}");
            }
            TakenBy::Flow(flow) => {
                let state = match self.stand {
                    Stand::Draft | Stand::Scheduled => 0,
                    Stand::Running => 1,
                    Stand::Paused => 5,
                    Stand::EndedByHand => 4,
                };
                let listed = find(&tasks, "TaskId", &json!(self.id));
                for shown in [&task.unwrap(), listed] {
                    same(
                        shown,
                        [
                            ("Name", json!(self.name)),
                            ("State", json!(state)),
                            ("IvrId", json!(flow)),
                            ("MaxRingTimeoutSecond", json!(self.ring_s)),
                            ("Callers", json!([format!("0086{}", self.shown)])),
                        ],
                    );
                }
                assert_eq!(campaign, not_its);
                assert!(!has(&campaigns, "CampaignId", self.id), "{campaigns}");
            }
        }
    }

    /// A skill group's id stands where a script's would.
    pub(super) fn by_alibaba(&self, world: &World) {
        let fields = [("JobGroupId", self.uuid.clone())];
        let described = world.alibaba.ok("DescribeJobGroup", &fields)["JobGroup"].clone();
        let page = [
            ("PageNumber", "1".to_owned()),
            ("PageSize", "100".to_owned()),
        ];
        let all = world.alibaba.ok("ListJobGroups", &page)["JobGroups"]["List"].clone();
        let listed = find(&all, "JobGroupId", &json!(self.uuid));
        let status: &[&str] = match self.stand {
            Stand::Draft if self.by_alibaba => &["Scheduling"],
            Stand::Draft => &["Draft"],
            Stand::Scheduled => &["Scheduling"],
            // By whether a call is under way or could be.
            Stand::Running => &["Executing", "Scheduling"],
            Stand::Paused => &["Paused"],
            Stand::EndedByHand => &["Cancelled"],
        };
        let script = match self.taken_by {
            TakenBy::Agents(group) => group.to_string(),
            TakenBy::Flow(_) => crate::clients::SCRIPT.to_owned(),
        };
        for shown in [&described, listed] {
            let known = status.iter().any(|status| shown["Status"] == *status);
            assert!(known, "{status:?}: {shown}");
            same(
                shown,
                [
                    ("JobGroupName", json!(self.name)),
                    ("ScriptId", json!(script)),
                ],
            );
        }
        same(
            &described,
            [
                ("CallingNumbers", json!([self.shown])),
                ("RingingDuration", json!(self.ring_s)),
            ],
        );
    }

    pub(super) fn by_huawei(&self, world: &World) {
        let described = world.huawei.ok("GET", &format!("/{}", self.id), None);
        let all = world.huawei.ok("GET", "", None);
        let listed = find(&all["data"], "id", &json!(self.id));
        let status = match self.stand {
            Stand::Scheduled | Stand::Running => 2,
            Stand::Draft | Stand::Paused => 3,
            Stand::EndedByHand => 4,
        };
        for shown in [&described["returnObject"], listed] {
            same(
                shown,
                [
                    ("name", json!(self.name)),
                    ("status", json!(status)),
                    ("callerNo", json!(self.shown)),
                    ("maxAlertingTime", json!(self.ring_s)),
                ],
            );
            match self.taken_by {
                TakenBy::Agents(group) => {
                    same(shown, [("deviceType", json!(2)), ("ivrParam", json!(null))]);
                    assert_eq!(shown["skillParam"]["skillId"], group, "{shown}");
                }
                TakenBy::Flow(flow) => {
                    same(
                        shown,
                        [("deviceType", json!(3)), ("skillParam", json!(null))],
                    );
                    assert_eq!(shown["ivrParam"]["deviceSign"], flow.to_string(), "{shown}");
                }
            }
        }
    }

    /// A campaign of a flow has no skill group to show.
    pub(super) fn by_dezhu(&self, world: &World) {
        let described = world
            .dezhu
            .get(&format!("/task/outbound/detail?taskId={}", self.id));
        let all = world
            .dezhu
            .get("/task/outbound/page?pageNum=1&pageSize=100");
        let listed = find(&all["list"], "taskId", &json!(self.id));
        let status = match self.stand {
            Stand::Draft | Stand::Scheduled => 1,
            Stand::Paused => 2,
            Stand::Running => 3,
            Stand::EndedByHand => 4,
        };
        let group = match self.taken_by {
            TakenBy::Agents(group) => json!(group.to_string()),
            TakenBy::Flow(_) => Value::Null,
        };
        for shown in [&described, listed] {
            same(
                shown,
                [
                    ("taskName", json!(self.name)),
                    ("taskStatus", json!(status)),
                    ("skillSetId", group.clone()),
                    ("outboundNumberGroupId", json!(self.shown)),
                    ("maxRingingDuration", json!(self.ring_s)),
                ],
            );
        }
    }
}
