"""The archive of a workflow's sources: what is in it, and that it is the same if the files are."""

import os
import tarfile
from pathlib import Path

import pytest
from snakemake_executor_plugin_kueue.sources import select, write_archive


@pytest.fixture
def place(tmp_path):
    def write(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode())
        return tmp_path

    return write


def test_everything_beside_the_workflow_but_what_is_not_source(place):
    workdir = place(
        *("Snakefile", "scripts/a.py", "data/small.csv", "in.txt", "out/a.txt", "results/d/x"),
        *(".snakemake/x", ".git/config", "scripts/__pycache__/a.pyc", "b.pyc", ".hg/x", "sub/.svn/x"),
    )
    chosen = select(workdir, ["Snakefile"], {"in.txt", "out/a.txt", "results/d"})
    assert chosen.files == ["Snakefile", "data/small.csv", "scripts/a.py"]
    assert list(chosen.warnings()) == []


def test_what_snakemake_names_is_there_whatever_excludes_it(place):
    workdir = place("Snakefile", "scripts/a.py", "scripts/b.py")
    (workdir / ".gitignore").write_text("scripts/\n")
    assert "scripts/a.py" in select(workdir, ["scripts/a.py"], {"scripts/a.py"}).files
    assert "scripts/b.py" not in select(workdir, ["scripts/a.py"], set()).files


def test_an_ignore_file_of_ours_wins_over_that_of_git(place):
    workdir = place("a.txt", "b.txt")
    (workdir / ".gitignore").write_text("a.txt\n")
    assert select(workdir, [], set()).files == [".gitignore", "b.txt"]
    (workdir / ".konvergeignore").write_text("b.txt\n.*ignore\n")
    assert select(workdir, [], set()).files == ["a.txt"]


def test_the_largest_are_left_out_and_named(place):
    workdir = place("Snakefile", "small", "huge")
    (workdir / "huge").write_bytes(b"x" * 2000)
    (workdir / "Snakefile").write_bytes(b"x" * 5000)
    chosen = select(workdir, ["Snakefile"], set(), limit=1000)
    assert chosen.files == ["Snakefile", "small"]
    (warning,) = chosen.warnings()
    assert "huge" in warning
    assert ".konvergeignore" in warning


def test_outside_and_links(place, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "x").write_text("x")
    workdir = place("real/a")
    (workdir / "inside").symlink_to("real")
    (workdir / "leads-out").symlink_to(elsewhere)
    (workdir / "file-out").symlink_to(elsewhere / "x")
    (workdir / "real" / "round").symlink_to("..")
    (workdir / "dangling").symlink_to("nothing")
    chosen = select(workdir, ["../Snakefile"], set())
    assert chosen.files == ["inside/a", "real/a"]
    outside, links = chosen.warnings()
    assert "../Snakefile" in outside
    assert "leads-out" in links
    assert "file-out" in links


def test_the_same_files_are_the_same_archive(place):
    workdir = place("a", "b/c ü", "x" * 120)
    (workdir / "a").chmod(0o775)
    first = write_archive(workdir, ["a", "b/c ü", "x" * 120])
    os.utime(workdir / "a", (1, 1))
    second = write_archive(workdir, ["a", "b/c ü", "x" * 120])
    assert first == second
    assert Path(first["path"]).name == f"{first['digest']}.tar.gz"
    with tarfile.open(first["path"]) as archive:
        entries = archive.getmembers()
        assert [entry.name for entry in entries] == ["a", "b/c ü", "x" * 120]
        assert [entry.mode for entry in entries] == [0o755, 0o644, 0o644]
        assert {(entry.mtime, entry.uid, entry.gid, entry.uname) for entry in entries} == {(0, 0, 0, "")}
    assert [path.name for path in Path(first["path"]).parent.iterdir()] == [f"{first['digest']}.tar.gz"]
