#!/usr/bin/env python3
"""`make bench`: how many messages a second the daemon delivers to 10 endpoints, beside a bare async-http-client that sends the same bodies
to the same receiver (BareSender/main.swift) with as many messages at a time, in turns; and how long an event takes from its commit to
its receipt.

The receiver is the bare SwiftNIO server of edge.py. A round of the daemon begins with events that nobody is told of yet, as the
row that says how far they were told is held; it is let go, and the round ends when nothing waits. So it has all of the work: reading the
events, making the notifications, signing, sending, and writing down each attempt in a durable PostgreSQL on the same machine. The bare
client has nothing but the sending, which is why the ratio is far from 1: what CPU a delivery takes stands beside it. Settings, by environment:
    BENCH_ROUNDS=3    how often each is repeated          BENCH_EVENTS=1000  how many events a round has
    BENCH_SECONDS=8   how long delays are measured        BENCH_STRICT=1     exit with 1 when a limit is missed
    BENCH_DAEMON=...  another musterd than the release build
"""

import asyncio
import os
import statistics
import subprocess
import sys
import threading
import time

from machine import OUTPUT, ROOT, Cluster, Daemon, cpu_seconds, exit_status, free_port
from receivers import Receiver, serve

ROUNDS = int(os.environ.get("BENCH_ROUNDS", 3))
EVENTS = int(os.environ.get("BENCH_EVENTS", 1000))
SECONDS = int(os.environ.get("BENCH_SECONDS", 8))
ENDPOINTS, LANES, NOTES = 10, 4, 9
RATE = 20  # Events a second while delays are measured.
RATIO = 0.7
P99_MILLISECONDS = 250


class Bench:
    def __init__(self):
        os.makedirs(OUTPUT, exist_ok=True)
        os.environ["MUSTER_NOTIFICATIONS_ALLOWED_NETWORKS"] = "127.0.0.0/8"
        self.cluster = Cluster()
        self.daemon = Daemon(os.environ.get("BENCH_DAEMON", f"{ROOT}/.build/release/musterd"), self.cluster,
                             f"{OUTPUT}/notifications-daemon.log")
        open(self.daemon.log, "w").close()
        self.port = free_port()
        self.receiver = subprocess.Popen([f"{ROOT}/.build/release/bare-http", str(self.port)])
        self.urls = [f"http://127.0.0.1:{self.port}/{number}" for number in range(ENDPOINTS)]
        self.turn, self.failures = 0, []

    def judge(self, what, isRight):
        if not isRight:
            self.failures.append(what)
        return "PASS" if isRight else "FAIL"

    def subscribe(self, name, url):
        kinds = [kind["kind"] for kind in self.daemon.ask("GET", "/v1/event-kinds")["items"]]
        return self.daemon.ask("POST", "/v1/endpoints", {
            "name": name, "format": "standard-webhooks", "url": url, "events": kinds})["id"]

    def write(self, events, pause=0.0):
        """Incidents with their notes; how many events that are."""
        connection, written = self.daemon.connection(), 0
        while written < events:
            self.turn += 1
            opened = self.daemon.ask("POST", "/v1/incidents", {"title": f"Videos do not play, turn {self.turn}"}, connection)
            for note in range(NOTES):
                self.daemon.ask("POST", f"/v1/incidents/{opened['number']}/notes",
                                {"text": f"We look at the cache of region {note}; the next look is in five minutes."}, connection)
                time.sleep(pause)
            written += 1 + NOTES
        return written

    def count(self, condition="true"):
        return int(self.cluster.sql(f"SELECT count(*) FROM notification WHERE {condition}"))

    # One round of each side: messages a second, and CPU of each in microseconds

    def daemon_round(self):
        before = self.count()
        holder = subprocess.Popen(
            [f"{self.cluster.bin}/psql", "-X", "-q", "-h", self.cluster.directory, "-U", "postgres", "-d", "muster"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        holder.stdin.write("BEGIN; SELECT 'held' FROM notification_cursor FOR UPDATE;\n")
        holder.stdin.flush()
        while "held" not in holder.stdout.readline():
            pass
        self.write(EVENTS)
        used = cpu_seconds(self.daemon.process.pid), cpu_seconds(self.cluster.pid)
        began = time.perf_counter()
        holder.communicate("COMMIT;\n")
        entries = self.cluster.sql("SELECT max(position) FROM timeline_entry")
        while self.cluster.sql(f"""SELECT (SELECT position >= {entries} FROM notification_cursor)
                AND NOT EXISTS (SELECT 1 FROM notification WHERE state = 'pending')""") != "t":
            time.sleep(0.1)
        took = time.perf_counter() - began
        sent = self.count() - before
        delivered = self.count("state = 'delivered'")
        if delivered != before + sent or sent < EVENTS * ENDPOINTS:
            raise SystemExit(f"bench: {delivered} of {before + sent} notifications were delivered")
        cpu = (cpu_seconds(self.daemon.process.pid) - used[0], cpu_seconds(self.cluster.pid) - used[1])
        return sent / took, cpu[0] / sent * 1e6, cpu[1] / sent * 1e6

    def bare_round(self):
        messages = EVENTS
        before = os.times().children_user + os.times().children_system
        found = subprocess.run([f"{ROOT}/.build/release/bare-sender", f"{OUTPUT}/notifications.bodies", str(messages),
                                str(LANES), *self.urls], capture_output=True, text=True)
        if found.returncode:
            raise SystemExit(f"bench: bare-sender failed\n{found.stderr[-2000:]}")
        used = os.times().children_user + os.times().children_system - before
        sent = messages * ENDPOINTS
        return sent / float(found.stdout), used / sent * 1e6, 0

    def throughput(self):
        self.capture()
        for number, url in enumerate(self.urls):
            self.subscribe(f"healthy {number}", url)
        rows = {"daemon": [], "bare": []}
        self.daemon_round()  # To warm up.
        for turn in range(ROUNDS):
            for side in ("daemon", "bare") if turn % 2 == 0 else ("bare", "daemon"):
                rows[side].append(self.daemon_round() if side == "daemon" else self.bare_round())
        rates = {side: statistics.median(row[0] for row in found) for side, found in rows.items()}
        daemon, postgres = (statistics.median(row[column] for row in rows["daemon"]) for column in (1, 2))
        bare = statistics.median(row[1] for row in rows["bare"])
        ratio = statistics.median(one[0] / other[0] for one, other in zip(rows["daemon"], rows["bare"]))
        print(f"\nMessages to {ENDPOINTS} endpoints, {LANES} at a time each       per s   CPU us   PostgreSQL us   of bare")
        print(f"{'daemon':44}{rates['daemon']:13.0f}{daemon:9.0f}{postgres:16.0f}{ratio:10.2f}  at least {RATIO}: "
              f"{self.judge(f'deliveries, of bare: {ratio:.2f}', ratio >= RATIO)}")
        print(f"{'bare async-http-client':44}{rates['bare']:13.0f}{bare:9.0f}", flush=True)

    # With a receiver that knows when something came

    def listening(self, keeps=0):
        receiver, ready = Receiver("bench", keeps=keeps), threading.Event()

        async def run():
            receiver.port = await serve({"/bench": receiver})
            ready.set()
            await asyncio.Event().wait()

        threading.Thread(target=lambda: asyncio.run(run()), daemon=True).start()
        ready.wait()
        endpoint = self.subscribe("the bench", f"http://127.0.0.1:{receiver.port}/bench")
        return receiver, endpoint

    def settle(self, receiver, events):
        end = time.monotonic() + 30
        while len(receiver.first) < events and time.monotonic() < end:
            time.sleep(0.02)

    def capture(self):
        """The bodies of a few events, for the bare client."""
        receiver, endpoint = self.listening(keeps=100)
        written = self.write(100)
        self.settle(receiver, written)
        self.daemon.ask("DELETE", f"/v1/endpoints/{endpoint}")
        with open(f"{OUTPUT}/notifications.bodies", "wb") as file:
            file.writelines(body + b"\n" for _, body in receiver.messages)

    def delays(self):
        receiver, endpoint = self.listening()
        first = int(self.cluster.sql("SELECT max(position) FROM timeline_entry"))
        written = self.write(RATE * SECONDS, pause=1 / RATE)
        self.settle(receiver, written)
        rows = [line.split("|") for line in self.cluster.sql(
            "SELECT incident, sequence, extract(epoch FROM recorded_at) FROM timeline_entry "
            f"WHERE position > {first}").splitlines()]
        found = sorted(1000 * (receiver.first[int(row[0]), int(row[1])] - float(row[2])) for row in rows)
        p50, p99 = (found[int(len(found) * share)] for share in (0.5, 0.99))
        print(f"\nFrom the commit to the receipt, {RATE} events/s to {ENDPOINTS + 1} endpoints: p50 {p50:.1f} ms, p99 {p99:.1f} ms"
              f"  at most {P99_MILLISECONDS}: {self.judge(f'p99 of delays: {p99:.0f} ms', p99 <= P99_MILLISECONDS)}")
        self.daemon.ask("DELETE", f"/v1/endpoints/{endpoint}")

    def idle(self):
        """What the load left is worked off within some twenty seconds: that is said, and the rest after it is judged."""
        after, rate = self.rest(20)
        used, transactions = self.rest(10)
        print(f"In the 20 s after the load: {after:.2f} % CPU, {rate:.1f} transactions/s")
        print(f"Idle, with endpoints: {used:.2f} % CPU  at most 1: {self.judge(f'idle CPU: {used:.2f} %', used <= 1)}, "
              f"{transactions:.1f} transactions/s")

    def rest(self, seconds):
        used = cpu_seconds(self.daemon.process.pid)
        statements = "SELECT sum(xact_commit + xact_rollback) FROM pg_stat_database"
        before = int(self.cluster.sql(statements))
        time.sleep(seconds)
        used = (cpu_seconds(self.daemon.process.pid) - used) * 100 / seconds
        return used, (int(self.cluster.sql(statements)) - before) / seconds

    def run(self):
        self.cluster.start()
        self.cluster.sql("CREATE DATABASE muster", database="postgres")
        self.daemon.start()
        self.throughput()
        self.delays()
        self.idle()

    def stop(self):
        self.daemon.stop()
        self.receiver.terminate()
        self.receiver.wait()
        self.cluster.stop()


def main():
    bench = Bench()
    try:
        bench.run()
    finally:
        bench.stop()
    return exit_status(bench.failures)


if __name__ == "__main__":
    sys.exit(main())
