"""Snakemake's own job command, mended where it does not work for a step in a shared directory.

Upstream builds the command for a job on a cluster node. Five things go wrong with it here:
- `--unneeded-temp-files` has the job delete a temp() output that nothing needs, and the main process then
  reports it missing. The main process deletes it anyway, so the flag is left out. (A group needs it: its main
  process does not ask for temp files that only the group used.)
- `--cores all` means the whole machine; the step has its queue's share.
- A default `mem_mib` or `disk_mib` reaches the job as `mem_mb` or `disk_mb` with the same number. The job
  gets what the main process evaluated.
- `--replace-workflow-config` does not reach the job.
- `--retries 0` is passed, but a rule's own `retries: n` wins over it, so that n + 1 attempts of the main
  process become (n + 1) squared. To the job every rule is preemptible, with no retries, which wins over both.
"""

from typing import Any

from snakemake_interface_executor_plugins.utils import format_cli_arg


def without_unneeded_temp_files(arguments: str, job: Any, workflow: Any) -> str:
    """The job's arguments without the flag that has a single job delete its own outputs."""
    if job.is_group():
        return arguments
    files = list(workflow.dag.get_unneeded_temp_files(job))
    return arguments.replace(format_cli_arg("--unneeded-temp-files", files), "") if files else arguments


def job_cores(job: Any, cpus: int | None) -> int:
    """The cores for the Snakemake in the job: what its queue has, and no more than the job asks for.

    Jobs that are connected by a pipe or a service must run at once, so such a group is not capped.
    """
    threads = max(1, job.threads)
    if cpus is None or (job.is_group() and any(member.pipe_group for member in job.jobs)):
        return int(threads)
    return int(min(threads, cpus))


def default_resources_argument(job: Any, workflow: Any) -> str:
    """`--default-resources` as the main process has evaluated them for a single job, else as they were given."""
    defaults = workflow.resource_settings._parsed_default_resources
    arguments = defaults.args
    if not job.is_group():
        arguments = [_with_main_value(argument, job) for argument in arguments]
    return str(format_cli_arg("--default-resources", arguments, base64_encode=True))


def general_arguments(workflow: Any) -> str:
    """What upstream leaves out for every job."""
    replace = format_cli_arg("--replace-workflow-config", bool(workflow.config_settings.replace_workflow_config))
    return f"--preemptible-rules --preemptible-retries 0 {replace}"


def _with_main_value(argument: str, job: Any) -> str:
    name = argument.split("=", 1)[0]
    value = job.resources.get(name) if name in ("mem_mb", "disk_mb") else None
    return f"{name}={value}" if isinstance(value, int) else argument
