"""What Snakemake would run for a job with `script:`, without a Snakemake beside it.

Snakemake writes a preamble, which makes the object `snakemake`, and the source into one file, and runs an interpreter
on it. Both texts come from Snakemake's own classes here; only the place of the file is ours. It is named by its
content, so that a step that comes again is the same if its script and all that the script is given are.

For a step on another machine the file travels in the command: script_travels.py.
"""

import hashlib
import inspect
import io
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .command import NotDirectError, function_locals, iterations, whole_command

FOLDER = ".snakemake/konverge/scripts"
# Languages as Snakemake calls them. R Markdown is not among them: its command names the directory of this process.
CLASSES = {
    "python": "PythonScript",
    "r": "RScript",
    "julia": "JuliaScript",
    "rust": "RustScript",
    "bash": "BashScript",
}
OPEN = "<TBD>"


@dataclass(frozen=True)
class ScriptRun:
    """One run of a job's script: its command, and the file that the command names, which is still to be written."""

    command: str
    path: Path
    content: bytes


@dataclass(frozen=True)
class ScriptSource:
    """A job's script as Snakemake has found it, and the arguments of one of its runs by name."""

    file: Any
    """Snakemake's LocalSourceFile, absolute."""
    text: str
    language: str
    call: dict[str, Any]

    def made_at(self, file: Any, calls: list[tuple[str, dict[str, Any]]]) -> Any:
        """Snakemake's object for this script as if it were at `file`. Calls of the shell are noted in `calls`."""
        kind = _capturing(CLASSES[self.language], calls)
        # The cache's path is a directory of this run alone, with copies of what lies beside the script anyway.
        known = {**self.call, "path": file, "cache_path": None, "source": self.text, "is_local": True}
        names = list(inspect.signature(kind.__init__).parameters)[1:]
        return kind(**{name: known[name.removesuffix("_")] for name in names})


def script_runs(job: Any) -> list[ScriptRun]:
    """One for each of the job's runs. The job must be settled (resources.py). Raises NotDirectError."""
    return [_script_run(job, source) for source in script_sources(job)]


def script_sources(job: Any) -> list[ScriptSource]:
    """One for each of the job's runs. Raises NotDirectError."""
    return [_local_source(job, _call(job, iteration)) for iteration in iterations(job)]


def written(script: Any, preamble: str) -> bytes:
    """The whole file of a script. Raises NotDirectError if it would be given what only the running job knows."""
    if OPEN in preamble:
        raise NotDirectError("its script: is given a value that only the running job knows (<TBD>)")
    text = io.BytesIO()
    script.write_script(preamble, text)
    return text.getvalue()


def file_name(content: bytes, source: ScriptSource) -> str:
    """By content, so that the same step has the same one."""
    return f"{hashlib.sha256(content).hexdigest()[:32]}.{source.file.get_filename()}"


def _call(job: Any, iteration: int | None) -> dict[str, Any]:
    """The arguments with which the rule's function calls script(), by name.

    The function itself is asked, for it takes the path and the configuration from the module that the rule comes from.
    """
    from snakemake.script import script  # noqa: PLC0415

    signature = inspect.signature(script)
    calls: list[dict[str, Any]] = []

    def note(*arguments: Any, **named: Any) -> None:
        calls.append(dict(signature.bind(*arguments, **named).arguments))

    function = job.rule.run_func
    surroundings = {**function.__globals__, "script": note}
    copy = types.FunctionType(
        function.__code__, surroundings, function.__name__, function.__defaults__, function.__closure__
    )
    given = function_locals(job, iteration)
    copy(**{name: given[name] for name in inspect.signature(function).parameters if not name.startswith("__")})
    (call,) = calls
    return call


def _script_run(job: Any, source: ScriptSource) -> ScriptRun:
    calls: list[tuple[str, dict[str, Any]]] = []
    script = source.made_at(source.file, calls)
    content = written(script, script.get_preamble())
    file = Path.cwd() / FOLDER / file_name(content, source)
    script.execute_script(str(file))
    ((pattern, variables),) = calls
    return ScriptRun(whole_command(job, pattern, variables, portable=False), file, content)


def _local_source(job: Any, call: dict[str, Any]) -> ScriptSource:
    from snakemake.script import get_source  # noqa: PLC0415

    path = call["path"]
    source_file, source, language, is_local, _ = get_source(
        str(path) if isinstance(path, Path) else path,
        job.rule.workflow.sourcecache,
        call["basedir"],
        call["wildcards"],
        call["params"],
    )
    if not is_local:
        raise NotDirectError("its script: is not a file of this machine")
    if not Path(str(source_file.get_path_or_uri(secret_free=True))).is_absolute():
        raise NotDirectError("its script: has a relative path")
    if language not in CLASSES:
        raise NotDirectError(f"its script: is of a kind that only Snakemake runs ({language or 'unknown'})")
    return ScriptSource(source_file, source, language, call)


def _capturing(class_name: str, calls: list[tuple[str, dict[str, Any]]]) -> Any:
    """A class of snakemake.script, but for its calls of the shell, which are noted in `calls` instead."""
    import snakemake.script as upstream  # noqa: PLC0415

    base: Any = getattr(upstream, class_name)

    class Capturing(base):
        def _execute_cmd(self, cmd: str, **variables: Any) -> None:
            calls.append((cmd, variables))

    return Capturing
