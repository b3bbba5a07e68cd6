"""How files reach steps, decided once per run.

`storage` and `driver`: steps share nothing with this process but storage; each runs in an empty directory into which
its files are moved. `shared`: steps run in Snakemake's working directory and see everything.
"""

from typing import Any

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_executor_plugins.settings import SharedFSUsage

from .errors import CoreError

STORAGE = "storage"
DRIVER = "driver"
SHARED = "shared"


def artifacts_mode(workflow: Any, stated: str | None) -> str:
    """`storage`, `driver` or `shared`. Raises WorkflowError if what is stated cannot be.

    If nothing is stated: storage where there is a default storage provider; else shared, unless Snakemake was told that
    input and output are not on a shared file system.
    """
    settings = workflow.storage_settings
    provider = settings.default_storage_provider
    if stated == STORAGE and provider is None:
        raise WorkflowError(
            "--kueue-artifacts storage needs a storage provider: give --default-storage-provider and "
            "--default-storage-prefix, or --kueue-artifacts driver."
        )
    if stated == DRIVER and provider is not None:
        raise WorkflowError(
            "--kueue-artifacts driver moves files from and to this directory, but --default-storage-provider "
            f"{provider} keeps them elsewhere; leave one of the two out."
        )
    if stated is not None:
        return stated
    if provider is not None:
        return STORAGE
    return SHARED if SharedFSUsage.INPUT_OUTPUT in settings.shared_fs_usage else DRIVER


def refuse_on_cluster(mode: str) -> None:
    """Raises CoreError if files cannot reach pods in this way. Whether they can by `shared`, the core knows."""
    if mode == DRIVER:
        raise CoreError(
            "storage-needed",
            "on Kubernetes the files of steps do not move from and to this working directory",
            "Give --default-storage-provider s3 and --default-storage-prefix s3://bucket/prefix, or mount this "
            "directory by kubernetes.volumes in konverge.yaml and give --kueue-artifacts shared.",
        )


def leave_shared_file_system(workflow: Any) -> None:
    """Snakemake is told before it schedules that steps do not see this file system (docs/adr/0003)."""
    workflow.storage_settings.shared_fs_usage = frozenset()


def announcement(workflow: Any, mode: str) -> str | None:
    """One line for the person who started the run; None where steps run in place."""
    if mode == SHARED:
        return None
    if mode == STORAGE:
        prefix = workflow.storage_settings.default_storage_prefix or "."
        way = workflow.storage_registry.default_storage_provider.safe_print(prefix)
    else:
        way = "this working directory"
    return (
        f"kueue: files move through {way}; a step sees its declared inputs and the workflow's sources "
        "(--kueue-artifacts shared would run it here)."
    )
