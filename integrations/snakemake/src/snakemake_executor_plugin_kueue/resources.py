"""A job's resources as the engine has to see them: settled, and each marked as stated or as a default."""

from collections.abc import Iterable
from typing import Any

from .session import SessionFacts

SIZED = ("mem", "disk")


def settle(job: Any, cpus: int | None, tmpdir: str | None = None) -> None:
    """Evaluate a job's resources and params here and now, with no more threads than the step's queue has
    cpus.

    The main process of a non-local executor leaves `tmpdir` open ("<TBD>", for the node to fill in) and does
    not cap threads, since it knows no cores. A direct step has no other process to do either, so it is done
    here as the local executor does it: threads are capped before anything that may depend on them is
    evaluated.

    `tmpdir` takes the place of this machine's own directory for temporary files, for a job of another machine; what
    the rule says wins.

    Uses Job._resources, Job._params and Rule.expand_resources, none of which Snakemake promises to keep.
    """
    from snakemake.iocontainers import ResourceList  # noqa: PLC0415

    settings = job.rule.workflow.resource_settings
    limit = settings.max_threads
    settings.max_threads = min((value for value in (limit, cpus) if value is not None), default=None)
    try:
        job._resources = job.rule.expand_resources(job.wildcards_dict, job.input, job.attempt, skip_evaluation=set())
        if tmpdir is not None and not states_tmpdir(job):
            job._resources = ResourceList(fromdict={**dict(job._resources.items()), "tmpdir": tmpdir})
        # Params may have been evaluated with the open tmpdir or with more threads.
        job._params = None
        assert job.params is not None
    finally:
        settings.max_threads = limit


def queue_cpus(facts: SessionFacts, rule: str, resources: Any, stated_queue: str | None) -> int | None:
    """The cpus of the queue that a step goes to; None if they are not limited.

    konverge.yaml's word on the rule wins, then the rule's resource, then the command line, then the default
    queue. Where none is named, the largest queue counts, for that is where a large step goes.
    """
    name = facts.rule_queues.get(rule) or resources.get("kueue_queue") or stated_queue or facts.default_queue
    sizes = [queue.cpu_millis for queue in facts.queues if name is None or queue.name == name]
    # On a cluster a queue may borrow, and Kueue says what never fits.
    if facts.engine != "local" or not sizes or None in sizes:
        return None
    return max(1, max(size for size in sizes if size is not None) // 1000)


def described(job: Any) -> dict[str, dict[str, Any]]:
    """Every resource of a single or group job with `value` and `stated`; values still unknown are left out."""
    stated = _stated_families(job)
    return {
        name: {"value": value, "stated": _family(name) in stated}
        for name, value in job.resources.items()
        if not name.startswith("_") and isinstance(value, int | float | str) and not is_open(value)
    }


def is_open(value: object) -> bool:
    """Whether Snakemake's main process does not know a value yet: a TBDString, which is printed as <TBD>."""
    return type(value).__name__ == "TBDString"


def states_tmpdir(job: Any) -> bool:
    """Whether the rule, and not a default, says where temporary files go."""
    return "tmpdir" in _stated_families(job)


def _stated_families(job: Any) -> set[str]:
    if job.is_group():
        return set().union(*(_stated_families(member) for member in job.jobs))
    rule = job.rule
    overwritten = rule.workflow.resource_settings._parsed_overwrite_resources.get(rule.name, {})
    return {_family(name) for name in (*_names_in_rule(rule), *overwritten)}


def _names_in_rule(rule: Any) -> Iterable[str]:
    """What the rule's own `resources:` names, `use rule ... with:` and modules included."""
    if rule.ruleinfo is not None and rule.ruleinfo.resources:
        _, named = rule.ruleinfo.resources
        return list(named)
    return []


def _family(name: str) -> str:
    """mem, mem_mb and mem_mib are one resource: who states one states all."""
    stem = name.removesuffix("_mb").removesuffix("_mib")
    return stem if stem in SIZED else name
