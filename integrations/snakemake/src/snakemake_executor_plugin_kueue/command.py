"""The exact text that Snakemake would hand to the shell for a job.

On another machine the same text runs in the image of the step, of which nothing is known: then the shell is named and
not found here, and a shell that is not bash is not asked for `pipefail` if it has none (`portable`).

Snakemake's shell() takes the command from the frame that calls it: the rule's function, whose locals are the
job's properties and whose globals are those of the module that the rule comes from. `Job.shellcmd` is not
that text: it is made for printing and uses the main Snakefile's globals, so a module's rule may print one
thing and run another.
"""

from collections.abc import Mapping
from pathlib import Path
from shutil import which
from typing import Any

STRICT = "set -euo pipefail; "
# The wrapper of a pod takes sh where the image has no bash. dash before 0.5.13 ends at an option that it does not know.
PORTABLE_STRICT = "set -eu; if (set -o pipefail) 2>/dev/null; then set -o pipefail; fi; "


class NotDirectError(Exception):
    """The command cannot be computed here; the message says why, as the end of a sentence."""


def iterations(job: Any) -> list[int | None]:
    """`bench_iteration` of each run of a job: one for each run of the benchmark, else None, once."""
    return list(range(job.benchmark_repeats or 1)) if job.benchmark is not None else [None]


def shell_commands(job: Any, *, portable: bool) -> list[str]:
    """One command for each of the job's runs. The job must be settled (resources.py)."""
    rule = job.rule
    return [
        whole_command(
            job, rule.shellcmd, {**rule.run_func.__globals__, **function_locals(job, iteration)}, portable=portable
        )
        for iteration in iterations(job)
    ]


def shell_executable(job: Any, *, portable: bool) -> str:
    """The shell that runs the job's command: its absolute path here, or its bare name for another machine."""
    from snakemake.shell import shell  # noqa: PLC0415

    stated = job.resources.get("shell_exec") or shell.get_executable()
    if stated is None:
        return "sh" if portable else "/bin/sh"
    if portable:
        return Path(stated).name
    found = which(stated)
    if found is None:
        raise NotDirectError(f"its shell {stated} is not on PATH")
    return str(Path(found).absolute())


def whole_command(job: Any, pattern: str, variables: Mapping[str, Any], *, portable: bool) -> str:
    """What shell() makes of `pattern`: formatted, and between the prefix and the suffix of the workflow."""
    from snakemake.shell import shell  # noqa: PLC0415
    from snakemake.utils import QuotedFormatter, SequenceFormatter  # noqa: PLC0415

    formatter = SequenceFormatter(separator=" ")
    formatter.element_formatter = QuotedFormatter(None)
    text = formatter.vformat(pattern, (), variables)
    executable = job.resources.get("shell_exec") or shell.get_executable()
    prefix = shell._get_process_prefix(executable)
    if portable and prefix == STRICT:
        prefix = PORTABLE_STRICT
    return " ".join((prefix, text, shell._process_suffix)).strip()


def function_locals(job: Any, bench_iteration: int | None) -> dict[str, Any]:
    """The arguments of the rule's function (snakemake.parser, class Run), as snakemake.executors.local fills
    them.
    """
    workflow = job.rule.workflow
    return {
        "input": job.input._plainstrings(),
        "output": job.output._plainstrings(),
        "params": job.params,
        "wildcards": job.wildcards,
        "threads": job.threads,
        "resources": job.resources,
        "log": job.log._plainstrings(),
        "rule": job.rule.name,
        "conda_env": None,
        "container_img": None,
        "singularity_args": workflow.deployment_settings.apptainer_args,
        "use_singularity": False,
        "env_modules": None,
        "bench_record": None,
        "jobid": job.jobid,
        "is_shell": True,
        "bench_iteration": bench_iteration,
        "cleanup_scripts": workflow.execution_settings.cleanup_scripts,
        "shadow_dir": None,
        "edit_notebook": None,
        "conda_base_path": workflow.conda_base_path,
        "basedir": job.rule.basedir,
        "sourcecache_path": workflow.sourcecache.cache_path,
        "runtime_sourcecache_path": workflow.sourcecache.runtime_cache_path,
        "runtime_paths": workflow.runtime_paths,
    }
