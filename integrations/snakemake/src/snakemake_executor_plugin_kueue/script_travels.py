"""A job's `script:` as one command for the image of its step, on a machine that has no file of this one.

The command writes the script, with Snakemake's preamble before it, into the directory for temporary files and runs the
interpreter that the image has. R, Julia, Rust and bash need nothing else, for their preambles stand alone. That of
Python unpickles objects of the module snakemake.iocontainers; its text travels too, so that the image needs no
Snakemake (image_preamble.py). What lies beside the script is among the workflow's sources, at the same relative place.
"""

import ast
import contextlib
import inspect
import io
import os
import pickle
import shlex
import textwrap
from pathlib import Path
from typing import Any

from . import image_preamble
from .artifacts import SHARED
from .command import NotDirectError, whole_command
from .script import ScriptSource, file_name, script_sources, written

# In the command as it is formatted, for what only the step's own shell can say. Nothing that :q would quote.
PLACE = "@konverge_script@"
CONTAINERS = "snakemake.iocontainers"
BEGIN = "######## snakemake preamble start (automatically inserted, do not edit) ########"
END = "######## snakemake preamble end #########"
# `python` of an older image is Python 2.
PYTHON = "konverge_python=python3; command -v python3 >/dev/null 2>&1 || konverge_python=python\n"
# Where the sources were unpacked only the step knows. Julia's and Rust's are fixed, and stay relative.
ABSOLUTE_PLACE = {
    "r": "\nsnakemake@scriptdir <- normalizePath(snakemake@scriptdir, mustWork = FALSE)\n",
    "bash": '\n[ "${snakemake[scriptdir]:0:1}" = / ] || snakemake[scriptdir]="$PWD/${snakemake[scriptdir]}"\n',
}


def travelling_commands(job: Any, mode: str) -> list[str]:
    """One for each of the job's runs. The job must be settled (resources.py). Raises NotDirectError."""
    return [_command(job, source, mode) for source in script_sources(job)]


def _command(job: Any, source: ScriptSource, mode: str) -> str:
    from snakemake.sourcecache import LocalSourceFile  # noqa: PLC0415

    place = _place(str(source.file.get_path_or_uri(secret_free=True)), mode)
    calls: list[tuple[str, dict[str, Any]]] = []
    script = source.made_at(LocalSourceFile(place), calls)
    preamble = script.get_preamble()
    if source.language == "python":
        _refuse_snakemake_itself(source.text)
        preamble = _python_preamble(preamble, place)
    content = written(script, preamble + ABSOLUTE_PLACE.get(source.language, ""))
    script.execute_script(PLACE)
    ((pattern, variables),) = calls
    if source.language == "python":
        variables = {**variables, "py_exec": '"$konverge_python"'}
    command = whole_command(job, pattern, variables, portable=True).replace(PLACE, '"$konverge_script"')
    name = shlex.quote(file_name(content, source))
    return (
        f"konverge_script=${{TMPDIR:-/tmp}}/{name}\n"
        f'printf %s {_quoted(content)} >"$konverge_script" || exit\n'
        f"{PYTHON if source.language == 'python' else ''}{command}"
    )


def _place(path: str, mode: str) -> str:
    """Where the script is for the step: relative to its working directory, if it can be."""
    relative = os.path.relpath(path)
    if relative.split(os.sep, 1)[0] != os.pardir:
        # With a directory, for an empty one means nothing to an interpreter.
        return os.path.join(os.curdir, relative) if os.sep not in relative else relative  # noqa: PTH118
    # What is outside is not among the sources.
    return path if mode == SHARED else os.path.join(os.curdir, Path(path).name)  # noqa: PTH118


def _quoted(content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise NotDirectError("its script: is not text in UTF-8") from error
    if "\0" in text:
        raise NotDirectError("its script: has a null character")
    return shlex.quote(text)


def _python_preamble(preamble: str, place: str) -> str:
    """What Snakemake's preamble does, in the image. The first lines, as there: a traceback counts the same lines."""
    given = _pickled(preamble)
    _refuse_foreign_objects(given)
    from snakemake import iocontainers  # noqa: PLC0415

    steps = [
        "import os, pickle, sys",
        f"__konverge = {{'__name__': 'konverge'}}; exec({inspect.getsource(image_preamble)!r}, __konverge)",
        f"snakemake, logger, Snakemake = __konverge['load']({given!r}, {inspect.getsource(iocontainers)!r})",
        "del __konverge",
        f"__real_file__ = __file__; __file__ = os.path.abspath({place!r})",
        "snakemake.scriptdir = os.path.dirname(__file__); sys.path.append(snakemake.scriptdir)",
    ]
    return "\n".join([BEGIN, "; ".join(steps), f"{END}\n"])


def _pickled(preamble: str) -> bytes:
    """What the preamble of this Snakemake hands to pickle.loads."""
    for node in ast.walk(ast.parse(textwrap.dedent(preamble))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "loads":
            (argument,) = node.args
            value = ast.literal_eval(argument)
            assert isinstance(value, bytes)
            return value
    raise NotDirectError("its script: is given its values in a way that is not known here")


class _Finder(pickle.Unpickler):
    """Notes which modules a pickled object needs."""

    def __init__(self, pickled: bytes) -> None:
        super().__init__(io.BytesIO(pickled))
        self.modules: set[str] = set()

    def find_class(self, module: str, name: str) -> Any:
        self.modules.add(module)
        return super().find_class(module, name)


def _refuse_foreign_objects(given: bytes) -> None:
    finder = _Finder(given)
    # What cannot be had back here cannot be there either, and Snakemake's own way fails with its own words.
    with contextlib.suppress(Exception):
        finder.load()
    own = sorted(module for module in finder.modules if _is_snakemake(module) and module != CONTAINERS)
    if own:
        raise NotDirectError(f"its script: is given objects of Snakemake itself ({', '.join(own)})")


def _refuse_snakemake_itself(text: str) -> None:
    """A script that uses more of Snakemake than the object that it is given runs where that is."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        # Of another Python than ours, perhaps.
        return
    imported = {name for node in ast.walk(tree) for name in _imported_by(node)}
    used = sorted(name for name in imported if _is_snakemake(name) and name not in (CONTAINERS, "snakemake.logging"))
    if used:
        raise NotDirectError(f"its script: imports {', '.join(used)}, which its image need not have")


def _imported_by(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) and node.level == 0 else []


def _is_snakemake(module: str) -> bool:
    return module.split(".", 1)[0] == "snakemake"
