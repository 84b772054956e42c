//! The vocabulary of Outdial: the nouns that every other crate speaks in.
//!
//! Nothing here does I/O, waits, or knows a vendor's word. Types carry their units, constructors
//! check ranges, and an id of one kind cannot be passed where another is meant. A value that exists
//! is right: text from outside becomes one of these types once, at the edge.
//!
//! ```
//! use outdial_domain::{Country, PhoneNumber};
//!
//! let china = Country::new("CN")?;
//! let mobile = PhoneNumber::parse("13012345678", china)?;
//! assert_eq!(mobile.text(), "+8613012345678");
//! let hotline = PhoneNumber::parse("10085", china)?;
//! assert_eq!(hotline.text(), "10085");
//! assert!(hotline.is_dial_string());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod agent;
pub mod appointment;
pub mod attempt;
pub mod calendar;
pub mod campaign;
pub mod cause;
pub mod compliance;
pub mod contact;
pub mod do_not_call;
pub mod edit;
pub mod id;
pub mod life_cycle;
pub mod mode;
pub mod phone_number;
pub mod range;
pub mod reservation;
pub mod retry;
pub mod revision;
pub mod tenant;
pub mod text;
pub mod time;
pub mod trunk;

pub use agent::{Agent, AgentState, BreakTime, Connection, PhoneAddress, SkillGroup, WishedState};
pub use appointment::{Appointment, AppointmentKind, AppointmentState};
pub use attempt::{
    Attempt, Blame, EarlyMedia, EndedBy, Evidence, EvidenceSource, LocalFailure, Outcome, Progress,
};
pub use calendar::{Calendar, CalendarError, DayRule, DaySelector, TimeOfDay, Window};
pub use campaign::{AtEnd, Campaign, Extras, Origin, Settings, SettingsError};
pub use cause::{CauseMap, CauseRule, Verdict};
pub use compliance::ComplianceProfile;
pub use contact::{Aside, Contact, ContactPlace, ContactState, ContactUpdate, History, NewContact};
pub use do_not_call::{DoNotCallEntry, Listing};
pub use edit::{Change, EditPolicy, EditRefused, Field, FieldValue, RefusedField};
pub use id::{
    AgentId, AppointmentId, AttemptId, CampaignId, ContactId, FlowId, NumberGroupId,
    RevisionNumber, SkillGroupId, TenantId, TrunkName,
};
pub use life_cycle::{CampaignState, EndReason, LifeCycleCommand, LifeCycleError};
pub use mode::{
    AbandonmentWindow, CallerIdChoice, Mode, ModeName, Order, PreviewRules, Ratio, Target,
};
pub use phone_number::{Country, PhoneNumber, PhoneNumberError};
pub use range::{OutOfRange, Share};
pub use reservation::{Permit, Reservation};
pub use retry::{OutcomeRetry, RetryPolicy};
pub use revision::Revision;
pub use tenant::{CallerId, Flow, FlowSource, NumberGroup, Tenant};
pub use text::{ShortText, TextError};
pub use time::Timestamp;
pub use trunk::{
    CallerIdHeader, Codec, EarlyMediaRule, FailoverCause, LONGEST_CALL, NumberFormat, NumberRule,
    Transport, Trunk,
};
