"""Writes the tests of a pytest run in the form that tools/test.mjs counts."""

import json
import os
from pathlib import Path
from typing import Any

tests: dict[str, dict[str, str]] = {}


def pytest_runtest_logreport(report: Any) -> None:
    # A test reports its set-up, its call and its tear-down; the worst of them is its outcome.
    if report.failed:
        add(report.nodeid, "failed", report.when)
    elif report.skipped:
        add(report.nodeid, "skipped", reason_of_skip(report))
    elif report.when == "call":
        add(report.nodeid, "passed", "")


def pytest_collectreport(report: Any) -> None:
    if report.failed:
        add(report.nodeid, "failed", "cannot be collected")
    elif report.skipped:
        add(report.nodeid, "skipped", reason_of_skip(report))


def pytest_sessionfinish() -> None:
    Path(os.environ["KONVERGE_TEST_REPORT"]).write_text(json.dumps(list(tests.values())))


def add(name: str, outcome: str, reason: str) -> None:
    if tests.get(name, {}).get("outcome") != "failed":
        tests[name] = {"name": name, "outcome": outcome, "reason": reason}


def reason_of_skip(report: Any) -> str:
    if hasattr(report, "wasxfail"):
        return f"expected to fail: {report.wasxfail}"
    # (file, line, "Skipped: reason")
    text: str = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")
