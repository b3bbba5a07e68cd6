"""Scripts: what is posted for them, and where they stay with Snakemake."""

RULE = 'rule a:\n    output: "a.txt"\n    script: "scripts/a.py"\n'


def posted(shim, *arguments):
    shim.write("Snakefile", RULE)
    shim.write("scripts/a.py", "print(snakemake.config)\n")
    shim.run("--config", "secret=hidden", *arguments, faults={"refuse": "a"})
    return shim.noted("step")[-1]


def test_the_same_job_is_the_same_request(shim):
    """Else an earlier run's step could not be taken over."""
    execution = posted(shim)["execution"]
    assert execution["mode"] == "direct"
    (command,) = execution["commands"]
    assert ".snakemake/konverge/scripts/" in command
    assert command.endswith(".a.py")
    assert posted(shim)["execution"] == execution


def test_a_changed_script_or_configuration_is_another_request(shim):
    first = posted(shim)["execution"]["commands"]
    assert posted(shim, "--config", "secret=other")["execution"]["commands"] != first
    shim.write("scripts/helper.py", "")
    assert posted(shim)["execution"]["commands"] == first


def test_no_configuration_travels_and_a_refused_step_leaves_no_file(shim):
    assert "hidden" not in str(posted(shim))
    assert list((shim.path / ".snakemake/konverge/scripts").iterdir()) == []
