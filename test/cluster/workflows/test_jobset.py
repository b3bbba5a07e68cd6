"""Steps with services, as JobSets."""

import yaml
from cluster import APPS, REDIS, configuration, konverge
from workflow import wait_until

SNAKEFILE = """
rule ask:
    output: "answer.txt"
    resources: kueue_services="db", runtime=2
    shell: "redis-cli -h $KONVERGE_SERVICE_DB_HOST -p $KONVERGE_SERVICE_DB_PORT {command} > {{output}}"
"""


def with_service(workflow, cluster, **change):
    command = ["redis-server", "--port", "6379", "--protected-mode", "no", "--save", ""]
    services = {"db": {"image": REDIS, "port": 6379, "command": command, "cpu": "50m", "memory": "64Mi", **change}}
    settings = configuration(cluster, yaml.safe_dump({"services": services}))
    workflow.write_file("konverge.yaml", settings.replace(f"default: {APPS}", f"default: {REDIS}"))


def test_what_explain_and_status_say_of_it(workflow, stored, cluster):
    with_service(workflow, cluster)
    workflow.write_file("Snakefile", SNAKEFILE.format(command="BLPOP go 60"))
    run = stored.start()
    wait_until(lambda: cluster.running_pods_of(workflow), 60)
    explained, _ = konverge(workflow, "explain", "ask").communicate(timeout=60)
    assert "kind    jobset, because it has services (db)" in explained
    assert "kind: JobSet" in explained
    (name,) = cluster.running_pods_of(workflow)
    cluster.kubectl("exec", name, "--container", "step", "--", "sh", "-c", ". /konverge-step/env.sh; " + PUSH)
    assert run.wait(60) == 0, workflow.text("output.txt")
    assert stored.text("answer.txt") == "go\nnow\n"


PUSH = 'redis-cli -h "$KONVERGE_SERVICE_DB_HOST" -p "$KONVERGE_SERVICE_DB_PORT" RPUSH go now'


def test_a_service_that_dies_fails_its_step(workflow, stored, cluster):
    with_service(workflow, cluster, command=["sh", "-c", "echo no licence >&2; exit 5"])
    workflow.write_file("Snakefile", SNAKEFILE.format(command="PING"))
    stored().failed().says("service db ended with exit code 5 before the application", "no licence")


def test_more_services_than_its_queue_can_hold(workflow, stored, cluster):
    with_service(workflow, cluster, replicas=40, cpu=1)
    workflow.write_file("Snakefile", SNAKEFILE.format(command="PING"))
    stored().failed().says("rule ask", "cpu")
