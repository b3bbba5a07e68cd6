"""What there is only with object storage, and Snakemake's own faults with it, which do not reach a user of ours."""

import os
import signal

import pytest
from workflow import alive, wait_until


@pytest.mark.fidelity(
    "`storage.s3(…)` in a rule, beside the default provider", section="storage", rules=("named", "made")
)
@pytest.mark.fidelity("`retrieve=False`", section="storage", rules=("query",))
@pytest.mark.fidelity("`local()`", section="storage", rules=("here", "from_here"))
def test_files_outside_the_default_storage(moved_by):
    """Snakemake's own executor has another bucket, and so another name in the query."""
    moved = moved_by("s3")
    moved(
        """
        import os
        place = workflow.storage_settings.default_storage_prefix.removesuffix("/pre")
        rule all:
            input: "named.txt", "query.txt", "from_here.txt", storage.s3(f"{place}/other/made.txt")
        rule named:
            input: storage.s3(f"{place}/pre/in.txt")
            output: "named.txt"
            shell: "cat {input} > {output}"
        rule made:
            input: "named.txt"
            output: storage.s3(f"{place}/other/made.txt")
            shell: "cat {input} > {output}; echo made >> {output}"
        rule query:
            input: storage.s3(f"{place}/pre/in.txt", retrieve=False)
            output: "query.txt"
            shell: "echo {input} > {output}; test ! -e {input}"
        rule here:
            output: local("here.txt")
            shell: "echo here > {output}"
        rule from_here:
            input: local("here.txt")
            output: "from_here.txt"
            shell: "cat {input} > {output}"
        """,
        inputs={"in.txt": "in\n"},
        ignored=("query.txt",),
    )
    files = moved.contents()
    assert files["query.txt"].decode() == f"s3://{moved.place.bucket}/pre/in.txt\n"
    assert files["other/made.txt"] == b"in\nmade\n"
    assert (moved.workflow.path / "here.txt").read_text() == "here\n"


@pytest.mark.fidelity(
    "names with `#` and `?` (the storage plugin ends a key there)", section="storage", rules=("odd", "odder")
)
def test_names_that_a_url_cuts_off(moved_by):
    moved = moved_by("s3")
    moved(
        """
        rule all:
            input: "a/x#y.txt", "b/x?y.txt"
        rule odd:
            output: "a/x#y.txt"
            shell: "echo a > {output:q}"
        rule odder:
            output: "b/x?y.txt"
            shell: "echo b > {output:q}"
        """
    )
    assert moved.contents() == {"a/x": b"a\n", "b/x": b"b\n"}


@pytest.mark.fidelity("members of a group run side by side", section="groups", rules=("meet",))
def test_members_of_a_group_meet(moved):
    """Each waits for what the other one does."""
    moved(
        """
        rule all:
            input: "all.txt"
        rule meet:
            output: "{n}.txt"
            params: other=lambda wildcards: {"1": 2, "2": 1}[wildcards.n]
            group: "g"
            shell:
                "touch here.{wildcards.n}; for i in $(seq 200); do"
                " test -e here.{params.other} && break; sleep 0.1; done;"
                " test -e here.{params.other} && echo {wildcards.n} > {output}"
        rule both:
            input: "1.txt", "2.txt"
            output: "all.txt"
            group: "g"
            shell: "cat {input} > {output}"
        """,
        ignored=("here.1", "here.2"),
    )
    assert moved.contents()["all.txt"] == b"1\n2\n"


@pytest.mark.fidelity(
    "a bucket is never deleted, not even by a run of `temp()` files alone", section="faults", rules=("a",)
)
def test_a_bucket_that_has_become_empty_stays(moved_by):
    """The storage plugin removes a bucket with its last object."""
    moved = moved_by("s3")
    ours = moved.ours(
        """
        rule all:
            input: local("b.txt")
        rule a:
            output: temp("a.txt")
            shell: "echo a > {output}"
        rule b:
            input: "a.txt"
            output: local("b.txt")
            shell: "cat {input} > {output}"
        """
    ).succeeded()
    assert moved.contents() == {}, ours.text
    assert moved.place.bucket in [bucket["Name"] for bucket in moved.place.s3.list_buckets()["Buckets"]]


@pytest.mark.fidelity("a killed Snakemake leaves no lock, and its steps go on", section="faults", rules=("a",))
def test_after_a_kill_the_same_command_goes_on(moved_by):
    moved = moved_by("s3")
    snakefile = """
        rule a:
            output: "a.txt"
            params: place=workflow.basedir
            shell:
                "echo ran >> {params.place}/ran; while test ! -e {params.place}/go; do sleep 0.1; done;"
                " echo a > {output}"
    """
    moved.ours(snakefile, "--dry-run").succeeded()
    process = moved.workflow.start(*moved.place.arguments)
    try:
        wait_until(lambda: moved.workflow.has("ran"))
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
    assert not alive(process.pid)
    moved.workflow.write_file("go", "")
    moved.run().succeeded().says("removed the locks of a run that was killed")
    assert moved.contents() == {"a.txt": b"a\n"}
    assert moved.workflow.text("ran") == "ran\n"
