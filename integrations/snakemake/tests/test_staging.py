"""What the core is asked to move for a step: the plans that travel with it."""

FS = ("--default-storage-provider", "fs", "--default-storage-prefix")
DRIVER = ("--shared-fs-usage", "none")


def plan_of(shim, rule):
    (step,) = [step for step in shim.noted("step") if step["rule"] == rule]
    return step["staging"]


def test_flags_of_outputs(shim):
    shim.write(
        "Snakefile",
        """
        rule a:
            input: "in.txt"
            output:
                directory("d"), touch("t"), update("u"),
                ensure("e", non_empty=True), ensure("s", sha256=lambda wildcards: "ab")
            log: "a.log"
            benchmark: "b.jsonl"
            shell: "true"
        """,
    )
    shim.write("in.txt", "in")
    shim.run(*DRIVER, "--benchmark-extended", faults={"refuse": "a"})
    plan = plan_of(shim, "a")
    outputs = {output.pop("path"): output for output in plan["outputs"]}
    for output in outputs.values():
        del output["at"]
    plain = {"kind": "file", "touch": False, "update": False}
    assert outputs == {
        "d": {**plain, "kind": "directory"},
        "t": {**plain, "touch": True},
        "u": {**plain, "update": True},
        "e": {**plain, "ensure": {"nonEmpty": True}},
        "s": {**plain, "ensure": {"nonEmpty": False, "checksum": {"algorithm": "sha256", "value": "ab"}}},
    }
    assert [file["path"] for file in (*plan["inputs"], *plan["logs"])] == ["in.txt", "a.log"]
    assert plan["benchmark"]["format"] == "jsonl"
    assert plan["benchmark"]["extended"]["ruleName"] == "a"
    assert plan["inner"] == []


def test_a_group_keeps_its_temp_files_inside(shim):
    shim.write(
        "Snakefile",
        """
        rule all:
            input: "c.txt"
        rule a:
            output: temp("a.txt"), "b.txt"
            group: "g"
            shell: "echo a | tee {output}"
        rule c:
            input: "a.txt"
            output: "c.txt"
            group: "g"
            shell: "cat {input} > {output}"
        """,
    )
    done = shim.run(*DRIVER)
    assert done.returncode == 0, done.stdout
    (step,) = [step for step in shim.noted("step") if step["rule"] == "g"]
    assert [[member["name"] for member in level] for level in step["execution"]["levels"]] == [["a"], ["c"]]
    assert step["staging"]["inner"] == ["a.txt"]
    assert [output["path"] for output in step["staging"]["outputs"]] == ["b.txt", "c.txt"]
    assert not (shim.path / "a.txt").exists()


def test_files_that_cannot_be_moved_make_a_job_run_through_snakemake(shim):
    away = shim.path / "away"
    shim.write("Snakefile", f'rule a:\n    output: "{away}/a.txt"\n    shell: "echo a > {{output}}"\n')
    done = shim.run(*DRIVER)
    assert done.returncode == 0, done.stdout
    (step,) = shim.noted("step")
    assert "is an absolute path" in step["execution"]["reasons"][0]
    assert "staging" not in step
    assert (away / "a.txt").read_text() == "a\n"


def test_an_absolute_place_for_local_copies_makes_jobs_run_through_snakemake(shim):
    shim.write("Snakefile", 'rule a:\n    output: "a.txt"\n    shell: "echo a > {output}"\n')
    shim.run(
        *FS,
        str(shim.path / "store"),
        "--local-storage-prefix",
        str(shim.path / "copies"),
        faults={"refuse": "a"},
    )
    (step,) = shim.noted("step")
    assert "is an absolute path" in step["execution"]["reasons"][0]


def test_a_failed_step_leaves_what_was_there_and_its_record(shim):
    shim.write(
        "Snakefile",
        """
        rule a:
            output: "a.txt"
            params: code=config.get("code", 0)
            shell: "echo {params.code} > {output}; exit {params.code}"
        """,
    )
    assert shim.run(*DRIVER).returncode == 0
    failed = shim.run(*DRIVER, "--config", "code=3")
    assert failed.returncode == 1
    assert (shim.path / "a.txt").read_text() == "0\n"
    # The record is still that of the former run, so the other value is a reason to run it again.
    assert "Params have changed" in shim.run(*DRIVER, "--config", "code=3").stdout
    assert "Nothing to be done" in shim.run(*DRIVER).stdout


def test_outputs_of_a_group_say_in_which_level_they_are_made(shim):
    shim.write(
        "Snakefile",
        """
        rule all:
            input: "c.txt", "b.txt"
        rule a:
            output: "a.txt", "b.txt"
            group: "g"
            shell: "echo a | tee {output}"
        rule c:
            input: "a.txt"
            output: "c.txt"
            group: "g"
            shell: "cat {input} > {output}"
        """,
    )
    shim.run(*DRIVER, faults={"refuse": "g"})
    plan = plan_of(shim, "g")
    assert {output["path"]: output["level"] for output in plan["outputs"]} == {"a.txt": 0, "b.txt": 0, "c.txt": 1}
