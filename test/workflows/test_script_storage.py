"""Scripts whose steps share nothing but storage with the workflow's directory."""

from test_script_python import NEIGHBOURS


def test_a_python_script_with_modules_beside_it(moved):
    ours = moved(
        """
        rule all:
            input: "out/1.txt"
        rule a:
            input: "in.txt"
            output: "out/{n}.txt", directory("out/{n}.d")
            params: word="it's"
            log: "logs/{n}.log"
            script: "scripts/a.py"
        """,
        inputs={"in.txt": "in\n"},
        sources={
            "scripts/a.py": """
            import os, helper
            from neighbours import deep
            os.makedirs(snakemake.output[1], exist_ok=True)
            open(snakemake.output[1] + "/x", "w").write("x")
            open(snakemake.log[0], "w").write("logged")
            text = open(snakemake.input[0]).read()
            with open(snakemake.output[0], "w") as file:
                print(text, snakemake.params.word, snakemake.wildcards.n, helper.WORD, deep.WORD, file=file)
            """,
            **NEIGHBOURS,
        },
    )
    ours.is_silent_about("through Snakemake")
    assert moved.contents()["logs/1.log"] == b"logged"


def test_a_bash_script(moved):
    ours = moved(
        """
        rule a:
            input: "in.txt"
            output: "a.txt"
            script: "a.sh"
        """,
        inputs={"in.txt": "in\n"},
        sources={"a.sh": 'cat "${snakemake_input[0]}" > "${snakemake_output[0]}"\n'},
    )
    ours.is_silent_about("through Snakemake")


def test_a_failing_script_leaves_its_log_only(moved):
    moved(
        """
        rule a:
            output: "a.txt"
            log: "a.log"
            script: "a.py"
        """,
        sources={
            "a.py": 'open(snakemake.output[0], "w").write("half")\nopen(snakemake.log[0], "w").write("logged")\n'
            'raise ValueError("its own words")\n'
        },
        code=1,
    ).says("its own words")
    assert moved.contents() == {"a.log": b"logged"}


def test_scripts_in_a_group(moved):
    ours = moved(
        """
        rule all:
            input: "b.txt"
        rule a:
            output: temp("a.txt")
            group: "g"
            script: "a.py"
        rule b:
            input: "a.txt"
            output: "b.txt"
            group: "g"
            shell: "cat {input} > {output}"
        """,
        sources={"a.py": 'open(snakemake.output[0], "w").write(snakemake.rule)\n'},
    )
    ours.is_silent_about("through Snakemake")
    assert moved.contents() == {"b.txt": b"a"}


def test_parameters_read_from_an_input_stay_with_snakemake(moved):
    moved(
        """
        rule a:
            input: "in.txt"
            output: "a.txt"
            params: text=lambda wildcards, input: open(input[0]).read()
            script: "a.py"
        """,
        inputs={"in.txt": "in\n"},
        sources={"a.py": 'open(snakemake.output[0], "w").write(snakemake.params.text)\n'},
    )


def test_the_log_of_a_failed_step_is_shown_from_storage(moved_by):
    moved = moved_by("s3")
    failed = moved.ours(
        """
        rule a:
            output: "a.txt"
            log: "a.log"
            script: "a.sh"
        """,
        "--show-failed-logs",
        sources={"a.sh": "echo only in storage > ${snakemake_log[0]}\nexit 3\n"},
    ).failed()
    failed.says("/pre/a.log:\nonly in storage\n")
