from pathlib import Path

import pytest
from snakemake_executor_plugin_kueue import ExecutorSettings
from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("engine", "slumr", ["--kueue-engine", "'slumr'", "kubernetes, local"]),
        ("artifacts", "nfs", ["--kueue-artifacts", "'nfs'", "storage, driver"]),
        ("queue_name", "", ["--kueue-queue-name", "empty"]),
        ("config", " ", ["--kueue-config", "empty"]),
        ("pull_always", "maybe", ["--kueue-pull-always", "'maybe'"]),
        ("nodes", 0, ["--kueue-nodes", "1 or more"]),
    ],
)
def test_a_wrong_value_is_refused_with_flag_value_and_remedy(field, value, words):
    with pytest.raises(WorkflowError) as raised:
        ExecutorSettings(**{field: value})
    for word in words:
        assert word in str(raised.value)


def test_the_image_has_an_older_name():
    assert ExecutorSettings(container="a").step_image == "a"
    assert ExecutorSettings(image="b").step_image == "b"
    assert ExecutorSettings(image="b", container="b").step_image == "b"
    with pytest.raises(WorkflowError, match="--kueue-container"):
        ExecutorSettings(image="a", container="b")


def test_the_path_of_a_configuration_is_the_users(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = ExecutorSettings(config="deep/konverge.yaml")
    monkeypatch.chdir("/")
    assert settings.config is not None
    assert Path(settings.config) == tmp_path / "deep" / "konverge.yaml"


def test_every_flag_of_the_2024_plugin_is_accepted():
    plugin = ExecutorPluginRegistry().get_plugin("kueue")
    flags = {info["cliarg"] for info in plugin.get_settings_info()}
    old = {"queue-name", "container", "working-dir", "pull-always", "interactive", "namespace"}
    old |= {"nodes", "flux-container"}
    assert {f"--kueue-{name}" for name in old} <= flags
    assert ExecutorSettings(nodes=2, flux_container="x").unused() == ["--kueue-nodes", "--kueue-flux-container"]
