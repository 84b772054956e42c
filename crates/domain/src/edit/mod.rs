//! An edit, as far as it is thought and not done: what it changes, and which of it is allowed.
//!
//! Every API edits campaigns by its own rules, and all of them in the same way: settings before and
//! settings wished for give a [`diff`]; the API's [`EditPolicy`] says of each change, by the
//! campaign's state, whether it is taken, refused or ignored; the settings with the taken changes
//! are checked whole before anything is stored.
//!
//! ```
//! use outdial_domain::edit::{EditPolicy, Field, Rule};
//! use outdial_domain::{Calendar, CampaignState, Mode, PhoneNumber, Settings, SkillGroupId, Target};
//!
//! /// A vendor's table: everything before the start, afterwards the ratio, the rest without a word.
//! const POLICY: EditPolicy = EditPolicy::new("vendor edit")
//!     .taking(|state| !matches!(state, CampaignState::Ended(_)))
//!     .ruling(|field, state| match (field, state) {
//!         (Field::Mode, _) => Rule::Refuse,
//!         (_, CampaignState::Draft | CampaignState::Scheduled) | (Field::Ratio, _) => Rule::Take,
//!         _ => Rule::Ignore,
//!     });
//!
//! let before = Settings::new(
//!     "spring",
//!     Mode::Progressive,
//!     Target::SkillGroup(SkillGroupId::new(255)),
//!     vec![PhoneNumber::from_text("10085")?],
//!     Calendar::always("Asia/Shanghai")?,
//! );
//! let mut wished = before.clone();
//! wished.name = "summer".to_owned();
//! let early = POLICY.judge(CampaignState::Draft, &before, &wished)?;
//! assert_eq!(early.settings.name, "summer");
//! let late = POLICY.judge(CampaignState::Running, &before, &wished)?;
//! assert_eq!(late.settings.name, "spring");
//! assert_eq!(late.ignored[0].field, Field::Name);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod diff;
mod field;
mod policy;
mod value;

pub use diff::{Change, diff, with_changes};
pub use field::Field;
pub use policy::{EditPolicy, EditRefused, Judged, RefusedField, Rule, Why};
pub use value::{FieldValue, with_values};
