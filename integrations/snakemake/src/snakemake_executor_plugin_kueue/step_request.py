"""One job in the words in which the core reads it."""

from collections.abc import Callable
from typing import Any

from .plan import DirectPlan, FallbackPlan, GroupPlan, Plan, label
from .resources import described


def step_request(
    job: Any,
    plan: Plan,
    *,
    command: str | None,
    digest: str,
    cwd: str,
    env: dict[str, str],
    cpus: int | None,
    version: Callable[[Any], str],
) -> dict[str, Any]:
    """`command` and `digest` are the fallback's. `env` is added to the session's environment, before what the plan
    adds. `version` tells the version of an input.
    """
    if isinstance(plan, DirectPlan):
        execution: dict[str, Any] = {"mode": "direct", "shell": plan.shell, "commands": plan.commands}
        env = {**env, **plan.env}
    elif isinstance(plan, GroupPlan):
        execution = {"mode": "group", "levels": plan.levels}
    else:
        execution = {"mode": "fallback", "command": command, "reasons": plan.reasons, "digest": digest}
    return {
        "ref": step_ref(job),
        "rule": job.groupid if job.is_group() else job.rule.name,
        "label": _label(job),
        "wildcards": {} if job.is_group() else {name: str(value) for name, value in job.wildcards_dict.items()},
        "attempt": job.attempt,
        "priority": job.priority,
        "threads": job.threads if cpus is None else min(job.threads, cpus),
        "inputs": [{"path": str(file), "version": version(file)} for file in _distinct(job.input)],
        "outputs": _unique(job.output),
        "logs": _unique(job.log),
        "resources": described(job),
        "execution": execution,
        "cwd": cwd,
        "env": env,
        "container": None if isinstance(plan, FallbackPlan) else plan.container,
        "benchmark": isinstance(plan, DirectPlan) and job.benchmark is not None,
        **({"staging": plan.staging} if plan.staging is not None else {}),
    }


def step_ref(job: Any) -> str:
    """Our name of a job's attempt, unique within a run of Snakemake."""
    return f"{job.jobid}.{job.attempt}"


def _label(job: Any) -> str:
    return f"group {job.groupid} ({', '.join(sorted(job.rules))})" if job.is_group() else label(job)


def _unique(files: Any) -> list[str]:
    return list(map(str, _distinct(files)))


def _distinct(files: Any) -> list[Any]:
    return list({str(file): file for file in files}.values())
