"""Posts steps to the core from a thread of its own, so that Snakemake's scheduler never waits for the core."""

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .errors import CoreError, CoreUnreachableError
from .registry import ActiveStep, Registry
from .session import CoreLostError, Session

BUSY_DELAY_SECONDS = 1.0
SERVER_ERROR_DELAYS_SECONDS = (0.5, 1.0, 2.0, 4.0)


class Sender(threading.Thread):
    """`refuse` is told of a step that will not run, `lose` of the core's final death, `resume` of a new core."""

    def __init__(
        self,
        session: Session,
        registry: Registry,
        refuse: Callable[[str, CoreError], None],
        lose: Callable[[CoreLostError], None],
        resume: Callable[[], None],
    ) -> None:
        super().__init__(name="kueue-sender", daemon=True)
        self._session = session
        self._registry = registry
        self._refuse = refuse
        self._lose = lose
        self._resume = resume
        self._condition = threading.Condition()
        self._waiting: dict[str, ActiveStep] = {}
        self._stopping = threading.Event()

    def put(self, steps: Iterable[ActiveStep]) -> None:
        """Have these steps posted soon. A step that already waits is not posted twice."""
        with self._condition:
            self._waiting.update((step.ref, step) for step in steps)
            self._condition.notify()

    def stop(self, timeout: float) -> None:
        """Post nothing more; wait up to `timeout` seconds for a request on its way."""
        self._stopping.set()
        with self._condition:
            self._waiting.clear()
            self._condition.notify()
        if self.is_alive():
            self.join(timeout)

    def run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._waiting or self._stopping.is_set())
                if self._stopping.is_set():
                    return
                steps = list(self._waiting.values())
                self._waiting.clear()
            size = self._session.facts.max_batch
            for start in range(0, len(steps), size):
                self._deliver(steps[start : start + size])

    def _deliver(self, steps: list[ActiveStep]) -> None:
        delays = iter(SERVER_ERROR_DELAYS_SECONDS)
        while not self._stopping.is_set():
            steps = [step for step in steps if self._registry.is_active(step.ref)]
            if not steps:
                return
            generation = self._session.generation
            try:
                results = post_steps(self._session, steps)
            except CoreUnreachableError:
                self._recover(generation, steps)
                return
            except CoreError as error:
                delay = _delay(error, delays)
                if delay is None:
                    self._give_up(steps, generation, error)
                    return
                self._stopping.wait(delay)
            else:
                self._take_answer(steps, results)
                return

    def _give_up(self, steps: list[ActiveStep], generation: int, error: CoreError) -> None:
        if error.status == 404:
            # A core that does not know this session: it is a new one, or has given us up for dead.
            self._recover(generation, steps)
        elif len(steps) == 1:
            self._refuse(steps[0].ref, error)
        else:
            # One bad step must not take a batch with it: find it.
            half = len(steps) // 2
            self._deliver(steps[:half])
            self._deliver(steps[half:])

    def _recover(self, generation: int, steps: list[ActiveStep]) -> None:
        try:
            self._session.recover(generation, self._resume)
        except CoreLostError as error:
            self._lose(error)
        else:
            # The core takes a step that it already has as adopted, so posting twice does no harm.
            self.put(steps)

    def _take_answer(self, steps: list[ActiveStep], results: dict[str, dict[str, Any]]) -> None:
        for step in steps:
            result = results.get(step.ref, {})
            if result.get("outcome") in ("accepted", "adopted"):
                self._registry.acknowledge(step.ref, result)
            else:
                self._refuse(step.ref, refusal(result))


def _delay(error: CoreError, delays: Iterator[float]) -> float | None:
    """How long to wait before the same steps are posted again; None if that would not help."""
    if error.status == 429:
        return error.retry_after_seconds or BUSY_DELAY_SECONDS
    return next(delays, None) if error.status >= 500 else None


def post_steps(session: Session, steps: Iterable[ActiveStep], *, adopt_only: bool = False) -> dict[str, dict[str, Any]]:
    """The core's result for each step, by ref. Raises CoreUnreachableError or CoreError."""
    body = {"adoptOnly": adopt_only, "steps": [step.request for step in steps]}
    return {str(result["ref"]): result for result in session.call("POST", "/steps", body)["results"]}


def refusal(result: dict[str, Any]) -> CoreError:
    """Why the core will not run a step."""
    error = result.get("error")
    if not isinstance(error, dict):
        return CoreError("core-protocol", f"the core did not take the step: {result or 'no answer'}")
    return CoreError(str(error.get("code")), str(error.get("message")), str(error.get("hint") or ""))
