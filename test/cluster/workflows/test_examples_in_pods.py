"""Examples on a real cluster, with their files in a bucket: each checked by its own check."""

import shutil
import subprocess

import yaml
from cluster import APPS, BUSYBOX, REDIS, REPOSITORY, configuration

EXAMPLES = REPOSITORY / "examples"


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


def test_variants(workflow, stored, cluster):
    """As it stands: the images are those that its rules name, and none is the default."""
    workflow.write_file("konverge.yaml", configuration(cluster).replace(f"default: {APPS}, ", ""))
    run_example("variants", workflow, stored)
    images = {step.rules[0]: step.spec["container"] for step in workflow.observed[0].steps}
    tools = {"simulate_genome": "apps", "simulate_reads": "apps", "index": "bwa", "map_reads": "bwa"}
    tools |= {"sort_reads": "samtools", "call": "bcftools", "compare": "bcftools"}
    assert images == {rule: f"docker.io/konverge/{tool}:dev" for rule, tool in tools.items()}


def test_tour(workflow, stored, cluster):
    """With its service in a pod of its own."""
    run_with_services("tour", workflow, stored, cluster, APPS)


def test_services(workflow, stored, cluster):
    """Redis, alone and as two replicas."""
    run_with_services("services", workflow, stored, cluster, REDIS)


def run_with_services(name, workflow, stored, cluster, image):
    """The services are those of the example; only their image is one that this cluster has."""
    services = yaml.safe_load((EXAMPLES / name / "konverge.yaml").read_text())["services"]
    for service in services.values():
        service["image"] = image
    settings = configuration(cluster, yaml.safe_dump({"services": services}))
    workflow.write_file("konverge.yaml", settings.replace(f"default: {APPS}", f"default: {image}"))
    run_example(name, workflow, stored)
