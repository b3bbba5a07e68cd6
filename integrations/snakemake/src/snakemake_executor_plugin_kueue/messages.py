"""What a person reads when a step fails."""

import os
from pathlib import Path
from typing import Any

from .errors import CoreError
from .registry import ActiveStep

TAIL_LINES = 20
TAIL_BYTES = 16384


def failure_message(step: ActiveStep, event: dict[str, Any]) -> str:
    """Why a step failed, what to do, and the end of its standard error."""
    failure = event.get("failure") or {}
    text = str(failure.get("message") or event.get("reason") or f"the step was {event['state']}")
    lines = [f"kueue: rule {event.get('label') or step.request['label']}: {text}"]
    code = failure.get("exitCode")
    if code is not None and str(code) not in text:
        lines.append(f"exit code {code}")
    if failure.get("signal") and str(failure["signal"]) not in text:
        lines.append(f"signal {failure['signal']}")
    lines += [failure["hint"]] if failure.get("hint") else []
    lines += _tail(step.logs.get("stderr"))
    return "\n".join(lines)


def refusal_message(step: ActiveStep, error: CoreError) -> str:
    text = str(error)
    # The core's own words often begin so.
    named = text.startswith(f"rule {step.request['rule']}")
    return f"kueue: {text}" if named else f"kueue: rule {step.request['label']}: {text}"


def log_files(step: ActiveStep) -> list[str]:
    """The step's standard output and standard error, those that have something in them."""
    return [path for path in step.logs.values() if path and _size(path) > 0 and os.access(path, os.R_OK)]


def _tail(path: str | None) -> list[str]:
    if path is None or _size(path) == 0:
        return []
    try:
        with Path(path).open("rb") as file:
            file.seek(max(0, _size(path) - TAIL_BYTES))
            lines = file.read().decode(errors="replace").rstrip().splitlines()[-TAIL_LINES:]
    except OSError:
        # Gone since, or not ours to read. The message says enough without it.
        return []
    if not any(lines):
        return []
    return [f"The end of its standard error ({path}):", *(f"    {line}" for line in lines)]


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0
