"""Which version of an input a step reads, for the request hash: a step that comes again is the same if they are.

For a file of this machine it is its modification time. For one in storage it is the whole second of its modification
time there and its size. Snakemake knew both when it built its graph, and forgets them before it makes an executor; so
each file is asked for once, all of a batch of jobs at the same time, and again only after it was written.
"""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .stores import S3

MISSING = "missing"
REQUESTS_AT_ONCE = 16


class InputVersions:
    """Versions of files in storage. Used on Snakemake's own thread, but for `forget`, which is safe on any."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def learn(self, files: Iterable[Any]) -> None:
        """Ask for those of `files` that are in storage and not known yet, side by side."""
        unknown = {str(file): file for file in files if _in_storage(file) and str(file) not in self._known}
        if len(unknown) < 2:
            return
        with ThreadPoolExecutor(min(REQUESTS_AT_ONCE, len(unknown))) as pool:
            self._known.update(zip(unknown, pool.map(_ask, unknown.values()), strict=True))

    def version(self, file: Any) -> str:
        """Also `missing`: whatever is wrong with the file will show when it is staged."""
        if not _in_storage(file):
            return local_version(str(file))
        known = self._known.get(str(file))
        if known is None:
            known = self._known[str(file)] = _ask(file)
        return known

    def forget(self, files: Iterable[Any]) -> None:
        """These have just been written."""
        for file in files:
            self._known.pop(str(file), None)


def local_version(path: str) -> str:
    try:
        return str(os.stat(path).st_mtime_ns)  # noqa: PTH116 - one call, no object
    except OSError:
        return MISSING


def _in_storage(file: Any) -> bool:
    return bool(getattr(file, "is_storage", False))


def _ask(file: Any) -> str:
    found = file.storage_object
    if type(found.provider).__module__ == S3:
        try:
            # One request where the plugin's mtime() and size() are three. Threads may share the client.
            head = found.provider.s3c.meta.client.head_object(Bucket=found.bucket, Key=found.key)
            return _stamp(head["LastModified"].timestamp(), head["ContentLength"])
        except Exception as error:
            # No such key: a directory, above all.
            if _status(error) != 404:
                return MISSING
    try:
        return _stamp(found.mtime(), found.size())
    except Exception:
        return MISSING


def _status(error: Exception) -> int | None:
    response = getattr(error, "response", None) or {}
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return int(status) if status is not None else None


def _stamp(seconds: float, size: int) -> str:
    return f"{int(seconds)}:{size}"
