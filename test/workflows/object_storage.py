"""One workflow run twice, its files moved: by Snakemake's own executor and by ours. Fixtures for test_storage_*.py."""

import json
import os
import subprocess
import textwrap
import uuid
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

REPOSITORY = Path(__file__).parents[2]
OURS = ".konverge/"
# Snakemake makes it for its own directories too, but not in storage everywhere.
TIMESTAMP = ".snakemake_timestamp"


@dataclass
class Server:
    """An S3 server on loopback."""

    endpoint: str
    access_key: str
    secret_key: str

    def client(self):
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name="us-east-1",
        )

    def env(self):
        return {
            "SNAKEMAKE_STORAGE_S3_ACCESS_KEY": self.access_key,
            "SNAKEMAKE_STORAGE_S3_SECRET_KEY": self.secret_key,
        }


@pytest.fixture(scope="session")
def s3_server():
    """Started once for all tests of a process; it ends with the pipe to it."""
    node = os.environ.get("KONVERGE_NODE") or next(REPOSITORY.glob("node_modules/node-linux-*/bin/node"), "node")
    command = [str(node), str(REPOSITORY / "test" / "object-store-server" / "serve.ts")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        facts = json.loads(process.stdout.readline())
        yield Server(facts["endpoint"], facts["accessKey"], facts["secretKey"])
        process.stdin.close()
        process.wait(20)


class S3Place:
    """A bucket of its own, with everything below a prefix."""

    def __init__(self, server):
        self.server = server
        self.s3 = server.client()
        self.bucket = f"b-{uuid.uuid4().hex}"
        self.arguments = (
            *("--default-storage-provider", "s3", "--default-storage-prefix", f"s3://{self.bucket}/pre"),
            *("--storage-s3-endpoint-url", server.endpoint),
        )
        self.env = server.env()

    def put(self, name, content):
        if not self._there():
            self.s3.create_bucket(Bucket=self.bucket)
        self.s3.put_object(Bucket=self.bucket, Key=f"pre/{name}", Body=content.encode())

    def all_contents(self):
        """Everything, with ours. Snakemake's plugin removes a bucket that has become empty."""
        if not self._there():
            return {}
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        read = {key: self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read() for key in keys}
        return {key.removeprefix("pre/"): content for key, content in read.items()}

    def contents(self):
        return {name: content for name, content in self.all_contents().items() if is_of_workflow(name)}

    def open_uploads(self):
        listed = self.s3.list_multipart_uploads(Bucket=self.bucket) if self._there() else {}
        return [upload["Key"] for upload in listed.get("Uploads", [])]

    def _there(self):
        return self.bucket in [bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"]]


class DirectoryPlace:
    """A directory: the workflow's own one (driver), or one of a storage provider."""

    def __init__(self, path, sources, *arguments):
        self.path = path
        self.sources = sources
        self.arguments = arguments
        self.env = {}

    def put(self, name, content):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    def contents(self):
        files = {str(path.relative_to(self.path)): path for path in self.path.rglob("*") if path.is_file()}
        files = {name: path for name, path in files.items() if ".snakemake" not in path.parts}
        return {name: path.read_bytes() for name, path in files.items() if is_of_workflow(name) and self._made(name)}

    def open_uploads(self):
        return []

    def _made(self, name):
        return name not in {"Snakefile", "konverge.yaml", *self.sources}


@dataclass
class Moved:
    """What a test runs: `moved(snakefile, ...)`, and where its files are afterwards."""

    kind: str
    workflow: object
    reference: object
    server: object
    place: object = None
    other: object = None

    def __call__(self, snakefile, *arguments, inputs=None, sources=None, code=0, again=True, ignored=(), upstream=True):
        """Exit code and every file must be the same as with Snakemake's own executor. Returns our run.

        Without `upstream` that one runs without storage, since with it Snakemake has a bug.
        """
        self.place, self.other = self._places(sources or {}, upstream)
        for workflow, place in ((self.reference, self.other), (self.workflow, self.place)):
            prepare(workflow, place, snakefile, inputs, sources)
        theirs = self.reference.run("local", *self.other.arguments, *arguments)
        ours = self.run(*arguments)
        assert theirs.code == code, f"Snakemake's own executor:\n{theirs.text}"
        assert ours.code == code, ours.trouble
        mine, wanted = ({n: c for n, c in p.contents().items() if n not in ignored} for p in (self.place, self.other))
        assert mine == wanted, ours.trouble
        assert self.place.open_uploads() == []
        if again and code == 0:
            self.run(*arguments).succeeded().says("Nothing to be done")
        return ours

    def ours(self, snakefile, *arguments, inputs=None, sources=None):
        """Our run alone, of what Snakemake's own executor cannot run as it stands."""
        self.place, _ = self._places(sources or {}, False)
        prepare(self.workflow, self.place, snakefile, inputs, sources)
        return self.run(*arguments)

    def run(self, *arguments):
        return self.workflow.run("kueue", *self.place.arguments, *arguments)

    def contents(self):
        return self.place.contents()

    def _places(self, sources, upstream):
        other = DirectoryPlace(self.reference.path, sources)
        if self.kind == "s3":
            return S3Place(self.server), S3Place(self.server) if upstream else other
        if self.kind == "driver":
            return DirectoryPlace(self.workflow.path, sources, "--shared-fs-usage", "none"), other
        store = self.workflow.path.parent / "store"
        arguments = ("--default-storage-provider", "fs", "--default-storage-prefix", str(store))
        return DirectoryPlace(store, sources, *arguments), other


def prepare(workflow, place, snakefile, inputs, sources):
    workflow.env = {**workflow.env, **place.env}
    for name, text in {"Snakefile": snakefile, **(sources or {})}.items():
        workflow.write_file(name, text)
    for name, text in (inputs or {}).items():
        place.put(name, textwrap.dedent(text))


def is_of_workflow(name):
    return not name.startswith(OURS) and TIMESTAMP not in name and ".snakemake/" not in name


def make_moved(kind, workflow, make_workflow, request):
    server = request.getfixturevalue("s3_server") if kind == "s3" else None
    return Moved(kind, workflow, make_workflow(), server)
