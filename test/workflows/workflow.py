"""Runs the `snakemake` command line on small workflows, with our executor and with Snakemake's own.

The core is the one of this checkout (src/konverge.ts), unless KONVERGE_CORE names another; Node is the one
that the plugin would find, or the project's own.
"""

import json
import logging
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest

REPOSITORY = Path(__file__).parents[2]
PLUGIN = REPOSITORY / "integrations" / "snakemake" / "src"
# Snakemake looks for plugins when it is imported.
sys.path.insert(0, str(PLUGIN))

import snakemake.api  # noqa: E402
import snakemake.cli  # noqa: E402
from run_store import RunOfSteps, place_of, steps_after  # noqa: E402


@dataclass
class Run:
    """One end of one command line."""

    code: int
    text: str

    @property
    def trouble(self):
        """What went wrong first, and then all of it: reports are cut from the end."""
        at = re.search(r"^.*(Error in|Error:|Exception)", self.text, re.MULTILINE)
        first = "" if at is None else self.text[at.start() : at.start() + 3000]
        return f"exit code {self.code}: {first}\n--- all of it:\n{self.text}"

    def succeeded(self):
        assert self.code == 0, self.trouble
        return self

    def failed(self):
        assert self.code != 0, self.text
        return self

    def says(self, *phrases):
        for phrase in phrases:
            assert phrase in self.text, f"{phrase!r} is not in:\n{self.text}"
        return self

    def is_silent_about(self, *phrases):
        for phrase in phrases:
            assert phrase not in self.text, f"{phrase!r} is in:\n{self.text}"
        return self


@dataclass
class Workflow:
    """A directory with a Snakefile."""

    # With our executor.
    engine: ClassVar[tuple[str, ...]] = ("--executor", "kueue", "--kueue-engine", "local", "--jobs", "4")
    timeout_seconds: ClassVar[int] = 120

    path: Path
    env: dict[str, str] = field(default_factory=dict)
    # Every run to its end with our executor, in order.
    observed: list[RunOfSteps] = field(default_factory=list)
    # How many steps of a store have been seen.
    counted: dict[Path, int] = field(default_factory=dict)

    def write_file(self, name, text, mode=0o644):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        path.chmod(mode)
        return path

    def command(self, executor, *arguments):
        where = self.engine if executor == "kueue" else ("--executor", "local", "--cores", "2")
        return [sys.executable, "-m", "snakemake", *where, "--latency-wait", "1", *arguments]

    def environment(self):
        env = {name: value for name, value in os.environ.items() if not name.startswith("SNAKEMAKE")}
        env["PYTHONPATH"] = os.pathsep.join(filter(None, (str(PLUGIN), os.environ.get("PYTHONPATH"))))
        env["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), env["PATH"]))
        env.setdefault("KONVERGE_CORE", str(REPOSITORY / "src" / "konverge.ts"))
        node = next(REPOSITORY.glob("node_modules/node-linux-*/bin/node"), None)
        if node is not None:
            env.setdefault("KONVERGE_NODE", str(node))
        return {**env, "PWD": str(self.path), **self.env}

    def run(self, executor="kueue", *arguments):
        """The command line to its end. In a copy of this process, which has Snakemake's modules already."""
        run = self._run(executor, *arguments)
        if executor == "kueue":
            self.observed.append(RunOfSteps(place_of(arguments), arguments, self._new_steps()))
        return run

    def _new_steps(self):
        """The steps that no run before has had: also those of one that was started here and killed."""
        steps = []
        # They are recorded here, or where `--directory` and `workdir:` lead.
        for store in sorted(self.path.glob("**/.snakemake/konverge/store.sqlite")):
            found = steps_after(store, self.counted.get(store, 0))
            self.counted[store] = self.counted.get(store, 0) + len(found)
            steps += found
        return tuple(steps)

    def _run(self, executor, *arguments):
        command = self.command(executor, *arguments)
        output = self.path.parent / f"{self.path.name}.output"
        # snakemake.shell looks for bash when it is imported, so another PATH needs a new interpreter.
        pid = os.fork() if "PATH" not in self.env else None
        if pid == 0:
            run_here(command[3:], self.path, self.environment(), output)
        if pid is None:
            with output.open("wb") as file:
                done = subprocess.run(
                    command,
                    cwd=self.path,
                    env=self.environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    timeout=self.timeout_seconds,
                    check=False,
                )
            code = done.returncode
        else:
            code = wait_for(pid, output, self.timeout_seconds)
        return Run(code, output.read_text(errors="replace"))

    def start(self, *arguments):
        """A run in the background, in a process group of its own."""
        return subprocess.Popen(
            self.command("kueue", *arguments),
            cwd=self.path,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=(self.path / "output.txt").open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def text(self, name):
        return (self.path / name).read_text()

    def has(self, name):
        return (self.path / name).exists()

    def tree(self, *ignored):
        """Every file with its contents and every directory, without Snakemake's own and `ignored`."""
        tree = {}
        for path in sorted(self.path.rglob("*")):
            name = str(path.relative_to(self.path))
            if name == "konverge.yaml" or {".snakemake", "__pycache__"} & set(path.parts) or name in ignored:
                continue
            writable = bool(path.lstat().st_mode & 0o200)
            tree[name] = "directory" if path.is_dir() else (path.read_bytes(), writable)
        return tree

    def steps(self, rule):
        """Those of all runs so far."""
        return [step for run in self.observed for step in run.steps if rule in step.rules]

    def core_pid(self):
        return json.loads(self.text(".snakemake/konverge/core.json"))["pid"]


def run_here(arguments, path, env, output):
    """`snakemake <arguments>` in this process, which is a fork and ends with it."""
    code = 1
    try:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
        os.dup2(1, 2)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", closefd=False, buffering=1)
        logging.getLogger().handlers.clear()
        os.chdir(path)
        os.environ.clear()
        os.environ.update(env)
        sys.argv = ["snakemake", *arguments]
        snakemake.cli.main(arguments)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def wait_for(pid, output, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    pytest.fail(f"snakemake did not end within {seconds} s:\n{output.read_text(errors='replace')}")


def end_core(workflow):
    """The core ends by itself when its session is over; one that does not is ended here and fails the test."""
    state = workflow.path / ".snakemake" / "konverge" / "core.json"
    if not state.exists():
        return
    try:
        pid = workflow.core_pid()
    except (OSError, ValueError):
        return
    for _ in range(100):
        if not alive(pid):
            return
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    pytest.fail(f"the core (pid {pid}) still runs 10 s after its session ended")


def alive(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def processes_with(marker):
    """Ids of processes whose command line has the text `marker`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if marker in line and int(path.parent.name) != os.getpid():
            found.append(int(path.parent.name))
    return found


def wait_until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"not true within {seconds} s: {condition}")
