"""The way to the core during a run: the session, and the threads that post steps, read ends and send heartbeats."""

import os
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .artifacts import SHARED, announcement, refuse_on_cluster
from .core_process import RunningCore, Wanted
from .environment import cluster_environment, cluster_storage_environment, storage_credentials, workflow_environment
from .errors import CoreError, CoreUnreachableError
from .events import EventReader
from .heartbeat import Heartbeat
from .registry import ActiveStep
from .run import Run, said
from .sender import Sender
from .session import CoreLostError, PlanningSession, Session, announce, opening_request
from .sources import make_archive
from .stores import Stores, client_environment

CONFIG = "konverge.yaml"
CANCEL_SECONDS = 10.0
STOP_SECONDS = 5.0
# How long Snakemake's scheduler keeps the interpreter to itself while a step waits to be posted or an end to be read.
# Python's own 5 ms, several times for each request, was a fifth of the time of a run with few, short steps at once.
SWITCH_SECONDS = 0.0005


@dataclass(frozen=True)
class Listener:
    """What the link's threads call.

    `end`: a step's end event; `move`: any other event of a step; `refuse`: a step will not run; `lose`: the core is
    dead for good; `resume`: a new core serves the session.
    """

    end: Callable[[dict[str, Any]], None]
    move: Callable[[dict[str, Any]], None]
    refuse: Callable[[str, CoreError], None]
    lose: Callable[[CoreLostError], None]
    resume: Callable[[], None]


class CoreLink:
    """Opened at the first need of it, closed once."""

    def __init__(self, run: Run, envvars: Callable[[], dict[str, str]], listener: Listener) -> None:
        self._run = run
        self._envvars = envvars
        self._listener = listener
        self._opening = threading.Lock()
        self._sender: Sender | None = None
        self._reader: EventReader | None = None
        self._heartbeat: Heartbeat | None = None
        self._switch_interval = sys.getswitchinterval()
        self.local = True
        """Whether steps run on this machine; known once the link is open."""
        self.session: Session | None = None
        self.stores: Stores | None = None
        self.sources: dict[str, str] | None = None
        self.environment: dict[str, str] = {}
        """What the session was told; a step adds what has changed since."""

    def open(self) -> Session:
        """The session; opened at the first call. Raises CoreError or CoreUnreachableError."""
        with self._opening:
            if self.session is None:
                self.session = self._new_session()
                sys.setswitchinterval(SWITCH_SECONDS)
                if self._run.settings.dry_run is None:
                    self._start_threads(self.session)
            return self.session

    def post(self, steps: Iterable[ActiveStep]) -> None:
        """Have these steps posted soon, by the sender's thread."""
        if self._sender is not None:
            self._sender.put(steps)

    def told(self, seq: int) -> None:
        """Snakemake has been told of the end that was this event."""
        if self._heartbeat is not None:
            self._heartbeat.told(seq)

    def cancel(self) -> None:
        """Have the core stop every step, and wait for a bounded time. Never raises what the core may say."""
        if self.session is None:
            return
        self.session.stop_recovering()
        if self._sender is not None:
            self._sender.stop(STOP_SECONDS)
        body = {"steps": None, "waitMs": int(CANCEL_SECONDS * 1000)}
        try:
            self.session.call("POST", "/cancel", body, timeout=CANCEL_SECONDS + STOP_SECONDS)
        except (CoreError, CoreUnreachableError) as error:
            self._run.logger.error(f"kueue: could not stop the steps: {said(error)}")

    def close(self) -> None:
        """The run is over."""
        session, self.session = self.session, None
        if session is None:
            return
        session.stop_recovering()
        for thread in (self._sender, self._reader, self._heartbeat):
            if thread is not None:
                thread.stop(STOP_SECONDS)
        try:
            session.close()
        except (CoreError, CoreUnreachableError) as error:
            self._run.logger.debug(f"kueue: closing the session: {said(error)}")
        sys.setswitchinterval(self._switch_interval)

    def _new_session(self) -> Session:
        settings, workdir = self._run.settings, self._run.workdir
        wanted = Wanted(settings.engine, settings.namespace, settings.config or self._config_of_caller())
        if settings.dry_run is not None:
            return PlanningSession(workdir, wanted, self._opening_for, self._run.logger.info)
        session = Session(workdir, wanted, self._opening_for, self._run.logger.info)
        announce(workdir, session.facts.id)
        return session

    def step_environment(self) -> dict[str, str]:
        """What the calling Snakemake gives to every step, now."""
        workflow = self._run.workflow
        return workflow_environment(workflow) if self.local else cluster_environment(workflow)

    def _opening_for(self, core: RunningCore) -> dict[str, Any]:
        """Raises CoreError if this run cannot be on the core's engine."""
        from snakemake.common import __version__  # noqa: PLC0415

        workflow, settings = self._run.workflow, self._run.settings
        self.local = core.local
        if not self.local:
            refuse_on_cluster(self._run.mode)
        self.environment = self.step_environment()
        methods = {method.name for method in workflow.deployment_settings.deployment_method}
        words = {
            "engine": settings.engine,
            "settings": {
                "queue": settings.queue_name,
                "priority": settings.priority,
                "namespace": settings.namespace,
                "image": settings.step_image,
                "artifacts": settings.artifacts,
                "containers": "on" if "APPTAINER" in methods else "off",
            },
        }
        storage = storage_credentials(workflow) if self.local else cluster_storage_environment(workflow)
        fallback = {**storage, **self._envvars()}
        return opening_request(__version__, self._run.workdir, words, self.environment, fallback, self._storage())

    def _storage(self) -> dict[str, Any] | None:
        """How the core reaches storage, and the workflow's sources; None if steps work in place."""
        run = self._run
        self.stores = Stores(run.workflow, run.mode, local=self.local)
        if run.mode == SHARED:
            return None
        line = announcement(run.workflow, run.mode)
        if line is not None:
            run.logger.info(line)
        self.sources = make_archive(run.workflow, run.workdir, run.logger.warning)
        return {
            "stores": self.stores.settings,
            "environment": client_environment(os.environ),
            "sources": self.sources,
        }

    def _config_of_caller(self) -> str | None:
        """The konverge.yaml beside the Snakefile's start, where `workdir:` has led away from it."""
        here, caller = self._run.workdir / CONFIG, Path(self._run.workflow.workdir_init) / CONFIG
        return str(caller) if not here.exists() and caller.exists() else None

    def _start_threads(self, session: Session) -> None:
        listener, registry = self._listener, self._run.registry
        self._sender = Sender(session, registry, listener.refuse, listener.lose, listener.resume)
        self._reader = EventReader(session, listener.end, listener.move, listener.lose, listener.resume)
        self._heartbeat = Heartbeat(session)
        for thread in (self._sender, self._reader, self._heartbeat):
            thread.start()
