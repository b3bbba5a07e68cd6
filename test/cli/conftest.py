"""Runs the `konverge` command of this checkout in a directory with a Snakefile."""

import os
import signal
import subprocess
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
TIMEOUT_SECONDS = 120


@dataclass
class Directory:
    """A working directory of `konverge`."""

    path: Path

    def snakefile(self, text):
        (self.path / "Snakefile").write_text(textwrap.dedent(text))

    def read(self, name):
        return (self.path / name).read_text()

    def start(self, *arguments, **more):
        """`konverge` in the background, in a process group of its own."""
        command = [os.environ["KONVERGE_NODE"], REPOSITORY / "src" / "konverge.ts", *arguments]
        return subprocess.Popen(
            command,
            cwd=self.path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            **more,
        )

    def run(self, *arguments, **more):
        """`konverge` to its end: exit code and everything it said."""
        process = self.start(*arguments, **more)
        try:
            text, _ = process.communicate(timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return process.returncode, text

    def wait_for(self, *names):
        """Until these files are there."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not all((self.path / name).exists() for name in names):
            assert time.monotonic() < deadline, f"{names} did not appear"
            time.sleep(0.02)


@pytest.fixture
def directory(tmp_path):
    return Directory(tmp_path)
