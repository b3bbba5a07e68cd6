from snakemake_executor_plugin_kueue.environment import changes, step_environment, thread_variables, tmpdir_variables

CALLER = {
    "PATH": "/bin",
    "PYTHONPATH": "x",
    "KONVERGE_CORE": "x",
    "SNAKEMAKE_KUEUE_ENGINE": "local",
    "SNAKEMAKE_STORAGE_S3_SECRET_KEY": "secret",
    "SNAKEMAKE_PROFILE": "kept",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "kept",
}


def test_a_step_gets_the_callers_environment_without_ours():
    assert set(step_environment(CALLER, [], s3=False)) == {
        "PATH",
        "PYTHONPATH",
        "SNAKEMAKE_PROFILE",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_REGION",
    }


def test_aws_credentials_are_withheld_with_an_s3_provider_unless_declared():
    assert "AWS_SECRET_ACCESS_KEY" not in step_environment(CALLER, [], s3=True)
    assert "AWS_REGION" in step_environment(CALLER, [], s3=True)
    assert "AWS_SECRET_ACCESS_KEY" in step_environment(CALLER, ["AWS_SECRET_ACCESS_KEY"], s3=True)


def test_changes_are_new_and_other_values():
    assert changes({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "0", "d": "4"}) == {"b": "2", "c": "3"}


def test_variables_are_those_that_snakemakes_shell_sets():
    assert set(thread_variables(3)) == {
        "OMP_NUM_THREADS",
        "GOTO_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    }
    assert set(thread_variables(3).values()) == {"3"}
    assert tmpdir_variables("/t") == {"TMPDIR": "/t", "TMP": "/t", "TEMPDIR": "/t", "TEMP": "/t"}
    assert tmpdir_variables(None) == {}
