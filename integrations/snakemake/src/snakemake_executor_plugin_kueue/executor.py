"""The executor: Snakemake's callbacks on one side, the core on the other.

Rules of Snakemake's that shape this file (they are not written down there):
- An exception out of run_jobs or check_active_jobs ends the whole run, and leaves jobs running or cancels all
  of them. So neither raises; what is wrong with one job is reported as that job's error.
- A job that is neither reported nor yielded is waited for without end. So `Registry` holds each job from
  before it is posted until its end is reported, and everything that reports takes it from there first.
- The base class starts the thread that calls check_active_jobs in its constructor, before `__post_init__`.
- The list of jobs that the base class hands to cancel_jobs is empty while a check runs. So we cancel from
  `Registry`.
"""

import asyncio
import os
import sys
import threading
import time
from collections.abc import AsyncGenerator, Iterable
from pathlib import Path
from typing import Any

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

from .artifacts import DRIVER, SHARED, announcement, artifacts_mode, leave_shared_file_system
from .benchmark import write_benchmark
from .environment import changes, storage_credentials, workflow_environment
from .errors import CoreError, CoreUnreachableError
from .events import EventReader
from .fallback import (
    copies_of,
    default_resources_argument,
    general_arguments,
    job_cores,
    remove_copies,
    surroundings,
    without_unneeded_temp_files,
    work_digest,
)
from .heartbeat import Heartbeat
from .main_process import leave_outputs, protect_outputs, see_outputs_anew, treat_as_shared, treat_as_usual
from .messages import failure_message, log_files, refusal_message
from .plan import FallbackPlan, Plan, plan
from .registry import ActiveStep, Registry
from .resources import queue_cpus
from .sender import Sender, post_steps
from .session import CoreLostError, Session, announce, opening_request
from .settings import ExecutorSettings
from .sources import make_archive
from .staging import members_of
from .step_request import step_ref, step_request
from .stores import Stores, client_environment
from .updates import keep_restored_outputs
from .versions import InputVersions

CONFIG = "konverge.yaml"
CANCEL_SECONDS = 10.0
STOP_SECONDS = 5.0
# How often the base class's thread asks; nothing depends on it, for ends come as events.
CHECK_SECONDS = 10.0
NAP_SECONDS = 0.1
# How long Snakemake's scheduler keeps the interpreter to itself while a step waits to be posted or an end to be read.
# Python's own 5 ms, several times for each request, was a fifth of the time of a run with few, short steps at once.
SWITCH_SECONDS = 0.0005


class Executor(RemoteExecutor):
    """Posts each job to the core and reports its end."""

    def __init__(self, workflow: Any, logger: Any) -> None:
        self._registry = Registry()
        self._closing = threading.Event()
        self._opening = threading.Lock()
        self._session: Session | None = None
        self._sender: Sender | None = None
        self._reader: EventReader | None = None
        self._heartbeat: Heartbeat | None = None
        self._lost: CoreLostError | None = None
        self._environment: dict[str, str] = {}
        self._explained: set[tuple[str, str]] = set()
        self._job_cores = 1
        self._mode = SHARED
        self._stores: Stores | None = None
        self._sources: dict[str, str] | None = None
        self._versions = InputVersions()
        self._switch_interval = sys.getswitchinterval()
        super().__init__(workflow, logger)

    def __post_init__(self) -> None:
        self._settings = self.workflow.executor_settings or ExecutorSettings()
        self._workdir = Path.cwd()
        if self.workflow.remote_execution_settings.immediate_submit:
            self._abandon()
            raise WorkflowError("--immediate-submit does not work with --executor kueue; leave it out.")
        unused = self._settings.unused()
        if unused:
            self.logger.warning(f"kueue: {', '.join(unused)} is accepted but not used by this version.")
        try:
            self._mode = artifacts_mode(self.workflow, self._settings.artifacts)
        except WorkflowError:
            self._abandon()
            raise
        if self._mode != SHARED:
            leave_shared_file_system(self.workflow)
        # Nothing to be done, or nothing for us: then no core is needed, and Snakemake may never call
        # shutdown().
        if any(not job.is_local for job in self.workflow.dag.needrun_jobs()):
            try:
                self._open()
            except (CoreError, CoreUnreachableError, OSError) as error:
                self._abandon()
                raise WorkflowError(f"kueue: {error}") from error

    # Snakemake hands jobs over

    def run_jobs(self, jobs: Iterable[Any]) -> None:
        """Take these jobs. Returns before the core has seen them. Never raises."""
        jobs = list(jobs)
        self._versions.learn(file for job in jobs for file in job.input)
        accepted = [step for step in map(self._accept, jobs) if step is not None]
        adopted = self._adopt(accepted)
        submitted = [step for step in accepted if self._submit(step, adopted.get(step.ref))]
        if self._sender is not None:
            self._sender.put(step for step in submitted if step.ref not in adopted)

    def run_job(self, job: Any) -> None:
        self.run_jobs([job])

    def _accept(self, job: Any) -> ActiveStep | None:
        """Decide how a job runs. None if it cannot, which has then been reported."""
        info = SubmittedJobInfo(job)
        try:
            session = self._open()
            if self._lost is not None:
                raise self._lost
            info.external_jobid = f"konverge:{session.facts.id}:{step_ref(job)}"
            cpus = self._cpus(session, job)
            assert self._stores is not None
            decision = plan(job, cpus, self._stores, self._sources["digest"] if self._sources else None)
            treat_as_usual(job)
            if self._mode == DRIVER and isinstance(decision, FallbackPlan):
                treat_as_shared(job)
            self._print(job)
            step = ActiveStep(
                ref=step_ref(job),
                job=job,
                info=info,
                request=self._request(job, decision, cpus),
                direct=not isinstance(decision, FallbackPlan),
            )
        except Exception as error:
            if self._mode != SHARED:
                leave_outputs(job)
            self._report_error(info, f"kueue: {job.name}: {_said(error)}")
            return None
        self._registry.add(step)
        return step

    def _adopt(self, steps: list[ActiveStep]) -> dict[str, dict[str, Any]]:
        """The steps that an earlier run left behind, running or ended untold, by ref.

        This must come before Job.prepare(), which deletes the outputs that such a step is writing or has
        written.
        """
        if self._session is None or not steps or self._session.facts.unfinished == 0:
            return {}
        try:
            results = post_steps(self._session, steps, adopt_only=True)
        except (CoreError, CoreUnreachableError) as error:
            self.logger.warning(f"kueue: could not ask for steps of an earlier run: {_said(error)}")
            return {}
        return {ref: result for ref, result in results.items() if result.get("outcome") == "adopted"}

    def _submit(self, step: ActiveStep, adopted: dict[str, Any] | None) -> bool:
        """Make the directory ready for a step and tell Snakemake that it is on its way."""
        try:
            if adopted is not None:
                self.logger.info(f"kueue: {step.request['label']} is taken over from an earlier run.")
                self._registry.acknowledge(step.ref, adopted)
            self._make_ready(step, adopted)
            # Snakemake's mark of incomplete outputs is for those that appear before their job has ended.
            self.report_job_submission(step.info, register_job=self._is_in_place(step))
        except Exception as error:
            if self._registry.take(step.ref) is not None:
                self._fail(step, f"kueue: rule {step.request['label']}: {_said(error)}")
            return False
        early_end = self._registry.mark_submitted(step.ref)
        if early_end is not None:
            self._end(early_end)
        return True

    def _make_ready(self, step: ActiveStep, adopted: dict[str, Any] | None) -> None:
        if not step.direct:
            return
        if self._mode == DRIVER:
            for member in members_of(step.job):
                self.workflow.async_run(member.check_protected_output())
        if not self._is_in_place(step):
            # The step has a directory of its own, empty each time; that is every kind of shadow directory too.
            return
        if adopted is None:
            self.workflow.async_run(step.job.prepare())
            if step.job.shadow_dir:
                step.request["cwd"] = str(Path(step.job.shadow_dir).absolute())
        elif step.job.is_shadow:
            step.job.shadow_dir = adopted["cwd"]

    def _is_in_place(self, step: ActiveStep) -> bool:
        """Whether the step writes its outputs where Snakemake's main process will find them."""
        return self._mode == SHARED or (self._mode == DRIVER and not step.direct)

    def _request(self, job: Any, decision: Plan, cpus: int | None) -> dict[str, Any]:
        env = changes(workflow_environment(self.workflow), self._environment)
        command = None
        digest = ""
        cwd = str(Path.cwd())
        if isinstance(decision, FallbackPlan):
            self._explain(job, decision.reasons)
            self._job_cores = job_cores(job, cpus)
            with surroundings(self.workflow, self._mode, local=self._runs_locally(), copies=copies_of(step_ref(job))):
                command = self.format_job_exec(job)
            digest = work_digest(job, self.workflow)
            # The Snakemake in the job applies `workdir:` itself.
            cwd = self.workflow.workdir_init
        version = self._versions.version
        return step_request(job, decision, command=command, digest=digest, cwd=cwd, env=env, cpus=cpus, version=version)

    def _runs_locally(self) -> bool:
        return self._session is not None and self._session.facts.engine == "local"

    def _cpus(self, session: Session, job: Any) -> int | None:
        rule = job.groupid if job.is_group() else job.rule.name
        return queue_cpus(session.facts, rule, job.resources, self._settings.queue_name)

    def _explain(self, job: Any, reasons: list[str]) -> None:
        for reason in reasons:
            for rule in job.rules:
                if (rule, reason) not in self._explained:
                    self._explained.add((rule, reason))
                    self.logger.info(f"kueue: rule {rule} runs through Snakemake because {reason}.")

    def _print(self, job: Any) -> None:
        try:
            self.printjob(job)
        except Exception as error:
            # Printing formats the command with the main Snakefile's globals and fails for a module's own
            # names.
            self.logger.warning(f"kueue: {job.name} cannot be printed: {_said(error)}")

    # The fallback's command

    @property
    def cores(self) -> int:
        """What the base class puts behind --cores: the share of the job whose command is being made."""
        return self._job_cores

    def get_snakefile(self) -> str:
        """Absolute for a job of this machine: it may be started elsewhere than where `workdir:` has led."""
        return str(self.workflow.main_snakefile if self._runs_locally() else self.snakefile)

    def get_job_args(self, job: Any) -> str:
        arguments = without_unneeded_temp_files(super().get_job_args(job), job, self.workflow)
        return f"{arguments} {default_resources_argument(job, self.workflow)}"

    def additional_general_args(self) -> str:
        return general_arguments(self.workflow)

    # The core reports ends; called on the threads of the sender and the event reader

    def _end(self, event: dict[str, Any]) -> None:
        step = self._registry.take_ended(event)
        if step is not None and not self._closing.is_set():
            if event["state"] == "succeeded":
                self._succeed(step, event)
            else:
                self._fail(step, failure_message(step, event))
        if self._heartbeat is not None:
            self._heartbeat.told(int(event["seq"]))

    def _succeed(self, step: ActiveStep, event: dict[str, Any]) -> None:
        try:
            if self._mode != SHARED:
                see_outputs_anew(step.job)
                self._versions.forget(step.job.products())
                if self._mode == DRIVER and step.direct:
                    protect_outputs(step.job)
            elif step.request["benchmark"]:
                extended = self.workflow.output_settings.benchmark_extended
                write_benchmark(step.job, event.get("usage") or [], extended=extended)
        except Exception as error:
            self._fail(step, f"kueue: rule {step.request['label']}: its results cannot be taken over: {_said(error)}")
            return
        self._clear(step)
        self.report_job_success(step.info)

    def _fail(self, step: ActiveStep, message: str) -> None:
        if not self._is_in_place(step) and step.direct:
            leave_outputs(step.job)
        elif not step.direct and self._is_in_place(step):
            keep_restored_outputs(step.job, self.workflow.persistence)
        self._clear(step)
        self._report_error(step.info, message, log_files(step))

    def _clear(self, step: ActiveStep) -> None:
        if not step.direct and self._mode != SHARED:
            remove_copies(self._workdir, step.ref)

    def _refuse(self, ref: str, error: CoreError) -> None:
        step = self._registry.take(ref)
        if step is not None:
            self._fail(step, refusal_message(step, error))

    def _lose(self, error: CoreLostError) -> None:
        self._lost = error
        for step in self._registry.active():
            if self._registry.take(step.ref) is not None:
                self._fail(step, f"kueue: rule {step.request['label']}: {error}")

    def _resume(self) -> None:
        """A new core serves this session: it is told again of every step, and adopts those that it finds
        running.
        """
        self.logger.info("kueue: the core was started again; running steps go on.")
        if self._sender is not None:
            self._sender.put(step for step in self._registry.active() if step.submitted)

    def _report_error(self, info: SubmittedJobInfo, message: str, logs: list[str] | None = None) -> None:
        try:
            self.print_job_error(info, message, aux_logs=logs or [])
        except Exception as error:
            self.logger.error(f"{message}\n(details cannot be printed: {_said(error)})")
        self.workflow.scheduler.error_callback(info.job)

    def print_job_error(self, job_info: SubmittedJobInfo, msg: str | None = None, **kwargs: Any) -> None:
        """As the base class, without its pointer to a "cluster/cloud log" that does not exist here."""
        if job_info.job.is_group() and msg:
            # GroupJob.log_error drops the message.
            self.logger.error(msg)
        job_info.job.log_error(msg, external_jobid=job_info.external_jobid, **kwargs)

    # The base class's own status thread

    async def check_active_jobs(self, active_jobs: list[SubmittedJobInfo]) -> AsyncGenerator[SubmittedJobInfo, None]:
        """Ends are reported by the event reader; here every job that is still active is yielded."""
        for step in self._registry.active():
            if step.submitted:
                yield step.info

    async def sleep(self) -> None:
        """Until the next check, or until shutdown, which Snakemake would otherwise have to wait for.

        In small naps on this thread, which is a daemon: Python would wait at exit for a thread of asyncio's pool, and
        where there is nothing to be done Snakemake never calls shutdown().
        """
        deadline = time.monotonic() + CHECK_SECONDS
        while not self._closing.is_set() and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(NAP_SECONDS)

    # The end

    def cancel(self) -> None:
        """Stop every step and wait, for a bounded time, until their processes are gone. Never raises."""
        worker = threading.Thread(target=self._cancel_all, name="kueue-cancel", daemon=True)
        worker.start()
        try:
            worker.join(CANCEL_SECONDS + 2 * STOP_SECONDS)
        except KeyboardInterrupt:
            self.logger.warning("kueue: not waiting for the steps to stop; the core goes on stopping them.")
        self.shutdown()

    def cancel_jobs(self, active_jobs: list[SubmittedJobInfo]) -> None:
        self._cancel_all()

    def _cancel_all(self) -> None:
        self._closing.set()
        if self._session is None:
            return
        self._session.stop_recovering()
        if self._sender is not None:
            self._sender.stop(STOP_SECONDS)
        body = {"steps": None, "waitMs": int(CANCEL_SECONDS * 1000)}
        try:
            self._session.call("POST", "/cancel", body, timeout=CANCEL_SECONDS + STOP_SECONDS)
        except (CoreError, CoreUnreachableError) as error:
            self.logger.error(f"kueue: could not stop the steps: {_said(error)}")

    def shutdown(self) -> None:
        self._closing.set()
        session, self._session = self._session, None
        if session is not None:
            session.stop_recovering()
            for thread in (self._sender, self._reader, self._heartbeat):
                if thread is not None:
                    thread.stop(STOP_SECONDS)
            try:
                session.close()
            except (CoreError, CoreUnreachableError) as error:
                self.logger.debug(f"kueue: closing the session: {_said(error)}")
            sys.setswitchinterval(self._switch_interval)
        super().shutdown()

    # The beginning

    def _open(self) -> Session:
        """The session; opened at the first call. Raises CoreError or CoreUnreachableError."""
        with self._opening:
            if self._session is None:
                self._session = self._new_session()
                sys.setswitchinterval(SWITCH_SECONDS)
                self._start_threads(self._session)
            return self._session

    def _new_session(self) -> Session:
        from snakemake.common import __version__  # noqa: PLC0415

        settings = self._settings
        self._environment = workflow_environment(self.workflow)
        methods = {method.name for method in self.workflow.deployment_settings.deployment_method}
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
        fallback = {**storage_credentials(self.workflow), **self.envvars()}
        opening = opening_request(__version__, self._workdir, words, self._environment, fallback, self._storage())
        session = Session(self._workdir, opening, settings.engine, settings.config or self._config_of_caller())
        announce(self._workdir, session.facts.id)
        return session

    def _storage(self) -> dict[str, Any] | None:
        """How the core reaches storage, and the workflow's sources; None if steps work in place."""
        self._stores = Stores(self.workflow, self._mode)
        if self._mode == SHARED:
            return None
        line = announcement(self.workflow, self._mode)
        if line is not None:
            self.logger.info(line)
        self._sources = make_archive(self.workflow, self._workdir, self.logger.warning)
        return {
            "stores": self._stores.settings,
            "environment": client_environment(os.environ),
            "sources": self._sources,
        }

    def _config_of_caller(self) -> str | None:
        """The konverge.yaml beside the Snakefile's start, where `workdir:` has led away from it."""
        here, caller = self._workdir / CONFIG, Path(self.workflow.workdir_init) / CONFIG
        return str(caller) if not here.exists() and caller.exists() else None

    def _start_threads(self, session: Session) -> None:
        self._sender = Sender(session, self._registry, self._refuse, self._lose, self._resume)
        self._reader = EventReader(session, self._end, self._lose, self._resume)
        self._heartbeat = Heartbeat(session)
        for thread in (self._sender, self._reader, self._heartbeat):
            thread.start()

    def _abandon(self) -> None:
        """The constructor is about to fail: have the base class's thread end."""
        self._closing.set()
        with self.lock:
            self.wait = False


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__
