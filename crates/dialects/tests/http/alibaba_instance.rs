//! Alibaba's instance: its block list, its limits, and what the configuration alone changes.

use serde_json::json;

use crate::alibaba_client::Client;

#[tokio::test]
async fn a_number_on_the_block_list_is_not_called() {
    let client = Client::start().await;
    let entries = r#"[{"phoneNumber":"13012345678","name":"王","remark":"asked for it","creator":"li"},{"phonenumber":"10086"}]"#;
    let saved = client
        .ask(
            "SaveContactBlockList",
            &[("ContactBlockListsJson", entries)],
        )
        .await;
    assert_eq!(saved["AffectedRows"], json!(2));
    let listed = client
        .ask("GetContactBlockList", &[("SearchPattern", "王")])
        .await["ContactBlocklistList"]
        .clone();
    assert_eq!(listed["TotalCount"], json!(1));
    let entry = &listed["List"][0];
    assert_eq!(entry["PhoneNumber"], json!("13012345678"));
    assert_eq!(entry["Name"], json!("王"));
    assert_eq!(entry["Remark"], json!("asked for it"));
    assert_eq!(entry["Creator"], json!("li"));
    assert_eq!(entry["Operator"], json!("LTAI-acme"));
    let page = [
        ("PageNumber", "1"),
        ("PageSize", "1"),
        ("CountTotalRow", "False"),
    ];
    let page = client.ask("GetContactBlockList", &page).await["ContactBlocklistList"].clone();
    assert_eq!(page["List"].as_array().unwrap().len(), 1);
    assert!(page.get("TotalCount").is_none());

    // Its only job is left out, so that the group is done without a call.
    let group = client.group(&[]).await;
    let job = client.assign(&group).await["JobsId"][0].clone();
    client.until(&group, "Completed").await;
    let shown = client
        .ask("DescribeJob", &[("JobId", job.as_str().unwrap())])
        .await["Job"]
        .clone();
    assert_eq!(shown["Tasks"], json!([]));
    assert_eq!(shown["Status"], json!("Failed"));
    assert_eq!(shown["FailureReason"], json!("ContactBlockList"));

    let id = [(
        "ContactBlockListId",
        entry["ContactBlockListId"].as_str().unwrap(),
    )];
    let gone = client.ask("DeleteContactBlockList", &id).await;
    assert_eq!(gone["AffectedRows"], json!(1));
    let again = client.code("DeleteContactBlockList", &id).await;
    assert_eq!(again, (404, "NotExist.ContactBlockList".to_owned()));
    client.server.stop().await;
}

#[tokio::test]
async fn a_wrong_entry_of_the_block_list_is_told_and_none_is_listed() {
    let client = Client::start().await;
    let long = format!(
        r#"[{{"phoneNumber":"10086","remark":"{}"}}]"#,
        "x".repeat(501)
    );
    for wrong in [
        "{",
        "5",
        r#"[{"phoneNumber":"10086"},{"name":"a"}]"#,
        r#"[{"phoneNumber":"10086"},{"phoneNumber":"x"}]"#,
        r#"[{"phoneNumber":"10086","name":"a | b"}]"#,
        &long,
    ] {
        let code = client
            .code("SaveContactBlockList", &[("ContactBlockListsJson", wrong)])
            .await;
        assert_eq!(
            code,
            (400, "InvalidContactBlockListsJson".to_owned()),
            "{wrong}"
        );
    }
    let none = client.code("SaveContactBlockList", &[]).await;
    assert_eq!(none.1, "MissingContactBlockListsJson");
    let listed = client.ask("GetContactBlockList", &[]).await;
    assert_eq!(listed["ContactBlocklistList"]["TotalCount"], json!(0));
    // The older form.
    let old = [("ContactBlockListList.1", r#"{"phoneNumber":"10086"}"#)];
    let saved = client.ask("SaveContactBlockList", &old).await;
    assert_eq!(saved["AffectedRows"], json!(1));
    client.server.stop().await;
}

#[tokio::test]
async fn limits_are_told_as_they_are_and_others_are_refused() {
    let client = Client::start().await;
    let entry = ("EntryId", "instance-acme");
    let level = ("StrategyLevel", "2");
    let told = client.ask("GetMaxAttemptsPerDay", &[entry, level]).await;
    assert_eq!(told["MaxAttemptsPerDay"], json!(3));
    let told = client.ask("GetBaseStrategyPeriod", &[entry, level]).await;
    assert_eq!(told["WorkingTime"][0]["EndTimeMillis"], json!(86_400_000));
    assert_eq!(told["OnlyWorkdays"], json!(false));
    let told = client.ask("GetEmptyNumberNoMoreCallsInfo", &[entry]).await;
    assert_eq!(told["EmptyNumberNoMoreCalls"], json!(false));
    let day = r#"[{"beginTime":"00:00:00","endTime":"24:00:00"}]"#;
    let morning = r#"[{"beginTime":"09:00:00","endTime":"12:00:00"}]"#;
    for (action, name, value, want) in [
        ("SaveMaxAttemptsPerDay", "MaxAttemptsPerDay", "3", "OK"),
        (
            "SaveMaxAttemptsPerDay",
            "MaxAttemptsPerDay",
            "4",
            "InvalidMaxAttemptsPerDay",
        ),
        ("SaveBaseStrategyPeriod", "WorkingTimeFramesJson", day, "OK"),
        (
            "SaveBaseStrategyPeriod",
            "WorkingTimeFramesJson",
            morning,
            "InvalidWorkingTimeFramesJson",
        ),
        (
            "SaveBaseStrategyPeriod",
            "WorkingTimeFramesJson",
            "{",
            "InvalidWorkingTimeFramesJson",
        ),
        (
            "SaveBaseStrategyPeriod",
            "OnlyWeekdays",
            "true",
            "InvalidOnlyWeekdays",
        ),
        (
            "ModifyEmptyNumberNoMoreCallsInfo",
            "EmptyNumberNoMoreCalls",
            "false",
            "OK",
        ),
        (
            "ModifyEmptyNumberNoMoreCallsInfo",
            "EmptyNumberNoMoreCalls",
            "true",
            "InvalidEmptyNumberNoMoreCalls",
        ),
        (
            "GetMaxAttemptsPerDay",
            "StrategyLevel",
            "3",
            "InvalidStrategyLevel",
        ),
    ] {
        let code = client.code(action, &[entry, (name, value)]).await;
        assert_eq!(code.1, want, "{action} {value}");
    }
    let other = client.code("GetMaxAttemptsPerDay", &[("EntryId", "instance-other")]);
    assert_eq!(other.await, (403, "Permission.Instance".to_owned()));
    client.server.stop().await;
}

#[tokio::test]
async fn an_instance_is_changed_by_the_configuration_alone() {
    let client = Client::start().await;
    let as_it_is = [
        ("InstanceName", "acme"),
        ("MaxConcurrentConversation", "100"),
        ("CallingNumber", r#"["10085","4008013260","075586013388"]"#),
    ];
    let same = client.ask("ModifyInstance", &as_it_is).await;
    assert_eq!(same["Instance"]["MaxConcurrentConversation"], json!(100));
    for (name, value) in [
        ("InstanceName", "other"),
        ("MaxConcurrentConversation", "99"),
        ("CallingNumber.1", "10085"),
        ("InstanceDescription", "a"),
    ] {
        let mut pairs = vec![("MaxConcurrentConversation", "100")];
        pairs.retain(|(other, _)| *other != name);
        pairs.push((name, value));
        let want = format!("Invalid{}", name.trim_end_matches(".1"));
        assert_eq!(client.code("ModifyInstance", &pairs).await, (400, want));
    }
    let more = [("InstanceName", "more"), ("MaxConcurrentConversation", "1")];
    let unsupported = (400, "UnsupportedOperation".to_owned());
    assert_eq!(client.code("CreateInstance", &more).await, unsupported);
    assert_eq!(client.code("DeleteInstance", &[]).await, unsupported);
    client.server.stop().await;
}

#[tokio::test]
async fn floors_that_are_asked_for_at_once_fit_together() {
    let client = Client::start().await;
    let held = async |floor| {
        let group = client.group(&[]).await;
        client.all("SuspendJobs", &group).await;
        let pairs = [
            ("JobGroupId", group.as_str()),
            ("Name", "a"),
            ("MinConcurrency", floor),
        ];
        client.code("ModifyJobGroup", &pairs).await.1
    };
    // Each fits alone: together they are 120 of 100.
    let asked = [held("40"), held("40"), held("40")];
    let told = futures_util::future::join_all(asked).await;
    let refused = told
        .iter()
        .filter(|code| *code == "LimitExceeded.MinConcurrency");
    assert_eq!(refused.count(), 1, "{told:?}");
    client.server.stop().await;
}
