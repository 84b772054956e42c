//! The table of operations, and what an operation is asked.

use outdial_domain::Timestamp;
use outdial_service::{Caller, Service};
use serde_json::{Map, Value};

use super::fault::Fault;
use super::wire::{Fields, Member};
use super::{auto_tasks, numbers, predictive, records, sessions, skill_groups, staff};
use crate::running::Answering;

/// What an operation is asked: everything has been checked that holds for all operations.
#[derive(Debug)]
pub struct Call {
    /// The use cases.
    pub service: Service,
    /// Whose key signed the request.
    pub caller: Caller,
    /// The application, which is the caller's.
    pub sdk_app_id: u64,
    /// When the request came.
    pub now: Timestamp,
    /// The parameters: none is unknown, none that is required is missing.
    pub fields: Fields,
}

/// What an operation answers: the members beside `RequestId`.
pub type Answer = Map<String, Value>;

/// An operation.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Its name, `X-TC-Action`.
    pub name: &'static str,
    /// Its parameters in the order of the documentation, which is the order in which they are checked.
    pub members: &'static [Member],
    /// The code for an application that does not exist; the lists of the operations differ.
    pub unknown_app: &'static str,
    /// Carries it out.
    pub run: fn(Call) -> Answering<Answer, Fault>,
}

/// Every operation that is built: each topic has its own.
pub(super) fn all() -> impl Iterator<Item = &'static Operation> {
    let topics = [
        predictive::OPERATIONS,
        auto_tasks::OPERATIONS,
        records::OPERATIONS,
        sessions::OPERATIONS,
        skill_groups::OPERATIONS,
        staff::OPERATIONS,
        numbers::OPERATIONS,
    ];
    topics.into_iter().flatten()
}

/// Why operations of the vendor's are known and not built, and which: a client that calls one is told
/// `UnsupportedOperation`, never that there is no such action. Source: the vendor's client library.
pub(super) const UNSUPPORTED: &[(&str, &[&str])] = &[
    (
        "there are no voice bots",
        &[
            "ControlAIConversation",
            "CreateAIAgentCall",
            "CreateAICall",
            "DescribeAIAgentInfoList",
            "DescribeAIAnalysisResult",
            "DescribeAICallExtractResult",
            "DescribeAICallInteractionRecords",
            "DescribeAILatency",
            "TransferToManual",
        ],
    ),
    (
        "calls are placed by campaigns and tasks: a task with one callee places one",
        &["CreateCallOutSession", "CreateIVRSession", "PlaySoundCall"],
    ),
    (
        "a campaign for a single seat is a predictive one whose skill group has one",
        &[
            "AbortAgentCruiseDialingCampaign",
            "CreateAgentCruiseDialingCampaign",
            "DescribeAgentCruiseDialingCampaign",
        ],
    ),
    (
        "seats, groups, phones and numbers are in the configuration",
        &[
            "BindNumberCallInInterface",
            "BindNumberCallOutSkillGroup",
            "BindStaffSkillGroupList",
            "CreateAdminURL",
            "CreateCCCSkillGroup",
            "CreateExtension",
            "CreateStaff",
            "DeleteCCCSkillGroup",
            "DeleteExtension",
            "DeleteStaff",
            "DescribeExtension",
            "DescribeExtensions",
            "DisableCCCPhoneNumber",
            "ModifyExtension",
            "ModifyStaff",
            "ModifyStaffPassword",
            "ResetExtensionPassword",
            "UnbindNumberCallOutSkillGroup",
            "UnbindStaffSkillGroupList",
            "UpdateCCCSkillGroup",
        ],
    ),
    (
        "seats use our own desk, or a phone",
        &["CreateSDKLoginToken", "CreateUserSig"],
    ),
    (
        "the states that seats had are not kept",
        &["DescribeStaffStatusHistory"],
    ),
    (
        "there are no calls that come in, no chats and no recordings",
        &[
            "DescribeCallInMetrics",
            "DescribeChatMessages",
            "DescribeFlashSMSList",
            "DescribeIMCdrList",
            "DescribeIMCdrs",
            "DescribeTelRecordAsr",
        ],
    ),
    (
        "numbers are shown as they are, and nothing is bought",
        &[
            "CreateCarrierPrivilegeNumberApplicant",
            "CreateCompanyApply",
            "CreateOwnNumberApply",
            "DescribeActiveCarrierPrivilegeNumber",
            "DescribeCCCBuyInfoList",
            "DescribeCarrierPrivilegeNumberApplicants",
            "DescribeCompanyList",
            "DescribeProtectedTelCdr",
            "DescribeTelCallInfo",
            "ModifyCompanyApply",
            "ModifyOwnNumberApply",
        ],
    ),
    (
        "flows are in the configuration",
        &["DescribeIvrAudioList", "UploadIvrAudio"],
    ),
];

/// Why an operation of the vendor's is not built; `None` for what is none, and for those that are.
pub(super) fn unsupported(name: &str) -> Option<&'static str> {
    let mut groups = UNSUPPORTED.iter();
    let found = groups.find(|(_, names)| names.contains(&name));
    found.map(|(why, _)| *why)
}
