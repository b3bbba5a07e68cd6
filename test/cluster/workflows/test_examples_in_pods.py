"""Examples on a real cluster, with their files in a bucket: each checked by its own check."""

import shutil
import subprocess

import yaml
from cluster import APPS, BUSYBOX, REPOSITORY, configuration

EXAMPLES = REPOSITORY / "examples"
PORT = "7117"


def run_example(name, workflow, stored, *arguments):
    """Copied into the workflow's directory, run, its files brought from the bucket, and checked."""
    kept = workflow.text("konverge.yaml")
    shutil.copytree(EXAMPLES / name, workflow.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("results"))
    workflow.write_file("konverge.yaml", kept)
    ours = stored(*arguments).succeeded().is_silent_about("through Snakemake")
    for file, content in stored.place.contents().items():
        path = workflow.path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    check = subprocess.run([workflow.path / "check.sh"], capture_output=True, text=True, cwd=workflow.path, check=False)
    assert check.returncode == 0, f"{check.stderr}\n{ours.text}"
    assert stored.place.open_uploads() == []
    stored(*arguments).succeeded().says("Nothing to be done")


def test_hello_world(workflow, stored):
    run_example("hello-world", workflow, stored)


def test_each_rule_in_an_unmodified_image_of_its_own(workflow, stored, cluster):
    """busybox has neither bash nor Python."""
    workflow.write_file("konverge.yaml", configuration(cluster).replace(f"default: {APPS}, ", ""))
    run_example("containers", workflow, stored, "--config", f"shell_image={BUSYBOX}", f"python_image={APPS}")
    images = {step.rules[0]: step.spec["container"] for step in workflow.observed[0].steps}
    assert images == {"roll": BUSYBOX, "count": APPS, "report": BUSYBOX}


def test_tour(workflow, stored, cluster):
    """With its service started by hand, as its README says; konverge refuses to start it on Kubernetes so far."""
    settings = yaml.safe_load((EXAMPLES / "tour" / "konverge.yaml").read_text())
    host = start_service(cluster, settings["services"]["words"]["command"])
    names = {"KONVERGE_SERVICE_WORDS_HOST": host, "KONVERGE_SERVICE_WORDS_PORT": PORT}
    env = [{"name": name, "value": value} for name, value in names.items()]
    rule = {"services": [], "pod": {"containers": [{"name": "step", "env": env}]}}
    more = yaml.safe_dump({"rules": {"tally_words": rule}})
    workflow.write_file("konverge.yaml", configuration(cluster, more))
    run_example("tour", workflow, stored)


def test_a_service_is_refused_with_the_reason(workflow, stored, cluster):
    more = "services: { db: { command: [sleep, '60'] } }"
    workflow.write_file("konverge.yaml", configuration(cluster, more))
    workflow.write_file(
        "Snakefile",
        'rule a:\n    output: "a.txt"\n    resources: kueue_services="db"\n    shell: "echo a > {output}"\n',
    )
    stored().failed().says("rule a: it has services (db)", "JobSet")


def start_service(cluster, command):
    """The IP address of its pod."""
    container = {
        "name": "words",
        "image": APPS,
        "command": command,
        "env": [{"name": "KONVERGE_SERVICE_WORDS_PORT", "value": PORT}],
        "readinessProbe": {"tcpSocket": {"port": int(PORT)}, "periodSeconds": 1},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    user = {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {"containers": [container], "securityContext": user, "terminationGracePeriodSeconds": 1}
    labels = {"app": "words"}
    cluster.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "words", "labels": labels}, "spec": spec})
    cluster.kubectl("wait", "--for=condition=Ready", "pod/words", "--timeout=50s")
    (pod,) = cluster.items("pods", "app=words")
    return pod["status"]["podIP"]
