"""What the core is sent for a workflow, and what Snakemake is told for the core's answers and silences."""

import json
import re

import pytest

MANY = """
rule all:
    input: expand("out/{i}.txt", i=range(8))
rule a:
    output: "out/{i}.txt"
    shell: "echo {wildcards.i} > {output}; echo {wildcards.i} >> ran.txt"
"""


def test_a_session_says_who_where_and_what(shim):
    shim.write("Snakefile", MANY)
    shim.env = {"SEEN": "1", "SNAKEMAKE_STORAGE_X_KEY": "no"}
    done = shim.run(
        "--kueue-queue-name", "q", "--kueue-namespace", "n", "--kueue-container", "img", "--kueue-priority", "p"
    )
    assert done.returncode == 0, done.stdout
    (session,) = shim.noted("session")
    assert session["frontEnd"] == "snakemake"
    assert session["workdir"] == str(shim.path)
    assert session["engine"] == "local"
    assert session["resume"] is None
    assert session["environment"]["SEEN"] == "1"
    assert "SNAKEMAKE_STORAGE_X_KEY" not in session["environment"]
    assert session["settings"] == {
        "queue": "q",
        "priority": "p",
        "namespace": "n",
        "image": "img",
        "artifacts": None,
        "containers": "off",
    }


def test_the_end_of_every_step_is_acknowledged(shim):
    shim.write("Snakefile", MANY)
    assert shim.run().returncode == 0
    told = [beat["toldThrough"] for beat in shim.noted("heartbeat") if beat["toldThrough"] is not None]
    assert told == sorted(told)
    assert told[-1] == shim.noted("event")[-1]["seq"]


def test_a_step_carries_stated_and_default_resources(shim):
    shim.write(
        "Snakefile",
        """
        rule all:
            input: "a.txt", "b.txt", "c.txt"
        rule a:
            output: "a.txt"
            resources: mem_mb=1000, gpu=1, slurm_account="me", big=True
            shell: "echo {resources.mem_mb} > {output}"
        use rule a as b with:
            output: "b.txt"
        rule c:
            input: "a.txt"
            output: "c.txt"
            log: "c.log"
            priority: 7
            container: "docker://alpine"
            threads: 8
            shell: "echo {threads} > {output}"
        """,
    )
    done = shim.run("--default-resources", "mem_mb=1000", "runtime=30", "--set-resources", "c:runtime=5")
    assert done.returncode == 0, done.stdout
    steps = {step["rule"]: step for step in shim.noted("step")}
    for rule in ("a", "b"):
        resources = steps[rule]["resources"]
        # The same number as the default, and yet stated.
        assert resources["mem_mb"] == {"value": 1000, "stated": True}
        assert resources["mem"]["stated"]
        assert resources["gpu"] == {"value": 1, "stated": True}
        assert resources["slurm_account"] == {"value": "me", "stated": True}
        assert resources["runtime"] == {"value": 30, "stated": False}
        assert not any(name.startswith("_") for name in resources)
    c = steps["c"]
    assert c["resources"]["mem_mb"] == {"value": 1000, "stated": False}
    assert c["resources"]["disk_mb"]["stated"] is False
    assert c["resources"]["runtime"] == {"value": 5, "stated": True}
    assert (c["threads"], c["priority"], c["attempt"], c["container"]) == (2, 7, 1, "docker://alpine")
    assert (c["outputs"], c["logs"]) == (["c.txt"], ["c.log"])
    assert re.fullmatch(r"\d{19}", c["inputs"][0]["version"])
    assert c["execution"]["commands"] == ["set -euo pipefail;  echo 2 > c.txt"]
    assert re.fullmatch(r"\d+\.1", c["ref"])


def test_credentials_are_in_the_environment_of_a_fallback_not_in_its_command(shim):
    shim.write(
        "Snakefile",
        """
        envvars: "TOKEN"
        rule a:
            output: "a.txt"
            run:
                import os
                open(output[0], "w").write(os.environ["TOKEN"])
        """,
    )
    shim.env = {"TOKEN": "s3cr3t"}
    assert shim.run().returncode == 0
    (step,) = shim.noted("step")
    assert "s3cr3t" not in step["execution"]["command"]
    # The core writes down steps, and keeps what a session says of its environment in memory.
    assert "s3cr3t" not in json.dumps(step)
    (session,) = shim.noted("session")
    assert session["fallbackEnvironment"]["TOKEN"] == "s3cr3t"
    assert step["execution"]["reasons"] == ["it has run:"]


def test_a_busy_core_is_asked_again(shim):
    shim.write("Snakefile", MANY)
    done = shim.run(faults={"busy": 3})
    assert done.returncode == 0, done.stdout
    assert sorted((shim.path / "ran.txt").read_text().split()) == list("01234567")


@pytest.mark.parametrize(
    ("fault", "words"),
    [("refuse", ["no queue is large enough", "Ask for less."]), ("reject", ["cannot read a step of rule bad"])],
)
def test_one_bad_step_fails_alone(shim, fault, words):
    """A step that is refused, and one that has its whole batch rejected, each take no other step with them."""
    shim.write(
        "Snakefile",
        MANY.replace("range(8)),", 'range(8)), "bad.txt",').replace("range(8))\n", 'range(8)), "bad.txt"\n')
        + 'rule bad:\n    output: "bad.txt"\n    shell: "echo > {output}"\n',
    )
    done = shim.run("--keep-going", faults={fault: "bad"})
    assert done.returncode == 1
    for word in [*words, "rule bad"]:
        assert word in done.stdout
    assert sorted((shim.path / "ran.txt").read_text().split()) == list("01234567")


@pytest.mark.parametrize("fault", [{"die_after": 3}, {"forget": True}])
def test_a_core_that_dies_or_forgets_is_followed_by_another_session_of_the_same_name(shim, fault):
    shim.write("Snakefile", MANY)
    done = shim.run(faults=fault)
    assert done.returncode == 0, done.stdout
    sessions = shim.noted("session")
    assert len(sessions) > 1
    assert sessions[1]["resume"] == sessions[0]["session"]
    for number in range(8):
        assert (shim.path / f"out/{number}.txt").read_text() == f"{number}\n"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("silent", ["exit code 3", "I am broken", "core.log", "core-not-startable"]),
        ("not_ready", ["konverge.yaml line 3", "Remove it.", "config-invalid"]),
    ],
)
def test_a_core_that_does_not_start_is_one_clear_error(shim, fault, words):
    shim.write("Snakefile", MANY)
    done = shim.run(faults={fault: True})
    assert done.returncode == 1
    for word in words:
        assert word in done.stdout
    assert "Traceback" not in done.stdout
    assert not (shim.path / "out").exists()


def test_immediate_submit_is_refused(shim):
    shim.write("Snakefile", MANY)
    done = shim.run("--immediate-submit", "--notemp")
    assert done.returncode == 1
    assert "--immediate-submit" in done.stdout


def test_unused_flags_of_the_2024_plugin_are_named(shim):
    shim.write("Snakefile", MANY)
    done = shim.run("--kueue-flux-container", "x")
    assert done.returncode == 0
    assert "--kueue-flux-container is accepted but not used" in done.stdout
