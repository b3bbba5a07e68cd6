"""What steers a run from the command line, in a shared directory and with S3: one chain of rules for all of it."""

from dataclasses import dataclass

import pytest
from conftest import CONFIGURATION
from object_storage import DirectoryPlace, S3Place, prepare
from workflow import Workflow, end_core

CHAIN = """
configfile: "config.yaml"
rule all:
    input: "c.txt", expand("n{n}.txt", n=range(2))
rule a:
    output: "a.txt"
    params: word=config["word"]
    shell: "echo {params.word} > {output}"
rule b:
    input: "a.txt"
    output: "b.txt", temp("t.txt")
    shell: "cat {input} | tee {output}"
rule c:
    input: "b.txt", "t.txt"
    output: "c.txt"
    shell: "cat {input} > {output}"
rule n:
    output: "n{n}.txt"
    shell: "echo {wildcards.n} > {output}"
"""
SOURCES = {"config.yaml": "word: one\n", "other.yaml": "word: three\n"}
NUMBERS = {"n0.txt": b"0\n", "n1.txt": b"1\n"}


@dataclass
class Steered:
    """The chain, with our executor and in one place."""

    workflow: Workflow
    place: object

    @property
    def observed(self):
        return self.workflow.observed

    def run(self, *arguments):
        return self.workflow.run("kueue", *self.place.arguments, *arguments)

    def ran(self, *arguments):
        """The rules that ran, with their wildcards left out."""
        self.run(*arguments).succeeded()
        return sorted(rule for step in self.observed[-1].steps for rule in step.rules)

    def files(self):
        return {name: content for name, content in self.place.contents().items() if name not in SOURCES}


@pytest.fixture(params=["shared", "s3"])
def chain(request, tmp_path):
    workflow = Workflow(tmp_path / "kueue")
    workflow.path.mkdir()
    workflow.write_file("konverge.yaml", CONFIGURATION)
    s3 = request.param == "s3"
    place = S3Place(request.getfixturevalue("s3_server")) if s3 else DirectoryPlace(workflow.path, SOURCES)
    prepare(workflow, place, CHAIN, {}, SOURCES)
    yield Steered(workflow, place)
    end_core(workflow)


@pytest.mark.fidelity("`--dry-run`", section="command line", flag="--dry-run")
@pytest.mark.fidelity("`--until`", section="command line", flag="--until")
@pytest.mark.fidelity("`--omit-from`", section="command line", flag="--omit-from")
@pytest.mark.fidelity("`--batch`", section="command line", flag="--batch")
@pytest.mark.fidelity("`--notemp`", section="command line", flag="--notemp")
@pytest.mark.fidelity("`--delete-temp-output`", section="command line", flag="--delete-temp-output")
@pytest.mark.fidelity("`--summary`", section="command line", flag="--summary")
def test_parts_of_a_workflow(chain):
    chain.run("--dry-run").succeeded().says("rule a", "Missing output files")
    assert not chain.workflow.has(".snakemake/konverge/store.sqlite")
    assert chain.ran("--until", "a") == ["a"]
    assert chain.ran("--omit-from", "b") == ["n", "n"]
    assert chain.files() == {"a.txt": b"one\n", **NUMBERS}
    assert chain.ran("--batch", "all=1/2", "--notemp") == ["b", "c"]
    assert chain.files() == dict.fromkeys(("a.txt", "b.txt", "t.txt"), b"one\n") | {"c.txt": b"one\none\n", **NUMBERS}
    chain.run("--delete-temp-output").succeeded()
    assert "t.txt" not in chain.files()
    chain.run("--summary").succeeded().says("a.txt", "no update")


@pytest.mark.fidelity("`--forcerun`", section="command line", flag="--forcerun")
@pytest.mark.fidelity(
    "an edited `config.yaml`, `--configfile`, `--config` between runs", section="command line", rules=("a",)
)
@pytest.mark.fidelity("`--rerun-triggers`", section="command line", flag="--rerun-triggers")
@pytest.mark.fidelity("`--touch`", section="command line", flag="--touch")
@pytest.mark.fidelity("`--allowed-rules`", section="command line", flag="--allowed-rules")
def test_what_runs_again(chain):
    assert chain.ran() == ["a", "b", "c", "n", "n"]
    assert chain.ran() == []
    assert chain.ran("--forcerun", "c", "--allowed-rules", "b", "c") == ["b", "c"]
    chain.workflow.write_file("config.yaml", "word: two\n")
    assert chain.ran("--rerun-triggers", "mtime") == []
    assert chain.ran() == ["a", "b", "c"]
    assert chain.files() == {"a.txt": b"two\n", "b.txt": b"two\n", "c.txt": b"two\ntwo\n", **NUMBERS}
    assert chain.ran("--configfile", "other.yaml", "--until", "a") == ["a"]
    assert chain.files()["a.txt"] == b"three\n"
    touched = chain.run("--configfile", "other.yaml", "--touch")
    if isinstance(chain.place, S3Place):
        touched.failed().says("the storage plugin does not support the touch operation")
    else:
        touched.succeeded()
        assert chain.ran("--configfile", "other.yaml") == []


FAILING = """
rule all:
    input: "a.txt", "b.txt", "c.txt"
rule a:
    output: "a.txt"
    log: "a.log"
    shell: "echo half > {output}; echo bad > {log}; exit 3"
rule b:
    output: "b.txt"
    shell: "echo b > {output}"
rule c:
    input: "b.txt"
    output: "c.txt"
    shell: "cat {input} > {output}"
"""


@pytest.mark.fidelity("`--keep-going`", section="command line", flag="--keep-going")
@pytest.mark.fidelity("`--keep-incomplete`", section="command line", flag="--keep-incomplete", rules=("a",))
@pytest.mark.fidelity("`--rerun-incomplete`", section="command line", flag="--rerun-incomplete", rules=("a",))
@pytest.mark.fidelity("`log:` of a step that fails", section="inputs and outputs", rules=("a",))
def test_ways_through_a_failure(chain):
    """What a failed step has made is kept in a shared directory on request, and never appears in storage."""
    chain.workflow.write_file("Snakefile", FAILING)
    chain.run("--keep-going", "--keep-incomplete").failed().says("Error in rule a", "exit code 3")
    shared = isinstance(chain.place, DirectoryPlace)
    half = {"a.txt": b"half\n"} if shared else {}
    assert chain.files() == {"b.txt": b"b\n", "c.txt": b"b\n", "a.log": b"bad\n", **half}
    chain.workflow.write_file("Snakefile", FAILING.replace("exit 3", "true"))
    assert chain.ran("--rerun-incomplete") == ["a"]
    assert chain.files()["a.txt"] == b"half\n"


ALONE = 'rule a:\n    output: "a.txt"\n    %s\n    shell: "%s"\n'


@pytest.mark.fidelity("`--directory`", section="command line", flag="--directory")
@pytest.mark.fidelity("`--envvars`, `envvars:`", section="command line", flag="--envvars")
@pytest.mark.fidelity("`--default-resources`", section="command line", flag="--default-resources")
def test_where_and_with_what(chain):
    chain.workflow.env["WORD"] = "from outside"
    chain.workflow.write_file("Snakefile", ALONE % ("threads: 1", "echo $WORD {resources.mem_mb} > {output}"))
    chain.workflow.write_file("elsewhere/konverge.yaml", CONFIGURATION)
    assert chain.ran("--directory", "elsewhere", "--envvars", "WORD", "--default-resources", "mem_mb=123") == ["a"]
    assert [content for name, content in chain.files().items() if name.endswith("a.txt")] == [b"from outside 123\n"]


@pytest.mark.fidelity("`workdir:`", section="kinds of rules", rules=("a",))
def test_workdir(chain):
    chain.workflow.write_file("Snakefile", 'workdir: "inner"\n' + ALONE % ("threads: 1", "echo a > {output}"))
    assert chain.ran() == ["a"]
    assert [content for name, content in chain.files().items() if name.endswith("a.txt")] == [b"a\n"]
    chain.run().succeeded().says("Nothing to be done")


@pytest.mark.fidelity("`cache:` with `--cache`", section="kinds of rules", rules=("a",))
def test_between_workflow_cache(chain, tmp_path):
    (tmp_path / "cache").mkdir()
    chain.workflow.env["SNAKEMAKE_OUTPUT_CACHE"] = str(tmp_path / "cache")
    chain.workflow.write_file("Snakefile", ALONE % ("cache: True", "echo a > {output}"))
    chain.run("--cache").succeeded().says("it is eligible for Snakemake's between-workflow cache")
    assert chain.files() == {"a.txt": b"a\n"}
