"""What the core has written down of the steps of a run: which rule ran how."""

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise

SHARED = "shared"
STORAGE = "storage"
DRIVER = "driver"
GROUP = re.compile(r"group \S+ \((?P<rules>.*)\)$")


@dataclass(frozen=True)
class Step:
    """One step; `rules` are those of its members if it is a group."""

    rules: tuple[str, ...]
    spec: dict
    state: str
    # The kind of its workload, and why it is that.
    kind: str
    kind_reason: str

    def way(self):
        execution = self.spec["execution"]
        if execution["mode"] == "fallback":
            return f"through Snakemake because {'; '.join(execution['reasons'])}"
        return {"direct": "direct", "group": "direct, as one step"}[execution["mode"]]


@dataclass(frozen=True)
class RunOfSteps:
    """One command line with our executor: where its files were, and the steps that it has posted."""

    place: str
    arguments: tuple[str, ...]
    steps: tuple[Step, ...]


def place_of(arguments):
    """In a shared directory, in storage, or moved by the core."""
    words = dict(pairwise(arguments))
    if words.get("--kueue-artifacts") == "shared":
        return SHARED
    if "--default-storage-provider" in words:
        return STORAGE
    return DRIVER if words.get("--shared-fs-usage") == "none" else SHARED


def steps_after(store, number):
    """All steps of a run store but the first `number` ones, in the order of their acceptance."""
    query = "SELECT spec, state, kind, kind_reason FROM steps ORDER BY rowid LIMIT -1 OFFSET ?"
    with closing(sqlite3.connect(store, timeout=10)) as database:
        rows = database.execute(query, (number,)).fetchall()
    return tuple(_step(json.loads(spec), *rest) for spec, *rest in rows)


def _step(spec, *rest):
    group = GROUP.match(spec["label"])
    return Step(tuple(group["rules"].split(", ")) if group else (spec["rule"],), spec, *rest)
