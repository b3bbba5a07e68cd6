"""Tells the core that Snakemake lives, and up to which event Snakemake has been told of ends.

What is told stays told: a later run adopts a step that ended untold, and runs one again that ended told.
"""

import contextlib
import threading

from .errors import CoreError, CoreUnreachableError
from .session import Session

# Ends come in bursts; one message for a burst.
COALESCE_SECONDS = 0.2
TIMEOUT_SECONDS = 10.0


class Heartbeat(threading.Thread):
    """Failures are ignored: the event reader sees a dead core at once and brings it back."""

    def __init__(self, session: Session) -> None:
        super().__init__(name="kueue-heartbeat", daemon=True)
        self._session = session
        self._told: int | None = None
        self._news = threading.Event()
        self._stopping = threading.Event()

    def told(self, seq: int) -> None:
        """Snakemake has been told of every end up to event `seq`."""
        self._told = max(self._told or 0, seq)
        self._news.set()

    def stop(self, timeout: float) -> None:
        """Send the last word and end."""
        self._stopping.set()
        self._news.set()
        if self.is_alive():
            self.join(timeout)

    def run(self) -> None:
        while not self._stopping.is_set():
            if self._news.wait(self._session.facts.heartbeat_seconds):
                self._stopping.wait(COALESCE_SECONDS)
            self._news.clear()
            with contextlib.suppress(CoreError, CoreUnreachableError):
                self._session.call("POST", "/heartbeat", {"toldThrough": self._told}, timeout=TIMEOUT_SECONDS)
