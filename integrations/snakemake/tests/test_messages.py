from snakemake_executor_plugin_kueue.errors import CoreError, core_error_from
from snakemake_executor_plugin_kueue.messages import failure_message, log_files, refusal_message
from snakemake_executor_plugin_kueue.registry import ActiveStep


def active(**logs):
    request = {"rule": "sort", "label": "sort sample=a"}
    return ActiveStep(ref="1.1", job=None, info=None, request=request, direct=True, logs=logs)


def test_a_failure_says_rule_reason_code_hint_and_last_words(tmp_path):
    log = tmp_path / "stderr"
    log.write_text("\n".join(f"line {number}" for number in range(100)))
    failure = {"class": "user", "message": "the command failed", "hint": "Look there.", "exitCode": 42}
    text = failure_message(active(stderr=str(log)), {"state": "failed", "label": "sort sample=a", "failure": failure})
    for words in ("rule sort sample=a", "the command failed", "exit code 42", "Look there.", str(log), "line 99"):
        assert words in text
    assert "line 10\n" not in text


def test_an_exit_code_is_not_said_twice(tmp_path):
    failure = {"message": "it ended with exit code 42", "exitCode": 42}
    assert failure_message(active(), {"state": "failed", "failure": failure}).count("42") == 1


def test_only_logs_with_something_in_them_are_shown(tmp_path):
    (tmp_path / "out").write_text("")
    (tmp_path / "err").write_text("x")
    step = active(stdout=str(tmp_path / "out"), stderr=str(tmp_path / "err"), other=str(tmp_path / "none"))
    assert log_files(step) == [str(tmp_path / "err")]


def test_logs_that_are_away_or_not_ours_to_read_never_hurt(tmp_path):
    folder = tmp_path / "stderr"
    folder.mkdir()
    (folder / "not a log").touch()
    step = active(stderr=str(folder), stdout=None, other=str(tmp_path / "none"))
    failure = {"message": "the pod is gone"}
    assert (
        failure_message(step, {"state": "failed", "failure": failure}) == "kueue: rule sort sample=a: the pod is gone"
    )
    assert str(tmp_path / "none") not in log_files(step)


def test_a_refusal_carries_the_cores_words_and_hint():
    text = refusal_message(active(), CoreError("never-fits", "too large", "Ask for less."))
    assert "rule sort sample=a" in text
    assert "too large" in text
    assert "Ask for less." in text
    named = refusal_message(active(), CoreError("never-fits", "rule sort can never run", ""))
    assert named.startswith("kueue: rule sort can never run")


def test_an_answer_that_is_no_error_object_is_shown_as_it_is():
    error = core_error_from("<html>", 502, "nonsense")
    assert (error.code, error.status, error.retry_after_seconds) == ("core-protocol", 502, None)
    assert "<html>" in error.message
    assert core_error_from({"error": {"code": "busy"}}, 429, "2").retry_after_seconds == 2
