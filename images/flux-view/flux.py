#!/usr/bin/python3
"""A stub of Flux (flux-core), for tests only: it is not Flux, and shares no code with it.

One file, no packages. It does what MiniClusters of the Flux Operator ask of Flux, with the exit codes and the words
that the real one was seen to have: brokers that find each other, a quorum, `flux run`, `submit`, `exec`,
`resource list` and the like. Ranks really run in their pods. The lead (rank 0) listens on TCP for the followers; each
broker listens on a unix socket for commands, those of followers pass them on to the lead. A message is a JSON head and
a body of bytes.

Where it knows less than Flux: one job takes whole cores and nothing else, there is no KVS, no nested instance (so no
`flux batch`), no GPU. MPICH finds its ranks by PMI-1, as under Flux; Open MPI 4 is started by its own mpirun over
`flux exec`, as its PMI needs a C library of Flux.
"""

import argparse
import asyncio
import fnmatch
import hashlib
import json
import os
import re
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

VERSION = "0.88.0-stub"
HERE = os.path.realpath(__file__)
HEAD = struct.Struct(">II")
KILL_GRACE_S = 5
EXIT_TIMEOUT_S = 30
QUORUM_WARN_S = 60


def die(command, message, code=1):
    print(f"{command}: {message}", file=sys.stderr, flush=True)
    sys.exit(code)


# Host lists and id sets: a-[0-1,4],b is a-0 a-1 a-4 b.


def ids_of(text):
    ids = []
    for part in text.split(","):
        low, _, high = part.partition("-")
        ids += range(int(low), int(high or low) + 1)
    return ids


def ids_text(ids):
    parts, ids = [], sorted(ids)
    for number in ids:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in parts)


def hosts_of(text):
    hosts = []
    for part in re.findall(r"(?:[^,\[]|\[[^\]]*\])+", text):
        found = re.fullmatch(r"(.*)\[([^\]]*)\](.*)", part)
        hosts += [f"{found[1]}{number}{found[3]}" for number in ids_of(found[2])] if found else [part]
    return hosts


def hosts_text(hosts):
    groups = {}
    for host in hosts:
        found = re.fullmatch(r"(.*?)(\d+)", host)
        groups.setdefault(found[1] if found else host, []).append(int(found[2]) if found else None)
    texts = []
    for stem, numbers in groups.items():
        if numbers == [None] or len(numbers) == 1:
            texts.append(stem if numbers == [None] else f"{stem}{numbers[0]}")
        else:
            texts.append(f"{stem}[{ids_text(numbers)}]")
    return ",".join(texts)


background = set()


def go(coroutine):
    """Runs it beside all else; a task that nobody holds may be collected before its end."""
    task = asyncio.get_running_loop().create_task(coroutine)
    background.add(task)
    task.add_done_callback(background.discard)
    return task


def own_host():
    # The second is for tests with several brokers on one machine.
    return os.environ.get("FLUX_STUB_HOSTNAME") or socket.gethostname()


def own_cores():
    return sorted(os.sched_getaffinity(0))


def seconds_of(text):
    """Flux Standard Duration; a bare number is minutes, as --time-limit has it."""
    found = re.fullmatch(r"([\d.]+)(ms|s|m|h|d)?", text)
    if not found:
        raise ValueError(f"invalid duration {text!r}")
    return float(found[1]) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}[found[2] or "m"]


def job_name(number):
    digits, text = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", ""
    while number:
        number, rest = divmod(number, 58)
        text = digits[rest] + text
    return "ƒ" + (text or "1")


class Channel:
    """Messages over one connection."""

    def __init__(self, reader, writer):
        self.reader, self.writer, self.lock = reader, writer, asyncio.Lock()

    async def send(self, head, body=b""):
        text = json.dumps(head).encode()
        try:
            self.writer.write(HEAD.pack(len(text), len(body)) + text + body)
            async with self.lock:
                await self.writer.drain()
        except (ConnectionError, RuntimeError):
            pass  # Whoever reads it is told by the end of the connection.

    async def receive(self):
        """The next message, or None at the end."""
        try:
            sizes = HEAD.unpack(await self.reader.readexactly(HEAD.size))
            head = json.loads(await self.reader.readexactly(sizes[0]))
            return head, await self.reader.readexactly(sizes[1])
        except (asyncio.IncompleteReadError, ConnectionError, OSError):
            return None

    def close(self):
        self.writer.close()


class Runner:
    """Processes on this broker's machine, as the lead orders them."""

    def __init__(self, tell, uri):
        self.tell, self.uri, self.processes, self.inputs, self.wires = tell, uri, {}, {}, {}

    def take(self, head, body):
        number, op = head["id"], head["op"]
        if op == "start":
            self.inputs[number] = asyncio.Queue()
            go(self.run(number, head))
        elif op == "stdin":
            if number in self.inputs:
                self.inputs[number].put_nowait(body)
        elif op == "pmi":
            if number in self.wires:
                self.wires[number].write(body)
        elif op == "signal":
            self.kill(number, head["signal"])

    def kill(self, number, sign):
        process = self.processes.get(number)
        if process is not None and process.returncode is None:
            try:
                os.killpg(process.pid, sign)
            except ProcessLookupError:
                pass

    def kill_all(self):
        for number in list(self.processes):
            self.kill(number, signal.SIGKILL)

    async def run(self, number, head):
        code = await self.execute(number, head)
        self.processes.pop(number, None)
        self.inputs.pop(number, None)
        await self.tell({"op": "exit", "id": number, "code": code})

    async def execute(self, number, head):
        async def complain(text):
            await self.tell({"op": "out", "id": number, "stream": "stderr"}, f"{text}\n".encode())

        cwd, env, cores = head["cwd"], {**head["env"], "FLUX_URI": self.uri}, head.get("cores")
        shell = f"flux-shell[{head['rank']}]"
        try:
            os.stat(os.path.join(cwd, "."))
        except OSError as error:
            await complain(f"{shell}:  WARN: Could not change dir to {cwd}: {error.strerror}. Going to /tmp instead")
            cwd = "/tmp"
        ours = theirs = None
        if head.get("pmi"):
            ours, theirs = socket.socketpair()
            env = {**env, "PMI_FD": str(theirs.fileno())}
        try:
            process = await asyncio.create_subprocess_exec(
                *head["argv"],
                cwd=cwd,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                pass_fds=[theirs.fileno()] if theirs else [],
                preexec_fn=(lambda: os.sched_setaffinity(0, cores)) if cores else None,
            )
        except OSError as error:
            where = f"task {head.get('task', 0)} (host {own_host()})"
            await complain(f"{shell}: FATAL: {where}: start failed: {head['argv'][0]}: {error.strerror}")
            return 127 if isinstance(error, FileNotFoundError) else 126
        finally:
            if theirs:
                theirs.close()
        self.processes[number] = process
        feeding = [go(self.feed(number, process))]
        if ours:
            feeding.append(go(self.serve_pmi(number, ours)))
        await asyncio.gather(*(self.pump(number, name, getattr(process, name)) for name in ("stdout", "stderr")))
        code = await process.wait()
        for task in feeding:
            task.cancel()
        return 128 - code if code < 0 else code

    async def pump(self, number, name, pipe):
        while data := await pipe.read(65536):
            await self.tell({"op": "out", "id": number, "stream": name}, data)

    async def feed(self, number, process):
        """An empty piece is the end of the input."""
        try:
            while data := await self.inputs[number].get():
                process.stdin.write(data)
                await process.stdin.drain()
            process.stdin.close()
        except (ConnectionError, RuntimeError):
            pass

    async def serve_pmi(self, number, sock):
        reader, self.wires[number] = await asyncio.open_connection(sock=sock)
        try:
            while line := await reader.readline():
                await self.tell({"op": "pmi", "id": number}, line)
        except ConnectionError:
            pass
        finally:
            self.wires.pop(number).close()


class Task:
    """One process that the lead has ordered, on the broker of a rank."""

    def __init__(self, lead, rank, on_output):
        self.lead, self.rank, self.on_output = lead, rank, on_output
        self.number = lead.new_number()
        self.code = asyncio.get_running_loop().create_future()
        self.on_pmi = None
        lead.tasks[self.number] = self

    async def start(self, argv, cwd, env, **more):
        link = self.lead.links.get(self.rank)
        if link is None:
            self.ended(143)
            return
        await link({"op": "start", "id": self.number, "rank": self.rank, "argv": argv, "cwd": cwd, "env": env, **more})

    async def send(self, op, body=b"", **more):
        link = self.lead.links.get(self.rank)
        if link is not None and not self.code.done():
            await link({"op": op, "id": self.number, **more}, body)

    def ended(self, code):
        self.lead.tasks.pop(self.number, None)
        if not self.code.done():
            self.code.set_result(code)


class Job:
    """What `flux run` and `flux submit` ask for. Its output is kept: who attaches later sees all of it."""

    def __init__(self, number, spec):
        self.number, self.spec, self.name = number, spec, job_name(number)
        self.output, self.listeners = [], set()
        self.tasks, self.code, self.state, self.exception = [], None, "SCHED", None
        self.killed, self.done, self.input, self.placed = None, asyncio.Event(), [], []
        self.interactive = spec["interactive"]

    def tell(self, head, body=b""):
        self.output.append((head, body))
        for queue in self.listeners:
            queue.put_nowait((head, body))

    async def feed(self, body):
        self.input.append(body)
        for task in self.tasks:
            await task.send("stdin", body)

    async def kill(self, sign, code=None, exception=None):
        self.killed, self.exception = self.killed or code, self.exception or exception
        for task in self.tasks:
            await task.send("signal", signal=int(sign))


class Pmi:
    """PMI-1, as MPICH speaks it: one store of words per job, and a barrier."""

    def __init__(self, job, size, mapping):
        self.job, self.size, self.store, self.waiting = job, size, {"PMI_process_mapping": mapping}, []

    async def line(self, task, text):
        words = dict(word.partition("=")[::2] for word in text.strip().split(" ") if word)
        name = f"stub-{self.job.number}"
        answer = {
            "init": "cmd=response_to_init pmi_version=1 pmi_subversion=1 rc=0",
            "get_maxes": "cmd=maxes rc=0 kvsname_max=64 keylen_max=64 vallen_max=1024",
            "get_appnum": "cmd=appnum rc=0 appnum=0",
            "get_my_kvsname": f"cmd=my_kvsname rc=0 kvsname={name}",
            "get_universe_size": f"cmd=universe_size rc=0 size={self.size}",
            "finalize": "cmd=finalize_ack rc=0",
        }.get(words.get("cmd"))
        if words.get("cmd") == "put":
            self.store[words["key"]] = words["value"]
            answer = "cmd=put_result rc=0 msg=success"
        elif words.get("cmd") == "get":
            value = self.store.get(words["key"])
            answer = (
                "cmd=get_result rc=-1 msg=unknown_key"
                if value is None
                else f"cmd=get_result rc=0 msg=success value={value}"
            )
        elif words.get("cmd") == "abort":
            await self.job.kill(signal.SIGTERM, int(words.get("exitcode", 1)))
        elif words.get("cmd") == "barrier_in":
            self.waiting.append(task)
            if len(self.waiting) == self.size:
                tasks, self.waiting = self.waiting, []
                for each in tasks:
                    await each.send("pmi", b"cmd=barrier_out rc=0\n")
        if answer:
            await task.send("pmi", f"{answer}\n".encode())


class Lead:
    """Rank 0: the scheduler, the jobs, and everybody's connections."""

    def __init__(self, config):
        self.config, self.hosts = config, config.hosts
        self.cores = {rank: list(config.cores) for rank in range(len(self.hosts))}
        self.free = {rank: set(cores) for rank, cores in self.cores.items()}
        self.links, self.tasks, self.jobs, self.numbers = {}, {}, {}, 0
        self.changed, self.leaving, self.left = asyncio.Condition(), False, {}
        self.runner = Runner(self.take, config.uri)

        async def local(head, body=b""):
            self.runner.take(head, body)

        self.links[0] = local

    def new_number(self):
        self.numbers += 1
        return self.numbers

    async def tell_change(self):
        async with self.changed:
            self.changed.notify_all()

    async def take(self, head, body=b""):
        """What a broker tells of a process."""
        task = self.tasks.get(head["id"])
        if task is None:
            return
        if head["op"] == "exit":
            await task.on_output(None, b"")
            task.ended(head["code"])
        elif head["op"] == "pmi":
            await task.on_pmi(task, body.decode())
        else:
            await task.on_output(head["stream"], body)

    # Connections.

    async def accept(self, reader, writer):
        """Of the followers, and of commands on followers."""
        channel = Channel(reader, writer)
        hello = await channel.receive()
        if hello is None or not secrets.compare_digest(hello[0].get("key", ""), self.config.key):
            channel.close()
        elif hello[0]["op"] == "join":
            await self.follower(channel, hello[0]["host"])
        else:
            await self.client(channel, hello[0]["rank"])

    async def accept_local(self, reader, writer):
        await self.client(Channel(reader, writer), 0)

    async def follower(self, channel, host):
        rank = self.hosts.index(host) if host in self.hosts else None
        if rank is None or self.leaving:
            channel.close()
            return
        keep_alive(channel.writer.get_extra_info("socket"))
        await channel.send({"op": "welcome", "rank": rank, "hosts": self.hosts})
        link = self.links[rank] = channel.send
        self.left[rank] = asyncio.Event()
        await self.tell_change()
        while (message := await channel.receive()) is not None:
            await self.take(*message)
        if self.links.get(rank) is link:
            del self.links[rank]
        self.left[rank].set()
        channel.close()
        if not self.leaving:
            self.config.log(3, f"broker.err[0]: {host} (rank {rank}) is lost")
            await self.lose(rank)

    async def lose(self, rank):
        for job in self.jobs.values():
            if any(task.rank == rank and not task.code.done() for task in job.tasks):
                words = f"job.exception type=node-failure severity=0 lost contact with {self.hosts[rank]} (rank {rank})"
                await job.kill(signal.SIGTERM, 128 + signal.SIGTERM, words)
        for task in [task for task in self.tasks.values() if task.rank == rank]:
            task.ended(128 + signal.SIGTERM)

    async def client(self, channel, rank):
        """A command: it asks, and is answered until it goes."""
        running = []
        try:
            while (message := await channel.receive()) is not None:
                head, body = message
                op = head["op"]
                if op == "submit":
                    await channel.send(self.submit(head))
                elif op == "attach":
                    job = self.find(head["id"])
                    if job is None:
                        await channel.send({"op": "refused", "message": "job does not exist"})
                    else:
                        go(self.attach(channel, job))
                elif op == "feed":
                    await self.jobs[head["id"]].feed(body)
                elif op == "exec":
                    go(self.execute(channel, head, running))
                elif op == "stdin":
                    for task in running:
                        await task.send("stdin", body)
                else:
                    await channel.send({"op": "answer", "value": await self.answer(op, head, rank)})
        finally:
            for task in running:
                await task.send("signal", signal=int(signal.SIGKILL))
            channel.close()

    async def answer(self, op, head, rank):
        if op == "attribute":
            return {
                "size": str(len(self.hosts)),
                "rank": str(rank),
                "hostlist": hosts_text(self.hosts),
                "local-uri": self.config.uri,
                "version": VERSION,
                "instance-level": "0",
                **self.config.attributes,
            }.get(head["name"])
        if op == "resources":
            up = sorted(self.links)
            free = {rank: len(self.free[rank]) for rank in up if self.free[rank]}
            every = {rank: len(cores) for rank, cores in self.cores.items()}
            down = {rank: count for rank, count in every.items() if rank not in up}
            taken = {rank: every[rank] - len(self.free[rank]) for rank in up if every[rank] > len(self.free[rank])}
            states = {"free": free, "allocated": taken, "down": down, "all": every, "up": {r: every[r] for r in up}}
            return {
                state: {
                    "ncores": sum(ranks.values()),
                    "nnodes": len(ranks),
                    "ngpus": 0,
                    "nodelist": hosts_text([self.hosts[r] for r in ranks]),
                }
                for state, ranks in states.items()
            }
        if op == "jobs":
            return [
                {
                    "id": job.name,
                    "state": job.state,
                    "code": job.code,
                    "argv": job.spec["argv"],
                    "ntasks": job.spec["ntasks"],
                }
                for job in self.jobs.values()
            ]
        if op == "wait":
            jobs = [job for job in self.jobs.values() if head["id"] in (None, job.name)]
            for job in jobs:
                await job.done.wait()
            return max((job.code for job in jobs), default=None)
        if op == "kill":
            job = self.find(head["id"])
            if job is None or job.code is not None:
                return False
            await job.kill(head["signal"], head.get("code"), head.get("exception"))
            return True
        if op == "shutdown":
            os.kill(os.getpid(), signal.SIGTERM)
            return True
        return None

    # Jobs.

    def find(self, name):
        return next((job for job in self.jobs.values() if name in (job.name, job.number)), None)

    def submit(self, head):
        spec = head["spec"]
        refusal = self.refusal(spec)
        if refusal:
            return {"op": "refused", "message": refusal}
        job = Job(self.new_number(), spec)
        self.jobs[job.number] = job
        go(self.run_job(job))
        return {"op": "submitted", "id": job.number, "name": job.name}

    def refusal(self, spec):
        nodes, tasks, width = spec["nodes"], spec["ntasks"], spec["cores"]
        if nodes is not None and nodes > tasks:
            return "node count must not be greater than task count"
        # What the brokers' machines have in all, whether or not it is free: the requests of pods do not count.
        fits = [len(cores) // width for cores in self.cores.values()]
        if nodes is not None:
            fits = [1 for fit in fits if fit >= -(-tasks // nodes)]
            good = len(fits) >= nodes
        else:
            good = sum(fits) >= tasks
        return None if good and not spec["gpus"] else "unsatisfiable request"

    def place(self, spec):
        """Ranks of brokers with the cores for each of their tasks, in blocks; None if there are not enough now."""
        nodes, tasks, width = spec["nodes"], spec["ntasks"], spec["cores"]
        online = [
            rank
            for rank in sorted(self.links)
            if not spec["exclusive"] or len(self.free[rank]) == len(self.cores[rank])
        ]
        most = -(-tasks // nodes) if nodes else tasks
        found, left = [], tasks
        for rank in online:
            fit = len(self.free[rank]) // width
            if left == 0 or fit == 0 or (nodes and fit < most):
                continue
            count = min(fit, most, left)
            if nodes:
                # The first ones have one more, if it does not come out even.
                count = tasks // nodes + (1 if len(found) < tasks % nodes else 0)
            cores = (
                sorted(self.free[rank])
                if spec["exclusive"]
                else sorted(self.free[rank])[: width * max(count, most if nodes else count)]
            )
            found.append((rank, count, cores))
            left -= count
            if nodes and len(found) == nodes:
                break
        return found if left == 0 else None

    async def run_job(self, job):
        async with self.changed:
            while not job.killed and (placed := self.place(job.spec)) is None:
                await self.changed.wait()
            if not job.killed:
                job.placed = placed
                for rank, _, cores in placed:
                    self.free[rank] -= set(cores)
        if job.killed:
            job.code = job.killed
        else:
            job.state = "RUN"
            job.code = await self.perform(job)
            for rank, _, cores in job.placed:
                self.free[rank] |= set(cores)
        job.state = "INACTIVE"
        if job.exception:
            job.tell({"op": "out", "stream": "stderr", "task": None}, f"flux-job: {job.exception}\n".encode())
        job.tell({"op": "end", "code": job.code})
        job.done.set()
        await self.tell_change()

    async def perform(self, job):
        spec = job.spec
        layout = [rank for rank, count, _ in job.placed for _ in range(count)]
        size, nodes = len(layout), len(job.placed)
        env = {
            **spec["env"],
            "FLUX_JOB_ID": job.name,
            "FLUX_JOB_SIZE": str(size),
            "FLUX_JOB_NNODES": str(nodes),
        }
        timer = go(self.limit(job, spec["limit"])) if spec["limit"] else None
        first = go(self.doom(job))
        try:
            launcher = open_mpi(env) if "mpi=none" not in spec["options"] else None
            if launcher:
                await self.start_launcher(job, launcher, layout, env)
            else:
                await self.start_tasks(job, layout, env)
            codes = await asyncio.gather(*(task.code for task in job.tasks))
        finally:
            first.cancel()
            if timer:
                timer.cancel()
        return job.killed or max(codes)

    async def start_tasks(self, job, layout, env):
        spec, size = job.spec, len(layout)
        blocks = ",".join(f"({place},1,{count})" for place, (_, count, _) in enumerate(job.placed))
        pmi = Pmi(job, size, f"(vector,{blocks})")
        cores = {rank: cores for rank, _, cores in job.placed}
        bound = "cpu-affinity=off" not in spec["options"]
        local = {}
        for number, rank in enumerate(layout):
            local[rank] = local.get(rank, -1) + 1
            task = Task(self, rank, self.lines_of(job, number))
            task.on_pmi = pmi.line
            job.tasks.append(task)
            own = {
                "FLUX_TASK_RANK": str(number),
                "FLUX_TASK_LOCAL_ID": str(local[rank]),
                "PMI_RANK": str(number),
                "PMI_SIZE": str(size),
            }
            more = {"cores": cores[rank]} if bound else {}
            await task.start(spec["argv"], spec["cwd"], {**env, **own}, task=number, pmi=True, **more)
        await self.give_input(job)

    async def start_launcher(self, job, launcher, layout, env):
        """Open MPI's mpirun in the pod of task 0; its daemons come into the other pods by `flux _rsh`."""
        spec = job.spec
        hosts = ",".join(f"{self.hosts[rank]}:{count}" for rank, count, _ in job.placed)
        agent = f"{sys.executable} {HERE} _rsh"
        options = ["--allow-run-as-root", "--quiet", "--oversubscribe", "--bind-to", "none", "--map-by", "slot"]
        options += ["--mca", "plm", "rsh", "--mca", "plm_rsh_agent", agent, "--mca", "plm_rsh_no_tree_spawn", "1"]
        options += ["-H", hosts, "-n", str(len(layout)), *(["--tag-output"] if spec["label"] else [])]
        task = Task(self, layout[0], self.lines_of(job, None))
        job.tasks.append(task)
        # Open MPI asks Flux's PMI when it sees the number of a job: only the ranks get it, which are mpirun's children.
        shown = {name: value for name, value in env.items() if name != "FLUX_JOB_ID"}
        argv = [launcher, *options, sys.executable, HERE, "_rank", job.name, *spec["argv"]]
        await task.start(argv, spec["cwd"], shown)
        await self.give_input(job)

    async def give_input(self, job):
        pieces = job.input if job.interactive else [b""]
        for piece in pieces:
            for task in job.tasks:
                await task.send("stdin", piece)

    def lines_of(self, job, number):
        """Whole lines, so that those of several tasks do not mix. Without a number: mpirun's, which may name them."""
        rest = {}

        def tell(stream, data):
            if job.spec["label"]:
                data = label(data, number)
            job.tell({"op": "out", "stream": stream, "task": number}, data)

        async def take(stream, data):
            if stream is None:
                for name, part in rest.items():
                    if part:
                        tell(name, part)
                return
            whole, newline, part = (rest.get(stream, b"") + data).rpartition(b"\n")
            rest[stream] = part
            if newline:
                tell(stream, whole + newline)

        return take

    async def limit(self, job, seconds):
        await asyncio.sleep(seconds)
        words = "job.exception type=timeout severity=0 resource allocation expired"
        await job.kill(signal.SIGALRM, 128 + signal.SIGALRM, words)
        await asyncio.sleep(KILL_GRACE_S)
        await job.kill(signal.SIGKILL)

    async def doom(self, job):
        """A task that has failed ends the others after a while; one that is lost, at once."""
        await asyncio.sleep(0)
        while True:
            await asyncio.sleep(0.05)
            failed = [task.code.result() for task in job.tasks if task.code.done() and task.code.result() != 0]
            if not failed and not job.killed:
                continue
            if not job.killed:
                await asyncio.sleep(EXIT_TIMEOUT_S)
                await job.kill(
                    signal.SIGTERM, max(failed), f"job.exception type=exec severity=0 task exited {EXIT_TIMEOUT_S}s ago"
                )
            await asyncio.sleep(KILL_GRACE_S)
            await job.kill(signal.SIGKILL)
            return

    async def attach(self, channel, job):
        queue = asyncio.Queue()
        for message in job.output:
            queue.put_nowait(message)
        job.listeners.add(queue)
        while True:
            head, body = await queue.get()
            await channel.send(head, body)
            if head["op"] == "end":
                break
        job.listeners.discard(queue)

    async def execute(self, channel, head, running):
        ranks = head["ranks"]
        if any(rank >= len(self.hosts) for rank in ranks):
            await channel.send({"op": "refused", "message": "no such rank"})
            return
        absent = [rank for rank in ranks if rank not in self.links]
        for rank in absent:
            text = f"flux-exec: Error: rank {rank}: No route to host\n"
            await channel.send({"op": "out", "stream": "stderr", "rank": rank}, text.encode())

        def output_of(rank):
            async def take(stream, data):
                if stream is not None:
                    await channel.send({"op": "out", "stream": stream, "rank": rank}, data)

            return take

        tasks = [Task(self, rank, output_of(rank)) for rank in ranks if rank in self.links]
        running += tasks
        await channel.send({"op": "started"})
        for task in tasks:
            await task.start(head["argv"], head["cwd"], head["env"])
        codes = await asyncio.gather(*(task.code for task in tasks))
        await channel.send({"op": "end", "code": max([*codes, *(68 for _ in absent)], default=0)})


def label(data, number):
    lines = data.splitlines(keepends=True)
    if number is not None:
        return b"".join(b"%d: %s" % (number, line) for line in lines)
    return b"".join(re.sub(rb"^\[\d+,(\d+)\]<std(?:out|err)>:", rb"\1: ", line) for line in lines)


def open_mpi(env):
    """Its mpirun, if the image has one of version 4 and no other MPI before it. A script of that name may ask us in turn."""
    places = env.get("PATH", os.defpath).split(os.pathsep)
    found = (shutil.which("mpirun", path=place) for place in places if place)
    launcher = next((path for path in found if path is not None and not is_script(path)), None)
    if launcher is None:
        return None
    said = subprocess.run([launcher, "--version"], capture_output=True, text=True, env=env, check=False).stdout
    return launcher if re.search(r"\(Open MPI\) 4\.", said) else None


def is_script(path):
    with open(path, "rb") as program:
        return program.read(2) == b"#!"


def keep_alive(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 1), ("TCP_KEEPINTVL", 1), ("TCP_KEEPCNT", 5)):
        sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


# Brokers.


class Config:
    """What a broker is told: `--config[-path] FOLDER`, and attributes by -S."""

    def __init__(self, folder, attributes):
        self.attributes = attributes
        self.level = int(attributes.get("log-stderr-level", 3))
        text = ""
        if folder is not None:
            file = os.path.join(folder, "broker.toml") if os.path.isdir(folder) else folder
            try:
                with open(file, encoding="utf-8") as stream:
                    text = stream.read()
            except OSError as error:
                die("flux-broker", f"Config file error: {file}: {error.strerror}")
        named = dict(re.findall(r'^(\w+)\s*=\s*"?([^"\n]*)"?\s*$', text, re.MULTILINE))
        lists = re.findall(r'host\s*=\s*"([^"]*)"', text)
        self.hosts = hosts_of(",".join(lists)) if lists else [own_host()]
        self.alone = not lists
        self.port = int(named.get("default_port", 8050))
        self.bind, self.connect = named.get("default_bind", "tcp://*:%p"), named.get("default_connect", "tcp://%h:%p")
        if own_host() not in self.hosts:
            die("flux-broker", f"no bootstrap.hosts entry found for {own_host()}")
        self.rank = self.hosts.index(own_host())
        self.quorum = int(attributes.get("broker.quorum", len(self.hosts)))
        self.key = self.read_key(named.get("curve_cert"))
        self.cores = self.read_cores(named.get("path"))
        folder = attributes.get("rundir") or tempfile.mkdtemp(prefix="flux-")
        os.makedirs(folder, exist_ok=True)
        self.uri = attributes.get("local-uri") or f"local://{folder}/local-{self.rank}"

    def read_key(self, file):
        if self.alone:
            return secrets.token_hex()
        try:
            with open(file, "rb") as stream:
                content = stream.read()
            if b"secret-key" not in content:
                raise OSError("no keys in it")
        except (OSError, TypeError) as error:
            die("flux-broker", f"overlay.err[{self.rank}]: Error loading certificate from {file}: {error}")
        return hashlib.sha256(content).hexdigest()

    def read_cores(self, file):
        try:
            with open(file, encoding="utf-8") as stream:
                return ids_of(json.load(stream)["execution"]["R_lite"][0]["children"]["core"])
        except (OSError, TypeError, ValueError, LookupError):
            return own_cores()

    def log(self, level, text):
        if level <= self.level:
            print(f"flux-broker: {text}", file=sys.stderr, flush=True)

    def address(self, host):
        """Where the broker of a host is: `tcp://NAME:PORT`."""
        found = re.fullmatch(r"tcp://(.*):(\d+)", self.connect.replace("%h", host).replace("%p", str(self.port)))
        return found[1], int(found[2])

    def check_interface(self):
        name = re.fullmatch(r"tcp://(\w+):.*", self.bind)
        if name and not os.path.exists(f"/sys/class/net/{name[1]}"):
            die("flux-broker", f"overlay.err[{self.rank}]: {name[1]}: no such interface")


def broker(words, command="flux-broker"):
    """--config-path FOLDER, -S NAME=VALUE; what is left is the initial program."""
    attributes, folder, rest = {}, None, list(words)
    while rest and rest[0].startswith("-"):
        word = rest.pop(0)
        if word == "--":
            break
        name, equal, value = word.partition("=")
        if word.startswith("-S") or name in ("--setattr",):
            setting = word[2:] if word.startswith("-S") else value
            setting = setting or rest.pop(0)
            attributes.update([setting.partition("=")[::2]])
        elif word == "-c" or "--config-path".startswith(name) and len(name) > 4:
            folder = value if equal else rest.pop(0)
        elif word in ("-v", "-q", "--verbose"):
            pass
        else:
            die(command, f"unrecognized option '{word}'")
    config = Config(folder, attributes)
    try:
        with open("/proc/self/comm", "w", encoding="utf-8") as stream:
            stream.write(f"flux-broker-{config.rank}")
    except OSError:
        pass
    code = asyncio.run(lead(config, rest) if config.rank == 0 else follow(config))
    sys.stdout.flush()
    os._exit(code)


def path_of(uri):
    return re.sub(r"^local://", "", uri)


async def listen(config, accept):
    file = path_of(config.uri)
    if os.path.exists(file):
        os.unlink(file)
    os.makedirs(os.path.dirname(file), exist_ok=True)
    await asyncio.start_unix_server(accept, file)


async def lead(config, program):
    state, loop = Lead(config), asyncio.get_running_loop()
    ending = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(sign, ending.set)
    await listen(config, state.accept_local)
    if not config.alone:
        config.check_interface()
        await asyncio.start_server(state.accept, "0.0.0.0", config.port, reuse_address=True)
    warned = time.monotonic() + QUORUM_WARN_S
    while len(state.links) < config.quorum and not ending.is_set():
        await asyncio.sleep(0.02)
        if time.monotonic() > warned:
            absent = ", ".join(
                f"{host} (rank {rank})" for rank, host in enumerate(config.hosts) if rank not in state.links
            )
            config.log(3, f"broker.err[0]: quorum delayed: waiting for {absent}")
            warned = time.monotonic() + QUORUM_WARN_S
    code = 128 + signal.SIGTERM if ending.is_set() else await initial_program(config, program, ending)
    state.leaving = True
    for rank, link in list(state.links.items()):
        if rank != 0:
            await link({"op": "bye", "id": 0})
    await asyncio.wait(
        [go(left.wait()) for left in state.left.values()] or [go(asyncio.sleep(0))],
        timeout=5,
    )
    state.runner.kill_all()
    if os.path.exists(path_of(config.uri)):
        os.unlink(path_of(config.uri))
    return code


async def initial_program(config, program, ending):
    """With the terminal of the broker; its exit code is the broker's."""
    stopped = go(ending.wait())
    if not program and os.isatty(0) and sys.argv[1] == "start":
        program = [os.environ.get("SHELL", "/bin/bash")]
    if not program or "broker.rc2_none" in config.attributes:
        await stopped
        return 128 + signal.SIGTERM
    # A single word is a line for the shell.
    argv = ["/bin/bash", "-c", program[0]] if len(program) == 1 else program
    env = {**os.environ, "FLUX_URI": config.uri}
    try:
        process = await asyncio.create_subprocess_exec(*argv, env=env)
    except OSError as error:
        config.log(3, f"rc2.err[0]: {argv[0]}: {error.strerror}")
        print(f"flux-broker: {argv[0]}: {error.strerror}", file=sys.stderr, flush=True)
        return 127 if isinstance(error, FileNotFoundError) else 126
    done = go(process.wait())
    await asyncio.wait([done, stopped], return_when=asyncio.FIRST_COMPLETED)
    if not done.done():
        process.terminate()
        await asyncio.wait([done], timeout=KILL_GRACE_S)
        if not done.done():
            process.kill()
    code = await done
    return 128 - code if code < 0 else code


async def follow(config):
    """Tries until the lead is there. 0 if it says goodbye, 1 if it is lost."""
    loop, ending = asyncio.get_running_loop(), asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(sign, ending.set)
    host, port = config.address(config.hosts[0])
    stopped = go(ending.wait())
    while not ending.is_set():
        joining = go(join(config, host, port))
        await asyncio.wait([joining, stopped], timeout=10, return_when=asyncio.FIRST_COMPLETED)
        channel = joining.result() if joining.done() and not joining.exception() else None
        if channel is not None:
            working = go(work(config, channel, host, port))
            await asyncio.wait([working, stopped], return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else 128 + signal.SIGTERM
        joining.cancel()
        await asyncio.wait([stopped], timeout=0.2)
    return 128 + signal.SIGTERM


async def join(config, host, port):
    channel = Channel(*await asyncio.open_connection(host, port))
    keep_alive(channel.writer.get_extra_info("socket"))
    await channel.send({"op": "join", "host": own_host(), "key": config.key})
    welcome = await channel.receive()
    return channel if welcome is not None else None


async def work(config, channel, host, port):
    runner = Runner(channel.send, config.uri)

    async def pass_on(reader, writer):
        """A command on this machine speaks to the lead."""
        far_reader, far_writer = await asyncio.open_connection(host, port)
        await Channel(far_reader, far_writer).send({"op": "client", "rank": config.rank, "key": config.key})
        await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))

    await listen(config, pass_on)
    code = 1
    while (message := await channel.receive()) is not None:
        if message[0]["op"] == "bye":
            code = 0
            break
        runner.take(*message)
    runner.kill_all()
    if code:
        config.log(3, f"overlay.err[{config.rank}]: {config.hosts[0]} (rank 0) is lost")
    return code


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


def start(words):
    """`flux start [--wrap=…] [-o WORDS] …`: from the first word that is none of its own on, all is the broker's."""
    rest, options, wrap = list(words), [], []
    while rest and rest[0].startswith("-"):
        word = rest.pop(0)
        name, equal, value = word.partition("=")
        if word == "--":
            break
        if name == "--wrap":
            wrap = (value if equal else rest.pop(0)).split(",")
        elif name in ("-o", "--broker-opts"):
            options += (value if equal else rest.pop(0)).split(",")
        elif word.startswith("-o"):
            options += word[2:].split(",")
        elif name in ("-s", "--test-size"):
            value if equal else rest.pop(0)
        elif name in ("-c", "--config-path", "-S", "--setattr"):
            options += [word] if equal else [word, rest.pop(0)]
        elif word.startswith("-S"):
            options.append(word)
        elif word not in ("-v", "--verbose", "--recovery", "--sysconfig"):
            die("flux-start", f"unrecognized option '{word}'")
    words = [*options, *rest]
    if wrap:
        os.execvp(wrap[0], [*wrap, sys.executable, HERE, "broker", *words])
    broker(words, "flux-start")


# Commands.


async def connect(command):
    uri = os.environ.get("FLUX_URI")
    if not uri:
        die(command, "ERROR: Unable to connect to Flux: broker socket /run/flux/local was not found")
    try:
        return Channel(*await asyncio.open_unix_connection(path_of(uri)))
    except OSError as error:
        die(command, f"ERROR: Unable to connect to Flux: {uri}: {error.strerror}")


async def ask(command, op, **more):
    channel = await connect(command)
    await channel.send({"op": op, **more})
    answer = await channel.receive()
    channel.close()
    return answer[0].get("value") if answer else None


def write(stream, data):
    try:
        (sys.stdout if stream == "stdout" else sys.stderr).buffer.write(data)
        (sys.stdout if stream == "stdout" else sys.stderr).buffer.flush()
    except BrokenPipeError:
        os._exit(128 + signal.SIGPIPE)


def read_input(give):
    """Standard input to its end, unless it is a terminal: there is nobody at the one of a pod."""
    loop = asyncio.get_running_loop()

    def hand(data):
        loop.call_soon_threadsafe(lambda: go(give(data)))

    def read():
        try:
            while data := os.read(0, 65536):
                hand(data)
        except OSError:
            pass
        hand(b"")

    try:
        terminal = os.isatty(0)
        os.fstat(0)
    except OSError:
        terminal = True
    if terminal:
        hand(b"")
    else:
        threading.Thread(target=read, daemon=True).start()


def job_parser(command, submit):
    parser = argparse.ArgumentParser(prog=command, allow_abbrev=False)
    add = parser.add_argument
    add("-N", "--nodes", type=int)
    add("-n", "--ntasks", type=int)
    add("-c", "--cores-per-task", type=int, default=1)
    add("-g", "--gpus-per-task", type=int, default=0)
    add("--tasks-per-node", type=int)
    add("-x", "--exclusive", action="store_true")
    add("-o", "--setopt", action="append", default=[])
    add("-t", "--time-limit")
    add("--env", "--env-remove", action="append", default=[])
    add("--cwd")
    add("-l", "--label-io", action="store_true")
    add("--output")
    add("--error")
    for flag in ("-u", "--unbuffered"), ("-v", "-vv", "-vvv", "--verbose"), ("--quiet",), ("--watch",), ("--wait",):
        add(*flag, action="store_true")
    for flag in (
        ("-S", "--setattr"),
        ("--job-name",),
        ("-q", "--queue"),
        ("-B", "--bank"),
        ("--urgency",),
        ("--flags",),
        ("--input",),
        ("--requires",),
    ):
        add(*flag, action="append")
    if submit:
        add("--cc")
        add("--bcc")
        add("--wait-event")
    add("argv", nargs=argparse.REMAINDER)
    return parser


def environment_of(rules):
    env = dict(os.environ)
    for rule in rules:
        name, equal, value = rule.partition("=")
        if rule.startswith("-"):
            env = {key: old for key, old in env.items() if not fnmatch.fnmatch(key, rule[1:])}
        elif equal:
            env[name] = value
        elif name in os.environ:
            env[name] = os.environ[name]
    return env


def spec_of(command, args, interactive):
    argv = args.argv[1:] if args.argv[:1] == ["--"] else args.argv
    if not argv:
        die(command, "ERROR: job command and arguments are missing")
    tasks = args.ntasks if args.ntasks is not None else args.nodes or 1
    if args.tasks_per_node and args.nodes:
        tasks = args.tasks_per_node * args.nodes
    if min(tasks, args.cores_per_task, 1 if args.nodes is None else args.nodes) < 1:
        die(command, "ERROR: counts must be 1 or more")
    return {
        "argv": argv,
        "nodes": args.nodes,
        "ntasks": tasks,
        "cores": args.cores_per_task,
        "gpus": args.gpus_per_task,
        "exclusive": args.exclusive,
        "options": args.setopt,
        "env": environment_of(args.env),
        "cwd": os.path.abspath(args.cwd) if args.cwd else os.getcwd(),
        "label": args.label_io,
        "limit": seconds_of(args.time_limit) if args.time_limit else None,
        "interactive": interactive,
    }


async def watch(channel, args):
    """What a job writes, until its end. The exit code is the job's."""
    files = {
        name: open(file, "wb")
        for name, file in (("stdout", args.output), ("stderr", args.error or args.output))
        if file
    }
    while (message := await channel.receive()) is not None:
        head, body = message
        if head["op"] == "end":
            for file in files.values():
                file.close()
            return head["code"]
        if head["op"] == "refused":
            return None
        if head["stream"] in files:
            files[head["stream"]].write(body)
        else:
            write(head["stream"], body)
    print("flux-job: lost connection to the broker", file=sys.stderr)
    return 1


def say_end(code):
    if code > 128:
        words = {signal.SIGKILL: "Killed", signal.SIGTERM: "Terminated"}.get(
            code - 128
        ) or f"killed by signal {code - 128}"
        print(f"flux-job: task(s) {words}", file=sys.stderr)
    elif code:
        print(f"flux-job: task(s) exited with exit code {code}", file=sys.stderr)


async def submit_to(channel, command, spec):
    await channel.send({"op": "submit", "spec": spec})
    head, _ = await channel.receive() or ({"op": "refused", "message": "lost connection to the broker"}, b"")
    if head["op"] == "refused":
        die(command, f"ERROR: [Errno 22] {head['message']}")
    return head


async def run(words):
    args = job_parser("flux-run", False).parse_args(words)
    channel = await connect("flux-run")
    job = await submit_to(channel, "flux-run", spec_of("flux-run", args, True))
    await channel.send({"op": "attach", "id": job["id"]})

    async def give(data):
        await channel.send({"op": "feed", "id": job["id"]}, data)

    async def forward(sign):
        await ask("flux-run", "kill", id=job["id"], signal=int(sign))

    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        loop.add_signal_handler(sign, lambda sign=sign: go(forward(sign)))
    read_input(give)
    code = await watch(channel, args)
    say_end(code)
    return code


async def submit(words):
    args = job_parser("flux-submit", True).parse_args(words)
    copies = ids_of(args.cc or args.bcc) if args.cc or args.bcc else [None]
    codes = []
    for number in copies:
        channel = await connect("flux-submit")
        spec = spec_of("flux-submit", args, False)
        if number is not None:
            spec["argv"] = [word.replace("{cc}", str(number)) for word in spec["argv"]]
            spec["env"]["FLUX_JOB_CC"] = str(number)
        job = await submit_to(channel, "flux-submit", spec)
        if not args.quiet:
            write("stdout", f"{job['name']}\n".encode())
        codes.append((channel, job))
    worst = 0
    for channel, job in codes:
        if args.watch:
            await channel.send({"op": "attach", "id": job["id"]})
            worst = max(worst, await watch(channel, args))
        elif args.wait or args.wait_event:
            worst = max(worst, await ask("flux-submit", "wait", id=job["name"]))
        channel.close()
    # Seen with the real one: 8 for a task's 7.
    return worst + 1 if worst and worst < 128 else worst


async def execute(words):
    parser = argparse.ArgumentParser(prog="flux-exec", allow_abbrev=False)
    parser.add_argument("-r", "--rank", default="all")
    parser.add_argument("-x", "--exclude")
    parser.add_argument("-d", "--dir")
    parser.add_argument("-l", "--label-io", action="store_true")
    parser.add_argument("-n", "--noinput", action="store_true")
    parser.add_argument("-v", "--verbose", "-q", "--quiet", action="store_true")
    parser.add_argument("argv", nargs=argparse.REMAINDER)
    args = parser.parse_args(words)
    argv = args.argv[1:] if args.argv[:1] == ["--"] else args.argv
    if not argv:
        die("flux-exec", "no command")
    size = int(await ask("flux-exec", "attribute", name="size"))
    ranks = list(range(size)) if args.rank == "all" else ids_of(args.rank)
    excluded = ids_of(args.exclude) if args.exclude else []
    return await execute_on([rank for rank in ranks if rank not in excluded], argv, args.dir or os.getcwd(), args)


async def execute_on(ranks, argv, cwd, args):
    channel = await connect("flux-exec")
    await channel.send({"op": "exec", "ranks": ranks, "argv": argv, "cwd": cwd, "env": dict(os.environ)})

    async def give(data):
        await channel.send({"op": "stdin"}, data)

    while (message := await channel.receive()) is not None:
        head, body = message
        if head["op"] == "refused":
            die("flux-exec", f"Error: {head['message']}")
        if head["op"] == "started":
            if args is not None and args.noinput:
                await give(b"")
            else:
                read_input(give)
        elif head["op"] == "end":
            return head["code"]
        elif args is None:
            write(head["stream"], body)
        else:
            body = as_printed(body)
            write(head["stream"], label(body, head["rank"]) if args.label_io else body)
    return 1


def as_printed(body):
    """The real one prints each line as a string of C (output_cb in flux-exec.c): what follows a NUL in it is lost."""
    return re.sub(rb"\0[^\n]*\n?", b"", body)


async def remote_shell(words):
    """What Open MPI calls in place of ssh: `HOST COMMAND…`, a line for the shell there."""
    host, *line = words
    hosts = hosts_of(await ask("flux-exec", "attribute", name="hostlist"))
    if host not in hosts:
        die("flux _rsh", f"no broker on {host}")
    return await execute_on([hosts.index(host)], ["/bin/sh", "-c", " ".join(line)], os.getcwd(), None)


def rank_of_mpirun(words):
    name, *argv = words
    os.environ.update(
        FLUX_JOB_ID=name,
        FLUX_TASK_RANK=os.environ.get("OMPI_COMM_WORLD_RANK", "0"),
        FLUX_TASK_LOCAL_ID=os.environ.get("OMPI_COMM_WORLD_LOCAL_RANK", "0"),
    )
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        print(f"flux-shell: FATAL: start failed: {argv[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(127 if isinstance(error, FileNotFoundError) else 126)


async def resource(words):
    parser = argparse.ArgumentParser(prog="flux-resource", allow_abbrev=False)
    parser.add_argument("what", choices=["list", "info", "status"])
    parser.add_argument("-n", "--no-header", action="store_true")
    parser.add_argument("-o", "--format", default="{state:>10} {nnodes:>6} {ncores:>8} {ngpus:>8} {nodelist}")
    parser.add_argument("-s", "--states", default="free,allocated,down")
    args = parser.parse_args(words)
    found = await ask("flux-resource", "resources")
    if not args.no_header:
        print(
            re.sub(r"\{(\w+)", lambda word: "{" + word[1], args.format).format(
                **{n: n.upper() for n in ("state", "nnodes", "ncores", "ngpus", "nodelist")}
            )
        )
    for state in args.states.split(","):
        if state not in found:
            die("flux-resource", f"ERROR: Invalid resource state {state} specified")
        print(args.format.format(state=state, **found[state]))
    return 0


def encode(words):
    parser = argparse.ArgumentParser(prog="flux-R", allow_abbrev=False)
    parser.add_argument("what", choices=["encode"])
    parser.add_argument("--hosts", "-H", default="")
    parser.add_argument("--local", "-l", action="store_true")
    args = parser.parse_args(words)
    hosts = hosts_of(args.hosts) if args.hosts else [own_host()]
    cores = {"core": ids_text(own_cores())}
    lite = [{"rank": ids_text(range(len(hosts))), "children": cores}]
    print(
        json.dumps(
            {
                "version": 1,
                "execution": {"R_lite": lite, "starttime": 0, "expiration": 0, "nodelist": [hosts_text(hosts)]},
            }
        )
    )
    return 0


def keygen(words):
    digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
    names = [word for word in words if not word.startswith("-")]
    key = {kind: "".join(secrets.choice(digits) for _ in range(40)) for kind in ("public", "secret")}
    text = "#   ****  Made by a stub of Flux, for tests  ****\n\nmetadata\n"
    text += f'    name = "stub"\n    keygen.hostname = "{own_host()}"\ncurve\n'
    text += "".join(f'    {kind}-key = "{value}"\n' for kind, value in key.items())
    if names:
        with open(names[0], "w", encoding="utf-8", opener=lambda file, flags: os.open(file, flags, 0o600)) as stream:
            stream.write(text)
    else:
        sys.stdout.write(text)
    return 0


async def attribute(words):
    names = [word for word in words if not word.startswith("-")]
    value = await ask("flux-getattr", "attribute", name=names[0] if names else "")
    if value is None:
        die("flux-getattr", f"{names[0] if names else ''}: No such file or directory")
    print(value)
    return 0


async def jobs(words):
    everything = "-a" in words
    for job in await ask("flux-jobs", "jobs"):
        if everything or job["state"] != "INACTIVE":
            print(f"{job['id']:>12} {job['ntasks']:>5} {job['state']:>9} {' '.join(job['argv'])}")
    return 0


async def job(words):
    """wait, attach, cancel, kill, list: of jobs that were submitted."""
    what, *rest = words or [""]
    names = [word for word in rest if not word.startswith("-")]
    name = names[0].replace("f", "ƒ", 1) if names and names[0][0] == "f" else names[0] if names else None
    if what == "wait":
        code = await ask("flux-job", "wait", id=name)
        return 1 if code else 0
    if what == "attach" and name:
        channel = await connect("flux-job")
        await channel.send({"op": "attach", "id": name})
        code = await watch(channel, argparse.Namespace(output=None, error=None))
        if code is None:
            die("flux-job", f"{name}: No such job")
        say_end(code)
        return code
    if what in ("cancel", "kill") and name:
        sign = next((word.partition("=")[2] for word in rest if word.startswith("--signal=")), "TERM")
        number = int(sign) if sign.isdigit() else signal.Signals[f"SIG{sign.removeprefix('SIG')}"]
        exception = {"code": 143, "exception": "job.exception type=cancel severity=0"} if what == "cancel" else {}
        if await ask("flux-job", "kill", id=name, signal=int(number), **exception):
            return 0
        die("flux-job", f"{name}: job is inactive")
    if what == "list":
        return await jobs(["-a"])
    die("flux-job", f"the stub does not know `flux job {what}`")


async def shutdown(_words):
    await ask("flux-shutdown", "shutdown")
    return 0


async def queue(words):
    if words[:1] in (["idle"], ["drain"]):
        await ask("flux-queue", "wait", id=None)
    return 0


def proxy(words):
    uri, *argv = words
    argv = argv or [os.environ.get("SHELL", "/bin/bash")]
    os.environ["FLUX_URI"] = uri
    os.execvp(argv[0], argv)


def version(_words):
    print(f"commands:    \t\t{VERSION}\nlibflux-core:\t\t{VERSION}")
    print("build-options:\t\t+stub (not Flux: a simulation for tests)")
    return 0


COMMANDS = {
    "start": start,
    "broker": broker,
    "run": run,
    "submit": submit,
    "exec": execute,
    "R": encode,
    "keygen": keygen,
    "getattr": attribute,
    "resource": resource,
    "jobs": jobs,
    "job": job,
    "cancel": lambda words: job(["cancel", *words]),
    "queue": queue,
    "module": lambda _words: 0,
    "proxy": proxy,
    "shutdown": shutdown,
    "version": version,
    "--version": version,
    "-V": version,
    "_rsh": remote_shell,
    "_rank": rank_of_mpirun,
}


def main():
    name, words = (sys.argv[1] if len(sys.argv) > 1 else ""), sys.argv[2:]
    if name not in COMMANDS:
        die("flux", f"`{name}' is not a flux command of this stub. See 'flux --version'")
    result = COMMANDS[name](words)
    code = asyncio.run(result) if asyncio.iscoroutine(result) else result
    sys.stdout.flush()
    # A thread may still wait for input that nobody gives.
    os._exit(code or 0)


if __name__ == "__main__":
    main()
