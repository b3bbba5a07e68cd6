"""What goes before a Python script in an image without Snakemake."""

import inspect
import pickle
import subprocess
import sys

import pytest
from snakemake import iocontainers
from snakemake.io import IOFile
from snakemake_executor_plugin_kueue import image_preamble
from snakemake_executor_plugin_kueue.command import NotDirectError
from snakemake_executor_plugin_kueue.script_travels import _quoted, _refuse_foreign_objects, _refuse_snakemake_itself

SAYS = """
assert snakemake.params.words == ["a"] and snakemake.params[1] == 2, snakemake.params
assert snakemake.wildcards.x == "y" and snakemake.config == {"k": "v"}
assert isinstance(snakemake, Snakemake)
logger.warning("logged")
print(snakemake.log_fmt_shell(), type(snakemake.params).__module__)
"""


def given(word="a"):
    return iocontainers.Snakemake(
        iocontainers.InputFiles(fromdict={"first": "in.txt"}),
        iocontainers.OutputFiles(["out.txt"]),
        iocontainers.Params(fromdict={"words": [word], "number": 2}),
        iocontainers.Wildcards(fromdict={"x": "y"}),
        1,
        iocontainers.ResourceList(fromdict={"mem_mb": 100}),
        iocontainers.Log(["a.log"]),
        {"k": "v"},
        "rule",
        None,
        "scripts",
    )


def pickled(word="a"):
    return pickle.dumps(given(word), protocol=4)


def run_without_packages(before=""):
    parts = (inspect.getsource(image_preamble), pickled(), inspect.getsource(iocontainers))
    text = f"{before}\nparts = {parts!r}\nspace = {{'__name__': 'preamble'}}\nexec(parts[0], space)\n"
    text += f"snakemake, logger, Snakemake = space['load'](*parts[1:])\n{SAYS}"
    return subprocess.run(
        [sys.executable, "-I", "-S", "-"], input=text, capture_output=True, text=True, timeout=60, check=False
    )


def test_without_snakemake():
    done = run_without_packages()
    assert done.stdout == " > a.log 2>&1 snakemake.iocontainers\n", done.stderr
    assert "logged" in done.stderr


def test_with_one_that_has_no_such_module(tmp_path):
    (tmp_path / "snakemake").mkdir()
    (tmp_path / "snakemake" / "__init__.py").write_text("")
    (tmp_path / "snakemake" / "logging.py").write_text("import logging\nlogger = logging.getLogger('theirs')\n")
    done = run_without_packages(f"import sys; sys.path.append({str(tmp_path)!r})")
    assert done.stdout == " > a.log 2>&1 snakemake.iocontainers\n", done.stderr


def test_objects_of_snakemake_itself_do_not_travel():
    _refuse_foreign_objects(pickled())
    with pytest.raises(NotDirectError, match=r"objects of Snakemake itself \(snakemake\.io\)"):
        _refuse_foreign_objects(pickled(IOFile("in.txt")))


@pytest.mark.parametrize(
    "text", ["import snakemake", "from snakemake.utils import x", "def f():\n  import snakemake.io"]
)
def test_a_script_that_needs_more_of_snakemake_stays_with_it(text):
    with pytest.raises(NotDirectError, match="imports snakemake"):
        _refuse_snakemake_itself(text)


@pytest.mark.parametrize(
    "text", ["import os", "from .snakemake import x", "from snakemake.iocontainers import x", "print 2"]
)
def test_others_do_not(text):
    _refuse_snakemake_itself(text)


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_script_arrives_as_it_is(shell):
    content = 'it\'s 100%\\n "$HOME" `id`\ttab ü\n\n'.encode()
    done = subprocess.run([shell, "-c", f"printf %s {_quoted(content)}"], capture_output=True, check=True)
    assert done.stdout == content


@pytest.mark.parametrize("content", [b"\xff", b"a\0b"])
def test_what_is_no_text_does_not_travel(content):
    with pytest.raises(NotDirectError):
        _quoted(content)
