"""Patterns of an ignore file, against git itself where it is there."""

import random
import shutil
import subprocess

import pytest
from snakemake_executor_plugin_kueue.ignore import IgnoreRules


@pytest.mark.parametrize(
    ("pattern", "named", "not_named"),
    [
        ("*.log", ["a.log", "deep/a.log"], ["a.logs", "log"]),
        ("/data", ["data"], ["deep/data"]),
        ("data/*.csv", ["data/a.csv"], ["deep/data/a.csv", "data/in/a.csv"]),
        ("**/cache", ["cache", "a/b/cache"], ["caches"]),
        ("a/**/z", ["a/z", "a/b/c/z"], ["az", "b/a/z"]),
        ("out/**", ["out/a", "out/a/b"], ["out"]),
        ("[!a]?.t[xy]t", ["bc.txt"], ["ac.txt", "b.txt"]),
        (r"\#x", ["#x"], ["x"]),
        ("# comment", [], ["# comment"]),
        ("trailing   ", ["trailing"], ["trailing   "]),
        ("[", ["["], ["a"]),
        ("a+b(1).txt", ["a+b(1).txt"], ["aab1.txt"]),
    ],
)
def test_patterns(pattern, named, not_named):
    rules = IgnoreRules([pattern])
    assert [path for path in named if not rules.ignores(path)] == []
    assert [path for path in not_named if rules.ignores(path)] == []


def test_the_last_line_that_matches_decides():
    rules = IgnoreRules(["*.txt", "!keep.txt", "build/"])
    assert rules.ignores("a.txt")
    assert not rules.ignores("deep/keep.txt")
    assert rules.ignores("build", is_directory=True)
    assert not rules.ignores("build")


def test_as_git_reads_random_patterns(tmp_path):
    if shutil.which("git") is None:
        pytest.skip("missing tool: git")
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, check=True)
    choose = random.Random(20261123)
    parts = ["a", "b", "ab", "a.b", "*", "?", "a*", "*b", "**", "[ab]", "[!a]", "[a-b]b", "!a", r"\*", "a b"]
    names = ["a", "b", "ab", "a.b", "abb", "*", "a b", "!a", "c"]
    paths = ["/".join(choose.choice(names) for _ in range(choose.randint(1, 3))) for _ in range(80)]
    for _ in range(60):
        lines = []
        for _ in range(choose.randint(1, 3)):
            pattern = "/".join(choose.choice(parts) for _ in range(choose.randint(1, 3)))
            lines.append(choose.choice(["", "/", "!"]) + pattern)
        (tmp_path / ".gitignore").write_text("\n".join(lines) + "\n")
        rules = IgnoreRules(lines)
        asked = subprocess.run(
            ["git", "-c", "core.quotePath=false", "check-ignore", "--no-index", "-z", "--stdin"],
            cwd=tmp_path,
            input="\0".join(paths) + "\0",
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        by_git = set(filter(None, asked.stdout.split("\0")))
        ours = {path for path in paths if below_ignored(rules, path)}
        assert ours == by_git, lines


def below_ignored(rules, path):
    parts = path.split("/")
    above = ("/".join(parts[:count]) for count in range(1, len(parts)))
    return any(rules.ignores(folder, is_directory=True) for folder in above) or rules.ignores(path)
