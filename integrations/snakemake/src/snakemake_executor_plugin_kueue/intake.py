"""A job comes in: how it runs, and the step that is posted for it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo

from .artifacts import DRIVER
from .core_link import CoreLink
from .environment import changes
from .fallback import work_digest
from .main_process import treat_as_shared, treat_as_usual
from .plan import FallbackPlan, Plan, plan
from .registry import ActiveStep
from .resources import queue_cpus
from .run import Run, said
from .script_files import write_scripts
from .step_request import step_ref, step_request


class Intake:
    """`command` makes Snakemake's own command for a job (job_command.py), `show` prints a job as Snakemake does."""

    def __init__(self, run: Run, link: CoreLink, command: Callable[..., str], show: Callable[[Any], None]) -> None:
        self._run = run
        self._link = link
        self._command = command
        self._show = show
        self._explained: set[tuple[str, str]] = set()

    def accept(self, job: Any, info: SubmittedJobInfo) -> ActiveStep:
        """Raises what keeps the job from running in any way."""
        session = self._link.open()
        assert self._link.stores is not None
        info.external_jobid = f"konverge:{session.facts.id}:{step_ref(job)}"
        cpus = self._cpus(job)
        sources = self._link.sources
        digest = sources["digest"] if sources else None
        decision = plan(job, cpus, self._link.stores, digest)
        treat_as_usual(job)
        if self._run.mode == DRIVER and isinstance(decision, FallbackPlan):
            treat_as_shared(job)
        self._print(job)
        request = self._request(job, decision, cpus)
        if self._run.settings.dry_run is None:
            write_scripts(decision.scripts)
        return ActiveStep(
            ref=step_ref(job),
            job=job,
            info=info,
            request=request,
            direct=not isinstance(decision, FallbackPlan),
            scripts=tuple(decision.scripts),
        )

    def _request(self, job: Any, decision: Plan, cpus: int | None) -> dict[str, Any]:
        workflow = self._run.workflow
        env = changes(self._link.step_environment(), self._link.environment)
        command = None
        digest = ""
        cwd = str(Path.cwd())
        if isinstance(decision, FallbackPlan):
            self._explain(job, decision.reasons)
            command = self._command(job, cpus, self._run.mode, local=self._link.local)
            digest = work_digest(job, workflow)
            # The Snakemake in the job applies `workdir:` itself.
            cwd = workflow.workdir_init
        version = self._run.versions.version
        return step_request(job, decision, command=command, digest=digest, cwd=cwd, env=env, cpus=cpus, version=version)

    def _cpus(self, job: Any) -> int | None:
        rule = job.groupid if job.is_group() else job.rule.name
        return queue_cpus(self._link.open().facts, rule, job.resources, self._run.settings.queue_name)

    def _explain(self, job: Any, reasons: list[str]) -> None:
        for reason in reasons:
            for rule in job.rules:
                if (rule, reason) not in self._explained:
                    self._explained.add((rule, reason))
                    self._run.logger.info(f"kueue: rule {rule} runs through Snakemake because {reason}.")

    def _print(self, job: Any) -> None:
        try:
            self._show(job)
        except Exception as error:
            # Printing formats the command with the main Snakefile's globals and fails for a module's own
            # names.
            self._run.logger.warning(f"kueue: {job.name} cannot be printed: {said(error)}")
