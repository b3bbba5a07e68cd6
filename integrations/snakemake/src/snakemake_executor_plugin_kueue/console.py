"""The command `konverge`: the program that the plugin also starts as its core, on the same Node."""

import os
import sys

from .core_process import core_command
from .errors import CoreNotStartableError

# As src/frontends/cli/exit-codes.ts has it: konverge could not do it.
REFUSED = 3


def main() -> None:
    """Becomes Node with the core's program and the words of the command line."""
    try:
        command = [*core_command(), *sys.argv[1:]]
    except CoreNotStartableError as error:
        sys.stderr.write(f"konverge: {error.code}: {error.message}\n  {error.hint}\n")
        sys.exit(REFUSED)
    # `konverge run` starts snakemake: the one beside this script comes first, also when PATH does not name its folder.
    folder = os.path.dirname(sys.executable)  # noqa: PTH120 - the link in the environment, not the Python behind it
    os.environ["PATH"] = os.pathsep.join([folder, os.environ.get("PATH", os.defpath)])
    os.execv(command[0], command)  # noqa: S606 - no shell to inject into
