#!/usr/bin/env bash
# Checks the content of the results. Usage: check.sh [DIRECTORY WITH results/] [RANKS]
#
# The table must equal the one in expected/ to the digits that do not depend on the
# machine and the number of ranks. Energy must be kept, whatever the size.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
exec python3 - "$here" "${1:-.}" "${2:-2}" <<'PYTHON'
import csv
import pathlib
import sys

here, work, ranks = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]


def fail(why):
    sys.exit(f"lammps: FAILED: {why}")


def table(path):
    if not path.is_file():
        fail(f"{path} is missing: has the workflow run here?")
    with open(path, newline="") as lines:
        try:
            rows = [
                {key: float(value) for key, value in row.items()}
                for row in csv.DictReader(lines, delimiter="\t")
            ]
        except (TypeError, ValueError):
            fail(f"{path} is not a table of numbers")
    return rows or fail(f"{path} has no rows")


[summary] = table(work / "results/summary.tsv")
rows = table(work / "results/thermo.tsv")

if summary["ranks"] != float(ranks):
    fail(
        f"ran with {summary['ranks']:.0f} MPI ranks, expected {ranks} "
        "(are mpirun and lmp of the same MPI?)"
    )
if [row["Step"] for row in rows] != [10.0 * i for i in range(len(rows))]:
    fail("results/thermo.tsv is not a row every 10 steps")
if rows[-1]["Step"] != summary["steps"]:
    fail(f"the table ends at step {rows[-1]['Step']:.0f} of {summary['steps']:.0f}")

# Kinetic energy per atom is 3/2 k T (N - 1)/N, in kcal/mol; with the potential energy it
# must stay what it was.
k, atoms = 0.0019872067, summary["atoms"]
energy = [row["PotEng"] + 1.5 * k * row["Temp"] * (atoms - 1) / atoms for row in rows]
drift = max(abs(e - energy[0]) for e in energy)
if drift > 0.005:
    fail(f"total energy is not kept: it drifts by {drift:.5f} kcal/mol per atom")

tolerances = {
    "Temp": 0.01,
    "PotEng": 0.0001,
    "Press": 2.0,
    "E_vdwl": 0.0001,
    "E_coul": 0.0001,
    "Volume": 0.01,
}
reference = {304: "1x1x1", 2432: "2x2x2"}.get(int(atoms))
if reference is None:
    compared = f"no reference table for {atoms:.0f} atoms"
else:
    expected = {row["Step"]: row for row in table(here / f"expected/thermo-{reference}.tsv")}
    common = [row for row in rows if row["Step"] in expected]
    for row in common:
        for name, tolerance in tolerances.items():
            want = expected[row["Step"]][name]
            if name not in row:
                fail(f"results/thermo.tsv has no column {name}")
            if not abs(row[name] - want) <= tolerance:
                fail(f"step {row['Step']:.0f}: {name} is {row[name]}, expected {want} +- {tolerance}")
    equal = all(row == expected[row["Step"]] for row in common)
    compared = f"{len(common)} rows " + ("equal to the last digit" if equal else "equal within tolerance")

print(
    f"lammps: all results are as expected ({atoms:.0f} atoms, {ranks} ranks, "
    f"{compared}, energy kept within {drift:.5f} kcal/mol per atom)"
)
PYTHON
