"""Runs at the top of a Python script in the image of its step, where Snakemake need not be (script_travels.py).

Its text travels with the script. So it stands alone: standard library only, Python 3.7 or newer.
"""

import importlib
import logging
import pickle
import sys
import types


def load(given, containers):  # type: ignore[no-untyped-def]
    """The objects `snakemake` and `logger` and the class `Snakemake`, as Snakemake puts them before a script.

    `given` is the pickled object. `containers` is the text of the module snakemake.iocontainers, whose classes it is
    of; Snakemake keeps that one to the standard library and Python 3.7.
    """
    try:
        return _loaded(given)  # type: ignore[no-untyped-call]
    except Exception:
        # There is no Snakemake here, or an older one.
        return _loaded_without_snakemake(given, containers)  # type: ignore[no-untyped-call]


def _loaded_without_snakemake(given, containers):  # type: ignore[no-untyped-def]
    module = types.ModuleType("snakemake.iocontainers")
    package = _import_or_make("snakemake", __path__=[])  # type: ignore[no-untyped-call]
    sys.modules[module.__name__] = package.iocontainers = module
    exec(compile(containers, module.__name__, "exec"), module.__dict__)  # noqa: S102 - made by ourselves
    _import_or_make("snakemake.logging", logger=logging.getLogger("snakemake"))  # type: ignore[no-untyped-call]
    # The containers ask whether something is a file of Snakemake's graph. Nothing that travels is.
    _import_or_make("snakemake.io", _IOFile=type("_IOFile", (), {}), strip_wildcard_constraints=str)  # type: ignore[no-untyped-call]
    return _loaded(given)  # type: ignore[no-untyped-call]


def _loaded(given):  # type: ignore[no-untyped-def]
    from snakemake.iocontainers import Snakemake  # noqa: PLC0415
    from snakemake.logging import logger  # noqa: PLC0415

    snakemake = pickle.loads(given)  # noqa: S301 - made by ourselves
    # Made anew at each use, by what may be another Snakemake's classes.
    assert snakemake.params is not None
    return snakemake, logger, Snakemake


def _import_or_make(name, **content):  # type: ignore[no-untyped-def]
    try:
        return importlib.import_module(name)
    except Exception:
        module = sys.modules[name] = types.ModuleType(name)
        module.__dict__.update(content)
        return module
