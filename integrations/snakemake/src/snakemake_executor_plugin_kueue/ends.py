"""A step has ended: what is done before Snakemake is told."""

from typing import Any

from .artifacts import DRIVER, SHARED
from .benchmark import write_benchmark
from .fallback import remove_copies
from .main_process import leave_outputs, protect_outputs, see_outputs_anew
from .registry import ActiveStep
from .run import Run
from .script_files import remove_scripts
from .updates import keep_restored_outputs


def take_over_results(run: Run, step: ActiveStep, event: dict[str, Any]) -> None:
    """After a success: what Snakemake's main process relies on and nobody else does. Raises what goes wrong."""
    if run.mode != SHARED:
        see_outputs_anew(step.job)
        run.versions.forget(step.job.products())
        if run.mode == DRIVER and step.direct:
            protect_outputs(step.job)
    elif step.request["benchmark"]:
        extended = run.workflow.output_settings.benchmark_extended
        write_benchmark(step.job, event.get("usage") or [], extended=extended)


def keep_what_is_good(run: Run, step: ActiveStep) -> None:
    """After a failure: what the main process would otherwise take for corrupted and delete."""
    if not run.is_in_place(step) and step.direct:
        leave_outputs(step.job)
    elif not step.direct and run.is_in_place(step):
        keep_restored_outputs(step.job, run.workflow.persistence)


def clear(run: Run, step: ActiveStep) -> None:
    """Remove what was made for the step alone."""
    if not step.direct and run.mode != SHARED:
        remove_copies(run.workdir, step.ref)
    clear_scripts(run, step)


def clear_scripts(run: Run, step: ActiveStep) -> None:
    """As Snakemake does after each script."""
    if run.workflow.execution_settings.cleanup_scripts:
        remove_scripts(step.scripts)
    elif step.scripts:
        run.logger.warning(f"Not cleaning up {', '.join(map(str, step.scripts))}")
