import threading

from snakemake_executor_plugin_kueue.registry import ActiveStep, Registry


def step(ref, *, submitted=True):
    return ActiveStep(ref=ref, job=None, info=None, request={}, direct=True, submitted=submitted)


def test_of_many_threads_one_gets_the_step():
    for _ in range(50):
        registry = Registry()
        registry.add(step("1.1"))
        got = []
        barrier = threading.Barrier(8)

        def take(registry=registry, got=got, barrier=barrier):
            barrier.wait()
            got.append(registry.take_ended({"ref": "1.1"}) or registry.take("1.1"))

        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len([found for found in got if found is not None]) == 1


def test_an_end_before_the_submission_is_put_by():
    registry = Registry()
    registry.add(step("1.1", submitted=False))
    end = {"ref": "1.1", "state": "succeeded"}
    assert registry.take_ended(end) is None
    assert registry.is_active("1.1")
    assert registry.mark_submitted("1.1") == end
    assert registry.take_ended(end) is not None
    assert registry.take_ended(end) is None


def test_an_end_of_a_step_that_is_not_ours_is_nobodys():
    assert Registry().take_ended({"ref": "9.9"}) is None
    assert Registry().mark_submitted("9.9") is None
