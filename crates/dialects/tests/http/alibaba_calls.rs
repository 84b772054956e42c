//! Alibaba's jobs and calls beside the first workflow: assigned and asked for later, searched, counted,
//! exported, dialed again.

use serde_json::{Value, json};

use crate::alibaba_client::{Client, JOB, SCRIPT};
use crate::common::request;

/// What is asked, and status and code of its refusal.
type Row<'r> = (&'r [(&'r str, &'r str)], (u16, &'r str));

/// A group of two jobs whose calls are over: the line of this test is busy.
async fn dialed(client: &Client) -> (String, Vec<String>) {
    let group = client
        .group(&[("StrategyJson", r#"{"maxAttemptsPerDay":1}"#)])
        .await;
    let other = JOB.replace("13012345678", "13012345679");
    let other = other.replace("crm-1", "crm-2");
    let jobs = format!("[{},{}]", json!(JOB), json!(other));
    let asked = [("JobGroupId", group.as_str()), ("JobsJson", &jobs)];
    let assigned = client.ask("AssignJobsAsync", &asked).await;
    let id = assigned["AsyncTaskId"].as_str().unwrap().to_owned();
    client.until(&group, "Completed").await;
    let result = client
        .ask("GetAssignJobsAsyncResult", &[("AsyncTaskId", &id)])
        .await;
    assert_eq!(result["JobGroupId"], json!(group));
    assert_eq!(result["Valid"], json!(true));
    assert_eq!(result["Timeout"], json!(false));
    let jobs = result["JobsId"].as_array().unwrap().iter();
    let jobs: Vec<String> = jobs.map(|id| id.as_str().unwrap().to_owned()).collect();
    assert_eq!(jobs.len(), 2);
    (group, jobs)
}

async fn found(client: &Client, filter: &[(&str, &str)]) -> Vec<Value> {
    let answer = client.ask("SearchTask", filter).await;
    let items = answer["SearchTaskInfoList"].as_array().unwrap().clone();
    assert_eq!(answer["Total"], json!(items.len()), "{filter:?}");
    items
}

#[tokio::test]
async fn tasks_are_found_by_what_is_asked_of_them() {
    let client = Client::start().await;
    let (group, jobs) = dialed(&client).await;
    let all = found(&client, &[]).await;
    assert_eq!(all.len(), 2);
    let newest = &all[0];
    assert!(newest["ActualTime"].as_i64() >= all[1]["ActualTime"].as_i64());
    assert_eq!(newest["JobGroupId"], json!(group));
    assert_eq!(newest["TaskStatus"], json!(4));
    assert_eq!(newest["TaskStatusString"], json!("Busy"));
    assert_eq!(newest["JobStatusString"], json!("Failed"));
    assert_eq!(newest["ScriptName"], json!("话术"));
    assert_eq!(newest["HasAnswered"], json!(false));
    let second = newest["ActualTime"].as_i64().unwrap() / 1_000;
    assert_eq!(newest["TaskCreateTime"], json!(second));
    let task = newest["TaskId"].as_str().unwrap();
    let (soon, late) = ((second - 600).to_string(), (second + 600).to_string());
    let (soon_ms, late_ms) = (format!("{soon}000"), format!("{late}000"));
    let none = "00000000-0000-0000-0000-000000000000";
    let rows: [(&[(&str, &str)], usize); 24] = [
        (&[("JobGroupId", &group)], 2),
        (&[("JobId", &jobs[0])], 1),
        (&[("JobId", none)], 0),
        (&[("TaskId", task)], 1),
        (&[("OtherId", task)], 1),
        (&[("OtherId", &jobs[1])], 1),
        (&[("OtherId", &jobs[1]), ("JobId", &jobs[0])], 0),
        (&[("CalledNumber", "13012345679")], 1),
        (&[("CallingNumber", "10086")], 0),
        (&[("UserIdMatch", "crm-2")], 1),
        (&[("UserIdMatch", "crm")], 0),
        (&[("JobGroupNameQuery", "PRI")], 2),
        (&[("JobGroupNameQuery", "autumn")], 0),
        (&[("ScriptNameQuery", "话")], 2),
        (&[("JobStatusStringList", "Failed,Succeeded")], 2),
        (&[("JobStatusStringList", "Succeeded")], 0),
        (&[("TaskStatusStringList", r#"["Busy"]"#)], 2),
        (&[("TaskStatusStringList", "Succeeded")], 0),
        (
            &[("ActualTimeGte", &soon_ms), ("ActualTimeLte", &late_ms)],
            2,
        ),
        (&[("ActualTimeGte", &late_ms)], 0),
        (&[("ActualTimeLte", &soon_ms), ("SortOrder", "asc")], 0),
        (&[("CallDurationGte", "1")], 0),
        // One end alone has no effect.
        (&[("TaskCreateTimeGte", &late)], 2),
        (
            &[("TaskCreateTimeGte", &late), ("TaskCreateTimeLte", &late)],
            0,
        ),
    ];
    for (filter, count) in rows {
        assert_eq!(found(&client, filter).await.len(), count, "{filter:?}");
    }
    let page = [("PageIndex", "1"), ("PageSize", "1"), ("SortOrder", "asc")];
    let page = client.ask("SearchTask", &page).await;
    assert_eq!(page["Total"], json!(2));
    assert_eq!(page["PageIndex"], json!(1));
    assert_eq!(page["SearchTaskInfoList"][0]["TaskId"], json!(task));
    for (name, value) in [
        ("PageSize", "0"),
        ("PageSize", "101"),
        ("PageIndex", "-1"),
        ("SortBy", "name"),
        ("SortOrder", "up"),
        ("TaskStatusStringList", "Gone"),
        ("CalledNumber", "x"),
        ("LabelsJson.1", "{}"),
    ] {
        let code = client.code("SearchTask", &[(name, value)]).await;
        let name = name.trim_end_matches(".1");
        assert_eq!(code, (400, format!("Invalid{name}")), "{value}");
    }
    client.server.stop().await;
}

#[tokio::test]
async fn a_group_is_told_in_figures() {
    let client = Client::start().await;
    let (group, _) = dialed(&client).await;
    let told = client
        .ask("DescribeGroupExecutingInfo", &[("JobGroupId", &group)])
        .await;
    assert_eq!(told["GroupId"], json!(group));
    let info = &told["ExecutingInfo"];
    assert_eq!(info["CallNum"], json!(2));
    assert_eq!(info["CallFailedNum"], json!(2));
    assert_eq!(info["FinishedNum"], json!(2));
    assert_eq!(info["AvgTalkTime"], json!(0));
    assert!(info["StartTime"].as_i64() <= info["EndTime"].as_i64());
    assert_eq!(info["JobsProgress"]["FailedNum"], json!(2));
    assert!(info["DurationDistribution"].is_string());
    client.server.stop().await;
}

#[tokio::test]
async fn a_groups_results_are_downloaded_under_a_link_of_this_server() {
    let client = Client::start().await;
    let (group, jobs) = dialed(&client).await;
    let made = client
        .ask("CreateJobGroupExportTask", &[("JobGroupId", &group)])
        .await;
    let task = made["TaskId"].as_str().unwrap();
    let progress = client
        .ask("DescribeJobGroupExportTaskProgress", &[("TaskId", task)])
        .await;
    assert!(progress["Progress"].is_f64());
    let url = progress["FileHttpUrl"].as_str().unwrap();
    // As the client wrote the server's address.
    let path = url.strip_prefix("http://h:80").unwrap();
    let file = client.server.send(request("GET", path, &[], "")).await;
    assert_eq!(file.status, 200);
    assert_eq!(file.headers["content-type"], "text/csv;charset=utf-8");
    let rows: Vec<&str> = file.text.lines().collect();
    assert_eq!(rows.len(), 3, "{}", file.text);
    assert!(rows[0].starts_with("\u{feff}\"JobId\",\"ReferenceId\""));
    for (row, (job, reference)) in rows[1..].iter().zip(jobs.iter().zip(["crm-1", "crm-2"])) {
        assert!(row.contains(job) && row.contains(reference), "{row}");
        assert!(
            row.contains("\"Failed\"") && row.contains("\"Busy\""),
            "{row}"
        );
    }
    let head = client.server.send(request("HEAD", path, &[], "")).await;
    assert_eq!((head.status.as_u16(), head.text.len()), (200, 0));
    let post = client.server.send(request("POST", path, &[], "")).await;
    assert_eq!(post.status, 405);
    let other = path.replace(".csv", "0.csv");
    let refused = client.server.send(request("GET", &other, &[], "")).await;
    assert_eq!(refused.status, 403);
    let unknown = [("TaskId", jobs[0].as_str())];
    let unknown = client.code("DescribeJobGroupExportTaskProgress", &unknown);
    assert_eq!(unknown.await, (404, "NotExist.Task".to_owned()));
    client.server.pass(3_600_000);
    let late = client.server.send(request("GET", path, &[], "")).await;
    assert_eq!(late.status, 403);
    client.server.stop().await;
}

#[tokio::test]
async fn a_group_is_repeated_with_the_jobs_that_are_asked_for() {
    let client = Client::start().await;
    let (group, _) = dialed(&client).await;
    let again = |filter: &'static str| {
        [
            ("SourceGroupId", group.clone()),
            ("Name", "again".to_owned()),
            ("FilterStatus", filter.to_owned()),
        ]
    };
    for (filter, count) in [("Failed,Cancelled", 2), ("Succeeded", 0)] {
        let pairs = again(filter);
        let mut pairs: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (*n, v.as_str())).collect();
        pairs.push(("RingingDuration", "30"));
        let made = client.ask("CreateBatchRepeatJob", &pairs).await["JobGroup"].clone();
        assert_eq!(made["RingingDuration"], json!(30));
        assert_eq!(made["Priority"], json!("Daily"));
        let id = made["Id"].as_str().unwrap();
        let shown = client.ask("DescribeJobGroup", &[("JobGroupId", id)]).await;
        assert_eq!(shown["JobGroup"]["JobGroupName"], json!("again"));
        assert_eq!(shown["JobGroup"]["Strategy"]["MaxAttemptsPerDay"], json!(1));
        assert_eq!(shown["JobGroup"]["Progress"]["TotalJobs"], json!(count));
        if count > 0 {
            client.until(id, "Completed").await;
        }
    }
    let fresh = client.group(&[]).await;
    let rows: [Row<'_>; 4] = [
        (
            &[("SourceGroupId", &fresh), ("Name", "a")],
            (409, "InvalidStatus.JobGroup"),
        ),
        (&[("SourceGroupId", &group)], (400, "MissingName")),
        (
            &[
                ("SourceGroupId", &group),
                ("Name", "a"),
                ("FilterStatus", "Lost"),
            ],
            (400, "InvalidFilterStatus"),
        ),
        (
            &[("SourceGroupId", SCRIPT), ("Name", "a")],
            (404, "NotExist.JobGroup"),
        ),
    ];
    for (pairs, want) in rows {
        let (status, code) = client.code("CreateBatchRepeatJob", pairs).await;
        assert_eq!((status, code.as_str()), want);
    }
    client.server.stop().await;
}

#[tokio::test]
async fn a_list_that_is_asked_for_later_is_flat() {
    let client = Client::start().await;
    let group = client.group(&[]).await;
    let asked = [
        ("PageNumber", "1"),
        ("PageSize", "5"),
        ("AsyncQuery", "True"),
    ];
    let asked = client.ask("ListJobGroups", &asked).await;
    assert!(asked.get("JobGroups").is_none());
    let id = asked["AsyncTaskId"].as_str().unwrap();
    // As often as it is asked for.
    for _ in 0..2 {
        let list = client
            .ask("ListJobGroupsAsync", &[("AsyncTaskId", id)])
            .await;
        assert_eq!(list["JobGroups"][0]["JobGroupId"], json!(group));
        assert_eq!(list["TotalCount"], json!(1));
        assert_eq!(list["Vaild"], json!(true));
    }
    for action in ["ListJobGroupsAsync", "GetAssignJobsAsyncResult"] {
        let unknown = client.code(action, &[("AsyncTaskId", &group)]).await;
        assert_eq!(unknown, (404, "NotExist.AsyncTask".to_owned()), "{action}");
    }
    client.server.stop().await;
}

#[tokio::test]
async fn a_call_that_is_over_is_not_terminated_and_has_no_recording() {
    let client = Client::start().await;
    let (_, jobs) = dialed(&client).await;
    let shown = client.ask("DescribeJob", &[("JobId", &jobs[0])]).await;
    let task = shown["Job"]["Tasks"][0]["TaskId"].as_str().unwrap();
    let rows = [
        ("TerminateCall", "CallId", task, "NotExist.Call"),
        ("TerminateCall", "CallId", &jobs[0], "NotExist.Call"),
        ("DownloadRecording", "TaskId", task, "NotExist.Recording"),
        ("DownloadRecording", "TaskId", &jobs[0], "NotExist.Task"),
    ];
    for (action, name, id, want) in rows {
        let code = client.code(action, &[(name, id)]).await;
        assert_eq!(code, (404, want.to_owned()), "{action} {id}");
    }
    client.server.stop().await;
}

#[tokio::test]
async fn single_jobs_are_suspended_resumed_and_cancelled() {
    let client = Client::start().await;
    // Begins in an hour, so that no job is called meanwhile.
    let later = format!(r#"{{"startTime":{}}}"#, 32_503_680_000_000_i64);
    let group = client.group(&[("StrategyJson", &later)]).await;
    let jobs: Vec<String> = (1..=3)
        .map(|n| JOB.replace("crm-1", &format!("crm-{n}")))
        .collect();
    let jobs = json!(jobs).to_string();
    let asked = [("JobGroupId", group.as_str()), ("JobsJson", &jobs)];
    let assigned = client.ask("AssignJobs", &asked).await;
    let ids = assigned["JobsId"].as_array().unwrap().clone();
    let id = |n: usize| ids[n].as_str().unwrap();
    let statuses = async || {
        let pairs = [("JobId", &*json!(ids).to_string())];
        let listed = client.ask("ListJobs", &pairs).await;
        let jobs = listed["Jobs"].as_array().unwrap().clone();
        let names = jobs
            .iter()
            .map(|job| job["Status"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>().join(" ")
    };
    let single = [
        ("All", "False"),
        ("JobId.1", id(0)),
        ("JobReferenceId.1", "crm-2"),
    ];
    client.ask("SuspendJobs", &single).await;
    assert_eq!(statuses().await, "Paused Paused Scheduling");
    assert_eq!(client.status(&group).await, "Scheduling");
    let first = [("All", "False"), ("JobId.1", id(0)), ("JobGroupId", &group)];
    client.ask("ResumeJobs", &first).await;
    assert_eq!(statuses().await, "Scheduling Paused Scheduling");
    let two = [("All", "False"), ("JobId.1", id(1)), ("JobId.2", id(2))];
    client.ask("CancelJobs", &two).await;
    assert_eq!(statuses().await, "Scheduling Cancelled Cancelled");
    // What is final is passed by.
    client.ask("ResumeJobs", &two).await;
    assert_eq!(statuses().await, "Scheduling Cancelled Cancelled");
    let other = client.group(&[]).await;
    let none = "00000001-0000-8000-8000-000000000009";
    let rows: [Row<'_>; 4] = [
        (&[("All", "False")], (400, "MissingJobId")),
        (
            &[("All", "False"), ("JobId.1", none)],
            (404, "NotExist.Job"),
        ),
        (
            &[("All", "False"), ("JobReferenceId.1", "crm-9")],
            (404, "NotExist.Job"),
        ),
        (
            &[("All", "False"), ("JobId.1", id(0)), ("JobGroupId", &other)],
            (404, "NotExist.Job"),
        ),
    ];
    for (pairs, want) in rows {
        for action in ["SuspendJobs", "ResumeJobs", "CancelJobs"] {
            let (status, code) = client.code(action, pairs).await;
            assert_eq!((status, code.as_str()), want, "{action}");
        }
    }
    assert_eq!(statuses().await, "Scheduling Cancelled Cancelled");
    client.server.stop().await;
}
