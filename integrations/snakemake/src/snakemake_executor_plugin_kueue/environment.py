"""Which environment variables reach a step."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

from .stores import chain_credentials, chain_region

OURS = ("KONVERGE_", "SNAKEMAKE_KUEUE_")
STORAGE = "SNAKEMAKE_STORAGE_"
# They name files of this machine, or what is in one.
AWS_FILES = frozenset(
    {
        "AWS_CA_BUNDLE",
        "AWS_CONFIG_FILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_PROFILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
    }
)
# Services that only this machine or container asks for credentials.
AWS_OF_THIS_MACHINE = ("AWS_CONTAINER_", "AWS_EC2_METADATA_", "AWS_ROLE_", "AWS_LAMBDA_")
CREDENTIAL_VARIABLES = {
    "accessKeyId": "AWS_ACCESS_KEY_ID",
    "secretAccessKey": "AWS_SECRET_ACCESS_KEY",
    "sessionToken": "AWS_SESSION_TOKEN",
}
AWS_CREDENTIALS = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"})


def step_environment(variables: Mapping[str, str], declared: Iterable[str], *, s3: bool) -> dict[str, str]:
    """The environment of the calling Snakemake, as its own executor gives it to a step, minus ours and
    credentials.

    A storage plugin reads its credentials in Snakemake's process, so a step never needs them. AWS credentials
    are withheld only where an S3 storage provider is what they are for, and never if `envvars:` declares
    them.
    """
    withheld = AWS_CREDENTIALS - set(declared) if s3 else frozenset()
    return {
        name: value
        for name, value in variables.items()
        if not name.startswith((*OURS, STORAGE)) and name not in withheld
    }


def workflow_environment(workflow: Any) -> dict[str, str]:
    """`step_environment` for this workflow, now: a Snakefile may set variables at any time."""
    declared = {*workflow.envvars, *workflow.remote_execution_settings.envvars}
    return step_environment(os.environ, declared, s3=_uses_s3(workflow))


def storage_credentials(workflow: Any) -> dict[str, str]:
    """What `workflow_environment` withholds and a Snakemake in a job needs, since it reads storage itself."""
    if not _uses_s3(workflow):
        return {}
    return {name: value for name, value in os.environ.items() if name in AWS_CREDENTIALS}


def cluster_environment(workflow: Any) -> dict[str, str]:
    """What this process gives to a step on another machine: only what `envvars:` and --envvars declare."""
    declared = {*workflow.envvars, *workflow.remote_execution_settings.envvars}
    return {name: os.environ[name] for name in sorted(declared) if name in os.environ}


def cluster_storage_environment(workflow: Any) -> dict[str, str]:
    """What a Snakemake on another machine needs to reach storage as this one does, but for what its plugin is told.

    Files of this machine do not go there: credentials from one travel as variables, and a profile has no meaning.
    """
    if not _uses_s3(workflow):
        return {}
    given = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("AWS_") and name not in AWS_FILES and not name.startswith(AWS_OF_THIS_MACHINE)
    }
    region = chain_region()
    keys = chain_credentials() or {}
    return {
        **({"AWS_DEFAULT_REGION": region} if region else {}),
        **given,
        **{CREDENTIAL_VARIABLES[name]: value for name, value in keys.items()},
    }


def changes(environment: Mapping[str, str], since: Mapping[str, str]) -> dict[str, str]:
    """What `environment` has that `since` has not, or has otherwise."""
    return {name: value for name, value in environment.items() if since.get(name) != value}


def thread_variables(threads: int) -> dict[str, str]:
    """Those that Snakemake's shell() sets, so that linear algebra libraries keep to the step's threads."""
    names = ("OMP", "GOTO", "OPENBLAS", "MKL", "VECLIB_MAXIMUM", "NUMEXPR")
    return {f"{name}_THREADS" if "_" in name else f"{name}_NUM_THREADS": str(threads) for name in names}


def tmpdir_variables(tmpdir: object) -> dict[str, str]:
    """Those that Snakemake's shell() sets for the resource tmpdir; none if it is empty."""
    return dict.fromkeys(("TMPDIR", "TMP", "TEMPDIR", "TEMP"), str(tmpdir)) if tmpdir else {}


def _uses_s3(workflow: Any) -> bool:
    # The registry of storage() directives is not public; without it only the default provider is known.
    used = getattr(workflow.storage_registry, "_storages", {}).values()
    modules = {type(provider).__module__ for provider in used}
    return workflow.storage_settings.default_storage_provider == "s3" or any("_plugin_s3" in name for name in modules)
