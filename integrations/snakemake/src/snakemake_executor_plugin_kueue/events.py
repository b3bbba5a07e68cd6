"""Follows the core's events from a thread of its own and hands them on, in order, each end of a step once."""

import threading
from collections.abc import Callable
from typing import Any

from .client import EventStream
from .errors import CoreError, CoreUnreachableError
from .session import CoreLostError, Session

FIRST_DELAY_SECONDS = 0.05
LONGEST_DELAY_SECONDS = 5.0
END_STATES = frozenset({"succeeded", "failed", "cancelled"})


class EventReader(threading.Thread):
    """`end` gets each end event, `move` each other; `lose` and `resume` as for the sender."""

    def __init__(
        self,
        session: Session,
        end: Callable[[dict[str, Any]], None],
        move: Callable[[dict[str, Any]], None],
        lose: Callable[[CoreLostError], None],
        resume: Callable[[], None],
    ) -> None:
        super().__init__(name="kueue-events", daemon=True)
        self._session = session
        self._end = end
        self._move = move
        self._lose = lose
        self._resume = resume
        self._last = session.facts.last_seq
        self._stopping = threading.Event()
        self._stream: EventStream | None = None

    def stop(self, timeout: float) -> None:
        self._stopping.set()
        stream = self._stream
        if stream is not None:
            stream.close()
        if self.is_alive() and threading.current_thread() is not self:
            self.join(timeout)

    def run(self) -> None:
        delay = FIRST_DELAY_SECONDS
        while not self._stopping.is_set():
            generation = self._session.generation
            last = self._last
            try:
                self._follow()
            except (CoreUnreachableError, CoreError, ValueError, KeyError):
                # Also an answer that cannot be read: a new stream begins after the last event that could.
                delay = FIRST_DELAY_SECONDS if self._last > last else min(delay * 2, LONGEST_DELAY_SECONDS)
                if not self._stopping.wait(delay) and not self._recover(generation):
                    return

    def _follow(self) -> None:
        stream = self._session.stream(self._last)
        self._stream = stream
        try:
            for event in stream:
                if self._stopping.is_set():
                    return
                if event["state"] in END_STATES:
                    self._end(event)
                else:
                    self._move(event)
                self._last = max(self._last, int(event["seq"]))
        finally:
            self._stream = None
            stream.close()

    def _recover(self, generation: int) -> bool:
        try:
            self._session.recover(generation, self._resume)
        except CoreLostError as error:
            self._lose(error)
            return False
        return True
