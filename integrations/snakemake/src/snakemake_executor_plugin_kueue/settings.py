"""The plugin's command line: every field becomes `--kueue-<field>`.

The names of the 2024 plugin stay accepted, so that its command lines go on working.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.settings import CommonSettings, ExecutorSettingsBase

from .locks import watch_locks

ENGINES = ("kubernetes", "local")
ARTIFACTS = ("storage", "driver", "shared")
TRUTH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def _flag(help_text: str, *, env_var: bool = True) -> dict[str, Any]:
    return {"help": help_text, "env_var": env_var, "required": False}


# Snakemake compares field types by identity (`type == bool`), so no string annotations and no `X | None`
# here.
@dataclass
class ExecutorSettings(ExecutorSettingsBase):
    """What a user can say on the command line, in a profile, or as SNAKEMAKE_KUEUE_<FIELD> in the
    environment.
    """

    engine: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata=_flag(
            "Where the steps run: 'kubernetes' or 'local' (this machine). "
            "Default: the engine of konverge.yaml, else kubernetes."
        ),
    )
    queue_name: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata=_flag(
            "The queue for steps that name none: a Kueue LocalQueue, or a queue of konverge.yaml. A rule's "
            "kueue_queue resource wins. Default: the queue of konverge.yaml, else the engine's own default."
        ),
    )
    priority: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata=_flag("Priority class of the steps. A rule's kueue_priority resource wins."),
    )
    namespace: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata=_flag("Kubernetes namespace of the steps. Default: that of konverge.yaml or of the kubeconfig."),
    )
    image: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata=_flag("Container image for steps whose rule names none."),
    )
    container: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata=_flag("The older name of --kueue-image.", env_var=False),
    )
    artifacts: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata=_flag(
            "How files reach steps: 'storage' (through the default storage provider), 'driver' (from and to this "
            "working directory) or 'shared' (steps run in this working directory). Default: storage if there is a "
            "provider, else shared, or driver if --shared-fs-usage leaves out input-output."
        ),
    )
    config: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata=_flag("Path of a konverge.yaml. Default: konverge.yaml in the working directory, if there is one."),
    )
    dry_run: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata=_flag(
            "Run nothing: write what the jobs that are ready now would become to this file, as the core's answer "
            "in JSON, and end. `konverge run --dry-run` prints it.",
            env_var=False,
        ),
    )
    working_dir: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata=_flag(
            "Accepted for the 2024 plugin's sake; a step runs in Snakemake's working directory.", env_var=False
        ),
    )
    pull_always: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata=_flag("Accepted for the 2024 plugin's sake: always pull the image (true or false).", env_var=False),
    )
    interactive: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata=_flag("Accepted for the 2024 plugin's sake: keep a MiniCluster for debugging.", env_var=False),
    )
    nodes: Optional[int] = field(  # noqa: UP045
        default=None,
        metadata=_flag(
            "Accepted for the 2024 plugin's sake: nodes of an MPI step; use the resource 'nodes'.", env_var=False
        ),
    )
    flux_container: Optional[str] = field(  # noqa: UP045
        default=None,
        metadata=_flag("Accepted for the 2024 plugin's sake: the Flux view image of a MiniCluster.", env_var=False),
    )

    def __post_init__(self) -> None:
        # Made only for a run with this executor, and before Snakemake takes its locks.
        watch_locks()
        _one_of("engine", self.engine, ENGINES)
        _one_of("artifacts", self.artifacts, ARTIFACTS)
        for name in ("queue_name", "priority", "namespace", "image", "container", "config"):
            _not_empty(name, getattr(self, name))
        for name in ("pull_always", "interactive"):
            _truth(name, getattr(self, name))
        if self.config is not None:
            # Now, while the current directory is the user's: --directory and workdir: come later.
            self.config = str(Path(self.config).absolute())
        if self.dry_run is not None:
            self.dry_run = str(Path(self.dry_run).absolute())
        if self.nodes is not None and self.nodes < 1:
            raise WorkflowError(f"--kueue-nodes: {self.nodes} is not a number of nodes; give 1 or more.")
        if self.image is not None and self.container is not None and self.image != self.container:
            raise WorkflowError(
                f"--kueue-image is {self.image!r} and --kueue-container, its older name, is {self.container!r}; "
                "give only --kueue-image."
            )

    @property
    def step_image(self) -> str | None:
        """The image for steps whose rule names none, by whichever of its two names it came."""
        return self.image or self.container

    def unused(self) -> list[str]:
        """The 2024 plugin's flags that were given and that this version accepts without using them."""
        names = ("working_dir", "pull_always", "interactive", "nodes", "flux_container")
        return [_flag_name(name) for name in names if getattr(self, name) is not None]


# Why these and no others: docs/adr/0003-common-settings.md.
common_settings = CommonSettings(
    non_local_exec=True,
    implies_no_shared_fs=False,
    job_deploy_sources=False,
    can_transfer_local_files=True,
    # Values of `envvars:` travel in the step's environment, never in a command line that others can read.
    pass_envvar_declarations_to_cmd=False,
    # No pip at the start of a step.
    auto_deploy_default_storage_provider=False,
    # fallback.py passes them, each as main has evaluated it.
    pass_default_resources_args=False,
    init_seconds_before_status_checks=0,
)


def _flag_name(field_name: str) -> str:
    return "--kueue-" + field_name.replace("_", "-")


def _one_of(name: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        raise WorkflowError(f"{_flag_name(name)}: {value!r} is not known; give one of: {', '.join(allowed)}.")


def _not_empty(name: str, value: str | None) -> None:
    if value is not None and not value.strip():
        raise WorkflowError(f"{_flag_name(name)} is empty; give a value or leave the flag out.")


def _truth(name: str, value: str | None) -> None:
    if value is not None and value.lower() not in TRUTH:
        raise WorkflowError(f"{_flag_name(name)}: {value!r} is neither true nor false.")
