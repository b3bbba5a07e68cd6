"""Direct or through Snakemake: decides for one job, and says why not direct."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .artifacts import DRIVER, SHARED
from .command import NotDirectError, shell_commands, shell_executable
from .environment import thread_variables, tmpdir_variables
from .reasons import container_of, has_pipes, reasons_against_direct
from .resources import settle
from .script import OPEN, script_runs
from .staging import agent_plan, step_plan
from .stores import NotStagedError, Stores


@dataclass(frozen=True)
class DirectPlan:
    """A step whose own command runs, without Snakemake beside it."""

    shell: str
    commands: list[str]
    env: dict[str, str]
    container: str | None
    staging: dict[str, Any] | None = None
    scripts: Mapping[Path, bytes] = field(default_factory=dict)
    """Files that the commands run, to be written before."""


@dataclass(frozen=True)
class GroupPlan:
    """A group whose jobs' own commands run in one step: levels one after another, the members of one side by side."""

    levels: list[list[dict[str, Any]]]
    container: str | None
    staging: dict[str, Any] | None = None
    scripts: Mapping[Path, bytes] = field(default_factory=dict)
    """Files that the commands run, to be written before."""


@dataclass(frozen=True)
class FallbackPlan:
    """A step that Snakemake's own job command runs; `reasons` complete the sentence "... because"."""

    reasons: list[str]
    staging: dict[str, Any] | None = None
    scripts: Mapping[Path, bytes] = field(default_factory=dict)


Plan = DirectPlan | GroupPlan | FallbackPlan


class RefusedError(Exception):
    """A job that can run in no way at all; the message says why."""


@dataclass(frozen=True)
class _Work:
    """What runs for one settled job."""

    shell: str
    commands: list[str]
    env: dict[str, str]
    scripts: dict[Path, bytes]


def plan(job: Any, cpus: int | None, stores: Stores, sources: str | None, *, local: bool) -> Plan:
    """`cpus` is the size of the step's queue; threads are capped to it. `sources` is the digest of their archive.
    `local`: steps run on this machine.

    Raises RefusedError.
    """
    try:
        reasons = reasons_against_direct(job, stores, local=local)
        return _fallback(job, reasons, stores) if reasons else _direct(job, cpus, stores, sources)
    except (NotDirectError, NotStagedError) as error:
        return _fallback(job, [str(error)], stores)
    except RefusedError:
        raise
    except Exception as error:
        # What is not promised by Snakemake may be gone in another version; and a command that cannot be
        # formatted fails in Snakemake's own process with Snakemake's own words.
        return _fallback(job, [f"its command cannot be computed here ({type(error).__name__}: {error})"], stores)


def _direct(job: Any, cpus: int | None, stores: Stores, sources: str | None) -> Plan:
    if job.is_group():
        scripts: dict[Path, bytes] = {}
        levels = [[_member(member, cpus, scripts) for member in level] for level in job.toposorted]
        container = next(map(container_of, job.jobs))
        return GroupPlan(levels, container, agent_plan(job, stores, sources), scripts)
    settle(job, cpus)
    work = _work(job)
    staging = agent_plan(job, stores, sources)
    return DirectPlan(work.shell, work.commands, work.env, container_of(job), staging, work.scripts)


def _fallback(job: Any, reasons: list[str], stores: Stores) -> FallbackPlan:
    if stores.mode not in (SHARED, DRIVER):
        _refuse_pipes(job, reasons)
        return FallbackPlan(reasons, step_plan(job, stores))
    return FallbackPlan(reasons)


def _refuse_pipes(job: Any, reasons: list[str]) -> None:
    """Snakemake in a job would upload the pipe itself, and wait for its end for ever."""
    if job.is_group() and has_pipes(job):
        raise RefusedError(
            f"a group with pipe() or service() outputs in storage can only run directly, and this one cannot because "
            f"{'; '.join(reasons)}. Change that, or run with --kueue-artifacts shared."
        )


def _work(job: Any) -> _Work:
    runs = script_runs(job) if job.is_script else []
    commands = [run.command for run in runs] if job.is_script else shell_commands(job)
    if any(OPEN in command for command in commands):
        raise NotDirectError("its command has a value that only the running job knows (<TBD>)")
    env = {**thread_variables(job.threads), **tmpdir_variables(job.resources.get("tmpdir"))}
    return _Work(shell_executable(job), commands, env, {run.path: run.content for run in runs})


def _member(job: Any, cpus: int | None, scripts: dict[Path, bytes]) -> dict[str, Any]:
    """What is posted for one job of a group; its script files are added to `scripts`."""
    try:
        settle(job, cpus)
        work = _work(job)
    except NotDirectError as error:
        raise NotDirectError(f"its member {job.rule.name} cannot run directly: {error}") from error
    scripts.update(work.scripts)
    return {
        "name": label(job),
        "shell": work.shell,
        "commands": work.commands,
        "env": work.env,
        "threads": job.threads,
        "touch": [str(file) for file in job.output if "touch" in file.flags],
        "logs": list(dict.fromkeys(map(str, job.log))),
        "pipes": [str(file) for file in job.output if "pipe" in file.flags],
        "service": bool(job.is_service),
        # Its consumers wait until it has made these.
        "ready": [str(file) for file in job.output if "service" in file.flags],
    }


def label(job: Any) -> str:
    """A single job for a person: its rule and wildcards."""
    return " ".join([job.rule.name, *(f"{name}={value}" for name, value in job.wildcards_dict.items())])
