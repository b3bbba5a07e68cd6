"""One job in the words in which the core reads it."""

import os
from typing import Any

from .plan import DirectPlan, FallbackPlan
from .resources import described

MISSING = "missing"


def step_request(
    job: Any,
    plan: DirectPlan | FallbackPlan,
    *,
    command: str | None,
    digest: str,
    cwd: str,
    env: dict[str, str],
    cpus: int | None,
) -> dict[str, Any]:
    """`command` and `digest` are the fallback's. `env` is added to the session's environment, before what the plan
    adds.
    """
    if isinstance(plan, DirectPlan):
        execution: dict[str, Any] = {"mode": "direct", "shell": plan.shell, "commands": plan.commands}
        env = {**env, **plan.env}
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
        "inputs": [{"path": str(file), "version": _version(file)} for file in _unique(job.input)],
        "outputs": _unique(job.output),
        "logs": _unique(job.log),
        "resources": described(job),
        "execution": execution,
        "cwd": cwd,
        "env": env,
        "container": plan.container if isinstance(plan, DirectPlan) else None,
        "benchmark": isinstance(plan, DirectPlan) and job.benchmark is not None,
    }


def step_ref(job: Any) -> str:
    """Our name of a job's attempt, unique within a run of Snakemake."""
    return f"{job.jobid}.{job.attempt}"


def _label(job: Any) -> str:
    if job.is_group():
        return f"group {job.groupid} ({', '.join(sorted(job.rules))})"
    return " ".join([job.rule.name, *(f"{name}={value}" for name, value in job.wildcards_dict.items())])


def _unique(files: Any) -> list[str]:
    return list(dict.fromkeys(str(file) for file in files))


def _version(path: str) -> str:
    try:
        return str(os.stat(path).st_mtime_ns)  # noqa: PTH116 - str() of an _IOFile is a path; Path() costs more
    except OSError:
        return MISSING
