//! What becomes of each operation, field and result: the source of `docs/dialects/dezhu.md`.
//!
//! A test writes the page; reading a field that this table does not know fails in debug builds.

use std::fmt::Write as _;

use crate::coverage::Fate::{Honoured, Refused, Stored};
use crate::coverage::{Covered, CoveredField, knows};

const TASK_ID: CoveredField = ("taskId", Honoured, "an integer or its digits");
const PAGE: [CoveredField; 3] = [
    (
        "pageNum",
        Honoured,
        "from 1; what is below is the first page",
    ),
    (
        "pageNumber",
        Honoured,
        "as `pageNum`: the vendor's example calls it so",
    ),
    ("pageSize", Honoured, "1–1000, 20 when absent"),
];

const STRATEGY: &str = "0 = so many calls for each idle agent; 1 = one call for each idle agent \
     until the predictive pacer is built, which keeps every abandonment rate";
const RATE: &str = "1–5 percent; read when the strategy is 1, and kept as the ceiling";

/// Every operation.
const OPERATIONS: &[Covered] = &[
    Covered {
        operation: "edit_task",
        words: "Before the start (1) all fields; running (3) or paused (2) those marked *, the others \
            are not looked at; otherwise 20001. Calls placed from then on go by it.",
        fields: &[
            TASK_ID,
            (
                "taskName",
                Honoured,
                "1–50 characters, of its own within the tenant",
            ),
            (
                "taskExecStartDate",
                Honoured,
                "`yyyy-MM-dd`, also `yyyyMMdd`",
            ),
            (
                "taskExecEndDate",
                Honoured,
                "not before the start, nor before today",
            ),
            (
                "taskExecTimes",
                Honoured,
                "1–24 windows of each day, none over midnight",
            ),
            ("taskExecTimeStartStr", Honoured, "`HH:mm:ss`, also `HH:mm`"),
            ("taskExecTimeEndStr", Honoured, "after the start"),
            (
                "taskDesc",
                Stored,
                "at most 200 characters; absent = as it is",
            ),
            (
                "skillSetId",
                Honoured,
                "a group's further name, or its number",
            ),
            (
                "outboundNumberGroupId",
                Honoured,
                "* the group's numbers are shown",
            ),
            (
                "strategyDisplaySwitch",
                Honoured,
                "* `true`, `1` and their texts: a number of the group that begins as the callee's is shown, at \
                 least in its first 4 digits with the country's; else, and when off, they take turns",
            ),
            ("sendNumberStrategy", Honoured, STRATEGY),
            (
                "multiplyPower",
                Honoured,
                "* 1–100; read when the strategy is 0",
            ),
            ("abandonmentRate", Honoured, RATE),
            ("outboundPhoneGroups", Honoured, "* exactly one"),
            ("name", Stored, "* of the batch, 1–50 characters"),
            (
                "identify",
                Honoured,
                "* 1–32 characters; cannot change once there are customers",
            ),
            (
                "autoOutboundSwitch",
                Honoured,
                "* 0 or 1; absent = as it is",
            ),
            (
                "autoOutboundInterval",
                Honoured,
                "* 5–2880 minutes from the end of the last call",
            ),
            (
                "autoOutboundTimes",
                Honoured,
                "* 1–3 redials; a customer's numbers take turns",
            ),
            (
                "maxRingingDuration",
                Honoured,
                "20–50 s; 45 for a new task, absent = as it is",
            ),
            (
                "acw",
                Honoured,
                "1–180 s; 10 for a new task, absent = as it is",
            ),
        ],
    },
    Covered {
        operation: "create_task",
        words: "All fields of edit_task but `taskId`. Answers the task's id as a number: the vendor's answer \
            is on no public page. The task starts by itself with its first window; one without customers with \
            the first that are appended.",
        fields: &[
            ("taskType", Refused, "2: tasks by hand are not built"),
            ("outBoundCustomers", Honoured, "at most 1000, all or none"),
        ],
    },
    Covered {
        operation: "append_customers",
        words: "Not started, running, paused, or completed before its end; 20000 customers a task. A customer whose \
            `externalCustomerId` the task has is left out.",
        fields: &[
            TASK_ID,
            ("outBoundCustomers", Honoured, "at most 1000, all or none"),
            ("name", Stored, "of the customer, 1–20 characters"),
            ("desc", Stored, "at most 200 characters"),
            ("externalCustomerId", Honoured, "1–64 characters"),
            ("externalData", Stored, "at most 40 characters"),
            (
                "phoneGroupVoList",
                Honoured,
                "the numbers, under any name of their list",
            ),
            (
                "mobile",
                Honoured,
                "3–20 digits; `+`, `-` and blanks are fine",
            ),
            ("relation", Stored, "at most 50 characters"),
            (
                "taskAgents",
                Honoured,
                "belongs to tasks by hand: not looked at here",
            ),
        ],
    },
    Covered {
        operation: "list_tasks",
        words: "Newest first.",
        fields: &[
            ("query", Honoured, "a part of the name"),
            (
                "taskType",
                Honoured,
                "2 finds nothing: there are no tasks by hand",
            ),
            ("taskStatus", Honoured, "1–6"),
            ("skillsetId", Honoured, ""),
            ("skillSetId", Honoured, "as `skillsetId`"),
            PAGE[0],
            PAGE[1],
            PAGE[2],
        ],
    },
    Covered {
        operation: "show_task",
        words: "",
        fields: &[TASK_ID],
    },
    Covered {
        operation: "phone_groups",
        words: "In every state.",
        fields: &[TASK_ID],
    },
    Covered {
        operation: "list_records",
        words: "Every finished call, newest first; without dates those of the last 7 days.",
        fields: &[
            (
                "queryMode",
                Refused,
                "2 and 3: summaries after a call are not asked for here",
            ),
            ("userId", Honoured, "an agent whose id is this number"),
            (
                "callType",
                Honoured,
                "1 and 2 find nothing: all calls are automatic ones, 3",
            ),
            (
                "startDate",
                Honoured,
                "`yyyyMMdd`, also `yyyy-MM-dd`; inclusive",
            ),
            ("endDate", Honoured, "likewise"),
            ("callResult", Honoured, "0–10"),
            (
                "evaluationScore",
                Honoured,
                "1–5 find nothing: calls are not rated",
            ),
            ("skillsetName", Honoured, "the whole name"),
            (
                "searchInfo",
                Honoured,
                "a part of agent, shown or called number",
            ),
            (
                "nameOrPhoneOrRelay",
                Honoured,
                "a part of customer, called or shown number",
            ),
            (
                "summaryId",
                Honoured,
                "finds nothing: there are no summaries",
            ),
            ("name", Honoured, "a part of customer or agent"),
            ("customerPhone", Honoured, "a part of the number"),
            ("taskId", Honoured, "also without `callType`"),
            PAGE[0],
            PAGE[1],
            PAGE[2],
        ],
    },
    Covered {
        operation: "start_task",
        words: "A task that waits is brought forward to its next window; a paused one goes on.",
        fields: &[TASK_ID],
    },
    Covered {
        operation: "pause_task",
        words: "No new calls; those that ring or talk go on.",
        fields: &[TASK_ID],
    },
    Covered {
        operation: "stop_task",
        words: "For good; ringing calls are given up.",
        fields: &[TASK_ID],
    },
    Covered {
        operation: "delete_task",
        words: "In every state but running. Its calls stay in the records.",
        fields: &[TASK_ID],
    },
    Covered {
        operation: "list_customers",
        words: "With the last result, attempts and next time of each.",
        fields: &[
            TASK_ID,
            ("callResult", Honoured, "0–10"),
            PAGE[0],
            PAGE[1],
            PAGE[2],
        ],
    },
    Covered {
        operation: "list_skill_groups",
        words: "",
        fields: &[],
    },
    Covered {
        operation: "list_number_groups",
        words: "",
        fields: &[],
    },
    Covered {
        operation: "list_agents",
        words: "`agentStatus` is a word of ours: the vendor's numbers are on no public page.",
        fields: &[("skillSetId", Honoured, "")],
    },
    Covered {
        operation: "delete_customers",
        words: "**Not built**: answered 20001.",
        fields: &[],
    },
    Covered {
        operation: "recording",
        words: "**Not built**: answered 20001.",
        fields: &[],
    },
];

/// Number, meaning, how it is known.
const RESULTS: &[(u8, &str, &str)] = &[
    (0, "unknown", "our own failure, or a call given up by hand"),
    (
        1,
        "cannot be reached",
        "signalling: busy, switched off, unallocated, rejected and failed on the way \
        are one to this API",
    ),
    (2, "connected", "signalling: an agent was joined"),
    (
        3,
        "no answer",
        "signalling: it rang until `maxRingingDuration`",
    ),
    (
        4,
        "left in the queue",
        "signalling: answered, and nobody joined",
    ),
    (5, "outside of service hours", "does not occur"),
    (
        6,
        "agent did not pick up",
        "signalling: answered, and the agent bound to the call did not come",
    ),
    (
        7,
        "hung up at once",
        "signalling: the callee was gone within 3 s of the answer",
    ),
    (8, "left in the IVR", "does not occur"),
    (9, "agent hung up while it rang", "does not occur"),
    (10, "forbidden", "not in the records: no call is placed"),
];

/// Whether a field that is read stands in the table.
pub(super) fn covers(field: &str) -> bool {
    knows(OPERATIONS, field)
}

/// The page.
pub fn page() -> String {
    let mut page = "<!-- Written by a test from crates/dialects/src/dezhu/coverage.rs: do not edit. -->\n\
        # Dezhu\n\n\
        The open API `/speech/openapi/v1`. A field is *honoured* (it does what the vendor's documentation says), \
        *stored* (shown again, changes no call) or *refused*. Unknown fields are ignored. Paths marked † are our \
        own, since no public page has the vendor's: `paths` in `[tenant.dezhu]` adds others.\n"
        .to_owned();
    for covered in OPERATIONS {
        let _ = write!(page, "\n## {}\n\n", covered.operation);
        let own = super::routes::PATHS.iter().enumerate();
        for (index, (method, path, _)) in own.filter(|(_, row)| row.2 == covered.operation) {
            let mark = if index < super::routes::PUBLIC {
                ""
            } else {
                " †"
            };
            let _ = writeln!(page, "`{method} {path}`{mark}  ");
        }
        covered.write(&mut page);
    }
    page.push_str("\n## Results of calls\n\n| `callResult` | | how it is known |\n|---|---|---|\n");
    for (number, meaning, how) in RESULTS {
        let _ = writeln!(page, "| {number} | {meaning} | {how} |");
    }
    page
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_knows_every_operation() {
        let known: BTreeSet<_> = OPERATIONS.iter().map(|covered| covered.operation).collect();
        let all: BTreeSet<_> = crate::dezhu::operations().collect();
        assert_eq!(known, all);
        let built: BTreeSet<_> = super::super::routes::OPERATIONS
            .iter()
            .map(|o| o.name)
            .collect();
        for covered in OPERATIONS {
            let said = covered.words.contains("Not built");
            assert_eq!(
                said,
                !built.contains(covered.operation),
                "{}",
                covered.operation
            );
        }
    }

    #[test]
    fn the_page_is_as_written() {
        crate::coverage::assert_page("dezhu", &page());
    }
}
