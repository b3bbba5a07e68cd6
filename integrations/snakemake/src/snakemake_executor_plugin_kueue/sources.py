"""An archive of what a workflow's steps may read without declaring it: scripts, configuration, small resources.

What is in it:

1. Always, of any size: what Snakemake itself calls the workflow's sources. These are the Snakefile and what it
   includes, configuration files, scripts and notebooks with what lies beside them, and files of conda environments.
2. Every other regular file below the working directory, but not `.snakemake`, directories of version control,
   `__pycache__`, `*.pyc`, and files that a job declares as input, output, log or benchmark (those are staged); and not
   what `.konvergeignore` of the working directory names, or, if there is none, its `.gitignore`, as git reads it.
3. Of the files of 2 no more than 100 MB: the largest are left out until the rest fits, and named in a warning.

Files outside the working directory are left out and named. A symbolic link is followed if it leads to a place inside;
else it is left out and named.

The archive is the same, byte for byte, if the files are: its name is its SHA-256, below `.snakemake/konverge/sources/`.
It is made once per run; nothing here removes one.
"""

import contextlib
import gzip
import hashlib
import os
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .declared import declared_files, named_sources
from .ignore import IgnoreRules

FOLDER = ".snakemake/konverge/sources"
IGNORE_FILES = (".konvergeignore", ".gitignore")
NEVER_DIRECTORIES = frozenset({".snakemake", ".git", ".hg", ".svn", ".bzr", "CVS", "_darcs", "__pycache__"})
NEVER_SUFFIXES = (".pyc",)
LIMIT_BYTES = 100 * 1000 * 1000
NAMED_AT_MOST = 10


@dataclass
class Selection:
    """Which files go into the archive, relative to the working directory, and which do not, with the reasons."""

    files: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    too_large: list[str] = field(default_factory=list)

    def warnings(self) -> Iterator[str]:
        if self.outside:
            yield f"kueue: steps will not see sources outside the working directory: {_names(self.outside)}."
        if self.links:
            yield f"kueue: steps will not see links that lead out of the working directory: {_names(self.links)}."
        if self.too_large:
            yield (
                f"kueue: the files beside the workflow are more than {LIMIT_BYTES // 1_000_000} MB; steps will not see "
                f"{_names(self.too_large)}. Name them in .konvergeignore, or declare them as input where they are read."
            )


def make_archive(workflow: Any, workdir: Path, warn: Callable[[str], None]) -> dict[str, str]:
    """`digest` and `path` of the archive, made if it is not there yet."""
    selection = select(workdir, named_sources(workflow), declared_files(workflow))
    for warning in selection.warnings():
        warn(warning)
    return write_archive(workdir, selection.files)


def select(workdir: Path, named: Iterable[str], declared: set[str], limit: int = LIMIT_BYTES) -> Selection:
    """`named` is what Snakemake calls sources, `declared` what its jobs read and write; both relative to `workdir`."""
    chosen = Selection()
    root = workdir.resolve()
    always: set[str] = set()
    for name in sorted({os.path.normpath(name) for name in named}):
        if name.split(os.sep, 1)[0] == os.pardir or Path(name).is_absolute():
            chosen.outside.append(name)
        elif (workdir / name).is_file() and not any(map(_never, Path(name).parts)):
            if _inside(workdir / name, root):
                always.add(name)
            else:
                chosen.links.append(name)
    sized: list[tuple[int, str]] = []
    for name in _found(workdir, root, declared, chosen.links):
        if name not in always:
            with contextlib.suppress(OSError):
                sized.append(((workdir / name).stat().st_size, name))
    total = sum(size for size, _ in sized)
    sized.sort()
    while total > limit:
        size, name = sized.pop()
        total -= size
        chosen.too_large.append(name)
    chosen.files = sorted({*always, *(name for _, name in sized)})
    return chosen


def write_archive(workdir: Path, files: Iterable[str]) -> dict[str, str]:
    folder = workdir / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix="making-", delete=False) as whole:
        try:
            with (
                gzip.GzipFile(filename="", mode="wb", fileobj=whole, compresslevel=6, mtime=0) as packed,
                tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
            ):
                for name in files:
                    _add(archive, workdir, name)
            whole.flush()
            with Path(whole.name).open("rb") as made:
                digest = hashlib.file_digest(made, "sha256").hexdigest()
            path = folder / f"{digest}.tar.gz"
            Path(whole.name).replace(path)
        except BaseException:
            Path(whole.name).unlink(missing_ok=True)
            raise
    return {"digest": digest, "path": str(path)}


def _add(archive: tarfile.TarFile, workdir: Path, name: str) -> None:
    try:
        file = (workdir / name).open("rb")
    except OSError:
        # Gone since it was listed, or not ours to read: a step that wants it will say so.
        return
    with file:
        status = os.fstat(file.fileno())
        entry = tarfile.TarInfo(name)
        entry.size = status.st_size
        entry.mode = 0o755 if status.st_mode & 0o100 else 0o644
        archive.addfile(entry, file)


def _found(workdir: Path, root: Path, declared: set[str], left_out: list[str]) -> Iterator[str]:
    """Regular files below `workdir` that nothing excludes; links that cannot be followed are added to `left_out`."""
    rules = _ignore_rules(workdir)
    excluded = {name.rstrip("/") for name in declared}

    def walk(folder: Path, prefix: str, way: tuple[Path, ...]) -> Iterator[str]:
        with contextlib.suppress(OSError):
            for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
                name = prefix + entry.name
                is_directory = entry.is_dir()
                if name in excluded or _never(entry.name) or rules.ignores(name, is_directory=is_directory):
                    continue
                path = Path(entry.path).resolve() if entry.is_symlink() else None
                # A link to a directory on the way here would go round in circles.
                if path is not None and (not path.is_relative_to(root) or path in way):
                    left_out.append(name)
                elif is_directory:
                    yield from walk(Path(entry.path), f"{name}/", (*way, path or way[-1] / entry.name))
                elif entry.is_file():
                    yield name

    yield from walk(workdir, "", (root,))


def _never(name: str) -> bool:
    return name in NEVER_DIRECTORIES or name.endswith(NEVER_SUFFIXES)


def _inside(path: Path, root: Path) -> bool:
    return path.resolve().is_relative_to(root)


def _ignore_rules(workdir: Path) -> IgnoreRules:
    for name in IGNORE_FILES:
        with contextlib.suppress(OSError):
            return IgnoreRules((workdir / name).read_text(errors="surrogateescape").splitlines())
    return IgnoreRules(())


def _names(names: list[str]) -> str:
    more = f" and {len(names) - NAMED_AT_MOST} more" if len(names) > NAMED_AT_MOST else ""
    return ", ".join(names[:NAMED_AT_MOST]) + more
