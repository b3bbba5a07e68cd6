"""Takes away Snakemake's locks where a run of ours was killed, so that the next run needs no `--unlock`.

Snakemake locks its files before it makes an executor, and a lock says nothing of who holds it. So each run with this
executor writes down its process and its lock files, right after it has taken them. The next one removes exactly those
files, if they are still the ones that were written and the process is surely gone: on this host, by its start time.
Any other lock is left to its owner, or to the user.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

RECORD = Path("konverge") / "locks.json"


def watch_locks() -> None:
    """Have Snakemake's lock do this from now on, in this process. Doing it again changes nothing."""
    from snakemake import persistence  # noqa: PLC0415

    for cls in list(vars(persistence).values()):
        original = vars(cls).get("lock") if isinstance(cls, type) else None
        if callable(original) and not getattr(original, "removes_stale_locks", False):
            cls.lock = _watched(original)


def _watched(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @contextmanager
    def lock(self: Any) -> Iterator[None]:
        record = Path(self.path) / RECORD
        remove_stale_locks(record)
        with original(self):
            write_record(record, [Path(path) for path in getattr(self, "_lockfile", {}).values()])
            try:
                yield
            finally:
                record.unlink(missing_ok=True)

    lock.removes_stale_locks = True  # type: ignore[attr-defined]
    return lock


def write_record(record: Path, locks: list[Path]) -> None:
    """Never fails: without it the next run is where it would be without us."""
    try:
        content = {**_process(os.getpid()), "locks": [[str(path), *_identity(path)] for path in locks]}
        record.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = record.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(content))
        part.replace(record)
    except OSError as error:
        _log().debug(f"kueue: {record} cannot be written: {error}")


def remove_stale_locks(record: Path) -> int:
    """The number of lock files that were removed."""
    try:
        content = json.loads(record.read_text())
        if not _is_gone(content):
            return 0
        removed = [path for path, *identity in content["locks"] if _remove(Path(path), identity)]
    except FileNotFoundError:
        return 0
    # Half written, or of another version: then the user decides.
    except (OSError, ValueError, KeyError, TypeError) as error:
        _log().debug(f"kueue: {record} cannot be used: {error}")
        return 0
    record.unlink(missing_ok=True)
    if removed:
        _log().info(f"kueue: removed the locks of a run that was killed (process {content['pid']}).")
    return len(removed)


def _remove(path: Path, identity: list[int]) -> bool:
    try:
        if list(_identity(path)) != identity:
            return False
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def _identity(path: Path) -> tuple[int, int]:
    facts = path.stat()
    return facts.st_ino, facts.st_mtime_ns


def _process(pid: int) -> dict[str, Any]:
    return {"pid": pid, "started": _start_of(pid), "boot": _boot(), "host": os.uname().nodename}


def _is_gone(content: dict[str, Any]) -> bool:
    """Whether the process that wrote a record has surely ended. Of another host nobody can say."""
    if content["host"] != os.uname().nodename:
        return False
    return bool(content["boot"] != _boot() or content["started"] != _start_of(int(content["pid"])))


def _start_of(pid: int) -> str | None:
    """When a process started, in the kernel's ticks; None if there is none, or only its zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _log() -> Any:
    from snakemake.logging import logger  # noqa: PLC0415

    return logger
