"""How files reach steps: which mode holds, and what the core is told of storage."""

import pytest
from snakemake_executor_plugin_kueue.stores import client_environment

RULE = 'rule a:\n    output: "a.txt"\n    shell: "echo a > {output}"\n'
FS = ("--default-storage-provider", "fs", "--default-storage-prefix")


def test_without_a_provider_steps_run_in_place(shim):
    shim.write("Snakefile", RULE)
    done = shim.run()
    assert done.returncode == 0, done.stdout
    assert "files move through" not in done.stdout
    assert shim.noted("session")[0]["storage"] is None
    assert "staging" not in shim.noted("step")[0]


def test_without_a_shared_file_system_files_come_from_this_directory(shim):
    shim.write("Snakefile", RULE)
    done = shim.run("--shared-fs-usage", "none")
    assert done.returncode == 0, done.stdout
    assert "kueue: files move through this working directory; a step sees its declared inputs" in done.stdout
    assert shim.noted("session")[0]["storage"]["stores"] == {"driver": {"kind": "directory"}}
    place = {"store": "driver", "bucket": "", "key": str(shim.path / "a.txt")}
    (step,) = shim.noted("step")
    assert step["staging"]["outputs"][0]["at"] == place
    assert step["staging"]["area"]["key"] == str(shim.path / ".snakemake/konverge/area")


def test_with_a_provider_files_move_through_it(shim):
    shim.write("Snakefile", RULE)
    store = shim.path / "store"
    done = shim.run(*FS, str(store))
    assert done.returncode == 0, done.stdout
    assert f"kueue: files move through {store}; a step sees" in done.stdout
    storage = shim.noted("session")[0]["storage"]
    assert storage["stores"] == {"fs": {"kind": "directory"}}
    (step,) = shim.noted("step")
    assert step["staging"]["area"] == {"store": "fs", "bucket": "", "key": str(store / ".konverge")}
    assert step["staging"]["outputs"][0]["at"]["key"] == str(store / "a.txt")
    assert step["staging"]["sources"] == storage["sources"]["digest"]
    assert (store / "a.txt").read_text() == "a\n"


def test_shared_runs_a_workflow_with_storage_in_place(shim):
    shim.write("Snakefile", RULE)
    shim.run(*FS, str(shim.path / "store"), "--kueue-artifacts", "shared", faults={"refuse": "a"})
    assert shim.noted("session")[0]["storage"] is None
    assert "staging" not in shim.noted("step")[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--kueue-artifacts", "storage"], "--kueue-artifacts storage needs a storage provider"),
        (["--kueue-artifacts", "driver", *FS, "store"], "leave one of the two out"),
        (["--kueue-artifacts", "pigeon"], "'pigeon' is not known"),
    ],
)
def test_what_cannot_be_is_refused_at_the_start(shim, arguments, words):
    shim.write("Snakefile", RULE)
    done = shim.run(*arguments)
    assert done.returncode == 1
    assert words in done.stdout


def test_the_client_gets_its_credentials_proxies_and_certificates_and_nothing_else(tmp_path):
    bundle = tmp_path / "ca.pem"
    bundle.touch()
    variables = {"AWS_PROFILE": "p", "HOME": "/h", "https_proxy": "x", "SECRET": "s", "REQUESTS_CA_BUNDLE": str(bundle)}
    assert client_environment(variables) == {
        "AWS_PROFILE": "p",
        "HOME": "/h",
        "https_proxy": "x",
        "NODE_EXTRA_CA_CERTS": str(bundle),
    }
