"""The base class's own status thread, which has nothing to find out here: ends come as events.

It is started in the base class's constructor, before `__post_init__`, and what it calls may not raise.
"""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator
from typing import Any

from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

from .registry import Registry

# How often it asks. Nothing depends on it but how late it is told what steps wait for.
CHECK_SECONDS = 5.0
NAP_SECONDS = 0.1


class IdleStatusExecutor(RemoteExecutor):
    """Has the thread go on until `_closing` is set."""

    def __init__(self, workflow: Any, logger: Any) -> None:
        self._registry = Registry()
        self._closing = threading.Event()
        super().__init__(workflow, logger)

    async def check_active_jobs(self, active_jobs: list[SubmittedJobInfo]) -> AsyncGenerator[SubmittedJobInfo, None]:
        """Every job that is still active is yielded: one that were not, and not reported, would be forgotten."""
        self.tell_of_waiting()
        for step in self._registry.active():
            if step.submitted:
                yield step.info

    def tell_of_waiting(self) -> None:
        """Called from time to time. May not raise."""

    async def sleep(self) -> None:
        """Until the next check, or until shutdown, which Snakemake would otherwise have to wait for.

        In small naps on this thread, which is a daemon: Python would wait at exit for a thread of asyncio's pool, and
        where there is nothing to be done Snakemake never calls shutdown().
        """
        deadline = time.monotonic() + CHECK_SECONDS
        while not self._closing.is_set() and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(NAP_SECONDS)

    def _abandon(self) -> None:
        """The constructor is about to fail: have the thread end."""
        self._closing.set()
        with self.lock:
            self.wait = False
