import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from snakemake_executor_plugin_kueue.locks import remove_stale_locks, write_record


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "locks" / "0.output.lock"
    path.parent.mkdir()
    path.write_text("out/a\n")
    return path


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return tmp_path / "konverge" / "locks.json"


def of_a_killed_run(record: Path, lock: Path) -> None:
    """As a run leaves it that has written the record and was then killed."""
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from snakemake_executor_plugin_kueue.locks import write_record\n"
        "write_record(Path(sys.argv[1]), [Path(sys.argv[2])]); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(record), str(lock)], check=False)
    assert record.exists()


def test_locks_of_a_killed_run_are_removed(record: Path, lock: Path) -> None:
    of_a_killed_run(record, lock)
    assert remove_stale_locks(record) == 1
    assert not lock.exists()
    assert not record.exists()


def test_locks_of_a_living_run_stay(record: Path, lock: Path) -> None:
    write_record(record, [lock])
    assert remove_stale_locks(record) == 0
    assert lock.exists()


def test_locks_of_another_host_stay(record: Path, lock: Path) -> None:
    of_a_killed_run(record, lock)
    record.write_text(json.dumps({**json.loads(record.read_text()), "host": "elsewhere"}))
    assert remove_stale_locks(record) == 0
    assert lock.exists()


def test_locks_that_another_run_has_taken_since_stay(record: Path, lock: Path) -> None:
    of_a_killed_run(record, lock)
    lock.unlink()
    lock.write_text("out/b\n")
    os.utime(lock, ns=(1, 1))
    assert remove_stale_locks(record) == 0
    assert lock.exists()


def test_a_broken_record_is_left_to_the_user(record: Path, lock: Path) -> None:
    record.parent.mkdir()
    record.write_text("{")
    assert remove_stale_locks(record) == 0
    assert lock.exists()
