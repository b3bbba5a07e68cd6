"""Direct or through Snakemake: decides for one job, and says why not direct."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .artifacts import DRIVER, SHARED
from .command import NotDirectError, shell_commands, shell_executable
from .environment import thread_variables, tmpdir_variables
from .other_machine import COMMANDS_BYTES, place_named, sources_outside, tmpdir_of, values_of
from .reasons import container_of, has_pipes, reasons_against_direct
from .resources import settle, states_tmpdir
from .script import OPEN, script_runs
from .script_travels import travelling_commands
from .staging import agent_plan, step_plan, travelling_step_plan
from .stores import NotStagedError, RefusedError, Stores

# Linux takes no longer one (MAX_ARG_STRLEN is 128 KiB); some of it for quotation marks.
ARGUMENT_BYTES = 120_000


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


@dataclass(frozen=True)
class _Work:
    """What runs for one settled job."""

    shell: str
    commands: list[str]
    env: dict[str, str]
    scripts: dict[Path, bytes]


def plan(job: Any, cpus: int | None, stores: Stores, sources: str | None) -> Plan:
    """`cpus` is the size of the step's queue; threads are capped to it. `sources` is the digest of their archive.

    Raises RefusedError.
    """
    try:
        reasons = reasons_against_direct(job, stores)
        return _fallback(job, reasons, stores, sources) if reasons else _direct(job, cpus, stores, sources)
    except (NotDirectError, NotStagedError) as error:
        return _fallback(job, [str(error)], stores, sources)
    except RefusedError:
        raise
    except Exception as error:
        # What is not promised by Snakemake may be gone in another version; and a command that cannot be
        # formatted fails in Snakemake's own process with Snakemake's own words.
        reason = f"its command cannot be computed here ({type(error).__name__}: {error})"
        return _fallback(job, [reason], stores, sources)


def _direct(job: Any, cpus: int | None, stores: Stores, sources: str | None) -> Plan:
    if job.is_group():
        scripts: dict[Path, bytes] = {}
        levels = [[_member(member, cpus, stores, scripts) for member in level] for level in job.toposorted]
        _check_size([command for level in levels for member in level for command in member["commands"]], stores)
        container = next(container_of(member, local=stores.local) for member in job.jobs)
        return GroupPlan(levels, container, agent_plan(job, stores, sources), scripts)
    work = _work(job, cpus, stores)
    _check_size(work.commands, stores)
    staging = agent_plan(job, stores, sources)
    container = container_of(job, local=stores.local)
    return DirectPlan(work.shell, work.commands, work.env, container, staging, work.scripts)


def _check_size(commands: list[str], stores: Stores) -> None:
    size = sum(len(command.encode(errors="surrogateescape")) for command in commands)
    if not stores.local and size > COMMANDS_BYTES:
        raise NotDirectError(f"its command is too long for a pod ({size // 1024} KiB)")


def _fallback(job: Any, reasons: list[str], stores: Stores, sources: str | None) -> FallbackPlan:
    if stores.mode in (SHARED, DRIVER):
        return FallbackPlan(reasons)
    _refuse_pipes(job, reasons)
    if stores.local:
        return FallbackPlan(reasons, step_plan(job, stores))
    _refuse_what_no_pod_has(job, reasons)
    return FallbackPlan(reasons, travelling_step_plan(job, stores, sources))


def _refuse_what_no_pod_has(job: Any, reasons: list[str]) -> None:
    workflow = job.dag.workflow
    outside = sources_outside(workflow)
    if outside:
        raise RefusedError(
            f"it runs through Snakemake because {'; '.join(reasons)}, and Snakemake in its pod would not find "
            f"{', '.join(outside)}, which is not below the working directory. "
            "Run Snakemake from a directory that has it."
        )


def _refuse_pipes(job: Any, reasons: list[str]) -> None:
    """Snakemake in a job would upload the pipe itself, and wait for its end for ever."""
    if job.is_group() and has_pipes(job):
        raise RefusedError(
            f"a group with pipe() or service() outputs in storage can only run directly, and this one cannot because "
            f"{'; '.join(reasons)}. Change that, or run with --kueue-artifacts shared."
        )


def _work(job: Any, cpus: int | None, stores: Stores) -> _Work:
    settle(job, cpus, None if stores.local else tmpdir_of(stores.mode))
    work = _work_here(job) if stores.local else _work_elsewhere(job, stores.mode)
    # A script has been looked at, and its source may well have this word.
    if not job.is_script and any(OPEN in command for command in work.commands):
        raise NotDirectError("its command has a value that only the running job knows (<TBD>)")
    return work


def _work_here(job: Any) -> _Work:
    runs = script_runs(job) if job.is_script else []
    commands = [run.command for run in runs] if job.is_script else shell_commands(job, portable=False)
    env = {**thread_variables(job.threads), **tmpdir_variables(job.resources.get("tmpdir"))}
    return _Work(shell_executable(job, portable=False), commands, env, {run.path: run.content for run in runs})


def _work_elsewhere(job: Any, mode: str) -> _Work:
    """Nothing in it is of this machine but what the rule itself says."""
    commands = travelling_commands(job, mode) if job.is_script else shell_commands(job, portable=True)
    # All of `config` travels with a script, whether it uses it or not; so there the values of the job alone are asked.
    place = place_named(values_of(job) if job.is_script else commands, job) if mode != SHARED else None
    if place is not None:
        raise NotDirectError(f"its command names a place of this machine ({place})")
    tmpdir = tmpdir_variables(job.resources.get("tmpdir")) if states_tmpdir(job) else {}
    return _Work(shell_executable(job, portable=True), commands, {**thread_variables(job.threads), **tmpdir}, {})


def _member(job: Any, cpus: int | None, stores: Stores, scripts: dict[Path, bytes]) -> dict[str, Any]:
    """What is posted for one job of a group; its script files are added to `scripts`."""
    try:
        work = _work(job, cpus, stores)
    except NotDirectError as error:
        raise NotDirectError(f"its member {job.rule.name} cannot run directly: {error}") from error
    scripts.update(work.scripts)
    if any(len(command.encode(errors="surrogateescape")) > ARGUMENT_BYTES for command in work.commands):
        # The group's own script hands each command to a shell.
        raise NotDirectError(f"the command of its member {job.rule.name} is longer than an argument may be")
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
