"""The executor: Snakemake's callbacks on one side, the core on the other.

A job's way through it: `run_jobs` → intake.py (how it runs, and its request) → submission.py (adopted, or its place
made ready) → the link's sender; back: the link's event reader → `_end` → `_succeed` or `_fail`, with ends.py. The
session itself is core_link.py.

Rules of Snakemake's that shape this file (they are not written down there):
- An exception out of run_jobs or check_active_jobs ends the whole run, and leaves jobs running or cancels all
  of them. So neither raises; what is wrong with one job is reported as that job's error.
- A job that is neither reported nor yielded is waited for without end. So `Registry` holds each job from
  before it is posted until its end is reported, and everything that reports takes it from there first.
- The list of jobs that the base class hands to cancel_jobs is empty while a check runs. So we cancel from
  `Registry`.
"""

import threading
import time
from collections.abc import Iterable
from typing import Any

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo

from .artifacts import SHARED
from .core_link import CANCEL_SECONDS, STOP_SECONDS, CoreLink, Listener
from .ends import clear, clear_scripts, keep_what_is_good, take_over_results
from .errors import CoreError, CoreUnreachableError
from .failed_logs import with_failed_logs
from .first_wave import write_first_wave
from .intake import Intake
from .job_command import JobCommandExecutor
from .main_process import leave_outputs, make_free_for_next_try
from .messages import failure_message, log_files, refusal_message
from .registry import ActiveStep
from .run import Run, begin_run, said
from .session import CoreLostError
from .status_thread import IdleStatusExecutor
from .submission import adopt, make_ready
from .waiting import WaitingSteps


class Executor(JobCommandExecutor, IdleStatusExecutor):
    """Posts each job to the core and reports its end."""

    _run: Run
    _link: CoreLink | None = None
    _intake: Intake

    def __init__(self, workflow: Any, logger: Any) -> None:
        self._lost: CoreLostError | None = None
        self._waiting = WaitingSteps()
        super().__init__(workflow, logger)

    def __post_init__(self) -> None:
        try:
            self._run = begin_run(self.workflow, self.logger, self._registry)
        except WorkflowError:
            self._abandon()
            raise
        listener = Listener(self._end, self._move, self._refuse, self._lose, self._resume)
        self._link = CoreLink(self._run, self.envvars, listener)
        self._intake = Intake(self._run, self._link, self.fallback_command, self.printjob)
        # Nothing to be done, or nothing for us: then no core is needed, and Snakemake may never call
        # shutdown().
        if any(not job.is_local for job in self.workflow.dag.needrun_jobs()):
            try:
                self._link.open()
            except (CoreError, CoreUnreachableError, OSError) as error:
                self._abandon()
                raise WorkflowError(f"kueue: {error}") from error
        if self._run.settings.dry_run is not None:
            self._abandon()
            write_first_wave(self._run, self._link, self._intake)
            # Before Snakemake's scheduler has begun: nothing has run, and no job is asked for any more.
            raise SystemExit(0)

    # Snakemake hands jobs over

    def run_jobs(self, jobs: Iterable[Any]) -> None:
        """Take these jobs. Returns before the core has seen them. Never raises."""
        assert self._link is not None
        jobs = list(jobs)
        self._run.versions.learn(file for job in jobs for file in job.input)
        accepted = [step for step in map(self._accept, jobs) if step is not None]
        adopted = adopt(self._run, self._link.session, accepted)
        submitted = [step for step in accepted if self._submit(step, adopted.get(step.ref))]
        self._link.post(step for step in submitted if step.ref not in adopted)

    def run_job(self, job: Any) -> None:
        self.run_jobs([job])

    def _accept(self, job: Any) -> ActiveStep | None:
        """Decide how a job runs. None if it cannot, which has then been reported."""
        info = SubmittedJobInfo(job)
        try:
            if self._lost is not None:
                raise self._lost
            step = self._intake.accept(job, info)
        except Exception as error:
            if self._run.mode != SHARED:
                leave_outputs(job)
            self._report_error(info, f"kueue: {job.name}: {said(error)}")
            return None
        self._registry.add(step)
        return step

    def _submit(self, step: ActiveStep, adopted: dict[str, Any] | None) -> bool:
        """Make the directory ready for a step and tell Snakemake that it is on its way."""
        try:
            make_ready(self._run, step, adopted, local=self._link is None or self._link.local)
            # Snakemake's mark of incomplete outputs is for those that appear before their job has ended.
            self.report_job_submission(step.info, register_job=self._run.is_in_place(step))
        except Exception as error:
            if self._registry.take(step.ref) is not None:
                self._fail(step, f"kueue: rule {step.request['label']}: {said(error)}")
            return False
        early_end = self._registry.mark_submitted(step.ref)
        if early_end is not None:
            self._end(early_end)
        return True

    # The core reports ends; called on the threads of the sender and the event reader

    def _move(self, event: dict[str, Any]) -> None:
        line = self._waiting.note(event, time.monotonic())
        if line is not None and self._tells_of_waiting():
            self.logger.info(line)

    def tell_of_waiting(self) -> None:
        for line in self._waiting.due(time.monotonic()) if self._tells_of_waiting() else []:
            self.logger.info(line)

    def _tells_of_waiting(self) -> bool:
        """On this machine steps wait for each other, as with Snakemake's own executor, which says nothing of it."""
        return self._link is not None and not self._link.local and not self._closing.is_set()

    def _end(self, event: dict[str, Any]) -> None:
        self._waiting.note(event, time.monotonic())
        step = self._registry.take_ended(event)
        if step is not None and self._closing.is_set():
            clear_scripts(self._run, step)
        elif step is not None and event["state"] == "succeeded":
            self._succeed(step, event)
        elif step is not None:
            self._fail(step, failure_message(step, event))
        if self._link is not None:
            self._link.told(int(event["seq"]))

    def _succeed(self, step: ActiveStep, event: dict[str, Any]) -> None:
        try:
            take_over_results(self._run, step, event)
        except Exception as error:
            self._fail(step, f"kueue: rule {step.request['label']}: its results cannot be taken over: {said(error)}")
            return
        clear(self._run, step)
        self.report_job_success(step.info)

    def _fail(self, step: ActiveStep, message: str) -> None:
        keep_what_is_good(self._run, step)
        clear(self._run, step)
        self._report_error(step.info, with_failed_logs(self._run, step.job, message), log_files(step))

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
        if self._link is not None:
            self._link.post(step for step in self._registry.active() if step.submitted)

    def _report_error(self, info: SubmittedJobInfo, message: str, logs: list[str] | None = None) -> None:
        try:
            self.print_job_error(info, message, aux_logs=logs or [])
        except Exception as error:
            self.logger.error(f"{message}\n(details cannot be printed: {said(error)})")
        self.workflow.scheduler.error_callback(info.job)

    def print_job_error(self, job_info: SubmittedJobInfo, msg: str | None = None, **kwargs: Any) -> None:
        """As the base class, without its pointer to a "cluster/cloud log" that does not exist here."""
        if job_info.job.is_group() and msg:
            # GroupJob.log_error drops the message.
            self.logger.error(msg)
        job_info.job.log_error(msg, external_jobid=job_info.external_jobid, **kwargs)

    def handle_job_error(self, job: Any) -> None:
        super().handle_job_error(job)
        make_free_for_next_try(self.workflow, job)

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
        if self._link is not None:
            self._link.cancel()

    def shutdown(self) -> None:
        self._closing.set()
        if self._link is not None:
            self._link.close()
            for step in self._registry.active():
                clear_scripts(self._run, step)
        super().shutdown()
