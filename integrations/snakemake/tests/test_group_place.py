"""A group's place is made ready for all of its members, or for none."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.io import IOFile
from snakemake_executor_plugin_kueue.group_place import prepare_group


class Member:
    """Notes what is asked of it."""

    def __init__(self, notes, name, protected=False):
        self.notes = notes
        self.name = name
        self.protected = protected
        self.resources = SimpleNamespace(get=lambda _: None)
        self.output = [SimpleNamespace(flags={}, prepare=lambda: notes.append(f"{name} output"))]
        self.log = [SimpleNamespace(prepare=lambda: notes.append(f"{name} log"))]

    async def check_protected_output(self):
        self.notes.append(f"{self.name} check")
        if self.protected:
            raise PermissionError(self.name)

    async def remove_existing_output(self):
        self.notes.append(f"{self.name} remove")


def group(levels, inputs=()):
    workflow = SimpleNamespace(
        keep_storage_local_at_runtime=False, execution_settings=SimpleNamespace(latency_wait=0), persistence=None
    )
    return SimpleNamespace(toposorted=levels, dag=SimpleNamespace(workflow=workflow), input=list(inputs))


def test_every_member_before_the_first_one_starts():
    notes = []
    asyncio.run(prepare_group(group([[Member(notes, "a")], [Member(notes, "b")]])))
    assert notes == [
        *("a check", "b check"),
        *("a remove", "a output", "a log"),
        *("b remove", "b output", "b log"),
    ]


def test_a_protected_output_keeps_the_others_from_being_removed():
    notes = []
    with pytest.raises(PermissionError, match="b"):
        asyncio.run(prepare_group(group([[Member(notes, "a")], [Member(notes, "b", protected=True)]])))
    assert notes == ["a check", "b check"]


def test_an_input_from_outside_must_be_there(tmp_path):
    missing = IOFile(str(tmp_path / "missing"), None)
    with pytest.raises(OSError, match="missing"):
        asyncio.run(prepare_group(group([[Member([], "a")]], [missing])))
    Path(missing).touch()
    asyncio.run(prepare_group(group([[Member([], "a")]], [missing])))
