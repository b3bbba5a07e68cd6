from snakemake_executor_plugin_kueue.waiting import PATIENCE_SECONDS, WaitingSteps

LATE = PATIENCE_SECONDS + 1


def event(ref, state, reason="", rule="a"):
    return {"ref": ref, "rule": rule, "label": f"{rule} n={ref}", "state": state, "reason": reason}


def test_a_step_that_waits_is_told_once_and_again_when_the_cause_changes():
    waiting = WaitingSteps()
    waiting.note(event("1.1", "queued", "waits for 4 cpu of main"), 0)
    assert waiting.due(PATIENCE_SECONDS - 1) == []
    assert waiting.due(LATE) == ["kueue: rule a n=1.1 is queued: waits for 4 cpu of main"]
    waiting.note(event("1.1", "queued", "waits for 3 cpu of main"), LATE)
    assert waiting.due(LATE * 2) == []
    waiting.note(event("1.1", "queued", "the queue is stopped"), LATE * 2)
    assert waiting.due(LATE * 2) == ["kueue: rule a n=1.1 is queued: the queue is stopped"]


def test_a_thousand_steps_that_wait_for_the_same_are_one_line():
    waiting = WaitingSteps()
    for number in range(1000):
        waiting.note(event(f"{number}.1", "queued", f"is number {number} in line"), 0)
    assert waiting.due(LATE) == ["kueue: rule a n=0.1 (and 999 more of rule a) is queued: is number 0 in line"]
    assert waiting.due(LATE * 2) == []


def test_a_new_state_has_its_own_patience_and_what_runs_or_has_ended_waits_no_more():
    waiting = WaitingSteps()
    waiting.note(event("1.1", "queued", "waits"), 0)
    waiting.note(event("1.1", "starting", "its image x cannot be pulled"), 10)
    assert waiting.due(LATE) == []
    assert waiting.due(10 + LATE) == ["kueue: rule a n=1.1 is starting: its image x cannot be pulled"]
    for number, state in enumerate(["running", "committing", "succeeded", "failed", "cancelled"]):
        waiting.note(event(f"{number}.2", "queued", f"{state} waits"), 0)
        waiting.note(event(f"{number}.2", state), 1)
    assert waiting.due(LATE * 3) == []


def test_a_step_that_had_run_is_told_at_once():
    waiting = WaitingSteps()
    waiting.note(event("1.1", "running"), 0)
    assert waiting.note(event("1.1", "queued", "was evicted (Preempted)"), 1) == (
        "kueue: rule a n=1.1 is queued again: was evicted (Preempted)"
    )
    assert waiting.due(LATE * 2) == []


def test_without_a_reason_there_is_nothing_to_tell():
    waiting = WaitingSteps()
    waiting.note(event("1.1", "accepted"), 0)
    assert waiting.due(LATE) == []
