//! The fields of the actions on the instance and its block list.

use super::{Row, row};
use crate::coverage::Fate::{Honoured, Ignored, Refused, Stored};

/// Every field, in the order of the documentation.
pub(super) const FIELDS: &[Row] = &[
    row(
        "ListInstances",
        "Name",
        Honoured,
        "a part of the tenant's name",
    ),
    row(
        "ListInstances",
        "ResourceGroupId",
        Honoured,
        "the instance is in none",
    ),
    row(
        "ListInstances",
        "Tag.1.Key",
        Honoured,
        "the instance has none",
    ),
    row(
        "CreateInstance",
        "InstanceName",
        Refused,
        "400 UnsupportedOperation: instances are tenants in the configuration",
    ),
    row(
        "CreateInstance",
        "MaxConcurrentConversation",
        Refused,
        "see InstanceName",
    ),
    row(
        "CreateInstance",
        "InstanceDescription",
        Refused,
        "see InstanceName",
    ),
    row(
        "CreateInstance",
        "CallingNumber",
        Refused,
        "see InstanceName",
    ),
    row(
        "CreateInstance",
        "NluServiceType",
        Refused,
        "see InstanceName",
    ),
    row(
        "CreateInstance",
        "ResourceGroupId",
        Refused,
        "see InstanceName",
    ),
    row(
        "ModifyInstance",
        "InstanceName",
        Refused,
        "unless it is the tenant's name",
    ),
    row(
        "ModifyInstance",
        "InstanceDescription",
        Refused,
        "there is none",
    ),
    row(
        "ModifyInstance",
        "MaxConcurrentConversation",
        Refused,
        "unless it is the tenant's max_calls, which the configuration alone changes",
    ),
    row(
        "ModifyInstance",
        "CallingNumber",
        Refused,
        "unless it is the list of all numbers of the tenant",
    ),
    row(
        "GetMaxAttemptsPerDay SaveMaxAttemptsPerDay GetBaseStrategyPeriod SaveBaseStrategyPeriod GetEmptyNumberNoMoreCallsInfo ModifyEmptyNumberNoMoreCallsInfo",
        "StrategyLevel",
        Honoured,
        "0–2; all of them are the tenant's",
    ),
    row(
        "SaveMaxAttemptsPerDay",
        "MaxAttemptsPerDay",
        Refused,
        "unless 3, what a group has that names none: use StrategyJson",
    ),
    row(
        "SaveBaseStrategyPeriod",
        "OnlyWeekdays",
        Refused,
        "unless false: use repeatDays in StrategyJson",
    ),
    row(
        "SaveBaseStrategyPeriod",
        "OnlyWorkdays",
        Refused,
        "unless false: holidays are not known here",
    ),
    row(
        "SaveBaseStrategyPeriod",
        "WorkingTime",
        Refused,
        "unless empty; given up by the vendor",
    ),
    row(
        "SaveBaseStrategyPeriod",
        "WorkingTimeFramesJson",
        Refused,
        "unless 00:00:00 to 24:00:00: use workingTime in StrategyJson",
    ),
    row(
        "ModifyEmptyNumberNoMoreCallsInfo",
        "EmptyNumberNoMoreCalls",
        Refused,
        "unless false: use RecallStrategyJson",
    ),
    row(
        "SaveContactBlockList",
        "ContactBlockListsJson",
        Honoured,
        "a list of at most 10,000 entries of the tenant's do-not-call list, all of them or none; what is listed is written anew",
    ),
    row(
        "SaveContactBlockList",
        "ContactBlockListList",
        Honoured,
        "the older form of the same, one text for each entry",
    ),
    row(
        "ContactBlockListsJson",
        "phoneNumber",
        Honoured,
        "not called from now on, by no campaign of the tenant",
    ),
    row(
        "ContactBlockListsJson",
        "name",
        Stored,
        "in the entry's reason; with remark and creator at most 470 characters",
    ),
    row(
        "ContactBlockListsJson",
        "remark",
        Stored,
        "in the entry's reason",
    ),
    row(
        "ContactBlockListsJson",
        "creator",
        Stored,
        "in the entry's reason; the key where nothing is said",
    ),
    row(
        "GetContactBlockList",
        "SearchPattern",
        Honoured,
        "a part of number, name, remark or creator in any case",
    ),
    row(
        "GetContactBlockList",
        "CountTotalRow",
        Honoured,
        "false leaves TotalCount out",
    ),
    row(
        "DeleteContactBlockList",
        "ContactBlockListId",
        Honoured,
        "the number; jobs that were left out because of it are open again",
    ),
    row(
        "DeleteContactBlockList",
        "Operator",
        Ignored,
        "the key tells who asks",
    ),
];
