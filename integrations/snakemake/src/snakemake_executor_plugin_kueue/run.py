"""What one run of Snakemake decides once, for all parts of the executor."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from snakemake_interface_common.exceptions import WorkflowError

from .artifacts import DRIVER, SHARED, artifacts_mode, leave_shared_file_system
from .main_process import keep_copies_of_running_jobs
from .registry import ActiveStep, Registry
from .settings import ExecutorSettings
from .versions import InputVersions


@dataclass
class Run:
    """`workflow` is Snakemake's, `workdir` where `workdir:` has led to, `mode` one of artifacts.py."""

    workflow: Any
    logger: Any
    registry: Registry
    settings: ExecutorSettings
    workdir: Path
    mode: str
    versions: InputVersions = field(default_factory=InputVersions)

    def is_in_place(self, step: ActiveStep) -> bool:
        """Whether the step writes its outputs where Snakemake's main process will find them."""
        return self.mode == SHARED or (self.mode == DRIVER and not step.direct)


def begin_run(workflow: Any, logger: Any, registry: Registry) -> Run:
    """Raises WorkflowError if this run cannot be."""
    settings = workflow.executor_settings or ExecutorSettings()
    if workflow.remote_execution_settings.immediate_submit:
        raise WorkflowError("--immediate-submit does not work with --executor kueue; leave it out.")
    unused = settings.unused()
    if unused:
        logger.warning(f"kueue: {', '.join(unused)} is accepted but not used by this version.")
    mode = artifacts_mode(workflow, settings.artifacts)
    if mode != SHARED:
        leave_shared_file_system(workflow)
    keep_copies_of_running_jobs(workflow)
    return Run(workflow, logger, registry, settings, Path.cwd(), mode)


def said(error: BaseException) -> str:
    """What an exception says, for a message; never empty."""
    return str(error) or type(error).__name__
