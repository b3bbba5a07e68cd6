"""Storage providers as the core hears of them, and where files are in them."""

from types import SimpleNamespace

import pytest
from snakemake_executor_plugin_kueue.stores import NotStagedError, Stores


def provider(plugin, endpoint="https://s3.amazonaws.com", style=None, **settings):
    defaults = dict.fromkeys(("endpoint_url", "access_key", "secret_key", "token", "signature_version"))
    meta = SimpleNamespace(
        endpoint_url=endpoint, region_name="eu-central-1", config=SimpleNamespace(s3={"addressing_style": style})
    )
    made = type("StorageProvider", (), {"__module__": f"snakemake_storage_plugin_{plugin}"})()
    made.settings = SimpleNamespace(**{**defaults, "retries": 5, **settings})
    made.s3c = SimpleNamespace(meta=SimpleNamespace(client=SimpleNamespace(meta=meta)))
    return made


def stores(**providers):
    registry = SimpleNamespace(_storages=providers, default_storage_provider=next(iter(providers.values())))
    settings = SimpleNamespace(default_storage_provider="s3", default_storage_prefix="s3://b/p")
    return Stores(SimpleNamespace(storage_registry=registry, storage_settings=settings), "storage")


def file(found):
    class File(str):
        is_storage = True
        storage_object = found

    return File("a.txt")


def test_only_what_is_known_is_said():
    assert stores(s3=provider("s3")).settings == {"s3": {"kind": "s3", "region": "eu-central-1", "retries": 5}}


def test_keys_and_endpoint_and_style():
    made = provider("s3", "http://h:9", "virtual", access_key="k", secret_key="s", token="t", endpoint_url="http://h:9")
    assert stores(tagged=made).settings["tagged"] == {
        "kind": "s3",
        "endpointUrl": "http://h:9",
        "region": "eu-central-1",
        "credentials": {"accessKeyId": "k", "secretAccessKey": "s", "sessionToken": "t"},
        "pathStyle": False,
        "retries": 5,
    }


def test_an_endpoint_from_the_environment_counts():
    assert stores(s3=provider("s3", "http://minio:9000")).settings["s3"]["endpointUrl"] == "http://minio:9000"


def test_a_file_is_where_the_plugin_says():
    s3 = provider("s3")
    # `#` ends a URL's path, and so the key that Snakemake asks for.
    found = SimpleNamespace(provider=s3, bucket="b", key="p/a", query="s3://b/p/a#1.txt")
    assert stores(s3=s3).location(file(found)) == {"store": "s3", "bucket": "b", "key": "p/a"}


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (provider("http"), "storage provider other, which only Snakemake's plugin speaks"),
        (provider("s3", signature_version="s3"), "storage provider other with signature version s3"),
    ],
)
def test_what_the_agent_does_not_speak_has_a_reason(made, words):
    found = SimpleNamespace(provider=made, bucket="b", key="k")
    with pytest.raises(NotStagedError, match=words):
        stores(s3=provider("s3"), other=made).location(file(found))


def test_a_provider_of_a_later_time_has_a_reason():
    found = SimpleNamespace(provider=provider("s3"), bucket="b", key="k")
    with pytest.raises(NotStagedError, match=r"a storage provider \(s3\) that came up during the run"):
        stores(s3=provider("s3")).location(file(found))
