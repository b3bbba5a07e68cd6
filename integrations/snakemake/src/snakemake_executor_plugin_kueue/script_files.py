"""Script files of steps (script.py): written before a step is posted, removed when it has ended, as Snakemake does."""

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path


def write_scripts(files: Mapping[Path, bytes]) -> None:
    """For the user's eyes only: a script is given all of `config`, whatever is in it."""
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Whole or not at all: a step of an earlier run may be about to read the file of this name.
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix="writing-", delete=False) as file:
            file.write(content)
        Path(file.name).replace(path)


def remove_scripts(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
