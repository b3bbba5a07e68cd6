"""The workflow of all features on a simulated cluster: no request names this machine, and each runs without it."""

import json
import sys
from pathlib import Path

import pytest
from conftest import module_of_workflows, object_storage

features = module_of_workflows("feature_workflow")


@pytest.fixture
def place(s3_server):
    return object_storage.S3Place(s3_server)


def run(shim, place):
    shim.write("Snakefile", features.SNAKEFILE)
    for name, text in features.SOURCES.items():
        shim.write(name, text)
    for name, text in features.INPUTS.items():
        place.put(name, text)
    # Found here by the S3 client itself, in a file that no pod has.
    shim.write("aws/credentials", f"[default]\naws_access_key_id = {place.server.access_key}\n")
    with (shim.path / "aws" / "credentials").open("a") as file:
        file.write(f"aws_secret_access_key = {place.server.secret_key}\n")
    shim.write(".konvergeignore", "/aws\n")
    shim.env = {
        "SEEN_BY_NO_STEP": "here",
        "AWS_SHARED_CREDENTIALS_FILE": str(shim.path / "aws" / "credentials"),
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    return shim.run(*place.arguments, *features.ARGUMENTS, engine=("--kueue-engine", "kubernetes"))


def test_no_request_depends_on_this_machine(shim, place):
    """Each step runs in an empty directory with its files and an empty environment; direct ones without Snakemake."""
    done = run(shim, place)
    assert done.returncode == 0, done.stdout
    steps = shim.noted("step")
    modes = {step["rule"]: step["execution"]["mode"] for step in steps}
    assert {rule for rule, mode in modes.items() if mode == "fallback"} == {"run", "late"}
    assert modes["py"] == modes["sh"] == "direct"
    for step in steps:
        # The working directory is where the step is known by; a cluster without a volume there does not use it.
        assert step.pop("cwd") == str(shim.path)
        text = json.dumps(step)
        for name in (
            str(shim.path),
            sys.prefix,
            sys.executable,
            str(Path.home()),
            "bin/bash",
            "SEEN_BY_NO_STEP",
        ):
            assert name not in text, f"{name} in {text}"
        assert place.server.secret_key not in text
    (contained,) = (step for step in steps if step["rule"] == "contained")
    assert contained["container"] == "docker://nowhere/none"
    (session,) = shim.noted("session")
    assert session["environment"] == {}
    assert session["fallbackEnvironment"]["AWS_SECRET_ACCESS_KEY"] == place.server.secret_key
    assert str(shim.path) not in json.dumps(session["fallbackEnvironment"])
    files = place.contents()
    assert files["py.txt"] == b"""a\n ["it's", 2] 2 neighbour\n"""
    assert files["sh.txt"] == b"a\n"
    assert files["late.txt"] == b"base\n"
    assert files["checkpointed.txt"] == b"1\n4\n9\n"
