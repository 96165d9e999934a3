"""What can go wrong between the daemon and its PostgreSQL: a proxy of our own between the two, and one function a fault.
The drill (fault-drill.py) looks at each fault closely, the soak (soak.py) injects one a minute under load."""

import asyncio
import contextlib
import multiprocessing
import os
import signal
import socket
import struct
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{ROOT}/Tests/Benchmarks")

from machine import Cluster, Daemon, free_port  # noqa: E402

# Short ones, so that a drill takes minutes: what is shown is that they hold, not how long they are.
DEADLINES = {"MUSTER_DATABASE_STATEMENT_DEADLINE_SECONDS": "4", "MUSTER_DATABASE_STATEMENT_TIMEOUT_SECONDS": "3",
             "MUSTER_DATABASE_CONNECT_TIMEOUT_SECONDS": "2"}
# A statement's deadline, a connection's after it, and room for a busy machine.
ANSWER_MAX = 4 + 2 + 4
THROUGH, SILENT, REFUSING = 0, 1, 2


class Proxy:
    """TCP on loopback to the cluster's unix socket, in a process of its own: late, silent, refusing or cutting connections."""

    def __init__(self, target):
        self.target, self.port = target, free_port()
        self.mode, self.latency, self.cuts = (multiprocessing.Value(kind, 0) for kind in "idi")
        self.process = multiprocessing.Process(target=self.run, daemon=True)
        self.process.start()

    def run(self):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        asyncio.run(self.serve())

    async def serve(self):
        writers, listener, cuts = set(), None, 0

        async def pump(reader, writer):
            with contextlib.suppress(OSError):
                while data := await reader.read(65536):
                    if self.latency.value:
                        await asyncio.sleep(self.latency.value)
                    while self.mode.value == SILENT:
                        await asyncio.sleep(0.05)
                    writer.write(data)
                    await writer.drain()
            writer.close()

        async def connected(reader, writer):
            while self.mode.value == SILENT:
                await asyncio.sleep(0.05)
            try:
                other_reader, other_writer = await asyncio.open_unix_connection(self.target)
            except OSError:
                writer.transport.abort()
                return
            pair = {writer, other_writer}
            writers.update(pair)
            await asyncio.gather(pump(reader, other_writer), pump(other_reader, writer))
            writers.difference_update(pair)

        while os.getppid() > 1:
            refuses = self.mode.value == REFUSING
            if not refuses and listener is None:
                listener = await asyncio.start_server(connected, "127.0.0.1", self.port)
            if refuses and listener is not None:
                listener.close()
                listener = None
                cuts = -1
            if cuts != self.cuts.value:
                cuts = self.cuts.value
                for writer in list(writers):
                    with contextlib.suppress(OSError):
                        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    writer.transport.abort()
            await asyncio.sleep(0.02)

    def stop(self):
        self.process.terminate()


class DrillDaemon(Daemon):
    """The daemon behind the proxy, as a role without special rights. `settings` are variables of its configuration."""

    def __init__(self, program, cluster, log, proxy, **settings):
        super().__init__(program, cluster, log)
        self.proxy, self.settings = proxy, settings

    @property
    def environment(self):
        url = f"postgresql://muster@127.0.0.1:{self.proxy.port}/muster"
        return super().environment | DEADLINES | self.settings | {"MUSTER_DATABASE_URL": url}


class Machine:
    """The cluster, the proxy and the daemon, and the faults that they can be given."""

    def __init__(self, program, log, **settings):
        open(log, "w").close()
        self.cluster = Cluster()
        self.proxy = Proxy(f"{self.cluster.directory}/.s.PGSQL.5432")
        self.daemon = DrillDaemon(program, self.cluster, log, self.proxy, **settings)

    def start(self):
        self.cluster.start()
        self.cluster.sql("CREATE ROLE muster LOGIN", database="postgres")
        self.cluster.sql("CREATE DATABASE muster OWNER muster", database="postgres")

    def stop(self):
        self.daemon.stop()
        self.cluster.stop()
        self.proxy.stop()

    def backends(self):
        """Every process of PostgreSQL, the postmaster first."""
        with open(f"/proc/{self.cluster.pid}/task/{self.cluster.pid}/children") as children:
            return [self.cluster.pid] + [int(pid) for pid in children.read().split()]

    def pg_ctl(self, *arguments):
        self.cluster.run("pg_ctl", "-D", self.cluster.data, "-w", "-l", f"{self.cluster.directory}/start.log", *arguments)
        if "stop" not in arguments:
            with open(f"{self.cluster.data}/postmaster.pid") as file:
                self.cluster.pid = int(file.readline())

    @contextlib.contextmanager
    def through_proxy(self, mode=THROUGH, latency=0.0):
        self.proxy.mode.value, self.proxy.latency.value = mode, latency
        try:
            yield
        finally:
            self.proxy.mode.value, self.proxy.latency.value = THROUGH, 0

    # The faults: each function puts one in, keeps it for so many seconds, and takes it out.

    def killed_backends(self, seconds):
        self.cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'muster'", database="postgres")

    def crash(self, seconds):
        self.pg_ctl("-m", "immediate", "restart")

    def away(self, seconds):
        self.pg_ctl("-m", "fast", "stop")
        time.sleep(seconds)
        self.pg_ctl("start")

    def frozen(self, seconds):
        stopped = self.backends()
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        stopped += [pid for pid in self.backends() if pid not in stopped]
        time.sleep(seconds)
        for pid in stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def silent(self, seconds):
        with self.through_proxy(SILENT):
            time.sleep(seconds)

    def refusing(self, seconds):
        with self.through_proxy(REFUSING):
            time.sleep(seconds)

    def cut(self, seconds):
        self.proxy.cuts.value += 1

    def slow(self, seconds):
        with self.through_proxy(latency=0.1):
            time.sleep(seconds)

    def no_connections(self, seconds):
        self.cluster.sql("ALTER ROLE muster CONNECTION LIMIT 0", database="postgres")
        self.killed_backends(0)
        time.sleep(seconds)
        self.cluster.sql("ALTER ROLE muster CONNECTION LIMIT -1", database="postgres")

    def locked(self, seconds):
        """Somebody holds the tables that are written, as a careless ALTER TABLE does: statements wait until their limit."""
        statement = f"BEGIN; LOCK TABLE incident, alert, timeline_entry; SELECT pg_sleep({seconds})"
        # Three tables are locked one after the other, so PostgreSQL may find a deadlock with the daemon and end either side.
        for _ in range(20):
            locked = subprocess.run([f"{self.cluster.bin}/psql", "-X", "-q", "-h", self.cluster.directory, "-U", "postgres", "-d",
                                     "muster", "-c", statement], stdout=subprocess.DEVNULL)
            if not locked.returncode:
                return
        raise SystemExit("the tables could not be locked")

    def frozen_daemon(self, seconds):
        self.daemon.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self.daemon.process.send_signal(signal.SIGCONT)
