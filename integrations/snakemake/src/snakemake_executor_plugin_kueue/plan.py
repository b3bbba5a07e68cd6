"""Direct or through Snakemake: decides for one job, and says why not direct."""

from dataclasses import dataclass
from typing import Any

from .artifacts import DRIVER, SHARED
from .command import NotDirectError, shell_commands, shell_executable
from .environment import thread_variables, tmpdir_variables
from .resources import settle
from .staging import agent_plan, step_plan
from .stores import NotStagedError, Stores

OPEN = "<TBD>"
PIPES = ("pipe", "service")
# Directives that only Snakemake itself can run, and how a reason calls them.
DIRECTIVES = {
    "is_script": "script:",
    "is_notebook": "notebook:",
    "is_wrapper": "wrapper:",
    "is_cwl": "cwl:",
    "is_template_engine": "template_engine:",
    "is_norun": "no command",
    "is_run": "run:",
}


@dataclass(frozen=True)
class DirectPlan:
    """A step whose own command runs, without Snakemake beside it."""

    shell: str
    commands: list[str]
    env: dict[str, str]
    container: str | None
    staging: dict[str, Any] | None = None


@dataclass(frozen=True)
class GroupPlan:
    """A group whose jobs' own commands run in one step: levels one after another, the members of one side by side."""

    levels: list[list[dict[str, Any]]]
    container: str | None
    staging: dict[str, Any] | None = None


@dataclass(frozen=True)
class FallbackPlan:
    """A step that Snakemake's own job command runs; `reasons` complete the sentence "... because"."""

    reasons: list[str]
    staging: dict[str, Any] | None = None


Plan = DirectPlan | GroupPlan | FallbackPlan


class RefusedError(Exception):
    """A job that can run in no way at all; the message says why."""


def plan(job: Any, cpus: int | None, stores: Stores, sources: str | None) -> Plan:
    """`cpus` is the size of the step's queue; threads are capped to it. `sources` is the digest of their archive.

    Raises RefusedError.
    """
    try:
        reasons = _reasons(job, stores)
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
        levels = [[_member(member, cpus) for member in level] for level in job.toposorted]
        return GroupPlan(levels, _group_container(job), agent_plan(job, stores, sources))
    settle(job, cpus)
    return DirectPlan(**_command(job), container=_container(job), staging=agent_plan(job, stores, sources))


def _fallback(job: Any, reasons: list[str], stores: Stores) -> FallbackPlan:
    if stores.mode not in (SHARED, DRIVER):
        _refuse_pipes(job, reasons)
        return FallbackPlan(reasons, step_plan(job, stores))
    return FallbackPlan(reasons)


def _refuse_pipes(job: Any, reasons: list[str]) -> None:
    """Snakemake in a job would upload the pipe itself, and wait for its end for ever."""
    if job.is_group() and any(flag in file.flags for member in job.jobs for file in member.output for flag in PIPES):
        raise RefusedError(
            f"a group with pipe() or service() outputs in storage can only run directly, and this one cannot because "
            f"{'; '.join(reasons)}. Change that, or run with --kueue-artifacts shared."
        )


def _command(job: Any) -> dict[str, Any]:
    """What runs for one settled job."""
    commands = shell_commands(job)
    if any(OPEN in command for command in commands):
        raise NotDirectError("its command has a value that only the running job knows (<TBD>)")
    return {
        "shell": shell_executable(job),
        "commands": commands,
        "env": {**thread_variables(job.threads), **tmpdir_variables(job.resources.get("tmpdir"))},
    }


def _member(job: Any, cpus: int | None) -> dict[str, Any]:
    try:
        settle(job, cpus)
        return {
            "name": label(job),
            **_command(job),
            "threads": job.threads,
            "touch": [str(file) for file in job.output if "touch" in file.flags],
            "logs": list(dict.fromkeys(map(str, job.log))),
            "pipes": [str(file) for file in job.output if "pipe" in file.flags],
            "service": bool(job.is_service),
            # Its consumers wait until it has made these.
            "ready": [str(file) for file in job.output if "service" in file.flags],
        }
    except NotDirectError as error:
        raise NotDirectError(f"its member {job.rule.name} cannot run directly: {error}") from error


def label(job: Any) -> str:
    """A single job for a person: its rule and wildcards."""
    return " ".join([job.rule.name, *(f"{name}={value}" for name, value in job.wildcards_dict.items())])


def _reasons(job: Any, stores: Stores) -> list[str]:
    if not job.is_group():
        return _reasons_from_rule(job, stores)
    if stores.mode == SHARED:
        return ["it is a group of jobs"]
    reasons = []
    for member in sorted(job.jobs, key=lambda member: str(member.rule.name)):
        found = _reasons_from_rule(member, stores)
        found += ["it has a benchmark"] if member.benchmark is not None else []
        reasons += [f"its member {member.rule.name} cannot run directly: {reason}" for reason in found]
    if not reasons and len({_container(member) for member in job.jobs}) > 1:
        reasons.append("its members have different containers")
    return list(dict.fromkeys(reasons))


def _group_container(job: Any) -> str | None:
    return next(_container(member) for member in job.jobs)


def _reasons_from_rule(job: Any, stores: Stores) -> list[str]:
    if not job.is_shell:
        return [f"it has {_directive(job)}"]
    reasons = []
    shared = {usage.name for usage in job.rule.workflow.storage_settings.shared_fs_usage}
    if stores.mode == SHARED and "INPUT_OUTPUT" not in shared:
        reasons.append("its files are not on a shared file system")
    methods = {method.name for method in job.rule.workflow.deployment_settings.deployment_method}
    if "CONDA" in methods and job.conda_env_spec:
        reasons.append("it has a conda environment and --software-deployment-method conda is given")
    if "ENV_MODULES" in methods and job.env_modules:
        reasons.append("it has environment modules and --software-deployment-method env-modules is given")
    if "APPTAINER" in methods and job.container_img_url and job.rule.workflow.deployment_settings.apptainer_args:
        reasons.append("it has a container and --apptainer-args is given")
    if _is_cached(job):
        reasons.append("it is eligible for Snakemake's between-workflow cache and --cache is given")
    return reasons


def _directive(job: Any) -> str:
    return next((text for name, text in DIRECTIVES.items() if getattr(job, name)), "no shell: command")


def _is_cached(job: Any) -> bool:
    cache = job.rule.cache
    return bool(job.rule.workflow.workflow_settings.cache is not None and cache and cache.output)


def _container(job: Any) -> str | None:
    """The pulled image file with --software-deployment-method apptainer, else the rule's container as it is
    named.
    """
    return job.container_img_path or job.container_img_url or None
