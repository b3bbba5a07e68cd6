"""Groups of jobs, pipes and services whose steps share nothing but storage."""

from pathlib import Path

import pytest


@pytest.mark.fidelity("`group:`", section="groups")
def test_a_group_runs_its_levels_in_order_and_keeps_its_temp_files(moved):
    ours = moved(
        """
        rule all:
            input: "all.txt"
        rule a:
            input: "in.txt"
            output: temp("a/{n}.txt"), touch("a/{n}.done")
            group: "g"
            log: "logs/{n}.log"
            shell: "cat {input} > {output[0]}; echo {wildcards.n} >> {output[0]}"
        rule b:
            input: "a/{n}.txt", "a/{n}.done"
            output: "b/{n}.txt"
            group: "g"
            shell: "cat {input} > {output}"
        rule c:
            input: "b/1.txt", "b/2.txt"
            output: "all.txt"
            group: "g"
            shell: "cat {input} > {output}"
        """,
        inputs={"in.txt": "in\n"},
    )
    ours.is_silent_about("through Snakemake")
    assert set(moved.contents()) >= {"a/1.done", "b/1.txt", "b/2.txt", "logs/1.log", "all.txt", "in.txt"}
    assert "a/1.txt" not in moved.contents()


@pytest.mark.fidelity("`group:` of which a member fails", section="groups")
def test_a_failed_group_leaves_nothing(moved):
    moved(
        """
        rule all:
            input: "b.txt"
        rule a:
            output: "a.txt"
            group: "g"
            shell: "echo a > {output}"
        rule b:
            input: "a.txt"
            output: "b.txt"
            group: "g"
            shell: "cat {input} > {output}; exit 4"
        """,
        code=1,
        ignored=("a.txt",),
    )
    assert moved.contents() == {}


PIPE = """
rule all:
    input: "b.txt"
rule a:
    output: pipe("a.fifo")
    %s
rule b:
    input: "a.fifo"
    output: "b.txt"
    shell: "cat {input} > {output}"
"""


@pytest.mark.fidelity("`pipe()`", section="groups")
@pytest.mark.fidelity("`pipe()` is not uploaded", section="faults")
def test_pipes(moved):
    """Snakemake's own executor, with storage, goes on to ask storage for the pipe."""
    ours = moved(PIPE % 'shell: "seq 3 > {output}"', upstream=False, ignored=("a.fifo",))
    ours.is_silent_about("through Snakemake")
    assert moved.contents() == {"b.txt": b"1\n2\n3\n"}


@pytest.mark.fidelity("`service()`", section="groups")
def test_services(moved):
    """Snakemake's own executor starts the consumer too early, and then waits for the service for ever."""
    moved.ours(
        """
        rule all:
            input: "b.txt"
        rule a:
            output: service("a.ready")
            shell: "sleep 0.3; echo up > {output}; trap 'exit 0' TERM; while :; do sleep 0.1; done"
        rule b:
            input: "a.ready"
            output: "b.txt"
            shell: "cat {input} > {output}"
        """
    ).succeeded()
    assert moved.contents() == {"b.txt": b"up\n"}


def test_a_pipe_that_cannot_run_directly_is_refused_with_storage(moved_by):
    """The Snakemake in the job would upload the pipe."""
    moved = moved_by("s3")
    refused = moved.ours(PIPE % 'script: "a.hy"', sources={"a.hy": "(print 3)\n"}).failed()
    refused.says("pipe() or service() outputs in storage", "script:", "--kueue-artifacts shared")
    assert moved.contents() == {}


@pytest.mark.fidelity("`group:` with a member that cannot go direct", section="groups")
def test_a_group_with_a_member_for_snakemake_runs_whole_through_it(moved):
    ours = moved(
        """
        rule all:
            input: "b.txt"
        rule a:
            output: "a.txt"
            group: "g"
            run:
                open(output[0], "w").write("a")
        rule b:
            input: "a.txt"
            output: "b.txt"
            group: "g"
            shell: "cat {input} > {output}"
        """
    )
    ours.says("through Snakemake because its member a cannot run directly: it has run:")
    assert not list((moved.workflow.path / Path(".snakemake/konverge/fallback")).glob("*"))
