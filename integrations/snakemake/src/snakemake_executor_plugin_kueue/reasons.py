"""Why a job cannot run directly: what its rule, its group and the command line say."""

from typing import Any

from .artifacts import SHARED
from .staging import PIPES, members_of
from .stores import Stores

# Directives that only Snakemake itself can run, and how a reason calls them.
DIRECTIVES = {
    "is_notebook": "notebook:",
    "is_wrapper": "wrapper:",
    "is_cwl": "cwl:",
    "is_template_engine": "template_engine:",
    "is_norun": "no command",
    "is_run": "run:",
}


def reasons_against_direct(job: Any, stores: Stores) -> list[str]:
    """Each completes the sentence "... runs through Snakemake because"."""
    if not job.is_group():
        return _from_rule(job, stores)
    if stores.mode == SHARED and has_pipes(job):
        return ["it has pipe() or service() outputs, and if one of its jobs fails the others must be ended at once"]
    reasons = []
    for member in sorted(job.jobs, key=lambda member: str(member.rule.name)):
        found = _from_rule(member, stores)
        found += ["it has a benchmark"] if member.benchmark is not None else []
        found += ["it has a shadow directory"] if stores.mode == SHARED and member.is_shadow else []
        reasons += [f"its member {member.rule.name} cannot run directly: {reason}" for reason in found]
    if not reasons and len({container_of(member, local=stores.local) for member in job.jobs}) > 1:
        reasons.append("its members have different containers")
    return list(dict.fromkeys(reasons))


def has_pipes(job: Any) -> bool:
    return any(flag in file.flags for member in members_of(job) for file in member.output for flag in PIPES)


def container_of(job: Any, *, local: bool) -> str | None:
    """The rule's container as it is named. On this machine it is the pulled image file with
    --software-deployment-method apptainer, and a script has none: its interpreter and Snakemake's modules are those of
    this machine.
    """
    if not local:
        return job.container_img_url or None
    if job.is_script:
        return None
    return job.container_img_path or job.container_img_url or None


def _from_rule(job: Any, stores: Stores) -> list[str]:
    if not job.is_shell and not job.is_script:
        return [f"it has {_directive(job)}"]
    workflow = job.rule.workflow
    reasons = []
    shared = {usage.name for usage in workflow.storage_settings.shared_fs_usage}
    if stores.mode == SHARED and "INPUT_OUTPUT" not in shared:
        reasons.append("its files are not on a shared file system")
    methods = {method.name for method in workflow.deployment_settings.deployment_method}
    if "CONDA" in methods and job.conda_env_spec:
        reasons.append("it has a conda environment and --software-deployment-method conda is given")
    if "ENV_MODULES" in methods and job.env_modules:
        reasons.append("it has environment modules and --software-deployment-method env-modules is given")
    if (
        stores.local
        and "APPTAINER" in methods
        and job.container_img_url
        and workflow.deployment_settings.apptainer_args
    ):
        reasons.append("it has a container and --apptainer-args is given")
    if _is_cached(job):
        reasons.append("it is eligible for Snakemake's between-workflow cache and --cache is given")
    return reasons + (_from_script(job, methods) if job.is_script and stores.local else [])


def _from_script(job: Any, methods: set[str]) -> list[str]:
    settings = job.rule.workflow.executor_settings
    stated = job.resources.get("container") or (settings is not None and settings.step_image)
    if "APPTAINER" in methods and (job.container_img_url or stated):
        return ["it has script: in a container, which needs Snakemake's modules there"]
    return []


def _directive(job: Any) -> str:
    return next((text for name, text in DIRECTIVES.items() if getattr(job, name)), "no shell: command")


def _is_cached(job: Any) -> bool:
    cache = job.rule.cache
    return bool(job.rule.workflow.workflow_settings.cache is not None and cache and cache.output)
