//! What becomes of each operation and field: the source of `docs/dialects/huawei.md`.
//!
//! A test writes the page; reading a field that this table does not know fails in debug builds.

use std::fmt::Write as _;

use super::codes::{Answered, TABLE_14};
use crate::coverage::Fate::{Honoured, Refused, Stored};
use crate::coverage::{Covered, CoveredField, knows};

const fn op(
    operation: &'static str,
    words: &'static str,
    fields: &'static [CoveredField],
) -> Covered {
    Covered {
        operation,
        words,
        fields,
    }
}

/// The fields of a campaign; the last is its creation's alone.
const CAMPAIGN: &[CoveredField] = &[
    (
        "name",
        Honoured,
        "1–100 characters (the table says 32, its own example has 44, later pages say 100), unique within the tenant, over all its APIs",
    ),
    (
        "description",
        Stored,
        "at most 200 characters, none of `\" [ ] = ; < >`",
    ),
    (
        "strBeginTime",
        Honoured,
        "`yyyy-MM-dd HH:mm:ss` in the tenant's zone, also without the blank; not before today, unless it is what the campaign has",
    ),
    (
        "strEndTime",
        Honoured,
        "with strBeginTime or not at all; after it, and not in the past",
    ),
    (
        "deviceType",
        Honoured,
        "1 and 3 = an IVR, 2 = predicted, 5 = previewed, 6 = preempted; never changes",
    ),
    (
        "callerNo",
        Honoured,
        "one of the tenant's numbers; at most 24 of `0-9 * #`",
    ),
    (
        "maxAlertingTime",
        Honoured,
        "5–120 s, previewed 9–120 s; counted from alerting",
    ),
    (
        "scheduleParam",
        Honoured,
        "twelve times `HH:mm`, `workdayBeginTime1` to `holidayEndTime3`; at least one segment for workdays; segments may overlap",
    ),
    (
        "ivrParam",
        Honoured,
        "for device types 1 and 3; otherwise not looked at",
    ),
    (
        "deviceSign",
        Honoured,
        "another name, the name or the number of a flow",
    ),
    ("callCount", Honoured, "1–100"),
    (
        "callInterval",
        Honoured,
        "1–9999 s; calls go out every 3 s, rounded up above one, spread evenly",
    ),
    (
        "skillParam",
        Honoured,
        "for device types 2, 5 and 6; otherwise not looked at",
    ),
    (
        "skillId",
        Honoured,
        "1–1000, the number or another name of a skill group; unknown = 0200017",
    ),
    ("skillName", Stored, "at most 100 characters"),
    ("outBoundType", Honoured, "must be as deviceType"),
    (
        "predictParam",
        Stored,
        "one call for each idle agent until the predictive pacer is built; the parameters are checked, stored and shown",
    ),
    ("predictMethod", Stored, "1, 2, 3 or 5"),
    (
        "expPredictParam",
        Stored,
        "for method 1: maxAvgCallTime, minAvgCallTime, outBoundRate",
    ),
    (
        "agentPredictParam",
        Stored,
        "for method 2: maxAvgCallTime, minAvgCallTime, lossRate, utilRate, utilRateMethod",
    ),
    (
        "connectPredictParam",
        Stored,
        "for method 3: maxAvgCallTime, minAvgCallTime, lossRate, waitTime, connRate",
    ),
    ("offhookPredictParam", Stored, "for method 5: offHookRate"),
    ("maxAvgCallTime", Stored, "50–200 s"),
    (
        "minAvgCallTime",
        Stored,
        "50–200 s, not above maxAvgCallTime",
    ),
    ("outBoundRate", Stored, "0–100, 70 when absent"),
    (
        "lossRate",
        Honoured,
        "0–100 percent, 3 when absent: the ceiling of abandoned calls",
    ),
    ("utilRate", Stored, "0–100, 70 when absent"),
    ("utilRateMethod", Stored, "1 or 2"),
    (
        "waitTime",
        Honoured,
        "0–16 s, 5 when absent: how long an answered callee waits for an agent; 16 s with the other methods",
    ),
    ("connRate", Stored, "0–100"),
    ("offHookRate", Stored, "50–200, 100 when absent"),
    ("previewParam", Honoured, "for device type 5"),
    ("failInterval", Honoured, "3–60 s between rounds of offers"),
    ("obCallCount", Honoured, "1–100 offers in a round"),
    (
        "autoCallTime",
        Honoured,
        "5 s to maxAlertingTime − 3 s: an offer that is still held is dialed then",
    ),
    (
        "callBackUrl",
        Honoured,
        "`https://` or `http://`, at most 512 characters, of a host in `callback_hosts` where that is set; final results are pushed to it, at least once",
    ),
    (
        "initStatus",
        Honoured,
        "absent, 0 or 2 = started, 3 = suspended",
    ),
];

/// The fields of an edit.
const EDITED: &[CoveredField] = match CAMPAIGN {
    [edited @ .., _] => edited,
    [] => &[],
};

/// Every operation that is built.
const OPERATIONS: &[Covered] = &[
    op(
        "POST ",
        "Begins by itself: there is no operation that starts it. At most 20 campaigns with agents and 20 with an IVR that have not ended.",
        CAMPAIGN,
    ),
    op(
        "PUT #campaignId",
        "Started and suspended campaigns, and stay so; an ended one is 0200016. The whole is replaced: what is left out is cleared. Special dates, further numbers and the retry policy stay. Calls placed from then on go by it.",
        EDITED,
    ),
    op(
        "DELETE #campaignId",
        "Not while it is started (0200009), unless its list is done. Gone for every API; attempts stay.",
        &[(
            "archiveHistory",
            Stored,
            "0 or 1, checked; history is always kept",
        )],
    ),
    op("GET #campaignId", "", &[]),
    op(
        "GET ",
        "Newest first; campaigns of all the tenant's APIs.",
        &[
            (
                "name",
                Honoured,
                "a part of the name, at most 30 characters",
            ),
            ("status", Honoured, "0 = all, 2, 3, 4"),
            ("deviceType", Honoured, "0 = all, 1, 2, 3, 5, 6"),
            ("beginTime", Honoured, "earliest strBeginTime"),
            ("endTime", Honoured, "latest strEndTime"),
            ("curPage", Honoured, "from 1; below is 1"),
            ("rowsPerPage", Honoured, "1–100, 10 when absent"),
            ("ccId", Stored, "not looked at"),
            (
                "statusV2",
                Stored,
                "not looked at: its values are not documented",
            ),
        ],
    ),
    op(
        "PUT #campaignId/pause",
        "State 2 only; a campaign whose list is done cannot be paused, since nothing runs.",
        &[],
    ),
    op(
        "PUT #campaignId/resume",
        "State 3 only; a draft of another API starts.",
        &[],
    ),
    op("GET holiday/#campaignId", "", &[]),
    op(
        "POST holiday/#campaignId",
        "In every state; at most 20.",
        &[
            (
                "name",
                Honoured,
                "1–30 characters, unique within the campaign",
            ),
            ("type", Honoured, "1 weekly, 2 dates, 3 dates of every year"),
            ("week", Honoured, "1–7 with commas between, for type 1"),
            ("beginTime", Honoured, "`yyyy-MM-dd`, for type 3 `MM-dd`"),
            (
                "endTime",
                Honoured,
                "both days included; for type 3 it may lie in the next year",
            ),
        ],
    ),
    op(
        "PUT holiday/#campaignId",
        "In every state.",
        &[
            ("id", Honoured, "of the special date"),
            (
                "name",
                Honoured,
                "1–30 characters, unique within the campaign",
            ),
            ("type", Honoured, "1 weekly, 2 dates, 3 dates of every year"),
            ("week", Honoured, "1–7 with commas between, for type 1"),
            ("beginTime", Honoured, "`yyyy-MM-dd`, for type 3 `MM-dd`"),
            (
                "endTime",
                Honoured,
                "both days included; for type 3 it may lie in the next year",
            ),
        ],
    ),
    op("DELETE holiday/#campaignId", "All of them.", &[]),
    op("DELETE holiday/#campaignId/#holidayId", "", &[]),
    op(
        "POST retryPolicy/#campaignId",
        "In every state. Without one a record is called once. An unknown campaign is 0200-01.",
        &[
            (
                "policyType",
                Stored,
                "0 or 1; the first policy is the one that counts",
            ),
            ("policyJson", Honoured, "JSON, also within a text"),
            ("dataType", Stored, "records have one number"),
            ("type", Honoured, "0 = plain, 1 = by result"),
            ("policy", Honoured, "JSON, also within a text"),
            (
                "retryDay",
                Honoured,
                "days, 1–100; at most 100 calls in all, an hour between two",
            ),
            ("retryTimes", Honoured, "calls in a day, 1–100"),
            ("retryTime", Honoured, "as retryTimes"),
            (
                "result",
                Stored,
                "its numbers are not documented: the longest rest and the most calls count for every result",
            ),
            (
                "callInterval",
                Honoured,
                "seconds until the next call, at most 30 days",
            ),
            ("retryNumber", Honoured, "calls after the first, 0–99"),
            ("noRetryPolicy", Stored, ""),
            ("busiPolicy", Stored, ""),
        ],
    ),
    op("GET retryPolicy/#campaignId", "", &[]),
    op(
        "POST callerNo/#campaignId",
        "In every state; stays when the campaign is edited.",
        &[(
            "callerNo",
            Honoured,
            "a list of 1–100 numbers of the tenant's",
        )],
    ),
    op(
        "DELETE callerNo/#campaignId",
        "At least one number remains.",
        &[(
            "callerNo",
            Honoured,
            "a list of 1–100 numbers of the tenant's",
        )],
    ),
    op(
        "POST calldata/#campaignId",
        "All records or none; 1 s between two requests for a campaign (`calldata_spacing_s`); started and suspended campaigns.",
        &[
            (
                "callDataList",
                Honoured,
                "1–20 records, no number twice, none on the block list",
            ),
            (
                "batchId",
                Stored,
                "a started batch of the campaign; its numbers are dialed with the others",
            ),
            ("sessionId", Stored, "at most 32 characters"),
            ("called", Honoured, "at most 24 of `0-9 * #`"),
            (
                "caller",
                Stored,
                "as called; the campaign's numbers are shown",
            ),
            (
                "customField",
                Stored,
                "at most 200 characters; results are found by it",
            ),
            ("recycleTime", Stored, "`yyyy-MM-dd HH:mm:ss`"),
            ("callData", Stored, "at most 1024 characters"),
        ],
    ),
    op("GET calldata/#campaignId/#dataId", "", &[]),
    op(
        "POST calldata/#campaignId/delete",
        "Not while the campaign is started (0200019). Records that fit every field; those that are called, final or reserved stay.",
        &[
            ("sessionId", Honoured, "at most 32 characters"),
            ("called", Honoured, "at most 24 of `0-9 * #`"),
            ("customField", Honoured, "at most 200 characters"),
            ("recycleTime", Honoured, "`yyyy-MM-dd HH:mm:ss`"),
            (
                "recycleType",
                Honoured,
                "with recycleTime: 1 until that day, 2 that day, 3 just then (default)",
            ),
            (
                "archiveHistory",
                Stored,
                "0 or 1, checked; calls are always kept",
            ),
        ],
    ),
    op(
        "POST callbatch/#campaignId/create",
        "At most 100 of a campaign. A suspended batch takes no numbers.",
        &[
            (
                "name",
                Honoured,
                "1–255 characters, unique within the campaign, none of `<>!@#$%^&*?;\"~/\\`",
            ),
            (
                "status",
                Honoured,
                "1 started, 2 suspended (default); the vendor's way to start one later is not known",
            ),
        ],
    ),
    op(
        "POST callbatch/#campaignId/pause",
        "One that has numbers that wait is 03000002: the numbers of a batch cannot be held back while others are dialed.",
        &[("id", Honoured, "unknown = 03000004, suspended = 03000006")],
    ),
    op(
        "GET callbatch/#campaignId/list",
        "With a body.",
        &[
            ("status", Honoured, "1 or 2"),
            ("name", Honoured, "a part of the name"),
            ("offset", Honoured, "rows to leave out"),
            ("limit", Honoured, "1–1000 rows"),
        ],
    ),
    op(
        "POST callBusiResult/#dataId",
        "What business came of a record; shown among its properties. It begins no call.",
        &[
            ("busiResult", Stored, "at most 50 characters"),
            ("subStatus", Stored, "at most 50 characters"),
            ("busiSubStatus", Stored, "another name of subStatus"),
            ("busiResultDesc", Stored, "at most 200 characters"),
            ("busiDesc", Stored, "another name of busiResultDesc"),
        ],
    ),
    op(
        "POST createObResult",
        "A code of the tenant's own, shown as `resultCode` of results; at most 200. Answers `defId`.",
        &[
            (
                "resultCode",
                Honoured,
                "fewer than 8 characters, unique; chosen when absent",
            ),
            ("displayResult", Stored, "at most 200 characters"),
            (
                "obsCodes",
                Honoured,
                "failCodes for which it is shown, 1–100",
            ),
        ],
    ),
    op("DELETE $defId/deleteObsResult", "", &[]),
    op(
        "GET queryOBSResults",
        "",
        &[
            ("pageSize", Honoured, "1–50"),
            ("pageNum", Honoured, "from 1"),
        ],
    ),
    op(
        "GET statistics",
        "Below `/v2/`. Days are the tenant's. `unCallCount` are records never called, `dailyCount` these and those called today; the other counts are of calls (`Called`, `Succ`) and of final records (`finish`). The same question once in five minutes, HTTP 429 before.",
        &[
            ("campaignId", Honoured, "absent: every campaign"),
            ("batchId", Honoured, "a customField, with campaignId"),
        ],
    ),
    op(
        "POST callresult/#campaignId",
        "Calls that are over; without paging at most 2000 rows. The display code is OB99999 for success, for failures the tenant's (`createObResult`), else empty. There are no recordings.",
        &[
            ("sessionId", Honoured, ""),
            ("customField", Honoured, ""),
            ("pageSize", Honoured, "1–500, with showDetail 1–100"),
            ("pageNum", Honoured, "from 1"),
            (
                "showDetail",
                Honoured,
                "0 = the last call of each final record, 1 = every call",
            ),
            ("beginTime", Honoured, "`yyyy-MM-dd`, with endTime"),
            ("endTime", Honoured, "at most 30 days later"),
        ],
    ),
    op("GET callresultdetail/$callId", "", &[]),
    op(
        "GET failcategorystatistics",
        "",
        &[
            ("campaignId", Honoured, ""),
            ("startDate", Honoured, "`yyyy-MM-dd`, with endDate"),
            ("endDate", Honoured, "at most 30 days later"),
        ],
    ),
    op(
        "POST blocklist/add",
        "The tenant's do-not-call list, which all APIs share. All numbers or none.",
        &[
            ("blocklist", Honoured, "1–20 numbers"),
            (
                "validityExpirationTime",
                Honoured,
                "in the future; wins over validityTime",
            ),
            ("validityTime", Honoured, "1–120 hours"),
            (
                "restrictTimes",
                Refused,
                "1–100, with restrictPeriod: a listed number is not called at all",
            ),
            ("restrictPeriod", Refused, "0 or 1"),
        ],
    ),
    op(
        "POST blocklist/delete",
        "",
        &[("blocklistNo", Honoured, "")],
    ),
    op(
        "DELETE blocklist/delete",
        "",
        &[("blocklistNo", Honoured, "")],
    ),
    op(
        "DELETE blocklist",
        "Every number, also those that other APIs have listed.",
        &[],
    ),
    op(
        "POST appoint/create",
        "An automatic one is dialed five minutes before its time.",
        &[
            ("callType", Honoured, "1 manual, 2 automatic"),
            ("calledNo", Honoured, ""),
            (
                "userAccount",
                Honoured,
                "an agent's id, where there is no workNo",
            ),
            ("workNo", Honoured, "an agent's id"),
            ("taskId", Honoured, "a campaign's id"),
            (
                "appointTime",
                Honoured,
                "milliseconds since 1970, in the future",
            ),
            (
                "callData",
                Stored,
                "at most 1024 characters, for automatic ones",
            ),
            ("remark", Honoured, "at most 2000 characters"),
        ],
    ),
    op(
        "POST appoint/update",
        "Manual ones that wait; what is left out stays.",
        &[
            ("appointId", Honoured, "30 digits"),
            (
                "userAccount",
                Honoured,
                "an agent's id, where there is no workNo",
            ),
            ("workNo", Honoured, "an agent's id"),
            ("appointTime", Honoured, "in the future"),
            ("remark", Honoured, "an empty one takes it away"),
        ],
    ),
    op(
        "POST appoint/updateResult",
        "Manual ones; one that waits is done by it.",
        &[
            ("appointId", Honoured, ""),
            ("userAccount", Stored, ""),
            ("workNo", Stored, ""),
            ("callerNo", Stored, ""),
            ("failCode", Stored, ""),
            ("callId", Stored, ""),
            ("busiResult", Stored, ""),
            ("busiSubStatus", Stored, ""),
            ("beginTime", Stored, ""),
            ("endTime", Stored, ""),
        ],
    ),
    op("POST appoint/delete", "", &[("appointId", Honoured, "")]),
    op(
        "POST appoint/list",
        "In the order in which they were made.",
        &[
            ("calledNo", Honoured, ""),
            ("userAccountList", Honoured, "ids of agents"),
            ("beginTime", Honoured, ""),
            ("endTime", Honoured, ""),
            ("taskId", Honoured, ""),
            ("offset", Honoured, "rows to leave out"),
            ("limit", Honoured, "1–1000 rows"),
        ],
    ),
];

/// How the names of the segments of `scheduleParam` begin: numbers from 1 to 3 follow.
const SEGMENTS: [&str; 4] = [
    "workdayBeginTime",
    "workdayEndTime",
    "holidayBeginTime",
    "holidayEndTime",
];

/// Whether a field that is read stands in the table.
pub(super) fn covers(field: &str) -> bool {
    knows(OPERATIONS, field) || SEGMENTS.iter().any(|start| field.starts_with(start))
}

/// What a receiver of results has to know.
const PUSHES: &str = "
## Results, pushed to `callBackUrl`

`POST` of a list of at most 20 records of one campaign that became final within a second: `campaignId`, `sessionId`, `called`, `callTimeStr`, `callStatus`, `failCode`, `vdnId`, `callId`, `customField`, `recordPath` (empty: there are no recordings). A call that is tried again is not pushed, and neither is a record that becomes final without a call.

HTTP 200 is success, whatever the body says; everything else, redirects included, is not. A push that fails is repeated at once, then after ten minutes, six times in all; then it is given up, and the results can be asked for. There are 5 s to connect and 10 s to answer. What has not arrived is kept over a restart. A record may come twice, after a crash or when an answer was lost: `callId` tells. Pushes of a campaign may overtake one another.
";

/// The page.
pub fn page() -> String {
    let mut page = String::from(
        "<!-- Written by a test from crates/dialects/src/huawei/coverage.rs: do not edit. -->\n\
         # Huawei AICC CC-iSales, V1\n\nPaths are below `/rest/isales/v1/openapi/campaigns/{vdnId}`. \
         A field is *honoured* (it does what the vendor's documentation says), *stored* (kept, shown \
         or only checked; changes no call) or *refused*. Unknown fields are ignored.\n",
    );
    for covered in OPERATIONS {
        let (method, path) = covered.operation.split_once(' ').unwrap_or_default();
        let path = path.replace(['#', '$'], "");
        let slash = if path.is_empty() { "" } else { "/" };
        let _ = write!(page, "\n## `{method} {slash}{path}`\n");
        covered.write(&mut page);
    }
    page += PUSHES;
    page += "\n## Codes of Table 14 of the edit\n\n| code | | |\n|---|---|---|\n";
    for (code, answered, words) in TABLE_14 {
        let answered = match answered {
            Answered::Edit => "by an edit",
            Answered::Others => "by others",
            Answered::Never => "never",
        };
        let _ = writeln!(page, "| {code} | {answered} | {words} |");
    }
    page
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::huawei::routes;

    #[test]
    fn the_table_knows_every_operation_that_is_built() {
        let known: BTreeSet<_> = OPERATIONS
            .iter()
            .map(|covered| covered.operation.to_owned())
            .collect();
        let built = routes::OPERATIONS.iter();
        let built = built.map(|o| format!("{} {}", o.method, o.path));
        assert_eq!(known, built.collect());
    }

    #[test]
    fn the_page_is_as_written() {
        crate::coverage::assert_page("huawei", &page());
    }
}
