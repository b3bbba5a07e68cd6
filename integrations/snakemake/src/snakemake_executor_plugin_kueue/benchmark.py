"""Writes a rule's benchmark file, in Snakemake's own words, from the figures that the core measured.

In a shared directory nobody else does: Snakemake's main process only demands that the file is there.
"""

from collections.abc import Sequence
from typing import Any

MEBIBYTE = 1024 * 1024


def write_benchmark(job: Any, usage: Sequence[dict[str, Any]], *, extended: bool) -> None:
    """One row for each run of the command. Shapes and units are those of snakemake.benchmark.BenchmarkRecord."""
    from snakemake.benchmark import write_benchmark_records  # noqa: PLC0415

    records = [_record(job, figures) for figures in usage]
    write_benchmark_records(records, str(job.benchmark), extended)


def _record(job: Any, figures: dict[str, Any]) -> Any:
    from snakemake.benchmark import BenchmarkRecord  # noqa: PLC0415

    record = BenchmarkRecord(
        running_time=max(figures["wallMs"], 1) / 1000,
        max_rss=_mebibytes(figures.get("maxRssBytes")),
        max_vms=_mebibytes(figures.get("maxVmsBytes")),
        max_uss=_mebibytes(figures.get("maxUssBytes")),
        max_pss=_mebibytes(figures.get("maxPssBytes")),
        io_in=_mebibytes(figures.get("ioReadBytes")),
        io_out=_mebibytes(figures.get("ioWriteBytes")),
    )
    cpu_seconds = figures.get("cpuMs")
    if cpu_seconds is not None:
        record.cpu_time = cpu_seconds / 1000
        # Percent of a cpu times seconds; divided by the running time it is the column mean_load.
        record.cpu_usage = record.cpu_time * 100
    # Snakemake writes NA for all but the time where a process ended before its first sample.
    record.data_collected = cpu_seconds is not None or record.max_rss is not None
    record.process_gone = not record.data_collected
    record.jobid = job.jobid
    record.rule_name = job.rule.name
    record.wildcards = job.wildcards
    record.params = job.params
    record.resources = job.resources
    record.input = job.input
    record.threads = job.threads
    return record


def _mebibytes(value: float | None) -> float | None:
    return None if value is None else value / MEBIBYTE
