//! The codes of Table 14 of "Modifying an Outbound Campaign (V1)", and which requests they answer here.

/// Whether a code is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// By an edit of a campaign.
    Edit,
    /// By other operations only.
    Others,
    /// By none.
    Never,
}

/// Every code of the table, whether it is answered, and when, or why it cannot be.
pub const TABLE_14: &[(&str, Answered, &str)] = &[
    (
        "0200001",
        Answered::Others,
        "what no other code says; an edit is answered with it only while the campaign changes under it again and again",
    ),
    (
        "0200002",
        Answered::Edit,
        "`strBeginTime` is before 00:00 of today, and not what the campaign has",
    ),
    (
        "0200005",
        Answered::Edit,
        "another campaign of the tenant has the name",
    ),
    ("0200007", Answered::Edit, "the tenant has no such campaign"),
    (
        "0200016",
        Answered::Edit,
        "the campaign has ended: aborted, or its period is over",
    ),
    (
        "0200017",
        Answered::Edit,
        "no skill group has `skillId` as its number or as another name",
    ),
    (
        "02000001",
        Answered::Edit,
        "a field that is required is missing, null or empty",
    ),
    (
        "02000002",
        Answered::Edit,
        "a text has characters that it may not have",
    ),
    ("02000003", Answered::Edit, "a text is too long"),
    (
        "02000004",
        Answered::Never,
        "no field has a least length above 1, and an empty text is 02000001",
    ),
    (
        "02000005",
        Answered::Never,
        "no field has a length with two ends, as for 02000004",
    ),
    ("02000006", Answered::Edit, "a value is of another type"),
    (
        "02000007",
        Answered::Edit,
        "a value is out of its range, or not in its list",
    ),
    (
        "02000008",
        Answered::Edit,
        "the body is no JSON object, or a time is none",
    ),
    (
        "02000009",
        Answered::Edit,
        "fields do not go together, or the part that a type needs is missing",
    ),
    (
        "02000010",
        Answered::Edit,
        "an `HH:mm` has only one of its halves",
    ),
    (
        "02000011",
        Answered::Others,
        "a list is too long: an edit has none, `callerNo` and `obsCodes` are",
    ),
];
