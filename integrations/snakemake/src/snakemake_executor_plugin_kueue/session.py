"""One Snakemake run as the core knows it, kept open over deaths of the core."""

import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .client import REQUEST_TIMEOUT_SECONDS, EventStream, call
from .core_process import RunningCore, Wanted, connect_or_start
from .errors import CoreError, CoreUnreachableError

# Before each try to bring a dead core back. About half a minute in all; then the run is given up.
RESTART_DELAYS_SECONDS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
CLOSE_TIMEOUT_SECONDS = 10.0
PROBE_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Queue:
    """A queue of the engine. `cpu_millis` is its quota; None if it has none."""

    name: str
    cpu_millis: int | None


@dataclass(frozen=True)
class SessionFacts:
    """What the core tells when a session opens."""

    id: str
    engine: str
    heartbeat_seconds: float
    last_seq: int
    unfinished: int
    queues: tuple[Queue, ...]
    default_queue: str | None
    rule_queues: dict[str, str]
    max_batch: int


class CoreLostError(Exception):
    """The core died and could not be brought back."""


class Session:
    """Calls of this session, and the way back to it when the core has died.

    `generation` counts the cores this session has lived on: who has seen a call fail hands in the generation
    that he used, so that of several threads that see one death only one starts a new core.
    """

    def __init__(
        self,
        workdir: Path,
        wanted: Wanted,
        opening: Callable[[RunningCore], dict[str, Any]],
        tell: Callable[[str], None],
    ) -> None:
        """`opening` makes what the session says of itself. It is asked once, when the engine is known. `tell` gets a
        line for the person who waits.
        """
        self._workdir = workdir
        self._wanted = wanted
        self._make_opening = opening
        self._tell = tell
        self._opening: dict[str, Any] | None = None
        self._recovery = threading.Lock()
        self._closing = threading.Event()
        self._lost: CoreLostError | None = None
        self.generation = 0
        self._socket = ""
        self.facts = self._connect_and_open(None)

    def call(self, method: str, path: str, body: Any = None, timeout: float = REQUEST_TIMEOUT_SECONDS) -> Any:
        """One request below this session's address. Raises CoreUnreachableError or CoreError."""
        return call(self._socket, method, f"/v1/sessions/{self.facts.id}{path}", body, timeout)

    def stream(self, after: int) -> EventStream:
        """The events after `after`. Raises CoreUnreachableError or CoreError."""
        return EventStream(self._socket, f"/v1/sessions/{self.facts.id}/events?after={after}")

    def recover(self, seen: int, resumed: Callable[[], None]) -> None:
        """Bring the session back after a call on generation `seen` failed; `resumed` is called on a new core.

        Raises CoreLostError, the same one for ever, when all tries have failed.
        """
        with self._recovery:
            if self._lost is not None:
                raise self._lost
            if seen != self.generation or self._closing.is_set() or self._lives():
                return
            failure: Exception | None = None
            for delay in RESTART_DELAYS_SECONDS:
                if self._closing.wait(delay):
                    return
                try:
                    self.facts = self._connect_and_open(self.facts.id)
                except (CoreError, CoreUnreachableError) as error:
                    failure = error
                    continue
                self.generation += 1
                resumed()
                return
            self._lost = CoreLostError(f"the core died and could not be started again: {failure}")
            raise self._lost

    def stop_recovering(self) -> None:
        """From now on a dead core stays dead."""
        self._closing.set()

    def close(self) -> None:
        """Tell the core that this run is over. Raises CoreUnreachableError or CoreError."""
        self.call("DELETE", "", timeout=CLOSE_TIMEOUT_SECONDS)

    def _lives(self) -> bool:
        """Whether the core behind the socket still knows this session: then only one connection broke."""
        try:
            self.call("POST", "/heartbeat", {"toldThrough": None}, timeout=PROBE_TIMEOUT_SECONDS)
        except CoreUnreachableError:
            return False
        except CoreError as error:
            return error.status != 404
        return True

    def _connect_and_open(self, resume: str | None) -> SessionFacts:
        """A core that was found may be about to end: then a new one is started, once more."""
        try:
            self._connect()
            return self._open(resume)
        except CoreUnreachableError:
            pass
        except CoreError as error:
            if error.code != "core-unreachable":
                raise
        self._connect()
        return self._open(resume)

    def _connect(self) -> None:
        core = connect_or_start(self._workdir, self._wanted, self._tell)
        self._socket = core.socket
        if self._opening is None:
            self._opening = self._make_opening(core)
            # Jobs are planned for this engine: whoever changes konverge.yaml meanwhile changes the next run.
            namespace = self._wanted.namespace if core.local else (core.namespace or self._wanted.namespace)
            self._wanted = replace(self._wanted, engine=core.engine, namespace=namespace)

    def _open(self, resume: str | None) -> SessionFacts:
        assert self._opening is not None
        opening = self._opening
        deadline = time.monotonic() + REQUEST_TIMEOUT_SECONDS
        while True:
            try:
                return _facts(call(self._socket, "POST", "/v1/sessions", {**opening, "resume": resume}))
            except CoreError as error:
                if error.status != 429 or time.monotonic() > deadline:
                    raise
                self._closing.wait(error.retry_after_seconds or 0.5)


class PlanningSession(Session):
    """In a dry run the place of a session: it attaches to nothing, and the core keeps and starts nothing for it."""

    def plan(self, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What would become of these steps, in their order. Raises CoreUnreachableError or CoreError."""
        results: list[dict[str, Any]] = []
        for start in range(0, len(requests), self.facts.max_batch):
            results += self._explain(requests[start : start + self.facts.max_batch])["results"]
        return results

    def close(self) -> None:
        """There is nothing to be closed."""

    def _open(self, resume: str | None) -> SessionFacts:
        return _facts({"session": "dry-run", **self._explain([])})

    def _explain(self, steps: list[dict[str, Any]]) -> dict[str, Any]:
        assert self._opening is not None
        answer: dict[str, Any] = call(
            self._socket, "POST", "/v1/explain", {"settings": self._opening["settings"], "steps": steps}
        )
        return answer


def opening_request(
    version: str,
    workdir: Path,
    settings: dict[str, Any],
    environment: dict[str, str],
    fallback_environment: dict[str, str],
    storage: dict[str, Any] | None,
) -> dict[str, Any]:
    """What a session says of itself once. `storage` says how files are moved; None if steps work in place.

    Environments and credentials travel here and not with the steps: the core keeps them in memory, and writes down
    steps only.
    """
    return {
        "frontEnd": "snakemake",
        "version": version,
        "workdir": str(workdir),
        "pid": os.getpid(),
        "host": os.uname().nodename,
        "environment": environment,
        "fallbackEnvironment": fallback_environment,
        "storage": storage,
        **settings,
    }


def announce(workdir: Path, session: str) -> None:
    """Tell `konverge run`, if it started us, which session to watch: a `workdir:` may have led us elsewhere."""
    path = os.environ.get("KONVERGE_ANNOUNCE")
    if path:
        Path(path).write_text(json.dumps({"workdir": str(workdir), "session": session}) + "\n")


def _facts(answer: dict[str, Any]) -> SessionFacts:
    queues = tuple(
        Queue(name=str(queue["name"]), cpu_millis=_whole((queue.get("quota") or {}).get("cpuMillis")))
        for queue in answer.get("queues") or ()
    )
    return SessionFacts(
        id=str(answer["session"]),
        engine=str(answer["engine"]),
        heartbeat_seconds=max(0.1, float(answer.get("heartbeatMs") or 5000) / 1000),
        last_seq=int(answer.get("lastSeq") or 0),
        unfinished=int(answer.get("unfinished") or 0),
        queues=queues,
        default_queue=answer.get("defaultQueue"),
        rule_queues=dict(answer.get("ruleQueues") or {}),
        max_batch=max(1, int(answer.get("maxBatch") or 1000)),
    )


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) else None
