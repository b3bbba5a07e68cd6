"""The `konverge` command as a user types it."""

import json
import os
import signal

# A step that says each time it starts, and goes on when it is let.
GATED = """
    rule all:
        input: "out/a.txt"

    rule gated:
        output: "out/a.txt"
        shell: "echo x >> started; while [ ! -e gate ]; do sleep 0.05; done; echo done > {output}"
"""

TWO_STEPS = """
    rule all:
        input: "out/b.txt"

    rule first:
        output: "out/a.txt"
        shell: "echo one | tee {output}; echo to-stderr >&2"

    rule second:
        input: "out/a.txt"
        output: "out/b.txt"
        shell: "cat {input} > {output}"
"""


def test_run_tells_where_results_logs_and_manifest_are(directory):
    directory.snakefile(TWO_STEPS)
    code, text = directory.run("run", "--jobs", "2")
    assert code == 0, text
    assert "engine local (the default" in text
    assert "finished: 2 steps done" in text
    places = dict(line.split(maxsplit=1) for line in text.splitlines() if line.startswith(("results", "manifest")))
    assert places["results"] == str(directory.path)
    record = json.loads(directory.read(places["manifest"]))
    assert [(step["rule"], step["state"], step["outputs"]) for step in record["steps"]] == [
        ("first", "succeeded", ["out/a.txt"]),
        ("second", "succeeded", ["out/b.txt"]),
    ]


def test_status_logs_and_explain_after_the_run(directory):
    directory.snakefile(TWO_STEPS)
    assert directory.run("run")[0] == 0
    code, text = directory.run("status")
    assert code == 0 and "2 steps: 2 succeeded" in text
    code, text = directory.run("status", "--json")
    assert [json.loads(line)["rule"] for line in text.splitlines()] == ["first", "second"]
    assert directory.run("logs", "first") == (0, "one\nto-stderr\n")
    assert directory.run("logs", "first", "--stdout") == (0, "one\n")
    code, text = directory.run("explain", "first")
    assert code == 0
    assert "kind    job, because a plain step" in text
    assert "mode    direct" in text
    assert "outputs written in place" in text


def test_run_in_json_prints_events_only(directory):
    directory.snakefile(TWO_STEPS)
    code, text = directory.run("run", "--json", "--jobs", "2")
    assert code == 0, text
    ends = [event["rule"] for event in map(json.loads, text.splitlines()) if event["state"] == "succeeded"]
    assert ends == ["first", "second"]


def test_a_failed_workflow_keeps_the_exit_code_of_snakemake(directory):
    directory.snakefile('rule all:\n    output: "out"\n    shell: "echo broken >&2; exit 3"\n')
    code, text = directory.run("run")
    assert code == 1
    assert "exit code 3" in text and "broken" in text
    assert "failed: 0 steps done, 1 failed" in text


def test_a_dry_run_starts_no_core(directory):
    directory.snakefile(TWO_STEPS)
    code, text = directory.run("run", "-n")
    assert code == 0, text
    assert not (directory.path / ".snakemake" / "konverge").exists()
    assert not (directory.path / "out").exists()


def test_sigterm_leaves_the_steps_running_and_the_next_run_takes_them_up(directory):
    directory.snakefile(GATED)
    first = directory.start("run", "--plain")
    directory.wait_for("started")
    first.send_signal(signal.SIGTERM)
    text, _ = first.communicate(timeout=60)
    assert first.returncode == 75, text
    assert "the next `konverge run` takes them up" in text
    # Whoever comes next may be on another host, from where it cannot be seen that this Snakemake is gone.
    locks = directory.path / ".snakemake" / "locks"
    assert not locks.exists() or list(locks.iterdir()) == []

    second = directory.start("run", "--plain")
    (directory.path / "gate").touch()
    text, _ = second.communicate(timeout=60)
    assert second.returncode == 0, text
    assert directory.read("out/a.txt") == "done\n"
    assert directory.read("started") == "x\n"


def test_a_step_that_ended_while_nobody_was_there_is_not_run_again(directory):
    directory.snakefile(GATED)
    first = directory.start("run", "--plain")
    directory.wait_for("started")
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate(timeout=60)
    (directory.path / "gate").touch()
    directory.wait_for("out/a.txt")

    code, text = directory.run("run", "--plain")
    assert code == 0, text
    assert directory.read("started") == "x\n"


def test_cancel_ends_a_running_step(directory):
    directory.snakefile(GATED)
    run = directory.start("run", "--plain")
    directory.wait_for("started")
    code, text = directory.run("cancel", "gated")
    assert (code, text) == (0, "1 cancelled\n")
    text, _ = run.communicate(timeout=60)
    assert run.returncode == 1, text
    assert "cancelled" in text
    assert not (directory.path / "out" / "a.txt").exists()


def test_a_second_run_in_the_same_directory_is_refused(directory):
    directory.snakefile(GATED)
    first = directory.start("run", "--plain")
    directory.wait_for("started")
    code, text = directory.run("run", "--plain", "--nolock")
    assert code != 0
    assert "workdir-busy" in text and str(directory.path) in text
    (directory.path / "gate").touch()
    said, _ = first.communicate(timeout=60)
    assert first.returncode == 0, said
    assert directory.read("started") == "x\n"


def test_a_workdir_directive_leads_the_view_along(directory):
    directory.snakefile('workdir: "deep"\nrule all:\n    output: "out"\n    shell: "echo > {output}"\n')
    code, text = directory.run("run", "--plain")
    assert code == 0, text
    assert "finished: 1 steps done" in text
    assert f"results   {directory.path / 'deep'}" in text
    assert "1 succeeded" in directory.run("status", "--directory", "deep")[1]


def test_errors_name_what_and_what_to_do(directory):
    code, text = directory.run("status")
    assert code == 3
    assert "konverge: not-found: no run of konverge is known in" in text
    code, text = directory.run("status", "--json")
    assert code == 3 and json.loads(text)["error"]["code"] == "not-found"
    directory.snakefile(TWO_STEPS)
    (directory.path / "konverge.yaml").write_text("engine: local\nlocal:\n  queues:\n    big: { cpus: 2 }\n")
    code, text = directory.run("run")
    assert code == 3
    assert 'konverge.yaml:4: local.queues.big: unknown setting "cpus"' in text
    assert directory.run("status", "--bogus")[0] == 2
    assert not (directory.path / "out").exists()


def test_without_snakemake_it_says_how_to_get_it(directory):
    directory.snakefile(TWO_STEPS)
    code, text = directory.run("run", env={**os.environ, "PATH": "/usr/bin:/bin"})
    assert code == 3
    assert "no snakemake in PATH" in text and "pip install" in text


def test_doctor_says_what_is_there(directory):
    code, text = directory.run("doctor", "--json")
    assert code == 0, text
    findings = {finding["name"]: finding["status"] for finding in map(json.loads, text.splitlines())}
    assert findings["snakemake"] == "ok"
    assert findings["snakemake-executor-plugin-kueue"] == "ok"
    assert findings["queue default"] == "ok"
