"""Python scripts run without a Snakemake of their own, and see what they see under Snakemake's own executor."""

import os
import signal

from workflow import wait_until

DUMP = """
import os, sys
import helper
from neighbours import deep
kept = ("input", "output", "params", "wildcards", "resources", "log")
def where(path):
    return os.path.relpath(path, os.path.dirname(os.getcwd()) if ".snakemake" in os.getcwd() else os.getcwd())
with open(snakemake.output[0], "w") as file:
    for name in kept:
        values = getattr(snakemake, name)
        print(name, type(values), repr(list(values)), repr(list(values.items())), file=file)
        print([type(value) for value in values], file=file)
    for name in ("threads", "config", "rule", "bench_iteration"):
        print(name, repr(getattr(snakemake, name)), file=file)
    print(sorted(name for name in vars(snakemake)), file=file)
    print(where(snakemake.scriptdir), where(__file__), sys.argv[1:], helper.WORD, deep.WORD, file=file)
    print(snakemake.log_fmt_shell(), snakemake.params.function, snakemake.input.get("named"), file=file)
    print([os.environ.get(name) for name in ("OMP_NUM_THREADS", "TMPDIR", "SEEN")], file=file)
    print(os.path.basename(__real_file__).partition(".")[2].partition(".")[0] != "", file=file)
"""
NEIGHBOURS = {
    "scripts/helper.py": 'WORD = "beside"\n',
    "scripts/neighbours/__init__.py": "",
    "scripts/neighbours/deep.py": 'WORD = "deeper"\n',
}


def test_a_script_sees_all_that_snakemake_gives_it(both):
    ours = both(
        """
        configfile: "config.yaml"
        rule all:
            input: "a/b c.txt"
        rule a:
            input: "in.txt", named=["one.txt", "two.txt"]
            output: "{d}/{n}.txt", other=touch("{d}/{n}.other")
            params:
                1.5, "it's", word="w", table={"a": [1, None]}, text='quo"te',
                function=lambda wildcards, input, threads: f"{wildcards.n}-{len(input)}-{threads}"
            log: "logs/{d}-{n}.log", second="logs/{d}-{n}.2"
            threads: 8
            resources: mem_mb=lambda wildcards, threads: threads * 100, word="r", disk_mb=5
            script: "scripts/dump.py"
        """,
        "--config",
        "extra=1",
        files={
            "config.yaml": "samples: {x: [1, 2], y: null}\n",
            **dict.fromkeys(("in.txt", "one.txt", "two.txt"), ""),
            "scripts/dump.py": DUMP,
            **NEIGHBOURS,
        },
        env={"SEEN": "seen"},
    )
    ours.is_silent_about("through Snakemake")


def test_wildcards_and_params_in_its_path(both):
    ours = both(
        """
        rule all:
            input: "a.txt", "b.txt"
        rule a:
            output: "{n}.txt"
            params: kind="x"
            script: "scripts/{wildcards.n}-{params.kind}.py"
        """,
        files={f"scripts/{n}-x.py": f'open(snakemake.output[0], "w").write("{n}")\n' for n in "ab"},
    )
    ours.is_silent_about("through Snakemake")


def test_shell_and_the_logger_inside_it(both):
    ours = both(
        """
        rule a:
            output: "a.txt"
            params: word="it's"
            threads: 2
            script: "a.py"
        """,
        files={
            "a.py": "from snakemake.shell import shell\n"
            'logger.warning("the logger speaks")\n'
            'shell("echo {snakemake.params.word:q} $OMP_NUM_THREADS > {snakemake.output[0]}")\n'
        },
    )
    ours.is_silent_about("through Snakemake")


def test_a_failing_script(both, workflow):
    both(
        """
        rule a:
            output: "a.txt"
            log: "a.log"
            script: "a.py"
        """,
        files={
            "a.py": 'open(snakemake.log[0], "w").write("logged")\nopen(snakemake.output[0], "w").write("half")\n'
            'raise ValueError("its own words")\n'
        },
        code=1,
    ).says("its own words", "exit code 1").is_silent_about("through Snakemake")
    assert workflow.text("a.log") == "logged"


def test_its_exit_code_is_told_and_retries_see_the_attempt(both):
    both(
        """
        rule a:
            output: "a.txt"
            retries: 2
            resources: tried=lambda wildcards, attempt: attempt
            script: "a.py"
        """,
        files={
            "a.py": "import sys\nif snakemake.resources.tried < 3:\n    sys.exit(7)\n"
            'open(snakemake.output[0], "w").write(str(snakemake.resources.tried))\n'
        },
    ).says("exit code 7")


def test_shadow_benchmark_and_temp(both, workflow):
    ours = both(
        """
        rule all:
            input: "b.txt"
        rule a:
            output: temp("a.txt")
            shadow: "minimal"
            benchmark: repeat("a.tsv", 3)
            script: "a.py"
        rule b:
            input: "a.txt"
            output: "b.txt"
            script: "b.py"
        """,
        files={
            "a.py": 'open("junk", "w").write("")\n'
            'open(snakemake.output[0], "a").write(str(snakemake.bench_iteration))\n',
            "b.py": 'open(snakemake.output[0], "w").write(open(snakemake.input[0]).read())\n',
        },
        ignored=("a.tsv",),
    )
    ours.is_silent_about("through Snakemake")
    assert workflow.text("b.txt") == "012"
    assert len(workflow.text("a.tsv").splitlines()) == 4


def test_a_rule_of_a_module_has_that_modules_configuration(both):
    both(
        """
        config["x"] = "main"
        module other:
            snakefile: "other/Snakefile"
            config: {"x": "module"}
        use rule * from other as other_*
        """,
        files={
            "other/Snakefile": 'rule a:\n    output: "a.txt"\n    script: "scripts/a.py"\n',
            "other/scripts/a.py": "import helper\n"
            'open(snakemake.output[0], "w").write(f"{snakemake.config} {snakemake.rule} {helper.WORD}")\n',
            "other/scripts/helper.py": 'WORD = "beside"\n',
        },
    ).is_silent_about("through Snakemake")


def test_its_file_is_removed_unless_it_is_to_be_kept(workflow):
    workflow.write_file("Snakefile", 'rule a:\n    output: "a.txt"\n    script: "a.py"\n')
    workflow.write_file(
        "a.py", 'open(snakemake.output[0], "w").write(oct(__import__("os").stat(__real_file__).st_mode))\n'
    )
    folder = workflow.path / ".snakemake/konverge/scripts"
    workflow.run().succeeded()
    assert workflow.text("a.txt").endswith("600")
    assert list(folder.iterdir()) == []
    workflow.run("kueue", "--skip-script-cleanup", "--forceall").succeeded().says("Not cleaning up")
    assert [path.name.partition(".")[2] for path in folder.iterdir()] == ["a.py"]


def test_a_script_that_outlives_its_snakemake_is_taken_over(workflow):
    workflow.write_file(
        "Snakefile",
        """
        rule a:
            output: "a.txt"
            params: {"b": 1, "a": [2]}
            script: "a.py"
        """,
    )
    workflow.write_file(
        "a.py",
        """
        import os, pathlib, time
        with open("ran.txt", "a") as file:
            file.write("ran\\n")
        # Bounded, in case the test fails.
        end = time.monotonic() + 60
        while not pathlib.Path("go").exists() and time.monotonic() < end:
            time.sleep(0.05)
        pathlib.Path(snakemake.output[0]).write_text("done")
        """,
    )
    first = workflow.start()
    wait_until(lambda: workflow.has("ran.txt"))
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    second = workflow.start()
    wait_until(lambda: "is taken over from an earlier run" in workflow.text("output.txt"))
    workflow.write_file("go", "")
    assert second.wait(60) == 0, workflow.text("output.txt")
    assert workflow.text("ran.txt") == "ran\n"
    assert list((workflow.path / ".snakemake/konverge/scripts").iterdir()) == []


def test_what_only_snakemake_can_run(both, workflow):
    both(
        """
        rule all:
            input: "a.txt", "b.txt"
        rule first:
            output: "first.txt"
            shell: "echo first > {output}"
        rule a:
            input: "first.txt"
            output: "a.txt"
            params: text=lambda wildcards, input: open(input[0]).read()
            script: "a.py"
        rule b:
            output: "b.txt"
            conda: "env.yaml"
            script: "a.py"
        """,
        files={
            "a.py": 'open(snakemake.output[0], "w").write(snakemake.params.get("text", "none"))\n',
            "env.yaml": "channels: []\n",
        },
    )


WHERE = (
    "import os, helper\n"
    'open(snakemake.output[0], "w").write(f"{os.path.basename(snakemake.scriptdir)} {helper.WORD} {__name__}")\n'
)


def test_places_of_a_script(both):
    snakefile = """
    import pathlib
    workdir: "work"
    include: "rules/more.smk"
    place = "scripts"
    rule all:
        default_target: True
        input: expand("{n}.txt", n=list("abcd"))
    rule a:
        output: "a.txt"
        script: f"{place}/a.py"
    rule b:
        output: "b.txt"
        script: str(pathlib.Path(workflow.basedir) / "scripts" / "a.py")
    rule c:
        output: "c.txt"
        script: pathlib.Path("scripts/a.py")
    """
    ours = both(
        snakefile,
        files={
            "scripts/a.py": WHERE,
            "scripts/helper.py": 'WORD = "beside"\n',
            "rules/more.smk": 'rule d:\n    output: "d.txt"\n    script: "../scripts/a.py"\n',
        },
    )
    ours.is_silent_about("through Snakemake")


def test_a_snakefile_elsewhere(both):
    ours = both(
        "",
        *("--snakefile", "workflow/Snakefile"),
        files={
            "workflow/Snakefile": 'rule a:\n    output: "a.txt"\n    script: "scripts/a.py"\n',
            "workflow/scripts/a.py": WHERE,
            "workflow/scripts/helper.py": 'WORD = "beside"\n',
        },
    )
    ours.is_silent_about("through Snakemake")
