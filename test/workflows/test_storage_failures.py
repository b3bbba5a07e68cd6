"""What is left after a step that shared nothing but storage and failed, and what its user reads."""

import pytest

UPDATE = """
rule a:
    input: "in.txt"
    output: update("a.txt")
    shell: "cat {input} >> {output}; %s"
"""


@pytest.mark.fidelity("`update()`", section="inputs and outputs")
def test_update_adds_to_what_is_there(moved):
    # In storage the two are of the same second.
    moved(UPDATE % "true", "--forcerun", "a", inputs={"a.txt": "old\n", "in.txt": "new\n"}, again=False, upstream=False)
    assert moved.contents()["a.txt"] == b"old\nnew\n"


@pytest.mark.fidelity("`update()` of a step that fails", section="inputs and outputs")
def test_a_failed_update_leaves_what_was_there(moved):
    """Snakemake's own executor, with storage, deletes the object."""
    moved(UPDATE % "exit 3", "--forcerun", "a", inputs={"a.txt": "old\n", "in.txt": "new\n"}, code=1, upstream=False)
    assert moved.contents()["a.txt"] == b"old\n"


@pytest.mark.fidelity("a failed step leaves the good outputs of an earlier run", section="faults")
def test_a_failed_step_leaves_former_good_outputs(moved):
    snakefile = """
    rule a:
        input: "in.txt"
        output: "a.txt"
        log: "a.log"
        shell: "cat {input} > {output}; echo seen > {log}; ! grep -q bad {input}"
    """
    moved(snakefile, inputs={"in.txt": "good\n"})
    moved.place.put("in.txt", "bad\n")
    failed = moved.run("--forcerun", "a").failed()
    failed.says("Error in rule a", "exit code 1")
    assert moved.contents() == {"in.txt": b"bad\n", "a.txt": b"good\n", "a.log": b"seen\n"}
    assert moved.place.open_uploads() == []


@pytest.mark.fidelity("a missing output is an ordinary error of its job", section="faults", rules=("a",))
def test_a_missing_output_is_an_ordinary_job_error(moved_by):
    """Snakemake's own executor, with storage, ends the whole run with a traceback."""
    moved = moved_by("s3")
    ours = moved(
        """
        rule all:
            input: "a.txt", "b.txt"
        rule a:
            output: "a.txt", "forgotten.txt"
            shell: "echo a > {output[0]}"
        rule b:
            output: "b.txt"
            shell: "echo b > {output}"
        """,
        "--keep-going",
        code=1,
        upstream=False,
    )
    ours.says("forgotten.txt", "Error in rule a").is_silent_about("Traceback")
    assert set(moved.contents()) == {"b.txt"}


@pytest.mark.fidelity("`log:` of a step that fails", section="inputs and outputs")
def test_logs_are_kept_when_a_step_fails(moved):
    moved(
        """
        rule a:
            output: "a.txt"
            log: "logs/a.log"
            shell: "echo half > {output}; echo bad > {log}; exit 3"
        """,
        code=1,
    )
    assert moved.contents() == {"logs/a.log": b"bad\n"}


@pytest.mark.fidelity("`retries:`, resources that grow with `attempt`", section="values of a rule", rules=("a",))
@pytest.mark.fidelity("`--keep-going`", section="command line")
def test_retries_and_keep_going(moved):
    moved(
        """
        rule all:
            input: "a.txt", "b.txt", "c.txt"
        rule a:
            output: "a.txt"
            retries: 2
            resources: nth=lambda wildcards, attempt: attempt
            shell: "test {resources.nth} = 3; echo {resources.nth} > {output}"
        rule b:
            output: "b.txt"
            shell: "exit 1"
        rule c:
            output: "c.txt"
            shell: "echo c > {output}"
        """,
        "--keep-going",
        code=1,
    )
    assert moved.contents() == {"a.txt": b"3\n", "c.txt": b"c\n"}


def test_a_missing_input_is_named(moved):
    ours = moved('rule a:\n    input: "in.txt"\n    output: "a.txt"\n    shell: "cp {input} {output}"\n', code=1)
    ours.says("Missing input files for rule a", "in.txt")


def test_wrong_credentials_are_said_and_not_shown(moved_by):
    moved = moved_by("s3")
    snakefile = 'rule a:\n    output: "a.txt"\n    shell: "echo a > {output}"\n'
    moved(snakefile)
    secret = "not-the-secret-key"
    moved.workflow.env["SNAKEMAKE_STORAGE_S3_SECRET_KEY"] = secret
    failed = moved.run("--forceall").failed()
    failed.is_silent_about(secret)
    files = [path for path in moved.workflow.path.rglob("*") if path.is_file()]
    assert [path for path in files if secret.encode() in path.read_bytes()] == []


@pytest.mark.fidelity("no credential reaches a step, an argument list or a file", section="storage", rules=("direct",))
def test_no_credential_reaches_a_step_or_a_file(moved_by):
    moved = moved_by("s3")
    moved(
        """
        rule all:
            input: "direct.txt", "fallback.txt"
        rule direct:
            output: "direct.txt"
            shell: "env > {output}; tr '\\\\0' '\\\\n' < /proc/$PPID/cmdline >> {output}"
        rule fallback:
            output: "fallback.txt"
            run:
                import pathlib
                pathlib.Path(output[0]).write_bytes(pathlib.Path("/proc/self/cmdline").read_bytes())
        """,
        ignored=("direct.txt", "fallback.txt"),
    )
    secret = moved.server.secret_key.encode()
    seen = moved.contents()
    assert secret not in seen["direct.txt"]
    assert secret not in seen["fallback.txt"]
    files = [path for path in moved.workflow.path.rglob("*") if path.is_file()]
    assert [path for path in files if secret in path.read_bytes()] == []
