//! Ids of what the vendor gives UUIDs and we give numbers. They look like any UUID (of version 8, which
//! leaves the bits to whoever makes them), and are read back without a table.

use outdial_domain::{AttemptId, CampaignId, ContactId};

const JOB: u64 = 1;
const TASK: u64 = 2;
const STRATEGY: u64 = 3;
const ASSIGNED: u64 = 4;
const EXPORT: u64 = 5;

/// `JobId`: a contact.
pub(super) fn of_job(contact: ContactId) -> String {
    write(JOB, contact.number())
}

/// The contact of a `JobId`.
pub(super) fn job(text: &str) -> Option<ContactId> {
    read(JOB, text).map(ContactId::new)
}

/// `TaskId`: an attempt.
pub(super) fn of_task(attempt: AttemptId) -> String {
    write(TASK, attempt.number())
}

/// The attempt of a `TaskId`.
pub(super) fn task(text: &str) -> Option<AttemptId> {
    read(TASK, text).map(AttemptId::new)
}

/// `StrategyId` of a group that was made without one.
pub(super) fn of_strategy(campaign: CampaignId) -> String {
    write(STRATEGY, campaign.number().into())
}

/// `AsyncTaskId` of AssignJobsAsync: so many jobs (at most 65,535), one after the other from this one.
pub(super) fn of_assigned(first: ContactId, count: usize) -> String {
    let count = u16::try_from(count).unwrap_or(u16::MAX);
    let mut id = write(ASSIGNED, first.number());
    // The second part of other ids is always zero.
    id.replace_range(9..13, &format!("{count:04x}"));
    id
}

/// The jobs of such an id, in their order.
pub(super) fn assigned(text: &str) -> Option<Vec<ContactId>> {
    let count = u16::from_str_radix(text.get(9..13)?, 16).ok()?;
    // No call can have made more: an id that says so was made up.
    if usize::from(count) > super::jobs::JOBS_MAX {
        return None;
    }
    let mut plain = text.to_owned();
    plain.replace_range(9..13, "0000");
    let first = read(ASSIGNED, &plain)?;
    let last = first.checked_add(u64::from(count))?;
    Some((first..last).map(ContactId::new).collect())
}

/// `TaskId` of an export: the campaign whose file it is.
pub(super) fn of_export(campaign: CampaignId) -> String {
    write(EXPORT, campaign.number().into())
}

/// The campaign of an export.
pub(super) fn export(text: &str) -> Option<CampaignId> {
    let number = u32::try_from(read(EXPORT, text)?).ok()?;
    CampaignId::new(number).ok()
}

/// Kind in the first eight digits, the number's 64 bits in the last 4 + 12, one digit in the third part.
fn write(kind: u64, number: u64) -> String {
    let (top, middle, low) = (
        number >> 60,
        (number >> 48) & 0xfff,
        number & 0xffff_ffff_ffff,
    );
    format!("{kind:08x}-0000-8{top:03x}-8{middle:03x}-{low:012x}")
}

fn read(kind: u64, text: &str) -> Option<u64> {
    let hex = |range: std::ops::Range<usize>| u64::from_str_radix(text.get(range)?, 16).ok();
    let number = (hex(15..18)? << 60) | (hex(20..23)? << 48) | hex(24..36)?;
    // Whatever does not come out as it went in is not ours.
    (write(kind, number) == text.to_ascii_lowercase()).then_some(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_of_one_kind_is_none_of_another() {
        let job_id = of_job(ContactId::new(7));
        assert_eq!(job_id, "00000001-0000-8000-8000-000000000007");
        assert_eq!(job(&job_id.to_uppercase()), Some(ContactId::new(7)));
        assert_eq!(task(&job_id), None);
        for wrong in ["", "7", "00000001-0000-8000-8000-00000000000é", "+"] {
            assert_eq!(job(wrong), None);
        }
    }

    #[test]
    fn an_id_of_several_jobs_names_them_in_order() {
        let first = ContactId::new(3_000_000_007);
        let id = of_assigned(first, 3);
        let jobs = assigned(&id).unwrap();
        assert_eq!(
            jobs.iter().map(|id| id.number()).sum::<u64>(),
            9_000_000_024
        );
        assert_eq!(assigned(&of_job(first)), None);
        assert_eq!(assigned(&of_assigned(ContactId::new(u64::MAX), 2)), None);
    }

    proptest! {
        #[test]
        fn every_number_comes_back(number: u64, text in ".{0,40}") {
            prop_assert_eq!(job(&of_job(ContactId::new(number))), Some(ContactId::new(number)));
            let _ = (job(&text), assigned(&text), export(&text));
        }
    }
}
