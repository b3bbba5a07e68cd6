from types import SimpleNamespace

import pytest
from snakemake_executor_plugin_kueue.environment import (
    changes,
    cluster_environment,
    cluster_storage_environment,
    step_environment,
    thread_variables,
    tmpdir_variables,
)

CALLER = {
    "PATH": "/bin",
    "PYTHONPATH": "x",
    "KONVERGE_CORE": "x",
    "SNAKEMAKE_KUEUE_ENGINE": "local",
    "SNAKEMAKE_STORAGE_S3_SECRET_KEY": "secret",
    "SNAKEMAKE_PROFILE": "kept",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "kept",
}


def test_a_step_gets_the_callers_environment_without_ours():
    assert set(step_environment(CALLER, [], s3=False)) == {
        "PATH",
        "PYTHONPATH",
        "SNAKEMAKE_PROFILE",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_REGION",
    }


def test_aws_credentials_are_withheld_with_an_s3_provider_unless_declared():
    assert "AWS_SECRET_ACCESS_KEY" not in step_environment(CALLER, [], s3=True)
    assert "AWS_REGION" in step_environment(CALLER, [], s3=True)
    assert "AWS_SECRET_ACCESS_KEY" in step_environment(CALLER, ["AWS_SECRET_ACCESS_KEY"], s3=True)


def workflow(*declared, provider="s3"):
    return SimpleNamespace(
        envvars=set(declared),
        remote_execution_settings=SimpleNamespace(envvars=set()),
        storage_registry=SimpleNamespace(_storages={}),
        storage_settings=SimpleNamespace(default_storage_provider=provider),
    )


@pytest.fixture
def caller(monkeypatch, tmp_path):
    for name in ("AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in CALLER.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path


@pytest.mark.usefixtures("caller")
def test_another_machine_gets_what_is_declared_and_nothing_else():
    assert cluster_environment(workflow("AWS_REGION", "PATH", "UNSET")) == {"AWS_REGION": "kept", "PATH": "/bin"}


def test_snakemake_on_another_machine_gets_the_keys_of_a_file_and_no_name_of_it(caller):
    (caller / "credentials").write_text("[default]\naws_access_key_id = k\naws_secret_access_key = s\n")
    found = cluster_storage_environment(workflow())
    assert found["AWS_ACCESS_KEY_ID"] == "k"
    assert found["AWS_SECRET_ACCESS_KEY"] == "s"
    assert found["AWS_REGION"] == "kept"
    assert str(caller) not in str(found)
    assert cluster_storage_environment(workflow(provider="fs")) == {}


@pytest.mark.usefixtures("caller")
def test_without_keys_here_it_asks_for_its_own():
    assert set(cluster_storage_environment(workflow())) == {"AWS_REGION"}


def test_changes_are_new_and_other_values():
    assert changes({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "0", "d": "4"}) == {"b": "2", "c": "3"}


def test_variables_are_those_that_snakemakes_shell_sets():
    assert set(thread_variables(3)) == {
        "OMP_NUM_THREADS",
        "GOTO_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    }
    assert set(thread_variables(3).values()) == {"3"}
    assert tmpdir_variables("/t") == {"TMPDIR": "/t", "TMP": "/t", "TEMPDIR": "/t", "TEMP": "/t"}
    assert tmpdir_variables(None) == {}
