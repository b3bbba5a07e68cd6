"""The benchmark file: Snakemake's own columns and rows, from the core's figures."""

import json

import pytest


def rule(file, marker='"{}"'):
    return rf"""
rule a:
    output: "a.txt"
    benchmark: {marker.format(file)}
    params: word="w"
    shell:
        "echo {{bench_iteration}} >> {{output}};"
        " python3 -c 'import time; x = b\"1\" * 60_000_000; sum(range(3_000_000)); time.sleep(1)'"
"""


@pytest.mark.fidelity("`benchmark:`, `repeat()`, extended", section="values of a rule")
@pytest.mark.parametrize("arguments", [(), ("--benchmark-extended",)])
def test_columns_are_snakemakes(both, workflow, tmp_path, arguments):
    both(rule("a.tsv"), *arguments, ignored=("a.tsv",))
    (ours, *rows), (theirs, *_) = (
        [line.split("\t") for line in (path / "a.tsv").read_text().splitlines()]
        for path in (workflow.path, tmp_path / "local")
    )
    assert ours == theirs
    assert len(rows) == 1
    row = dict(zip(ours, rows[0], strict=True))
    assert 0.5 < float(row["s"]) < 20
    assert 50 < float(row["max_rss"]) < 1000
    assert 0 < float(row["cpu_time"]) < 20
    assert 0 < float(row["mean_load"]) < 250


@pytest.mark.fidelity("`benchmark:`, `repeat()`, extended", section="values of a rule")
def test_repeats_are_rows_and_runs(both, workflow):
    both(rule("a.tsv", 'repeat("{}", 3)'), ignored=("a.tsv",))
    assert len(workflow.text("a.tsv").splitlines()) == 4
    assert workflow.text("a.txt") == "0\n1\n2\n"


@pytest.mark.fidelity("`benchmark:` as JSON lines", section="values of a rule")
def test_json_lines(both, workflow, tmp_path):
    both(rule("a.jsonl"), "--benchmark-extended", ignored=("a.jsonl",))
    ours, theirs = (json.loads((path / "a.jsonl").read_text()) for path in (workflow.path, tmp_path / "local"))
    assert ours.keys() == theirs.keys()
    for same in ("rule_name", "params", "wildcards", "threads", "jobid"):
        assert ours[same] == theirs[same]
