"""Every step that Snakemake waits for. Nothing else in this package remembers steps.

A step is in here from before it is posted until its end is reported. `take` removes it, once: of two threads
that want to report one end, one gets the step and the other gets nothing.
"""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class ActiveStep:
    """A job that Snakemake has handed over and that has not been reported back."""

    ref: str
    job: Any
    """Snakemake's Job or GroupJob."""
    info: Any
    """Its SubmittedJobInfo."""
    request: dict[str, Any]
    """What is posted to the core, and posted again to a restarted one."""
    direct: bool
    scripts: tuple[Path, ...] = ()
    """Script files that were written for it alone."""
    step: str | None = None
    """The core's name of it, once acknowledged."""
    logs: dict[str, str] = field(default_factory=dict)
    submitted: bool = False
    """Whether Snakemake has been told of the submission; an end may not be reported before."""
    early_end: dict[str, Any] | None = None
    """The end of a step that came before Snakemake was told of the submission (only adopted steps are so
    quick).
    """


class Registry:
    """Thread-safe; no method blocks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._steps: dict[str, ActiveStep] = {}

    def add(self, step: ActiveStep) -> None:
        with self._lock:
            self._steps[step.ref] = step

    def acknowledge(self, ref: str, result: dict[str, Any]) -> None:
        """Keep what the core answered for a step it has accepted or adopted."""
        with self._lock:
            step = self._steps.get(ref)
            if step is not None:
                step.step = result.get("step")
                step.logs = dict(result.get("logs") or {})

    def mark_submitted(self, ref: str) -> dict[str, Any] | None:
        """Snakemake knows of the submission now. Returns the end, if that has already come."""
        with self._lock:
            step = self._steps.get(ref)
            if step is None:
                return None
            step.submitted = True
            return step.early_end

    def take(self, ref: str) -> ActiveStep | None:
        """The step, which is then no longer active; None if it is not (any more)."""
        with self._lock:
            return self._steps.pop(ref, None)

    def take_ended(self, event: dict[str, Any]) -> ActiveStep | None:
        """The step that an end event speaks of, as `take`; an end that is too early is put by instead."""
        with self._lock:
            ref = str(event.get("ref"))
            step = self._steps.get(ref)
            if step is None:
                return None
            if not step.submitted:
                step.early_end = event
                return None
            return self._steps.pop(ref)

    def active(self) -> list[ActiveStep]:
        with self._lock:
            return list(self._steps.values())

    def is_active(self, ref: str) -> bool:
        with self._lock:
            return ref in self._steps
