//! The suite that every engine of the store passes.
//!
//! An engine's own tests give [`run_all`] an [`Engine`], which opens databases by name, and run it.
//! What only one engine has (its files, its speed) is tested beside that engine.

mod appointments;
mod aside;
mod attempts;
mod campaigns;
mod configuration;
mod contacts;
mod do_not_call;
mod edits;
mod events;
mod notes;
mod world;

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;

use crate::Store;
use world::World;

/// Opens databases of the engine under test.
#[async_trait]
pub trait Engine: Send + Sync {
    /// The database with this name: an empty one the first time, afterwards the same one again,
    /// once it has been closed.
    async fn open(&self, database: &str) -> Arc<dyn Store>;
}

/// What a case comes to; an assertion that fails panics.
pub(crate) type Check = Result<(), Box<dyn Error + Send + Sync>>;

macro_rules! run_cases {
    ($engine:expr, $($module:ident :: $case:ident,)*) => {
        $({
            let name = concat!(stringify!($module), "::", stringify!($case));
            // Seen only when the test that runs the suite fails: it names the case.
            println!("case {name}");
            let world = World::new($engine, name).await?;
            $module::$case(world).await.map_err(|error| format!("{name}: {error}"))?;
        })*
    };
}

/// Runs all cases, each in a database of its own.
///
/// # Errors
/// The first request that failed and should not have.
///
/// # Panics
/// At the first answer that is wrong.
pub async fn run_all(engine: &dyn Engine) -> Result<(), Box<dyn Error + Send + Sync>> {
    run_cases! { engine,
        configuration::tenants_are_known_again_by_name,
        configuration::items_are_created_or_updated_and_rest_made_ones_stay,
        configuration::an_agents_wish_outlives_a_restart,
        configuration::keys_are_stored_without_their_secrets,
        configuration::halts_and_breakers_outlive_a_restart,
        campaigns::a_campaign_starts_as_a_draft_with_revision_1,
        campaigns::ids_count_up_over_all_tenants_and_are_never_given_again,
        campaigns::a_repeated_create_answers_with_the_first_ones_campaign,
        campaigns::states_are_stored_with_their_reasons,
        campaigns::a_stale_edit_is_refused_and_leaves_nothing,
        campaigns::what_vendors_store_is_kept_and_edited,
        campaigns::a_removed_campaign_is_found_by_nothing,
        campaigns::campaigns_are_listed_and_counted_by_query,
        contacts::a_list_comes_back_as_it_was_given,
        contacts::duplicates_are_skipped_where_asked,
        contacts::duplicates_are_found_while_they_come_in,
        contacts::contacts_are_found_by_any_of_their_numbers,
        contacts::due_contacts_come_in_order_and_leave_held_ones_out,
        contacts::the_next_due_time_is_the_earliest_of_those_left,
        contacts::random_order_shuffles_the_same_way_each_time,
        contacts::a_changed_order_applies_to_fresh_contacts_only,
        contacts::counts_follow_every_move,
        contacts::a_move_without_an_outcome_leaves_the_last_one_as_it_is,
        contacts::imports_of_two_sessions_do_not_mix_up,
        contacts::hostile_texts_are_kept_as_they_are,
        aside::a_held_contact_waits_until_it_is_released,
        aside::a_cancelled_contact_is_final,
        aside::a_contact_in_a_call_follows_when_the_call_is_over,
        contacts::contacts_that_wait_leave_the_list_for_good,
        do_not_call::numbers_are_listed_found_and_taken_off,
        do_not_call::listed_numbers_are_kept_replaced_or_refused,
        do_not_call::the_list_is_read_in_pages,
        do_not_call::due_contacts_say_which_numbers_are_listed,
        do_not_call::contacts_left_out_return_when_a_number_leaves_the_list,
        edits::a_revision_keeps_its_diff_and_what_it_restores,
        edits::an_edit_judged_in_another_state_is_refused,
        edits::edits_for_later_outlive_a_restart_and_are_made_once,
        edits::contacts_that_an_edit_cuts_off_are_counted,
        edits::a_list_takes_the_place_of_another_in_one_instant,
        edits::a_short_list_takes_the_place_of_another_with_its_edit,
        edits::a_list_that_was_not_put_in_force_leaves_no_trace,
        edits::a_list_that_was_called_is_not_replaced,
        attempts::an_attempt_goes_from_placed_to_ended,
        attempts::an_attempt_is_placed_once,
        attempts::an_end_repeated_changes_nothing,
        attempts::late_facts_about_an_ended_attempt_change_nothing,
        attempts::a_reroute_replaces_trunk_and_dialog,
        attempts::what_is_open_at_a_crash_is_found_again,
        attempts::attempts_are_listed_by_every_filter,
        attempts::a_contact_can_be_dialed_again_right_after_its_end,
        attempts::the_ledger_adds_up_by_time,
        attempts::attempts_to_a_number_are_counted_over_campaigns,
        attempts::calls_of_a_caller_id_are_counted_over_campaigns_and_restarts,
        attempts::a_disposition_is_stored_and_replaced,
        appointments::appointments_are_made_changed_and_taken_back,
        appointments::a_number_that_is_no_contact_becomes_one_for_its_appointment,
        appointments::appointments_are_found_by_when_they_are_due,
        appointments::an_appointment_is_called_once,
        appointments::a_contact_for_whom_a_call_is_reserved_stays_in_its_list,
        attempts::a_machine_that_an_agent_marks_afterwards_is_no_live_answer,
        events::events_are_read_in_order_and_resumed,
        events::events_commit_with_their_change_or_not_at_all,
        events::the_journal_forgets_the_oldest_and_says_so,
        notes::notes_outlive_a_restart_and_are_each_apis_own,
    }
    Ok(())
}
