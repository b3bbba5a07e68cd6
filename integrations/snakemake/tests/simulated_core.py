"""A simulation of the core, for tests of the shim alone: the HTTP contract, and steps as plain subprocesses.

It is no part of konverge and promises nothing that the core promises: no store, no quota, no adoption.
Started as the core is (`<python> simulated_core.py core --workdir W`), so a test sets KONVERGE_NODE to Python
and KONVERGE_CORE to this file. With another engine than `local` steps run in an empty environment (simulated_agent.py).
KONVERGE_SIMULATE, a JSON object, has it misbehave:

busy: n                 the first n posts of steps are answered with 429
refuse: rule            steps of this rule are refused
reject: rule            a batch with a step of this rule is answered with 400
die_after: n            the process ends without a word after n steps have ended
silent: true            it ends before it says that it is ready
not_ready: true         it says that it cannot serve
forget: true            the first session is forgotten after its first batch
storage_needed: true    it opens no session
engine: name            what it says of itself, whatever is asked for; `namespace` is the same
engine_at_first: name   what it is if nobody asks
"""

import contextlib
import json
import os
import signal
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import simulated_agent

FAULTS = json.loads(os.environ.get("KONVERGE_SIMULATE", "{}"))
ENDED = ("succeeded", "failed", "cancelled")
# As the core: one that nobody attaches to ends by itself.
FIRST_SESSION_SECONDS = 30


class Core:
    def __init__(self, workdir):
        self.workdir = Path(workdir)
        self.engine = FAULTS.get("engine") or stated("--engine") or FAULTS.get("engine_at_first", "local")
        self.state = self.workdir / ".snakemake" / "konverge"
        self.changed = threading.Condition()
        self.sessions = {}
        self.steps = {}
        self.events = []
        self.slots = threading.Semaphore(2)
        self.opened = 0
        self.busy = FAULTS.get("busy", 0)
        self.ended = 0
        self.record = self.state / "simulated.ndjson"

    def note(self, **what):
        with self.record.open("a") as file:
            file.write(json.dumps(what) + "\n")

    def health(self):
        namespace = FAULTS.get("namespace") or stated("--namespace")
        said = {} if namespace is None else {"namespace": namespace}
        return {"pid": os.getpid(), "version": "0", "engine": self.engine, **said}

    def open(self, body):
        self.opened += 1
        name = body.get("resume") or f"s{os.getpid()}-{self.opened}"
        self.sessions[name] = body
        self.note(session=name, **body)
        return {
            "session": name,
            "engine": self.engine,
            "heartbeatMs": 300,
            "lastSeq": microseconds(),
            "unfinished": 0,
            "queues": [{"name": "default", "priority": 0, "quota": {"cpuMillis": 2000}}],
            "defaultQueue": "default",
            "ruleQueues": {},
            "maxBatch": 3,
            "stateDir": str(self.state),
        }

    def post(self, session, body):
        results = []
        for request in body["steps"]:
            self.note(step=request)
            if request["rule"] == FAULTS.get("refuse"):
                error = {"code": "never-fits", "message": "no queue is large enough", "hint": "Ask for less."}
                results.append({"ref": request["ref"], "outcome": "refused", "error": error})
                continue
            name = f"{session}.{request['ref']}"
            logs = {kind: str(self.state / f"{name}.{kind}") for kind in ("stdout", "stderr")}
            if name not in self.steps:
                self.steps[name] = {"request": request, "process": None, "state": "queued"}
                threading.Thread(target=self.run, args=(session, name, request, logs), daemon=True).start()
            results.append(
                {"ref": request["ref"], "outcome": "accepted", "step": name, "cwd": request["cwd"], "logs": logs}
            )
        if FAULTS.get("forget") and self.opened == 1:
            self.sessions.pop(session)
        return {"results": results}

    def run(self, session, name, request, logs):
        step = self.steps[name]
        execution = request["execution"]
        opened = self.sessions.get(session, {"environment": {}})
        env = {**opened["environment"], **request["env"]}
        direct = execution["mode"] != "fallback"
        if execution["mode"] == "direct":
            argvs = [[execution["shell"], "-c", command] for command in execution["commands"]]
        elif execution["mode"] == "group":
            members = [member for level in execution["levels"] for member in level]
            argvs = [[member["shell"], "-c", command] for member in members for command in member["commands"]]
        else:
            argvs = [["/bin/sh", "-c", execution["command"]]]
            env.update(opened.get("fallbackEnvironment", {}))
        plan = request.get("staging")
        staged = plan is not None and plan["by"] == "agent"
        elsewhere = self.engine != "local"
        here = not staged and (plan is None or not elsewhere)
        storage = opened.get("storage") or {}
        cwd = request["cwd"] if here else simulated_agent.stage(plan, storage)
        if elsewhere:
            env = {**simulated_agent.image(snakemake=not direct), **env}
        usage = []
        code = 0
        with self.slots, Path(logs["stdout"]).open("wb") as stdout, Path(logs["stderr"]).open("wb") as stderr:
            for argv in argvs:
                if step["state"] == "cancelled":
                    break
                started = time.monotonic()
                with long_argument(argv) as short:
                    step["process"] = subprocess.Popen(
                        ["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in env.items()), *short]
                        if elsewhere
                        else short,
                        cwd=cwd,
                        env=env,
                        stdout=stdout,
                        stderr=stderr,
                        start_new_session=True,
                    )
                    code = step["process"].wait()
                wall = max(1, round((time.monotonic() - started) * 1000))
                usage.append({"wallMs": wall, "cpuMs": 10, "maxRssBytes": 2**20})
                if code:
                    break
        state = "cancelled" if step["state"] == "cancelled" else "failed" if code else "succeeded"
        failure = {"class": "user", "message": f"the command ended with exit code {code}", "exitCode": code, "hint": ""}
        missing = simulated_agent.commit(plan, cwd, state == "succeeded", storage["stores"]) if staged else None
        if missing is not None:
            state, failure = "failed", {"class": "user", "message": missing, "hint": ""}
        with self.changed:
            step["state"] = state
            self.events.append(
                {
                    "seq": microseconds(),
                    "atMs": 0,
                    "session": session,
                    "step": name,
                    "ref": request["ref"],
                    "rule": request["rule"],
                    "label": request["label"],
                    "state": state,
                    "reason": "",
                    "usage": usage,
                    **({"failure": failure} if state == "failed" else {}),
                }
            )
            self.note(event=self.events[-1])
            self.ended += 1
            if self.ended == FAULTS.get("die_after") and not (self.state / "died").exists():
                (self.state / "died").touch()
                os.kill(os.getpid(), signal.SIGKILL)
            self.changed.notify_all()

    def cancel(self, wait_ms):
        for step in self.steps.values():
            if step["state"] not in ENDED:
                step["state"] = "cancelled"
                if step["process"] is not None:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(step["process"].pid, signal.SIGKILL)
        deadline = time.monotonic() + wait_ms / 1000
        while time.monotonic() < deadline and any(
            step["process"] is not None and step["process"].poll() is None for step in self.steps.values()
        ):
            time.sleep(0.01)
        return {}


def stated(flag):
    """What the command line says."""
    return sys.argv[sys.argv.index(flag) + 1] if flag in sys.argv else None


def microseconds():
    """Grows over restarts too, as the sequence numbers of the core's store do."""
    time.sleep(0.000_002)
    return time.time_ns() // 1000


class long_argument:  # noqa: N801
    """Commands over 128 KiB do not fit one argument; they go into a file."""

    def __init__(self, argv):
        self.argv = argv
        self.file = None

    def __enter__(self):
        if len(self.argv[2].encode()) < 100_000:
            return self.argv
        self.file = tempfile.NamedTemporaryFile("w", suffix=".sh")
        self.file.write(self.argv[2])
        self.file.flush()
        return [self.argv[0], self.file.name]

    def __exit__(self, *_):
        if self.file is not None:
            self.file.close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "unix"

    def log_message(self, *_):
        pass

    def answer(self, status, body, **headers):
        raw = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def fail(self, status, code, message, **headers):
        self.answer(status, {"error": {"code": code, "message": message, "hint": ""}}, **headers)

    def do(self):
        core = self.server.core
        url = urlsplit(self.path)
        parts = url.path.strip("/").split("/")[1:]
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"null")
        if parts == ["health"]:
            return self.answer(200, core.health())
        if parts == ["sessions"] and FAULTS.get("storage_needed"):
            return self.fail(422, "storage-needed", "no volume of the pods contains this directory")
        if parts == ["sessions"]:
            return self.answer(201, core.open(body))
        session, action = parts[1], parts[2] if len(parts) > 2 else ""
        if session not in core.sessions:
            return self.fail(404, "session-unknown", f"there is no session {session}")
        if action == "steps":
            if core.busy > 0:
                core.busy -= 1
                return self.fail(429, "busy", "too many steps", retry_after="0.1")
            rejected = FAULTS.get("reject")
            if any(step["rule"] == rejected for step in body["steps"]):
                return self.fail(400, "request-invalid", f"cannot read a step of rule {rejected}")
            return self.answer(200, core.post(session, body))
        if action == "events":
            return self.stream(core, int(parse_qs(url.query)["after"][0]))
        if action == "heartbeat":
            core.note(heartbeat=body)
            return self.answer(200, {})
        if action == "cancel":
            return self.answer(200, core.cancel(body["waitMs"]))
        core.sessions.pop(session)
        self.answer(200, {})
        self.close_connection = True
        return threading.Thread(target=self.server.shutdown).start()

    do_GET = do_POST = do_DELETE = do  # noqa: N815

    def stream(self, core, after):
        self.send_response(200)
        self.send_header("content-type", "application/x-ndjson")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        while True:
            with core.changed:
                news = [event for event in core.events if event["seq"] > after]
                if not news:
                    core.changed.wait(0.5)
            text = "".join(json.dumps(event) + "\n" for event in news) or "\n"
            if news:
                after = news[-1]["seq"]
            try:
                self.wfile.write(f"{len(text):x}\r\n{text}\r\n".encode())
                self.wfile.flush()
            except OSError:
                return


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def get_request(self):
        connection, _ = super().get_request()
        return connection, ("unix", 0)


def main():
    core = Core(stated("--workdir"))
    core.state.mkdir(parents=True, exist_ok=True)
    (core.state / "command.json").write_text(json.dumps(sys.argv))
    if FAULTS.get("silent"):
        print("simulated: I am broken", file=sys.stderr)
        return 3
    if FAULTS.get("not_ready"):
        error = {"code": "config-invalid", "message": "konverge.yaml line 3: no such key", "hint": "Remove it."}
        print(json.dumps({"ready": False, "error": error}), flush=True)
        return 1
    address = str(Path(tempfile.mkdtemp(prefix="sim-")) / "s")
    with Server(address, Handler) as server:
        server.core = core
        (core.state / "core.json").write_text(json.dumps({"pid": os.getpid(), "socket": address}))
        print(json.dumps({"ready": True, "socket": address, "pid": os.getpid(), "existing": False}), flush=True)
        os.close(1)
        os.open(os.devnull, os.O_WRONLY)
        unused = threading.Timer(FIRST_SESSION_SECONDS, lambda: core.opened == 0 and server.shutdown())
        unused.daemon = True
        unused.start()
        server.serve_forever(poll_interval=0.05)
    (core.state / "core.json").unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
