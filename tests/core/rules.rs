//! The rules of the core: which scenes prove each, and which check of `watch` looks for it after every turn of the
//! random walk. Where no check stands, the rule shows only in a scene.

use std::path::Path;

/// A rule in a sentence, its scenes, its checks.
type Rule = (&'static str, &'static [&'static str], &'static [&'static str]);

const RULES: [Rule; 32] = [
    (
        "Whatever has an outcome that the walk depends on is asked; effects can wait for the end of the turn.",
        &["what_the_walk_depends_on_is_asked_and_the_rest_is_an_effect"],
        &["agrees_with_the_world_on_holds"],
    ),
    (
        "Facts are an ordered log: one that answers another question, or one left over, diverges.",
        &["a_fact_that_answers_another_question_diverges_and_one_too_many_too"],
        &[],
    ),
    (
        "What was read counts for the same port and arguments, and only an ok is kept.",
        &[
            "a_read_is_not_repeated_while_its_arguments_are_the_same",
            "another_answer_makes_what_was_read_with_it_be_read_again",
            "a_list_is_read_again_when_a_new_version_asks_for_another",
            "an_outcome_that_is_not_ok_leaves_nothing_behind",
        ],
        &[],
    ),
    (
        "A list is renewed before it is shown, not to be passed; answers still offered, or held by us, stay.",
        &[
            "a_list_is_renewed_before_it_is_shown_again_but_not_to_be_passed",
            "an_hour_that_we_hold_is_kept_though_a_renewed_list_has_it_no_more",
        ],
        &["shows_what_is_fresh_and_not_refused"],
    ),
    (
        "What has passed is dropped, and the patient is told.",
        &[
            "a_window_that_has_passed_is_dropped_and_the_patient_is_told",
            "a_day_that_was_only_volunteered_passes_as_well",
        ],
        &["reads_back_nothing_that_has_passed", "shows_what_is_fresh_and_not_refused"],
    ),
    (
        "What was refused is told to the search and filtered again, until the list is renewed by age.",
        &[
            "an_hour_that_was_refused_is_not_offered_until_the_list_is_renewed_by_age",
            "what_was_refused_is_told_to_the_search_and_not_believed_when_it_comes_back",
            "script_9_a_lagging_map_offers_no_hour_twice",
        ],
        &["shows_what_is_fresh_and_not_refused"],
    ),
    (
        "A yes is good for one turn, and an attempt to commit spends it.",
        &[
            "script_1_a_yes_while_the_agenda_is_down_books_nothing_when_staff_gives_back",
            "an_attempt_to_commit_spends_the_yes",
            "a_yes_is_spent_even_when_everything_reads_the_same_again",
        ],
        &["writes_only_with_a_yes"],
    ),
    (
        "A yes counts only for a review that would read the same now.",
        &[
            "script_3_an_old_yes_to_another_hour_is_answered_with_the_new_review",
            "a_yes_is_bound_to_the_answers_as_well_as_to_the_words",
        ],
        &["writes_only_with_a_yes"],
    ),
    (
        "Yes, no and numbers written before the question was asked do not answer it.",
        &[
            "script_4_a_yes_written_before_an_edit_is_asked_again",
            "script_5_an_earlier_yes_does_not_answer_what_opened_since",
            "clocks_may_differ_by_a_moment",
            "words_written_before_a_question_count_when_they_say_more_than_yes_or_no",
        ],
        &["writes_only_with_a_yes"],
    ),
    (
        "A nudge repeats the pending question itself.",
        &["a_nudge_repeats_the_pending_question_itself", "a_nudge_renews_a_list_before_showing_it"],
        &["takes_nothing_for_the_silent"],
    ),
    (
        "A yes with a correction is no yes; an option that is itself a no comes before negation.",
        &[
            "a_yes_that_comes_with_a_correction_is_no_yes",
            "somebody_who_changes_their_mind_twice",
            "an_option_that_is_itself_a_no_comes_before_negation",
            "a_no_to_a_review_asks_what_to_change",
        ],
        &["writes_only_with_a_yes"],
    ),
    (
        "After a commit the walk starts behind it, under the book it committed under; what lies before is frozen.",
        &[
            "answers_before_a_commit_are_frozen",
            "a_committed_flow_ends_under_the_book_it_committed_under",
            "script_10_a_question_added_above_a_commit_is_not_asked_afterwards",
        ],
        &["freezes_what_is_done"],
    ),
    (
        "Attempts are counted for ever; a confirmation takes a dead hour again first.",
        &[
            "keys_of_attempts_never_repeat",
            "keys_of_attempts_do_not_repeat_under_a_new_version_either",
            "a_yes_after_the_hold_died_takes_the_hour_again_in_one_write",
        ],
        &["freezes_what_is_done"],
    ),
    (
        "What staff did by hand is done.",
        &["script_11_booked_by_hand_is_never_said_to_be_taken"],
        &["freezes_what_is_done"],
    ),
    (
        "A hold is passed while it is for these inputs and alive.",
        &[
            "a_hold_that_died_counts_no_more_though_its_timer_is_late",
            "an_hour_at_which_the_patient_is_elsewhere_is_refused_in_those_words",
        ],
        &["agrees_with_the_world_on_holds"],
    ),
    (
        "A hold lives exactly as long as its answer, and every way out gives it back.",
        &[
            "a_hold_is_replaced_in_one_call_and_given_back_with_its_answer",
            "every_way_out_of_a_flow_gives_its_hold_back",
            "two_holds_are_given_back_one_a_transaction",
        ],
        &["agrees_with_the_world_on_holds"],
    ),
    (
        "The timer of a hold only drops it.",
        &["a_hold_that_expires_is_only_dropped"],
        &["takes_nothing_for_the_silent"],
    ),
    (
        "Changing the hour is one call; a hand-off keeps holds.",
        &[
            "a_hold_is_replaced_in_one_call_and_given_back_with_its_answer",
            "script_8_an_hour_that_somebody_else_took_loses_nothing",
            "a_hand_off_keeps_the_hold",
        ],
        &["agrees_with_the_world_on_holds", "hands_over_last"],
    ),
    (
        "A move that overlaps the old hour goes to the review unheld, and the commit swaps both.",
        &[
            "a_move_that_overlaps_its_own_hour_goes_to_the_review_unheld_and_swaps_both",
            "a_move_reads_back_both_hours_and_swaps_them",
        ],
        &["agrees_with_the_world_on_holds"],
    ),
    (
        "Texts and conditions depend on what they name; a branch speaks each time.",
        &[
            "what_stands_under_a_condition_is_forgotten_with_it",
            "what_was_said_is_said_again_after_what_it_names_has_changed",
            "a_text_is_said_once_while_it_reads_the_same",
            "a_branch_speaks_each_time_and_what_was_forgotten_is_asked_anew",
        ],
        &[],
    ),
    (
        "A part of a text is left out with the value it lacks.",
        &[
            "forgetting_that_changes_nothing_goes_on_at_once",
            "a_question_about_the_centre_is_answered_whole_or_not_at_all",
        ],
        &["speaks_once_and_sense"],
    ),
    (
        "Forgetting nothing goes on at once; tries count until something else is asked for.",
        &[
            "forgetting_that_changes_nothing_goes_on_at_once",
            "a_branch_speaks_each_time_and_what_was_forgotten_is_asked_anew",
            "another_service_makes_empty_searches_count_anew",
        ],
        &["meets_no_bug"],
    ),
    (
        "Asking anew forgets nothing.",
        &["changing_ones_mind_back_costs_nothing", "script_6_back_twice_and_another_service"],
        &["forgets_nothing_on_request"],
    ),
    (
        "Back is the last passed question that a person answered; every field can be asked on request.",
        &[
            "back_goes_by_the_order_of_the_questions",
            "back_skips_what_nobody_answered_and_says_when_there_is_nothing",
            "back_never_goes_where_the_walk_does_not_pass",
            "nothing_lies_before_what_is_done",
            "a_field_that_is_only_volunteered_can_be_asked_on_request",
        ],
        &[],
    ),
    ("Repairs are transparent to a correction.", &["a_repair_is_transparent_to_a_correction"], &[]),
    (
        "What was heard waits for its question, is used once, and is cleared by a change of mind.",
        &[
            "several_answers_in_one_message_are_placed_as_their_questions_come",
            "what_was_heard_waits_for_its_question",
            "changing_something_clears_what_was_heard",
            "a_phone_nobody_knows_says_who_it_is_and_goes_on_where_it_was",
            "a_hand_off_and_a_give_back_clear_what_was_heard",
            "script_7_an_hour_and_another_service_in_one_message",
        ],
        &["hears_nothing_for_later_while_staff_has_it"],
    ),
    (
        "A tap answers its question, corrects an older one, or is explained; a double one is absorbed.",
        &[
            "a_tap_on_an_older_list_of_the_same_question_is_an_answer",
            "an_old_tap_is_a_correction_and_a_double_tap_is_absorbed",
            "a_tap_on_an_ended_flow_is_explained_and_an_old_menu_still_opens",
            "a_tap_on_what_is_chosen_already_is_no_news_though_it_is_offered_no_more",
            "at_most_eight_ended_flows_are_remembered",
        ],
        &["leaves_nobody_without_an_answer"],
    ),
    (
        "A flow is on the stack once and comes to the top without the repairs above it.",
        &[
            "a_flow_lower_on_the_stack_comes_to_the_top_when_asked_for",
            "a_tap_on_a_flow_below_brings_it_up_without_the_repairs_above_it",
        ],
        &["keeps_the_stack_sound"],
    ),
    (
        "After a digression the question is shorter only when it is the one shown.",
        &["after_a_digression_the_question_is_shorter_only_when_it_is_the_same"],
        &[],
    ),
    (
        "«Cancelar» asks what is meant; free words give way to commands.",
        &["the_word_cancelar_asks_what_is_meant", "free_words_give_way_to_commands"],
        &[],
    ),
    (
        "Staff edits what is offered and not done; the bot speaks of the top only; giving back begins afresh.",
        &[
            "staff_edits_only_what_is_offered_and_not_what_is_done",
            "staff_cannot_edit_what_is_done",
            "the_bot_keeps_quiet_when_staff_edits_what_lies_below",
            "the_third_miss_brings_a_person",
            "giving_back_counts_equal_messages_anew",
            "giving_back_speaks_at_once_and_a_hand_off_in_it_is_silent",
        ],
        &["is_silent_while_staff_has_it", "lets_staff_edit_what_is_offered", "gives_back_afresh"],
    ),
    (
        "Fixed answers are looked at again; a flow that is gone is walked to its end; renames go both ways.",
        &[
            "an_answer_whose_option_is_gone_is_asked_again",
            "a_flow_that_is_gone_is_walked_to_its_end",
            "a_flow_that_is_gone_cannot_be_started_by_what_was_to_start_it",
            "script_12_a_renamed_field_is_followed_while_the_patient_chooses",
            "a_rollback_reaches_what_waits_to_be_changed",
            "a_rename_keeps_every_answer_and_a_rollback_takes_it_back",
            "a_renamed_flow_goes_on_under_its_new_name_and_back_under_the_old_one",
        ],
        &["keeps_the_stack_sound"],
    ),
];

#[test]
fn every_rule_has_its_scenes_and_its_checks() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/core");
    let sources = [folder.clone(), folder.join("watch")].into_iter().flat_map(|folder| {
        let files = std::fs::read_dir(folder).expect("the tests").map(|entry| entry.expect("a file").path());
        files.filter(|file| file.extension().is_some_and(|end| end == "rs")).collect::<Vec<_>>()
    });
    let sources: String = sources.map(|file| std::fs::read_to_string(file).expect("a text")).collect();
    for (rule, scenes, checks) in RULES {
        assert!(!scenes.is_empty(), "{rule} has no scene");
        for name in scenes.iter().chain(checks) {
            assert!(sources.contains(&format!("fn {name}(")), "{rule} names `{name}`, which is gone");
        }
    }
}
