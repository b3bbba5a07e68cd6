"""Writes, for each test marked `fidelity`, how its rules have run: tools/docs/fidelity-page.ts makes a page of it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

tests: list[dict[str, Any]] = []
outcomes: dict[str, tuple[str, str]] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: Any) -> Iterator[None]:
    report = yield
    name = item.nodeid
    if report.failed:
        outcomes[name] = ("failed", report.when)
    elif report.skipped:
        outcomes[name] = ("skipped", str(report.longrepr[2]).removeprefix("Skipped: "))
    elif report.when == "call":
        outcomes.setdefault(name, ("passed", ""))
        runs = [run for value in item.funcargs.values() for run in _runs_of(value)]
        tests.extend(_observed(item, mark, runs) for mark in _marks(item))
    if report.skipped:
        tests.extend(_observed(item, mark, []) for mark in _marks(item))
    return report


def pytest_sessionfinish() -> None:
    found = [{**test, "outcome": outcomes[test["id"]][0], "reason": outcomes[test["id"]][1]} for test in tests]
    failed = [name for name, (outcome, _) in outcomes.items() if outcome == "failed"]
    Path(os.environ["KONVERGE_FIDELITY"]).write_text(json.dumps({"tests": found, "failed": failed}))


def _marks(item: Any) -> list[Any]:
    """As they stand above the test; pytest gives the lowest one first."""
    return list(item.iter_markers("fidelity"))[::-1]


def _runs_of(value: Any) -> list[Any]:
    """The runs that a fixture has recorded (Workflow in test/workflows, or what has one)."""
    return getattr(value, "observed", [])


def _observed(item: Any, mark: Any, runs: list[Any]) -> dict[str, Any]:
    """`rules` narrows what is looked at to the steps of these rules, `flag` to the command lines that have it."""
    rules, flag = mark.kwargs.get("rules"), mark.kwargs.get("flag")
    ways: dict[str, set[str]] = {}
    for run in runs:
        if flag is None or any(word.split("=")[0] == flag for word in run.arguments):
            steps = [step for step in run.steps if rules is None or set(step.rules) & set(rules)]
            ways.setdefault(run.place, set()).update(step.way() for step in steps)
    return {
        "id": item.nodeid,
        "test": item.nodeid.split("[")[0],
        "feature": mark.args[0],
        "section": mark.kwargs["section"],
        "ways": {place: sorted(found) for place, found in ways.items()},
    }
