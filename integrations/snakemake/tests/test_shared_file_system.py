"""Both command lines of docs/adr/0003: what steps are told about the file system they share."""

RULE = 'rule a:\n    output: "a.txt"\n    run:\n        open(output[0], "w").write("a")\n'


def told(shim):
    (step,) = shim.noted("step")
    usage = step["execution"]["command"].split("--shared-fs-usage", 1)[1].split("--", 1)[0]
    return set(usage.replace("'", "").split())


def test_with_the_local_engine_everything_is_shared(shim):
    shim.write("Snakefile", RULE)
    done = shim.run()
    assert done.returncode == 0, done.stdout
    assert {"input-output", "persistence", "sources", "storage-local-copies"} <= told(shim)
    assert "--deploy-sources" not in shim.noted("step")[0]["execution"]["command"]


def test_with_another_engine_and_a_default_provider_nothing_is_shared(shim):
    shim.write("Snakefile", RULE)
    done = shim.run(
        "--default-storage-provider",
        "fs",
        "--default-storage-prefix",
        str(shim.path / "store"),
        engine=(),
        # The step is refused: what it is told is the question, not what it does.
        faults={"engine": "kubernetes", "refuse": "a"},
    )
    assert done.returncode == 1, done.stdout
    assert told(shim) == {"none"}
    command = shim.noted("step")[0]["execution"]["command"]
    assert "--deploy-sources" not in command
    assert "pip install" not in command
    assert shim.noted("session")[0]["engine"] is None


def test_steps_that_are_said_to_run_here_need_a_shared_file_system(shim):
    shim.write("Snakefile", 'rule a:\n    output: "a.txt"\n    shell: "echo a > {output}"\n')
    shim.run("--shared-fs-usage", "none", "--kueue-artifacts", "shared", faults={"refuse": "a"})
    (step,) = shim.noted("step")
    assert step["execution"]["reasons"] == ["its files are not on a shared file system"]
    assert shim.noted("session")[0]["storage"] is None
