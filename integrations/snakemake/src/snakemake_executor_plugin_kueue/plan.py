"""Direct or through Snakemake: decides for one job, and says why not direct."""

from dataclasses import dataclass
from typing import Any

from .command import NotDirectError, shell_commands, shell_executable
from .environment import thread_variables, tmpdir_variables
from .resources import settle

OPEN = "<TBD>"
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


@dataclass(frozen=True)
class FallbackPlan:
    """A step that Snakemake's own job command runs; `reasons` complete the sentence "... because"."""

    reasons: list[str]


def plan(job: Any, cpus: int | None) -> DirectPlan | FallbackPlan:
    """`cpus` is the size of the step's queue; threads are capped to it. Never raises."""
    try:
        reasons = _reasons_from_rule(job)
        return FallbackPlan(reasons) if reasons else _direct(job, cpus)
    except NotDirectError as error:
        return FallbackPlan([str(error)])
    except Exception as error:
        # What is not promised by Snakemake may be gone in another version; and a command that cannot be
        # formatted fails in Snakemake's own process with Snakemake's own words.
        return FallbackPlan([f"its command cannot be computed here ({type(error).__name__}: {error})"])


def _direct(job: Any, cpus: int | None) -> DirectPlan | FallbackPlan:
    settle(job, cpus)
    commands = shell_commands(job)
    if any(OPEN in command for command in commands):
        return FallbackPlan(["its command has a value that only the running job knows (<TBD>)"])
    return DirectPlan(
        shell=shell_executable(job),
        commands=commands,
        env={**thread_variables(job.threads), **tmpdir_variables(job.resources.get("tmpdir"))},
        container=_container(job),
    )


def _reasons_from_rule(job: Any) -> list[str]:
    if job.is_group():
        return ["it is a group of jobs"]
    if not job.is_shell:
        return [f"it has {_directive(job)}"]
    reasons = []
    if "INPUT_OUTPUT" not in {usage.name for usage in job.rule.workflow.storage_settings.shared_fs_usage}:
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
