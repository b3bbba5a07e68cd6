"""Snakemake's door to konverge: `snakemake --executor kueue`.

Snakemake imports every executor plugin at every start, also for `snakemake --help` of somebody who never uses
this one. So nothing here imports Snakemake itself, opens a socket or reads a file; what needs Snakemake
imports it when the first job comes.
"""

from .executor import Executor
from .settings import ExecutorSettings, common_settings

__all__ = ["Executor", "ExecutorSettings", "common_settings"]
