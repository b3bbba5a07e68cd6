"""Why steps wait, told to whoever looks at Snakemake's output: a cluster may hold a step for hours."""

import re
import threading
from dataclasses import dataclass
from typing import Any

# Most steps are on their way before; whoever watches has not begun to wonder yet.
PATIENCE_SECONDS = 12.0
WAITING_STATES = frozenset({"accepted", "queued", "admitted", "starting"})
STARTED_STATES = frozenset({"running", "committing"})


@dataclass
class _Waiting:
    label: str
    rule: str
    state: str
    reason: str
    since: float
    """When it came into this state."""

    @property
    def cause(self) -> tuple[str, str, str]:
        """The same for all steps that wait for the same thing, while numbers in the sentence change."""
        return self.rule, self.state, re.sub(r"\d+", "", self.reason)


class WaitingSteps:
    """Thread-safe; no method blocks. Times are seconds of one clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, _Waiting] = {}
        self._started: set[str] = set()
        self._told: set[tuple[str, str, str]] = set()

    def note(self, event: dict[str, Any], now: float) -> str | None:
        """A step has come into a state, or its reason has changed. A line if that is news of its own: it had run."""
        ref, state, reason = str(event["ref"]), event["state"], str(event.get("reason") or "")
        label, rule = str(event.get("label") or ref), str(event.get("rule") or "")
        with self._lock:
            if state not in WAITING_STATES:
                self._waiting.pop(ref, None)
                if state in STARTED_STATES:
                    self._started.add(ref)
                else:
                    self._started.discard(ref)
                return None
            before = self._waiting.get(ref)
            since = before.since if before is not None and before.state == state else now
            step = self._waiting[ref] = _Waiting(label, rule, state, reason, since)
            if ref not in self._started:
                return None
            self._started.discard(ref)
            self._told.add(step.cause)
            return f"kueue: rule {label} is {state} again: {reason}" if reason else None

    def due(self, now: float) -> list[str]:
        """A line for each cause that has lasted and was not told before."""
        with self._lock:
            late = [step for step in self._waiting.values() if step.reason and now - step.since >= PATIENCE_SECONDS]
            causes: dict[tuple[str, str, str], list[_Waiting]] = {}
            for step in late:
                causes.setdefault(step.cause, []).append(step)
            new = {cause: steps for cause, steps in causes.items() if cause not in self._told}
            self._told.update(new)
        return [_line(steps) for steps in new.values()]


def _line(steps: list[_Waiting]) -> str:
    first, more = steps[0], len(steps) - 1
    others = f" (and {more} more of rule {first.rule})" if more else ""
    return f"kueue: rule {first.label}{others} is {first.state}: {first.reason}"
