"""What is posted for steps on a cluster, and what is refused. test_kubernetes_features.py runs all features there."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import Shim, object_storage
from snakemake_executor_plugin_kueue.command import PORTABLE_STRICT
from snakemake_executor_plugin_kueue.other_machine import POD_TMPDIR

CLUSTER = ("--kueue-engine", "kubernetes")
FS = ("--default-storage-provider", "fs", "--default-storage-prefix")
RULE = 'rule a:\n    output: "a.txt"\n    shell: "echo a > {output}"\n'
SNAKEFILE = """
envvars: "DECLARED"
rule all:
    input: "plain.txt", "scratch.txt", "named.txt", "uses.txt", "r.txt", "wide.txt", "second.txt", "contained.txt",
        "of.txt"
rule plain:
    output: "plain.txt"
    shell: "echo {resources.tmpdir} > {output}"
rule scratch:
    output: "scratch.txt"
    resources: tmpdir="scratch"
    shell: "echo {resources.tmpdir} > {output}"
rule named:
    output: "named.txt"
    shell: "cat {workflow.basedir}/Snakefile > {output}"
rule uses:
    output: "uses.txt"
    script: "scripts/uses.py"
rule r:
    output: "r.txt"
    params: words=["a", "b"]
    script: "scripts/a.R"
rule wide:
    output: "wide.txt"
    threads: 8
    shell: "echo {threads} > {output}"
rule contained:
    output: "contained.txt"
    container: "docker://somewhere/some:1"
    script: "scripts/some.py"
rule of_source:
    input: workflow.source_path("scripts/some.py")
    output: "of.txt"
    shell: "echo a > {output}"
rule first:
    output: temp("first.txt")
    group: "g"
    script: "scripts/some.py"
rule second:
    input: "first.txt"
    output: "second.txt"
    group: "g"
    shell: "cat {input} > {output}"
"""
SCRIPTS = {
    "scripts/uses.py": "from snakemake.shell import shell\nshell('echo a > {snakemake.output}')\n",
    "scripts/some.py": "open(snakemake.output[0], 'w').write(snakemake.scriptdir)\n",
    "scripts/a.R": "writeLines(c(snakemake@scriptdir, snakemake@params$words), snakemake@output[[1]])\n",
}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, s3_server):
    """One run of SNAKEFILE: its text, its steps by rule, and what is in its storage."""
    shim = Shim(tmp_path_factory.mktemp("cluster"))
    place = object_storage.S3Place(s3_server)
    place.put("any.txt", "")
    shim.write("Snakefile", SNAKEFILE)
    for name, text in SCRIPTS.items():
        shim.write(name, text)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shim.env = {"DECLARED": "d", "OTHER": "o", "TMPDIR": str(elsewhere), **place.env}
    more = ("--conda-prefix", str(shim.path / "envs"), "--directory", str(shim.path), "--show-failed-logs")
    shim.done = shim.run(*place.arguments, *more, "--keep-going", engine=CLUSTER)
    shim.steps = {step["rule"]: step for step in shim.noted("step")}
    shim.files = place.contents()
    return shim


def read(cluster, name):
    assert name in cluster.files, cluster.done.stdout
    return cluster.files[name].decode()


def test_the_shell_is_named_and_asked_what_it_knows(cluster):
    execution = cluster.steps["plain"]["execution"]
    assert execution["shell"] == "bash"
    assert execution["commands"][0].startswith(PORTABLE_STRICT)


@pytest.mark.parametrize("shell", [["bash", "-c"], ["dash", "-c"], ["busybox", "sh", "-c"], ["sh", "-c"]])
def test_every_shell_ends_at_an_error(shell):
    if shutil.which(shell[0]) is None:
        pytest.skip(f"missing tool: {shell[0]}")
    for command, code in (("echo a", 0), ("false; echo a", 1), ('echo "$nobody_has_set_this"; echo a', None)):
        done = subprocess.run([*shell, PORTABLE_STRICT + command], capture_output=True, text=True, check=False)
        assert done.stdout == ("a\n" if code == 0 else "")
        assert done.returncode == code if code is not None else done.returncode != 0
    if shell[0] in ("bash", "busybox"):
        assert subprocess.run([*shell, f"{PORTABLE_STRICT}false | cat"], check=False).returncode == 1


def test_only_what_is_declared_of_the_environment(cluster):
    (session,) = cluster.noted("session")
    assert session["environment"] == {"DECLARED": "d"}
    assert session["fallbackEnvironment"]["DECLARED"] == "d"
    assert "OTHER" not in session["fallbackEnvironment"]
    env = cluster.steps["wide"]["env"]
    assert env.pop("OMP_NUM_THREADS") == "8"
    assert all(name.endswith("_THREADS") for name in env)


def test_the_directory_for_temporary_files_is_the_pods(cluster):
    layout = Path(__file__).parents[3] / "src" / "domain" / "pod-layout.ts"
    assert re.search(r"tmp: '(.*)'", layout.read_text()).group(1) == POD_TMPDIR
    assert read(cluster, "plain.txt") == f"{POD_TMPDIR}\n"
    assert "TMPDIR" not in cluster.steps["plain"]["env"]


def test_but_a_rules_own_stays(cluster):
    assert read(cluster, "scratch.txt") == "scratch\n"
    step = cluster.steps["scratch"]
    assert step["env"]["TMPDIR"] == "scratch"
    assert "scratch/.keep" in step["staging"]["inner"]


def test_threads_are_what_the_rule_says(cluster):
    """The simulated queue has two cpus."""
    assert read(cluster, "wide.txt") == "8\n"


def test_an_r_script_needs_nothing_but_r(cluster):
    if shutil.which("Rscript", path="/usr/bin:/bin") is None:
        pytest.skip("missing tool: Rscript")
    place, *words = read(cluster, "r.txt").split()
    assert re.fullmatch(r"/.*/step-\w+/scripts", place)
    assert words == ["a", "b"]


def test_a_script_in_a_container_and_one_in_a_group(cluster):
    step = cluster.steps["contained"]
    assert step["container"] == "docker://somewhere/some:1"
    assert re.fullmatch(r"/.*/step-\w+/scripts", read(cluster, "contained.txt"))
    (first,), (second,) = cluster.steps["g"]["execution"]["levels"]
    assert first["shell"] == second["shell"] == "bash"
    assert read(cluster, "second.txt").endswith("/scripts")


def test_what_names_this_machine_runs_where_it_is_right(cluster):
    execution = cluster.steps["named"]["execution"]
    assert execution["reasons"] == [f"its command names a place of this machine ({cluster.path})"]
    assert read(cluster, "named.txt") == (cluster.path / "Snakefile").read_text()


def test_a_file_of_this_machine_is_no_input_of_a_pod(cluster):
    (reason,) = cluster.steps["of_source"]["execution"]["reasons"]
    assert re.fullmatch("its input /.* is a file of this machine only", reason)
    assert read(cluster, "of.txt") == "a\n"


def test_a_script_that_uses_snakemake_runs_where_that_is(cluster):
    assert cluster.steps["uses"]["execution"]["reasons"] == [
        "its script: imports snakemake.shell, which its image need not have"
    ]
    assert read(cluster, "uses.txt") == "a\n"


def test_snakemakes_own_command_begins_at_the_sources(cluster):
    step = cluster.steps["uses"]
    command = step["execution"]["command"]
    words = shlex.split(command)
    assert words[:5] == ["python", "-m", "snakemake", "--snakefile", "Snakefile"]
    assert words[words.index("--directory") + 1] == "."
    assert words[words.index("--mode") + 1] == "remote"
    for absent in (str(cluster.path), "pip", "--conda-prefix", "--runtime-source-cache-path", "--executor", "kueue"):
        assert absent not in command
    assert step["staging"]["by"] == "step"
    assert step["staging"]["sources"] == cluster.noted("session")[0]["storage"]["sources"]["digest"]
    assert step["container"] is None


def test_no_request_names_this_machine(cluster):
    for step in cluster.noted("step"):
        assert step.pop("cwd") == str(cluster.path)
        # It says what the command was refused for.
        step["execution"].pop("reasons", None)
        # By these a step is known again, nothing more.
        if step["rule"] == "of_source":
            step.pop("inputs")
        for name in (str(cluster.path), cluster.env["TMPDIR"]):
            assert name not in json.dumps(step)


def test_without_its_snakefile_snakemake_is_refused(shim):
    shim.write("Snakefile", 'rule a:\n    output: "a.txt"\n    run:\n        open(output[0], "w")\n')
    (shim.path / "below").mkdir()
    done = shim.run("--directory", "below", *FS, str(shim.path / "store"), engine=CLUSTER)
    assert done.returncode == 1
    assert "it runs through Snakemake because it has run:, and Snakemake in its pod would not find" in done.stdout
    assert f"{shim.path}/Snakefile, which is not below the working directory" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "faults", "words"),
    [
        (("--shared-fs-usage", "none"), {}, "Give --default-storage-provider s3 and --default-storage-prefix"),
        ((), {"storage_needed": True}, "no volume of the pods contains this directory"),
        (("--kueue-namespace", "a"), {"namespace": "b"}, "in the namespace b, and a is asked for"),
        ((), {"engine": "local"}, "with the engine local, and kubernetes is asked for"),
    ],
)
def test_what_cannot_be_is_refused_at_the_start(shim, arguments, faults, words):
    shim.write("Snakefile", RULE)
    done = shim.run(*arguments, engine=CLUSTER, faults=faults)
    assert done.returncode == 1
    assert words in done.stdout
    assert "Error in rule" not in done.stdout


def test_the_namespace_reaches_the_core(shim):
    shim.write("Snakefile", RULE)
    done = shim.run("--kueue-namespace", "a", *FS, str(shim.path / "store"), engine=CLUSTER)
    assert done.returncode == 0, done.stdout
    command = (shim.path / ".snakemake" / "konverge" / "command.json").read_text()
    assert json.loads(command)[-4:] == ["--engine", "kubernetes", "--namespace", "a"]


def test_a_core_that_is_brought_back_is_of_the_same_engine(shim):
    """konverge.yaml may have changed meanwhile; the jobs were planned before."""
    second = 'rule b:\n    input: "a.txt"\n    output: "b.txt"\n    shell: "cat {input} > {output}"\n'
    shim.write("Snakefile", f"{second}{RULE}")
    done = shim.run(*FS, str(shim.path / "store"), engine=(), faults={"engine_at_first": "kubernetes", "die_after": 1})
    assert done.returncode == 0, done.stdout
    command = (shim.path / ".snakemake" / "konverge" / "command.json").read_text()
    assert json.loads(command)[-2:] == ["--engine", "kubernetes"]


def test_in_a_mounted_volume_steps_run_in_place(shim):
    shim.write("Snakefile", SNAKEFILE.replace('envvars: "DECLARED"', ""))
    for name, text in SCRIPTS.items():
        shim.write(name, text)
    done = shim.run("--forceall", "plain.txt", "named.txt", "uses.txt", "contained.txt", engine=CLUSTER)
    assert done.returncode == 0, done.stdout
    steps = {step["rule"]: step for step in shim.noted("step")}
    assert {rule for rule, step in steps.items() if step["execution"]["mode"] == "fallback"} == {"uses"}
    assert all("staging" not in step for step in steps.values())
    command = steps["uses"]["execution"]["command"]
    assert command.startswith("python -m snakemake")
    assert "--runtime-source-cache-path" not in command
    assert "--scheduler-solver-path" not in command
    assert (shim.path / "plain.txt").read_text() == "/tmp\n"
