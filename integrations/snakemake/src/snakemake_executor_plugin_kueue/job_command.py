"""Snakemake's own command for a job, as the base class makes it and fallback.py mends it."""

import os
from typing import Any

from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

from .artifacts import SHARED
from .fallback import (
    copies_of,
    default_resources_argument,
    general_arguments,
    job_cores,
    surroundings,
    without_unneeded_temp_files,
)
from .step_request import step_ref


class JobCommandExecutor(RemoteExecutor):
    """Overrides what the base class asks for while it makes a command."""

    _job_cores = 1
    _job_snakefile = ""

    def fallback_command(self, job: Any, cpus: int | None, mode: str, *, local: bool) -> str:
        """`local`: the job runs on this machine. Called on Snakemake's own thread only."""
        self._job_cores = job_cores(job, cpus)
        # Absolute for a job that sees it there: it may be started elsewhere than where `workdir:` has led.
        main = str(self.workflow.main_snakefile)
        self._job_snakefile = main if local or mode == SHARED else os.path.relpath(main)
        with surroundings(self.workflow, mode, local=local, copies=copies_of(step_ref(job))):
            return str(self.format_job_exec(job))

    @property
    def cores(self) -> int:
        """What the base class puts behind --cores: the share of the job whose command is being made."""
        return self._job_cores

    def get_snakefile(self) -> str:
        return self._job_snakefile

    def get_job_args(self, job: Any) -> str:
        arguments = without_unneeded_temp_files(super().get_job_args(job), job, self.workflow)
        return f"{arguments} {default_resources_argument(job, self.workflow)}"

    def additional_general_args(self) -> str:
        return general_arguments(self.workflow)
