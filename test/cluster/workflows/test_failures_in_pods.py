"""What a person is told when a step cannot begin, or comes to a bad end, on a real cluster."""

import os
import signal
import time

from cluster import BUSYBOX, configuration, konverge
from workflow import wait_until

SNAKEFILE = """
rule all:
    input: "nowhere.txt", "good.txt", "no_shell.txt", "no_command.txt", "greedy.txt", "huge.txt", "elsewhere.txt"
rule nowhere:
    output: "nowhere.txt"
    container: "docker://docker.io/konverge/nowhere:1"
    shell: "echo a > {output}"
rule good:
    output: "good.txt"
    container: "docker://%(busybox)s"
    shell: "echo good > {output}"
rule no_shell:
    output: "no_shell.txt"
    container: "docker://docker.io/konverge/pause:dev"
    shell: "echo a > {output}"
rule no_command:
    output: "no_command.txt"
    container: "docker://%(busybox)s"
    shell: "no-such-command > {output}"
rule greedy:
    output: "greedy.txt"
    resources: mem_mb=60
    shell: "python3 -c 'x = bytearray(400_000_000)' > {output}"
rule huge:
    output: "huge.txt"
    resources: mem_mb=900_000
    shell: "echo a > {output}"
rule elsewhere:
    output: "elsewhere.txt"
    resources: kueue_queue="nosuch"
    shell: "echo a > {output}"
"""


def test_each_bad_end_is_named_and_the_good_step_succeeds(workflow, stored, cluster):
    settings = configuration(cluster).replace("kubeconfig:", "image_timeout: 15, kubeconfig:")
    workflow.write_file("konverge.yaml", settings)
    workflow.write_file("Snakefile", SNAKEFILE % {"busybox": BUSYBOX})
    begun = time.monotonic()
    ours = stored("--keep-going").failed()
    seconds = time.monotonic() - begun
    assert stored.text("good.txt") == "good\n"
    for rule, *words in (
        ("nowhere", "docker.io/konverge/nowhere:1 cannot be pulled"),
        ("no_shell", "docker.io/konverge/pause:dev cannot run /bin/sh"),
        ("no_command", "exit code 127", "no-such-command"),
        ("greedy", "memory limit of 60M"),
        ("huge", "queue main: wants 900G memory of 16Gi"),
        ("elsewhere", "nosuch"),
    ):
        message = message_of(ours.text, rule)
        for word in words:
            assert word in message, f"{word!r} is not in {message!r}\n{ours.text}"
    assert "Traceback" not in ours.text
    assert set(stored.place.contents()) == {"good.txt"}
    assert seconds < 90, ours.text


def test_an_image_that_is_not_there_is_named_while_it_is_waited_for(workflow, stored):
    """For five minutes, as somebody may be about to push it."""
    workflow.write_file("Snakefile", 'rule a:\n    output: "a.txt"\n    shell: "echo a > {output}"\n')
    process = stored.start("--kueue-image", "docker.io/konverge/nowhere:1")
    try:
        words = "docker.io/konverge/nowhere:1 cannot be pulled"
        said = wait_until(lambda: sentence(workflow, words), 45)
        assert said.startswith("starting")
        # Whoever looks at Snakemake alone is told too.
        line = wait_until(lambda: line_with(workflow.text("output.txt"), words), 30)
        assert line.startswith("kueue: rule a is starting: its image ")
        assert process.poll() is None
    finally:
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(60) != 0


def sentence(workflow, words):
    """The line of `konverge status` with these words."""
    text, _ = konverge(workflow, "status", "--all").communicate(timeout=30)
    return line_with(text, words)


def line_with(text, words):
    return next((line for line in text.splitlines() if words in line), None)


def message_of(text, rule):
    """What is said of the failure of a rule."""
    _, found, rest = text.partition(f"Error in rule {rule}:")
    assert found, f"no error of {rule} in:\n{text}"
    return rest.partition("external_jobid")[0]
