"""Jobs that only Snakemake can run, where steps share nothing but storage; and the directory provider."""

import pytest


def test_script_and_run_and_values_of_the_running_job(moved):
    ours = moved(
        """
        rule all:
            input: "script.txt", "run.txt", "late.txt"
        rule s:
            input: "in.txt"
            output: "script.txt"
            script: "scripts/s.py"
        rule r:
            input: "in.txt"
            output: "run.txt"
            log: "run.log"
            run:
                open(output[0], "w").write(open(input[0]).read() * 2)
        rule late:
            input: "run.txt"
            output: "late.txt"
            params: text=lambda wildcards, input: open(input[0]).read().strip()
            shell: "echo {params.text:q} > {output}"
        """,
        inputs={"in.txt": "in\n"},
        sources={"scripts/s.py": "open(snakemake.output[0], 'w').write(open(snakemake.input[0]).read())\n"},
    )
    ours.says("rule r runs through Snakemake because it has run:").is_silent_about("rule s runs through")
    # Its own place for local copies is gone, with everything in it.
    assert not list((moved.workflow.path / ".snakemake/konverge/fallback").glob("*"))


@pytest.mark.fidelity("local copies of an input that two jobs read at once", section="faults", rules=("r",))
def test_jobs_that_read_the_same_input_do_not_disturb_each_other(moved):
    """Each Snakemake removes its local copies at its end; so no two may have the same."""
    moved(
        """
        rule all:
            input: expand("{n}.txt", n=range(3))
        rule r:
            input: "in.txt"
            output: "{n}.txt"
            run:
                import time
                time.sleep(int(wildcards.n) * 0.7)
                open(output[0], "w").write(open(input[0]).read())
        """,
        inputs={"in.txt": "in\n"},
        again=False,
    )


@pytest.mark.fidelity("the provider `fs`", section="storage")
def test_a_directory_provider(moved_by):
    moved = moved_by("fs")
    moved(
        """
        rule all:
            input: "b.txt", "d"
        rule a:
            input: "in.txt"
            output: temp("a.txt"), "logs of a.txt"
            log: "a.log"
            shell: "cat {input} > {output[0]}; echo a > {output[1]:q}; echo log > {log}"
        rule b:
            input: "a.txt"
            output: "b.txt"
            shell: "cat {input} > {output}"
        rule d:
            output: directory("d")
            shell: "mkdir {output}; echo d > {output}/d.txt"
        """,
        inputs={"in.txt": "in\n"},
    )


@pytest.mark.fidelity("`--kueue-artifacts shared` with storage", section="storage", flag="--kueue-artifacts")
def test_shared_brings_storage_here_as_before(moved_by):
    moved = moved_by("s3")
    ours = moved(
        'rule a:\n    input: "in.txt"\n    output: "a.txt"\n    shell: "cat {input} > {output}"\n',
        inputs={"in.txt": "in\n"},
    )
    ours.says("kueue: files move through s3://", "--kueue-artifacts shared would run it here")
    again = moved.run("--kueue-artifacts", "shared", "--forceall").succeeded()
    again.is_silent_about("files move through")
    assert moved.contents()["a.txt"] == b"in\n"
