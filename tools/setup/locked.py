"""Makes a thing once, also when several processes want it at the same moment.

Usage: locked.py LOCK MARKER CONTENT COMMANDS

If the file MARKER holds CONTENT, the thing is there. Otherwise COMMANDS (JSON: a list of argv lists)
are run one after the other, and MARKER is written when all have succeeded. Without its marker a
thing is half-made, so the commands must begin by clearing it away.

It is in Python because Node has no flock(2). The kernel lets go of such a lock when the last process that
holds it has ended: a killed start leaves no stale lock, and since the commands inherit it, a start
whose parent was killed still keeps the others out while it writes.
"""

import fcntl
import json
import subprocess
import sys
from pathlib import Path


def main(lock: str, marker: str, content: str, commands: str) -> int:
    Path(lock).parent.mkdir(parents=True, exist_ok=True)
    with Path(lock).open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if is_made(Path(marker), content):
            return 0
        for argv in json.loads(commands):
            try:
                result = subprocess.run(argv, pass_fds=[handle.fileno()], stdin=subprocess.DEVNULL, check=False)
            except OSError as error:
                print(f"cannot run {argv[0]}: {error.strerror}", file=sys.stderr)
                return 1
            if result.returncode != 0:
                return 1
        Path(marker).write_text(content)
    return 0


def is_made(marker: Path, content: str) -> bool:
    return marker.is_file() and marker.read_text() == content


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
