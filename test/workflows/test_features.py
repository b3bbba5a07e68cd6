"""Features of the workflow language: one workflow, run once in a shared directory and once through S3.

Every file must be what Snakemake's own executor makes in a directory (through S3 it has bugs of its own).
"""

import json
import os
from dataclasses import dataclass

import feature_workflow
import pytest
from conftest import CONFIGURATION
from object_storage import DirectoryPlace, S3Place, prepare
from workflow import Workflow, end_core

# These differ from run to run.
MEASURED = ("bench/measured.tsv", "bench/measured.jsonl")


@dataclass
class Run:
    """The workflow after its run with our executor, and what Snakemake's own executor made of the same."""

    workflow: Workflow
    place: object
    ours: object
    again: object
    files: dict[str, bytes]
    wanted: dict[str, bytes]

    @property
    def observed(self):
        return self.workflow.observed

    def made(self, name, content):
        """`name` has this content, with either executor."""
        assert self.wanted[name] == content.encode()
        assert self.files.get(name) == content.encode(), self.ours.trouble

    def is_gone(self, *names):
        for name in names:
            assert name not in self.wanted
            assert name not in self.files


@pytest.fixture(scope="module")
def wanted(tmp_path_factory):
    """Files by name, as Snakemake's own executor makes them."""
    workflow = Workflow(tmp_path_factory.mktemp("features") / "local")
    place = new_place("shared", workflow, None)
    workflow.run("local", *feature_workflow.ARGUMENTS, "--forcerun", "updated").succeeded().says("the hook has run")
    workflow.run("local", *feature_workflow.ARGUMENTS).succeeded().says("Nothing to be done")
    return place.contents()


@pytest.fixture(scope="module", params=["shared", "s3"])
def run(request, tmp_path_factory, wanted):
    workflow = Workflow(tmp_path_factory.mktemp("features") / "kueue")
    server = request.getfixturevalue("s3_server") if request.param == "s3" else None
    place = new_place(request.param, workflow, server)
    arguments = (*place.arguments, *feature_workflow.ARGUMENTS)
    ours = workflow.run("kueue", *arguments, "--forcerun", "updated")
    files = place.contents()
    again = workflow.run("kueue", *arguments)
    yield Run(workflow, place, ours, again, files, wanted)
    end_core(workflow)


def new_place(kind, workflow, server):
    workflow.path.mkdir()
    workflow.write_file("konverge.yaml", CONFIGURATION)
    place = S3Place(server) if kind == "s3" else DirectoryPlace(workflow.path, feature_workflow.SOURCES)
    prepare(workflow, place, feature_workflow.SNAKEFILE, feature_workflow.INPUTS, feature_workflow.SOURCES)
    return place


@pytest.mark.fidelity("a second run has nothing to do", section="command line", rules=())
@pytest.mark.fidelity("`onsuccess:`, `onerror:`", section="kinds of rules", rules=())
def test_the_whole_is_as_with_snakemakes_own_executor(run):
    run.ours.succeeded().says("the hook has run")
    run.again.succeeded().says("Nothing to be done")
    measured = {name: run.files.pop(name) for name in MEASURED}
    wanted = {name: content for name, content in run.wanted.items() if name not in MEASURED}
    assert {name: run.files.get(name) for name in wanted} == wanted
    assert set(run.files) == set(wanted)
    run.files.update(measured)


@pytest.mark.fidelity("`shell:`", section="kinds of rules", rules=("base",))
@pytest.mark.fidelity("`params:`", section="values of a rule", rules=("base",))
def test_shell(run):
    run.made("base.txt", "base\n")


@pytest.mark.fidelity("`include:`", section="kinds of rules", rules=("included",))
def test_include(run):
    run.made("included.txt", "main\n")


@pytest.mark.fidelity("`module:` with its own globals and config", section="kinds of rules", rules=("other_own",))
def test_module(run):
    run.made("module.txt", "module from-outside\n")


@pytest.mark.fidelity("`use rule … with`", section="kinds of rules", rules=("changed",))
def test_use_rule(run):
    run.made("changed.txt", "changed\n")


@pytest.mark.fidelity("`localrules:`, `localrule:`", section="kinds of rules", rules=("at_home",))
def test_local_rules(run):
    run.made("at_home.txt", "at home\n")
    assert run.workflow.steps("at_home") == []


@pytest.mark.fidelity("rule without a command", section="kinds of rules", rules=("norun", "all"))
def test_no_command(run):
    run.made("norun.txt", "")


@pytest.mark.fidelity("`script:` in Python", section="kinds of rules", rules=("py",))
def test_python_script(run):
    run.made("py.txt", 'a\n ["it\'s", 2] 2 neighbour\n')
    run.made("logs/py.log", "log")


@pytest.mark.fidelity("`script:` in bash", section="kinds of rules", rules=("sh",))
def test_bash_script(run):
    run.made("sh.txt", "a\n")


@pytest.mark.fidelity("`run:`", section="kinds of rules", rules=("run",))
def test_run(run):
    run.made("run.txt", "a\nmain\n")


@pytest.mark.fidelity("`template_engine:`", section="kinds of rules", rules=("template",))
def test_template(run):
    run.made("template.txt", "a template")


@pytest.mark.fidelity("checkpoint", section="kinds of rules", rules=("split", "part", "checkpointed"))
def test_checkpoint(run):
    run.made("checkpointed.txt", "1\n4\n9\n")
    run.is_gone("squares/1.txt")


@pytest.mark.fidelity("`scattergather:`", section="kinds of rules", rules=("scattered", "gathered"))
def test_scatter_and_gather(run):
    run.made("gathered.txt", "1-of-2.txt\n2-of-2.txt\n")


@pytest.mark.fidelity("`container:` without `--sdm apptainer`", section="kinds of rules", rules=("contained",))
@pytest.mark.fidelity("`conda:` without `--sdm conda`", section="kinds of rules", rules=("in_conda",))
@pytest.mark.fidelity("`envmodules:` without `--sdm env-modules`", section="kinds of rules", rules=("in_modules",))
def test_environments_that_are_not_asked_for_are_ignored(run):
    run.made("contained.txt", "on the host\n")
    run.made("in_conda.txt", "without conda\n")
    run.made("in_modules.txt", "without modules\n")


@pytest.mark.fidelity("`shadow:` minimal", section="inputs and outputs", rules=("shadow_minimal",))
@pytest.mark.fidelity("`shadow:` copy-minimal", section="inputs and outputs", rules=("shadow_copy-minimal",))
@pytest.mark.fidelity("`shadow:` shallow", section="inputs and outputs", rules=("shadow_shallow",))
@pytest.mark.fidelity("`shadow:` full", section="inputs and outputs", rules=("shadow_full",))
def test_shadow(run):
    for depth in ("minimal", "copy-minimal", "shallow", "full"):
        run.made(f"shadow/{depth}.txt", "a\n")
    run.is_gone("stray.txt")


@pytest.mark.fidelity("`multiext()`, also with names", section="inputs and outputs", rules=("multi", "named"))
def test_multiext(run):
    run.made("multi/a.tsv", "2\n")
    run.made("named/a.two", "2\n")


@pytest.mark.fidelity("input functions, `unpack()`", section="inputs and outputs", rules=("unpacked",))
@pytest.mark.fidelity("`params:` from functions", section="values of a rule", rules=("unpacked",))
def test_unpack_and_functions(run):
    run.made("unpacked/a.txt", "a\nold\nb\na 3 a.txt\n")


@pytest.mark.fidelity("`branch()`", section="inputs and outputs", rules=("branched",))
def test_branch(run):
    run.made("branched.txt", "a\n")


@pytest.mark.fidelity("`params:` that read an input", section="values of a rule", rules=("late",))
def test_params_that_read_an_input(run):
    run.made("late.txt", "base\n")


@pytest.mark.fidelity(
    "`resources:` from functions and with wildcards", section="values of a rule", rules=("resources",)
)
@pytest.mark.fidelity("`threads:`", section="values of a rule", rules=("resources",))
def test_resources(run):
    run.made("resources/a.txt", "1 100 of a\n")
    run.made("resources/b.txt", "2 200 of b\n")
    run.made("of_input.txt", "1 x y\n")


@pytest.mark.fidelity("`retries:`, resources that grow with `attempt`", section="values of a rule", rules=("tries",))
def test_retries(run):
    run.made("tries.txt", "200\n")
    assert [step.spec["attempt"] for step in run.workflow.steps("tries")] == [1, 2]


@pytest.mark.fidelity("`priority:`", section="values of a rule", rules=("urgent",))
def test_priority(run):
    run.made("urgent.txt", "urgent\n")
    assert [step.spec["priority"] for step in run.workflow.steps("urgent")] == [50]


@pytest.mark.fidelity("`touch()`", section="inputs and outputs", rules=("touched",))
def test_touch(run):
    run.made("touched.done", "")


@pytest.mark.fidelity("`protected()`", section="inputs and outputs", rules=("protected",))
def test_protected(run):
    run.made("protected.txt", "protected\n")
    path = run.workflow.path / "protected.txt"
    assert not path.exists() or not path.stat().st_mode & 0o222


@pytest.mark.fidelity("`temp()`", section="inputs and outputs", rules=("temporary", "of_temporary"))
def test_temp(run):
    run.made("of_temp.txt", "temporary\n")
    run.is_gone("temporary.txt")


@pytest.mark.fidelity("`temp()` that no rule needs", section="inputs and outputs", rules=("unneeded",))
def test_temp_that_nobody_needs(run):
    run.made("with_unneeded.txt", "with\n")
    run.is_gone("unneeded.txt")


@pytest.mark.fidelity("`directory()` as output and input", section="inputs and outputs", rules=("folder", "listing"))
def test_directory(run):
    run.made("folder/in/a.txt", "a\n")
    run.made("listing.txt", "./b c\n./in/a.txt\n")


@pytest.mark.fidelity("`ensure(non_empty=True)`", section="inputs and outputs", rules=("ensured",))
@pytest.mark.fidelity("`ensure(sha256=…)`", section="inputs and outputs", rules=("checked",))
def test_ensure(run):
    run.made("ensured.txt", "ensured\n")
    run.made("checked.txt", "checked")


@pytest.mark.fidelity("`update()`", section="inputs and outputs", rules=("updated",))
def test_update(run):
    run.made("updated.txt", "before\na\n")


@pytest.mark.fidelity("`report()`", section="inputs and outputs", rules=("reported",))
def test_report(run):
    run.made("reported.txt", "reported\n")


@pytest.mark.fidelity("`log:` that the command does not write", section="inputs and outputs", rules=("logged",))
def test_log(run):
    run.made("logs/nothing.log", "")


@pytest.mark.fidelity("file names with spaces, unicode, `&%+`", section="inputs and outputs", rules=("odd",))
def test_odd_names(run):
    run.made("odd/odd na me&%+ü.txt", "odd na me&%+ü\n")


@pytest.mark.fidelity("`ancient()`", section="inputs and outputs", rules=("old",))
def test_ancient(run):
    run.made("ancient.txt", "old\n")
    planned = plan_after_change(run, "in/old.txt")
    assert "rule unpacked" in planned
    assert "rule old" not in planned


def plan_after_change(run, name):
    """What `--dry-run` says when `name` is newer than all outputs. In storage times have whole seconds."""
    path = run.workflow.path / name
    if path.exists():
        path.write_text("changed\n")
        os.utime(path, (2_000_000_000, 2_000_000_000))
    else:
        run.place.put(name, "changed\n")
    return run.workflow.run("kueue", *run.place.arguments, *feature_workflow.ARGUMENTS, "--dry-run").succeeded().text


@pytest.mark.fidelity("`benchmark:`, `repeat()`, extended", section="values of a rule", rules=("measured",))
def test_benchmark_with_repeats(run):
    header, *rows = (line.split("\t") for line in run.files["bench/measured.tsv"].decode().splitlines())
    assert header == run.wanted["bench/measured.tsv"].decode().splitlines()[0].split("\t")
    assert len(rows) == 2
    for row in rows:
        is_measured(dict(zip(header, row, strict=True)))
    run.made("measured.txt", "0\n1\n")


@pytest.mark.fidelity("`benchmark:` as JSON lines", section="values of a rule", rules=("measured2",))
def test_benchmark_as_json_lines(run):
    ours, theirs = (json.loads(files["bench/measured.jsonl"]) for files in (run.files, run.wanted))
    assert ours.keys() == theirs.keys()
    assert ours["params"] == {"word": "w"}
    is_measured(ours)


def is_measured(row):
    assert 0 < float(row["s"]) < 60
    assert 50 < float(row["max_rss"]) < 1000
    assert 0 < float(row["cpu_time"]) < 60


@pytest.mark.fidelity("`--set-threads`, `--set-resources`", section="command line", rules=("set_from_outside",))
@pytest.mark.fidelity("`configfile:`, `--config`", section="command line", rules=("set_from_outside",))
def test_values_from_the_command_line(run):
    run.made("set.txt", "2 77 from inside from-outside\n")


@pytest.mark.fidelity("`handover:` (Snakemake asks for `--cores`)", section="kinds of rules", rules=("handed",))
def test_handover(both):
    both('rule handed:\n    output: "a.txt"\n    handover: True\n    shell: "echo a > {output}"\n', "--cores", "2")


@pytest.mark.fidelity("`workflow.source_path()`", section="values of a rule", rules=("a",))
def test_source_path(both):
    """Snakemake itself takes it for changed in each run."""
    both(
        """
        rule a:
            output: "a.txt"
            params: path=workflow.source_path("rules/data.txt")
            shell: "cat {params.path:q} > {output}"
        """,
        files={"rules/data.txt": "data\n"},
        again=False,
    )
