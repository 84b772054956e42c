//! Alibaba's job groups and jobs: the whole workflow, every range and every state.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::alibaba_client::{Client, JOB, SCRIPT};

const STRATEGY: &str = "689fc584-7f9f-4dc2-933d-8711beef7b15";

fn fixture() -> (Vec<(String, String)>, Value) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures/alibaba/ModifyJobGroup/documented");
    let request = std::fs::read_to_string(folder.join("request.http")).unwrap();
    let query = request.split(['?', ' ']).nth(2).unwrap().to_owned();
    let pairs = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let answer = std::fs::read_to_string(folder.join("response.json")).unwrap();
    (pairs, serde_json::from_str(&answer).unwrap())
}

/// Every name of the example is in the answer with a value of the same type.
fn same_shape(example: &Value, answer: &Value, path: &str) {
    // The groups here were made of no file, and a flow has no versions.
    let dead = [
        "JobFilePath",
        "JobDataParsingTaskId",
        "ScriptVersion",
        "FileHttpUrl",
        "EndTime",
        "StartTime",
        "StrategyDescription",
    ];
    match (example, answer) {
        (Value::Object(example), Value::Object(answer)) => {
            for (name, value) in example {
                match answer.get(name) {
                    Some(own) => same_shape(value, own, &format!("{path}.{name}")),
                    None => assert!(dead.contains(&name.as_str()), "{path}.{name} lacks"),
                }
            }
        }
        (example, answer) => assert_eq!(
            std::mem::discriminant(example),
            std::mem::discriminant(answer),
            "{path}"
        ),
    }
}

#[tokio::test]
async fn the_documented_example_edits_a_group() {
    let client = Client::start().await;
    let strategy = format!(
        r#"{{"id":"{STRATEGY}","maxAttemptsPerDay":3,"workingTime":[{{"beginTime":"09:00:00","endTime":"12:00:00"}}]}}"#
    );
    let group = client.group(&[("StrategyJson", &strategy)]).await;
    assert_eq!(client.status(&group).await, "Scheduling");
    let (pairs, example) = fixture();
    let own: Vec<(&str, &str)> = pairs
        .iter()
        .filter(|(name, _)| !["Action", "Version", "AccessKeyId"].contains(&name.as_str()))
        .map(|(name, value)| match name.as_str() {
            "InstanceId" => ("InstanceId", "instance-acme"),
            "JobGroupId" => ("JobGroupId", group.as_str()),
            _ => (name.as_str(), value.as_str()),
        })
        .collect();
    // The page forbids what is not held.
    let refused = client.code("ModifyJobGroup", &own).await;
    assert_eq!(refused, (409, "InvalidStatus.JobGroup".to_owned()));
    client.all("SuspendJobs", &group).await;
    let answer = client.ask("ModifyJobGroup", &own).await;
    same_shape(&example, &answer, "");
    let shown = &answer["JobGroup"];
    assert_eq!(shown["JobGroupId"], json!(group));
    assert_eq!(shown["JobGroupName"], json!("修改后的作业组"));
    assert_eq!(shown["JobGroupDescription"], json!("修改后的作业组"));
    assert_eq!(
        shown["ScenarioId"],
        json!("c6a668d1-3145-4048-9101-cb3678bb8884")
    );
    assert_eq!(shown["Status"], json!("Draft"));
    assert_eq!(shown["ScriptName"], json!("话术"));
    assert_eq!(shown["CallingNumbers"], json!(["4008013260"]));
    assert_eq!(shown["RecallCallingNumbers"], json!(["4008013260"]));
    assert_eq!(shown["Strategy"]["StrategyId"], json!(STRATEGY));
    assert_eq!(shown["Strategy"]["MaxAttemptsPerDay"], json!(0));
    assert_eq!(shown["Strategy"]["MinAttemptInterval"], json!(5));
    assert_eq!(
        shown["Strategy"]["WorkingTime"],
        json!([{"BeginTime": "09:00:00", "EndTime": "12:00:00"}]),
        "what the request leaves out stays"
    );
    assert_eq!(shown["RingingDuration"], json!(25));
    assert_eq!(shown["MinConcurrency"], json!(1));
    assert_eq!(shown["Priority"], json!("Daily"));
    assert!(shown["FlashSmsExtras"].as_str().unwrap().contains("10471"));
    let xml = client.send("ModifyJobGroup", &own, "application/xml").await;
    assert!(
        xml.text
            .contains("<CallingNumbers>4008013260</CallingNumbers>"),
        "{}",
        xml.text
    );
    let described = client
        .ask("DescribeJobGroup", &[("JobGroupId", &group)])
        .await;
    assert_eq!(
        described["JobGroup"]["FlashSmsExtras"],
        json!({"TemplateId": "10471", "ConfigId": "8037f524-6ff2-4dbe-bb28-f59234ea7a64"})
    );
    assert_eq!(described["JobGroup"]["ScriptId"], json!(SCRIPT));
    client.server.stop().await;
}

#[tokio::test]
async fn a_group_goes_through_its_whole_life() {
    let client = Client::start().await;
    let group = client
        .group(&[("StrategyJson", r#"{"maxAttemptsPerDay":1}"#)])
        .await;
    let assigned = client.assign(&group).await;
    assert_eq!(assigned["JobGroupId"], json!(group));
    let job = assigned["JobsId"][0].as_str().unwrap().to_owned();
    // The line of this test is busy.
    let deadline = Instant::now() + Duration::from_secs(60);
    let shown = loop {
        let shown = client.ask("DescribeJob", &[("JobId", &job)]).await["Job"].clone();
        if shown["Status"] == json!("Failed") {
            break shown;
        }
        assert!(Instant::now() < deadline, "{shown}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    client.until(&group, "Completed").await;
    assert_eq!(shown["FailureReason"], json!("CallFailed"));
    assert_eq!(shown["ReferenceId"], json!("crm-1"));
    assert_eq!(shown["Contacts"][0]["PhoneNumber"], json!("13012345678"));
    assert_eq!(shown["Contacts"][0]["ContactName"], json!("王"));
    assert_eq!(shown["Extras"], json!([{"Key": "loan", "Value": "5"}]));
    assert_eq!(shown["Tasks"][0]["Status"], json!("Busy"));
    assert_eq!(shown["Tasks"][0]["SipCode"], json!("486"));
    let task = shown["Tasks"][0]["TaskId"].as_str().unwrap();
    let found = client.ask("GetTaskByUuid", &[("TaskId", task)]).await;
    assert_eq!(found["Task"]["JobId"], json!(job));
    assert_eq!(client.status(&group).await, "Completed");
    let page = [
        ("JobGroupId", group.as_str()),
        ("PageNumber", "1"),
        ("PageSize", "10"),
    ];
    let listed = client.ask("ListJobsByGroup", &page).await;
    assert_eq!(listed["Jobs"]["TotalCount"], json!(1));
    let mut filter = page.to_vec();
    filter.push(("TaskStatusFilter", r#"["Busy"]"#));
    filter.push(("JobStatusFilter", "Failed,Succeeded"));
    let found = client.ask("QueryJobsWithResult", &filter).await;
    assert_eq!(found["Jobs"]["RowCount"], json!(1));
    assert_eq!(
        found["Jobs"]["List"][0]["LatestTask"]["StatusName"],
        json!("Busy")
    );
    let mut by_number = page.to_vec();
    by_number.push(("PhoneNumber", "13012345678"));
    let found = client.ask("QueryJobs", &by_number).await;
    assert_eq!(found["Jobs"]["List"][0]["JobId"], json!(job));
    let found = client.ask("ListJobs", &[("JobId.1", &job)]).await;
    assert_eq!(
        found["Jobs"][0]["Tasks"][0]["CalledNumber"],
        json!("13012345678")
    );
    // More jobs open it again.
    client.assign(&group).await;
    assert_ne!(client.status(&group).await, "Failed");
    assert_eq!(client.all("CancelJobs", &group).await.0, 200);
    let deleted = client
        .code("DeleteJobGroup", &[("JobGroupId", &group)])
        .await;
    assert_eq!(deleted.0, 200, "{deleted:?}");
    let gone = client
        .code("DescribeJobGroup", &[("JobGroupId", &group)])
        .await;
    assert_eq!(gone, (404, "NotExist.JobGroup".to_owned()));
    client.server.stop().await;
}

#[tokio::test]
async fn every_range_is_checked_at_its_bounds() {
    let client = Client::start().await;
    let long = |n: usize| "名".repeat(n);
    let (name, too_long) = (long(128), long(129));
    let (text, too_much) = (long(1024), long(1025));
    let rows: [(&str, &str, &str); 24] = [
        ("JobGroupName", &name, ""),
        ("JobGroupName", &too_long, "InvalidJobGroupName"),
        ("JobGroupName", "", "MissingJobGroupName"),
        ("JobGroupName", "a\u{7}", "InvalidJobGroupName"),
        ("JobGroupDescription", &text, ""),
        (
            "JobGroupDescription",
            &too_much,
            "InvalidJobGroupDescription",
        ),
        ("RingingDuration", "5", ""),
        ("RingingDuration", "120", ""),
        ("RingingDuration", "4", "InvalidRingingDuration"),
        ("RingingDuration", "121", "InvalidRingingDuration"),
        ("RingingDuration", "x", "InvalidRingingDuration"),
        ("MinConcurrency", "-1", "InvalidMinConcurrency"),
        ("MinConcurrency", "101", "LimitExceeded.MinConcurrency"),
        ("Priority", "Urgent", ""),
        ("Priority", "urgent", "InvalidPriority"),
        ("CallingNumber.1", "10085", ""),
        ("CallingNumber.1", "13912345678", "InvalidCallingNumber"),
        (
            "RecallCallingNumber.1",
            "13912345678",
            "InvalidRecallCallingNumber",
        ),
        ("StrategyJson", "{", "InvalidStrategyJson"),
        (
            "StrategyJson",
            r#"{"maxAttemptsPerDay":101}"#,
            "InvalidStrategyJson",
        ),
        (
            "RecallStrategyJson",
            r#"{"emptyNumberIgnore":5}"#,
            "InvalidRecallStrategyJson",
        ),
        (
            "FlashSmsExtras",
            r#"{"templateId":[]}"#,
            "InvalidFlashSmsExtras",
        ),
        ("ScriptId", "none", "NotExist.Script"),
        ("ScriptId", "", "MissingScriptId"),
    ];
    for (name, value, want) in rows {
        let mut pairs = vec![("JobGroupName", "spring"), ("ScriptId", SCRIPT)];
        pairs.retain(|(other, _)| *other != name);
        pairs.push((name, value));
        let (status, code) = client.code("CreateJobGroup", &pairs).await;
        let want = if want.is_empty() { "OK" } else { want };
        assert_eq!(code, want, "{name}={value}");
        let statuses = match want {
            "OK" => 200,
            "NotExist.Script" => 404,
            _ => 400,
        };
        assert_eq!(status, statuses, "{name}={value}");
    }
    // The floors of one priority share the instance's lines; the other priority has its own.
    let floored = |floor| [("MinConcurrency", floor)];
    client.group(&floored("60")).await;
    client.group(&floored("40")).await;
    let one = [
        ("JobGroupName", "a"),
        ("ScriptId", SCRIPT),
        ("MinConcurrency", "1"),
    ];
    let refused = client.code("CreateJobGroup", &one).await;
    assert_eq!(refused.1, "LimitExceeded.MinConcurrency");
    client
        .group(&[("MinConcurrency", "100"), ("Priority", "Urgent")])
        .await;
    client.server.stop().await;
}

/// An action, what it is asked, and the code that it answers.
type Row<'r> = (&'r str, Vec<(&'r str, &'r str)>, &'r str);

/// Groups in the states that a request can bring about.
const STATES: [&str; 6] = [
    "Draft",
    "Scheduling",
    "Executing",
    "Paused",
    "Completed",
    "Cancelled",
];

async fn group_in(client: &Client, state: &str) -> String {
    let group = client
        .group(&[("StrategyJson", r#"{"maxAttemptsPerDay":1}"#)])
        .await;
    match state {
        "Draft" => {
            client.all("SuspendJobs", &group).await;
            let pairs = [
                ("JobGroupId", group.as_str()),
                ("Name", "spring"),
                ("JobGroupStatus", "Draft"),
            ];
            client.ask("ModifyJobGroup", &pairs).await;
        }
        "Paused" => drop(client.all("SuspendJobs", &group).await),
        "Cancelled" => drop(client.all("CancelJobs", &group).await),
        "Executing" | "Completed" => {
            client.assign(&group).await;
            if state == "Completed" {
                client.until(&group, "Completed").await;
            }
        }
        _ => {}
    }
    group
}

#[tokio::test]
async fn each_action_takes_just_the_states_of_its_table() {
    let client = Client::start().await;
    // An executing group of this line is soon over: it is in no row whose answer would differ then.
    let table: [(&str, &[&str]); 6] = [
        ("ModifyJobGroup", &["Draft", "Paused"]),
        (
            "AssignJobs",
            &["Draft", "Scheduling", "Executing", "Paused", "Completed"],
        ),
        ("SuspendJobs", &STATES),
        ("CancelJobs", &STATES),
        (
            "ResumeJobs",
            &["Draft", "Scheduling", "Executing", "Paused", "Completed"],
        ),
        (
            "DeleteJobGroup",
            &["Draft", "Paused", "Completed", "Cancelled"],
        ),
    ];
    for (action, taken) in table {
        for state in STATES {
            if state == "Executing" && action == "DeleteJobGroup" {
                continue;
            }
            let group = group_in(&client, state).await;
            let pairs = match action {
                "ModifyJobGroup" => vec![("Name", "summer")],
                "AssignJobs" => vec![("JobsJson.1", JOB)],
                "DeleteJobGroup" => vec![],
                _ => vec![("All", "true")],
            };
            let mut pairs = pairs;
            pairs.push(("JobGroupId", &group));
            let told = client.code(action, &pairs).await;
            let want = match taken.contains(&state) {
                true => (200, "OK".to_owned()),
                false => (409, "InvalidStatus.JobGroup".to_owned()),
            };
            assert_eq!(told, want, "{action} of a group that is {state}");
        }
    }
    client.server.stop().await;
}

#[tokio::test]
async fn a_held_group_waits_and_goes_on() {
    let client = Client::start().await;
    let group = client.group(&[]).await;
    client.all("SuspendJobs", &group).await;
    assert_eq!(client.status(&group).await, "Paused");
    client.assign(&group).await;
    assert_eq!(client.status(&group).await, "Paused");
    let shown = client
        .ask("DescribeJobGroup", &[("JobGroupId", &group)])
        .await;
    assert_eq!(shown["JobGroup"]["Progress"]["Paused"], json!(1));
    client.all("ResumeJobs", &group).await;
    let after = client.status(&group).await;
    assert!(["Scheduling", "Executing"].contains(&after.as_str()));
    // To submit by ModifyJobGroup is the same.
    client.all("SuspendJobs", &group).await;
    let pairs = [
        ("JobGroupId", group.as_str()),
        ("Name", "b"),
        ("JobGroupStatus", "Scheduling"),
    ];
    let edited = client.ask("ModifyJobGroup", &pairs).await;
    assert_ne!(edited["JobGroup"]["Status"], json!("Paused"));
    let unknown = [
        ("JobGroupId", group.as_str()),
        ("Name", "b"),
        ("JobGroupStatus", "Gone"),
    ];
    assert_eq!(
        client.code("ModifyJobGroup", &unknown).await.1,
        "InvalidJobGroupStatus"
    );
    client.server.stop().await;
}

#[tokio::test]
async fn unknown_ids_and_wrong_lists_have_codes_of_their_own() {
    let client = Client::start().await;
    let group = client.group(&[]).await;
    client.all("SuspendJobs", &group).await;
    let none = "00000000-0000-0000-0000-000000000000";
    let other = client.server_group_of_other().await;
    let many: Vec<String> = (0..100).map(|_| JOB.to_owned()).collect();
    let names: Vec<String> = (1..=100).map(|n| format!("JobsJson.{n}")).collect();
    let mut too_many = vec![("JobGroupId", group.as_str())];
    too_many.extend(names.iter().zip(&many).map(|(n, j)| (&n[..], &j[..])));
    let rows: Vec<Row<'_>> = vec![
        (
            "ModifyJobGroup",
            vec![("JobGroupId", none), ("Name", "a")],
            "NotExist.JobGroup",
        ),
        (
            "ModifyJobGroup",
            vec![("JobGroupId", &other), ("Name", "a")],
            "NotExist.JobGroup",
        ),
        (
            "ModifyJobGroup",
            vec![("JobGroupId", &group)],
            "MissingName",
        ),
        ("ModifyJobGroup", vec![("Name", "a")], "MissingJobGroupId"),
        (
            "ModifyJobGroup",
            vec![
                ("JobGroupId", &group),
                ("Name", "a"),
                ("StrategyJson", r#"{"id":"other"}"#),
            ],
            "NotExist.Strategy",
        ),
        (
            "ModifyJobGroup",
            vec![("JobGroupId", &group), ("Name", "a"), ("ScriptId", "other")],
            "NotExist.Script",
        ),
        ("DescribeJob", vec![("JobId", none)], "NotExist.Job"),
        ("GetTaskByUuid", vec![("TaskId", none)], "NotExist.Task"),
        ("AssignJobs", too_many, "LimitExceeded.JobsJson"),
        (
            "AssignJobs",
            vec![("JobGroupId", &group)],
            "MissingJobsJson",
        ),
        (
            "AssignJobs",
            vec![("JobGroupId", &group), ("JobsJson.1", "{}")],
            "InvalidJobsJson",
        ),
        (
            "AssignJobs",
            vec![
                ("JobGroupId", &group),
                ("JobsJson.1", r#"{"contacts":[{"phoneNumber":"x"}]}"#),
            ],
            "InvalidJobsJson",
        ),
        ("SuspendJobs", vec![("JobGroupId", &group)], "MissingAll"),
        (
            "ListJobGroups",
            vec![("PageNumber", "1"), ("PageSize", "101")],
            "InvalidPageSize",
        ),
        (
            "ListJobGroups",
            vec![("PageNumber", "0"), ("PageSize", "1")],
            "InvalidPageNumber",
        ),
        (
            "ListJobGroups",
            vec![
                ("PageNumber", "1"),
                ("PageSize", "1"),
                ("JobGroupStatusFilter", "Gone"),
            ],
            "InvalidJobGroupStatusFilter",
        ),
    ];
    for (action, pairs, want) in rows {
        assert_eq!(client.code(action, &pairs).await.1, want, "{action}");
    }
    // Unknown parameters are ignored.
    let pairs = [
        ("JobGroupId", group.as_str()),
        ("Name", "a"),
        ("Nonsense", "1"),
    ];
    assert_eq!(client.code("ModifyJobGroup", &pairs).await.0, 200);
    client.server.stop().await;
}

impl Client {
    /// A campaign of the other tenant.
    async fn server_group_of_other(&self) -> String {
        self.server.campaign_of("other").await
    }
}

#[tokio::test]
async fn lists_show_the_newest_first_and_what_is_asked_for() {
    let client = Client::start().await;
    for name in ["spring", "summer", "autumn"] {
        client.group(&[("JobGroupName", name)]).await;
    }
    let names = async |more: &[(&str, &str)]| {
        let mut pairs = vec![("PageNumber", "1"), ("PageSize", "2")];
        pairs.extend(more);
        let listed = client.ask("ListJobGroups", &pairs).await["JobGroups"].clone();
        let list = listed["List"].as_array().unwrap().clone();
        let names: Vec<String> = list
            .iter()
            .map(|item| item["JobGroupName"].as_str().unwrap().to_owned())
            .collect();
        (names.join(" "), listed["TotalCount"].clone())
    };
    assert_eq!(names(&[]).await, ("autumn summer".to_owned(), json!(3)));
    assert_eq!(
        names(&[("SearchText", "UMM")]).await,
        ("summer".to_owned(), json!(1))
    );
    assert_eq!(
        names(&[("JobGroupStatusFilter", "Paused,Draft")]).await,
        (String::new(), json!(0))
    );
    let instance = client.ask("DescribeInstance", &[]).await;
    assert_eq!(
        instance["Instance"]["MaxConcurrentConversation"],
        json!(100)
    );
    let instances = client.ask("ListInstances", &[]).await;
    assert_eq!(
        instances["Instances"][0]["InstanceId"],
        json!("instance-acme")
    );
    let calls = client.ask("GetCurrentConcurrency", &[]).await;
    assert_eq!(calls["CurrentConcurrency"], json!(0));
    client.server.stop().await;
}
