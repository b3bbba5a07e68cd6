"""A step is on its way: what an earlier run left of it is taken over, or its place is made ready."""

from pathlib import Path
from typing import Any

from .artifacts import DRIVER
from .errors import CoreError, CoreUnreachableError
from .group_place import prepare_group
from .registry import ActiveStep
from .run import Run, said
from .sender import post_steps
from .session import Session
from .staging import members_of


def adopt(run: Run, session: Session | None, steps: list[ActiveStep]) -> dict[str, dict[str, Any]]:
    """The steps that an earlier run left behind, running or ended untold, by ref.

    This must come before Job.prepare(), which deletes the outputs that such a step is writing or has
    written.
    """
    if session is None or not steps or session.facts.unfinished == 0:
        return {}
    try:
        results = post_steps(session, steps, adopt_only=True)
    except (CoreError, CoreUnreachableError) as error:
        run.logger.warning(f"kueue: could not ask for steps of an earlier run: {said(error)}")
        return {}
    return {ref: result for ref, result in results.items() if result.get("outcome") == "adopted"}


def make_ready(run: Run, step: ActiveStep, adopted: dict[str, Any] | None, *, local: bool) -> None:
    """Make the directory ready for a step, as Snakemake does before a job. Raises what Snakemake raises."""
    if adopted is not None:
        run.logger.info(f"kueue: {step.request['label']} is taken over from an earlier run.")
        run.registry.acknowledge(step.ref, adopted)
    if not step.direct:
        return
    if run.mode == DRIVER:
        for member in members_of(step.job):
            run.workflow.async_run(member.check_protected_output())
    if not run.is_in_place(step):
        # The step has a directory of its own, empty each time; that is every kind of shadow directory too.
        make_temporary_directories(step, local=local)
        return
    if step.job.is_group():
        if adopted is None:
            run.workflow.async_run(prepare_group(step.job))
    elif adopted is None:
        run.workflow.async_run(step.job.prepare())
        if step.job.shadow_dir:
            step.request["cwd"] = str(Path(step.job.shadow_dir).absolute())
    elif step.job.is_shadow:
        step.job.shadow_dir = adopted["cwd"]


def make_temporary_directories(step: ActiveStep, *, local: bool) -> None:
    """What the resource tmpdir names, as Job.prepare() makes it. A relative one is in the step's own directory.

    `local`: the step runs on this machine. Elsewhere an absolute one is the image's business.
    """
    for member in members_of(step.job):
        tmpdir = member.resources.get("tmpdir")
        if not tmpdir:
            continue
        if Path(tmpdir).is_absolute():
            if local:
                Path(tmpdir).mkdir(parents=True, exist_ok=True)
        else:
            # The directories of inner files are made, the files are not.
            step.request["staging"]["inner"].append(f"{tmpdir}/.keep")
