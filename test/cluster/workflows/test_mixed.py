"""One workflow of steps of every kind, as people have them: simple ones, one with a service, two with MPI."""

import json

import yaml
from cluster import APPS, MPI, REDIS, configuration
from test_examples_in_pods import EXAMPLES, run_example
from test_minicluster import FLUX

KINDS = {"seeds": "job", "count": "mpijob", "recount": "minicluster", "sums": "jobset", "report": "job"}


def test_five_steps_of_four_kinds(workflow, stored, cluster, flux_namespace):
    more = yaml.safe_load((EXAMPLES / "mixed" / "konverge.yaml").read_text())
    for service in more["services"].values():
        service["image"] = REDIS
    more["rules"] = {"count": {"image": MPI}, "recount": {"image": FLUX, "flux_view": "none"}, "sums": {"image": REDIS}}
    workflow.write_file("konverge.yaml", configuration(cluster, yaml.safe_dump(more), APPS))
    run_example("mixed", workflow, stored)
    steps = {step.rules[0]: step for step in workflow.observed[0].steps}
    assert {rule: step.kind for rule, step in steps.items()} == KINDS
    assert steps["count"].kind_reason == "mpi with 2 tasks on 2 nodes"
    assert steps["recount"].kind_reason == "kueue_operator is flux-operator"
    assert steps["sums"].kind_reason == "it has services (db)"
    cluster.has_nothing_of(workflow)
    for place in (cluster, flux_namespace):
        (queue,) = json.loads(
            place.kubectl("get", "localqueues", "--output", "json", "--field-selector", "metadata.name=main")
        )["items"]
        used = [amount["total"] for flavor in queue["status"]["flavorsReservation"] for amount in flavor["resources"]]
        assert used and set(used) == {"0"}, f"{place.namespace}: {used}"
