"""Storage providers as the core's agent reaches them, and where each file is in them.

Only what the agent speaks is here: S3 and directories. A file of any other provider makes its job run through
Snakemake, which has the plugin.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .artifacts import DRIVER, STORAGE

S3 = "snakemake_storage_plugin_s3"
DIRECTORY = "snakemake_storage_plugin_fs"
# The agent's own corner: below the default storage prefix, or beside Snakemake's records.
AREA = ".konverge"
DRIVER_AREA = ".snakemake/konverge/area"
SIGNATURES = (None, "s3v4")
# What the agent's own S3 client reads: credentials, profile, proxies, certificates.
CLIENT_PREFIXES = ("AWS_", "SSL_CERT_")
CLIENT_NAMES = frozenset(
    {"HOME", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy"}
)
# What boto3 calls these places: variables, and two files in ~/.aws.
FIXED = ("env", "shared-credentials-file", "config-file")
CERTIFICATES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")

Location = dict[str, str]


class NotStagedError(Exception):
    """The agent cannot move a file; the message says why, as the end of a sentence."""


class RefusedError(Exception):
    """A job that can run in no way at all; the message says why."""


class Stores:
    """The stores of this run: each storage provider in use by its name, and `driver`, this working directory.

    Fixed when the session opens, for the core learns of stores only then.
    """

    def __init__(self, workflow: Any, mode: str, *, local: bool = True) -> None:
        """`local`: steps run on this machine, and see its files."""
        self._workflow = workflow
        self._workdir = Path.cwd()
        self.mode = mode
        self.local = local
        self.settings: dict[str, dict[str, Any]] = {}
        self._names: dict[int, str] = {}
        self._refused: dict[int, str] = {}
        if mode == DRIVER:
            self.settings[DRIVER] = {"kind": "directory"}
        for name, provider in _providers(workflow):
            try:
                self.settings[name] = _settings(name, provider, local=local)
                self._names[id(provider)] = name
            except NotStagedError as error:
                self._refused[id(provider)] = str(error)

    def location(self, file: Any) -> Location:
        """Where Snakemake will ask for `file`. Raises NotStagedError if the agent cannot move it there."""
        if not file.is_storage:
            if self.mode == STORAGE:
                raise NotStagedError(f"{file} is not in storage")
            return {"store": DRIVER, "bucket": "", "key": str(self._workdir / str(file))}
        found = file.storage_object
        return {"store": self._name(found.provider, str(file)), **_key(found)}

    def area(self) -> Location:
        """Where the agent keeps what is its own. Raises NotStagedError if the default provider is none of ours."""
        if self.mode == DRIVER:
            return {"store": DRIVER, "bucket": "", "key": str(self._workdir / DRIVER_AREA)}
        provider = self._workflow.storage_registry.default_storage_provider
        prefix = self._workflow.storage_settings.default_storage_prefix or ""
        separator = "" if not prefix or prefix.endswith("/") else "/"
        return {"store": self._name(provider, "the workflow"), **_key(provider.object(f"{prefix}{separator}{AREA}"))}

    def _name(self, provider: Any, what: str) -> str:
        name = self._names.get(id(provider))
        if name is None:
            plugin = type(provider).__module__.removeprefix("snakemake_storage_plugin_")
            reason = self._refused.get(id(provider)) or f"a storage provider ({plugin}) that came up during the run"
            raise NotStagedError(f"{what} is in {reason}")
        return name


def client_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Variables for the agent's S3 client: its own chain of credentials, proxies and certificates."""
    chosen = {
        name: value for name, value in variables.items() if name.startswith(CLIENT_PREFIXES) or name in CLIENT_NAMES
    }
    certificates = next((variables[name] for name in CERTIFICATES if variables.get(name)), None)
    # Python's clients take a directory too, Node only a file.
    if certificates is not None and "NODE_EXTRA_CA_CERTS" not in variables and Path(certificates).is_file():
        chosen["NODE_EXTRA_CA_CERTS"] = certificates
    elif "NODE_EXTRA_CA_CERTS" in variables:
        chosen["NODE_EXTRA_CA_CERTS"] = variables["NODE_EXTRA_CA_CERTS"]
    return chosen


def _providers(workflow: Any) -> Iterator[tuple[str, Any]]:
    # The registry of storage() directives is not public; without it only the default provider is known.
    default = workflow.storage_registry.default_storage_provider
    known = dict(getattr(workflow.storage_registry, "_storages", {}))
    if default is not None and all(provider is not default for provider in known.values()):
        # One that was registered again under the default's name has taken its place there.
        name = str(workflow.storage_settings.default_storage_provider)
        known[f"{name}-default" if name in known else name] = default
    yield from known.items()


def _settings(name: str, provider: Any, *, local: bool) -> dict[str, Any]:
    kind = type(provider).__module__
    if kind == DIRECTORY:
        return {"kind": "directory"}
    if kind != S3:
        raise NotStagedError(f"storage provider {name}, which only Snakemake's plugin speaks")
    settings = provider.settings
    if settings.signature_version not in SIGNATURES:
        raise NotStagedError(f"storage provider {name} with signature version {settings.signature_version}")
    # The client knows what was found in the environment and in configuration files as well.
    client = provider.s3c.meta.client.meta
    style = (client.config.s3 or {}).get("addressing_style")
    keys = {
        "accessKeyId": settings.access_key,
        "secretAccessKey": settings.secret_key,
        "sessionToken": settings.token,
    }
    credentials = _without_none(**keys)
    if settings.access_key is None or settings.secret_key is None:
        credentials = {} if local else chain_credentials() or {}
    return _without_none(
        kind="s3",
        endpointUrl=settings.endpoint_url or (None if _is_aws(client.endpoint_url) else client.endpoint_url),
        region=client.region_name,
        credentials=credentials or None,
        pathStyle={"path": True, "virtual": False}.get(style or ""),
        retries=settings.retries,
    )


def chain_credentials() -> dict[str, str] | None:
    """The keys that an S3 client finds here by itself, where they are fixed ones from its environment or from a file.

    None for those that a service lends for a while: who is on another machine asks for his own.
    """
    import boto3  # noqa: PLC0415 - it came with the S3 storage plugin

    found = boto3.session.Session().get_credentials()
    if found is None or found.method not in FIXED:
        return None
    return _without_none(accessKeyId=found.access_key, secretAccessKey=found.secret_key, sessionToken=found.token)


def chain_region() -> str | None:
    """The region that an S3 client finds here by itself."""
    import boto3  # noqa: PLC0415 - it came with the S3 storage plugin

    region = boto3.session.Session().region_name
    return None if region is None else str(region)


def _is_aws(endpoint: str) -> bool:
    host = endpoint.split("://", 1)[-1].split("/", 1)[0]
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn"))


def _key(storage_object: Any) -> Location:
    """The plugin's own idea of the key: it parses the query as a URL, so `#` and `?` in a name end it there."""
    if type(storage_object.provider).__module__ == S3:
        return {"bucket": storage_object.bucket, "key": storage_object.key}
    return {"bucket": "", "key": os.path.abspath(storage_object.query)}  # noqa: PTH100 - normalises as the query is used


def _without_none(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
