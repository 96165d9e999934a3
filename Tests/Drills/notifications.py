#!/usr/bin/env python3
"""`make notification-drill`: three daemons on one PostgreSQL tell twenty endpoints of what happens, while daemons other than the first are
killed and PostgreSQL is restarted. Eight endpoints are fast, three take 1 to 3 s for each message, and the others fail in every
way: they answer 500 or 410, redirect, hang, have no such name, or nobody listens. Afterwards:
    every event reached every endpoint that works at least once; first receipts are in order for each incident
    an event that came twice came under the same id
    99 of 100 receipts of fast endpoints came within 2 s of the event's `recorded_at`. The time in which PostgreSQL was down counts for
    nobody: of each delay, the seconds between asking it to stop and its first answer are taken off
    the 410 is disabled; the 500 has attempts after the schedule, and what waits for it waits
    memory and descriptors of the first daemon are no more than after a quarter of the time, but for some room
The load and the receivers are one more process on the same machine. Settings, by environment:
    NOTIFY_SECONDS=120  NOTIFY_WRITERS=8  BENCH_DAEMON=... another musterd than the release build
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{ROOT}/Tests/Benchmarks")

from client import Client, Figures  # noqa: E402
from machine import Cluster, Daemon, free_port  # noqa: E402
from receivers import Receiver, serve  # noqa: E402

SECONDS = int(os.environ.get("NOTIFY_SECONDS", 120))
WRITERS = int(os.environ.get("NOTIFY_WRITERS", 8))
NOTES = 6  # Of each incident.
KILL_EVERY = 20
DELAY_MAX = 2.0
MEMORY_ROOM_MEBIBYTES, DESCRIPTORS_ROOM = 30, 60
# Slow ones hear of these only: with 4 messages at a time of each daemon they can take about 6 in a second.
SLOW_KINDS = ["incident_opened", "acknowledged"]


class Drill:
    def __init__(self):
        os.environ["MUSTER_NOTIFICATIONS_ALLOWED_NETWORKS"] = "127.0.0.0/8"
        self.cluster = Cluster()
        program = os.environ.get("BENCH_DAEMON", f"{ROOT}/.build/release/musterd")
        self.log = f"{ROOT}/.build/notifications.log"
        open(self.log, "w").close()
        self.daemons = [Daemon(program, self.cluster, self.log) for _ in range(3)]
        for daemon in self.daemons[1:]:
            daemon.token = self.daemons[0].token
        self.figures, self.failures, self.down, self.samples = Figures(), [], [], []
        self.kills = self.events = 0
        self.receivers, self.endpoints = {}, {}

    def check(self, what, found, isRight):
        print(f"{'ok  ' if isRight else 'FAIL'}  {what}: {found}", flush=True)
        if not isRight:
            self.failures.append(what)

    # Before

    async def prepare(self):
        self.cluster.start()
        self.cluster.sql("CREATE DATABASE muster", database="postgres")
        for daemon in self.daemons:
            daemon.start()

        def later(low, high):
            return lambda connection: asyncio.get_running_loop().call_later(
                random.uniform(low, high), connection.reply, 204)

        def add(name, answer=None):
            self.receivers[f"/{name}"] = Receiver(name, answer)

        for number in range(1, 9):
            add(f"fast-{number}")
        for number in range(1, 4):
            add(f"slow-{number}", later(1, 3))
        add("error-1", lambda connection: connection.reply(500))
        add("error-2", lambda connection: connection.reply(503))
        add("gone", lambda connection: connection.reply(410))
        add("hangs-1", lambda connection: None)
        add("hangs-2", lambda connection: None)
        add("redirects", lambda connection: connection.reply(307, "Location: /fast-1\r\n"))
        port = await serve(self.receivers)
        urls = {path[1:]: f"http://127.0.0.1:{port}{path}" for path in self.receivers}
        urls["nameless"] = "http://nobody-has-this-name.invalid/"
        urls["refuses-1"], urls["refuses-2"] = (f"http://127.0.0.1:{free_port()}/" for _ in range(2))
        client = self.client(0)
        kinds = (await client.ask("prepare", "GET", "/v1/event-kinds")).json()["items"]
        everything = [kind["kind"] for kind in kinds]
        for name, url in urls.items():
            made = await client.ask("prepare", "POST", "/v1/endpoints", {
                "name": name, "format": "standard-webhooks", "url": url, "timeout_seconds": 5,
                "events": SLOW_KINDS if name.startswith("slow") else everything})
            self.endpoints[name] = made.json()["id"]

    def client(self, turn):
        return Client(lambda: [daemon.port for daemon in self.daemons], self.daemons[0].token, self.figures, turn)

    # The load

    async def sure(self, client, path, body, key):
        """Until it is done: a daemon that was killed is asked no more, and the key keeps it from being done twice."""
        while True:
            answer = await client.ask("write", "POST", path, body, [("Idempotency-Key", key)], expected=(503,))
            if answer and answer.status < 300:
                self.events += 1
                return answer.json()
            client.turn += 1
            await asyncio.sleep(0.2)

    async def writer(self, number):
        client, turn = self.client(number), 0
        while time.monotonic() < self.end:
            turn += 1
            name = f"{number}-{turn}"
            opened = await self.sure(client, "/v1/incidents", {"title": f"Incident {name}"}, f"open-{name}")
            path = f"/v1/incidents/{opened['number']}"
            for note in range(NOTES):
                await asyncio.sleep(random.uniform(0.3, 0.7))
                await self.sure(client, f"{path}/notes", {"text": f"note {note}"}, f"note-{name}-{note}")
            await self.sure(client, f"{path}/acknowledge", {}, f"acknowledge-{name}")

    # The faults

    async def kill(self):
        while time.monotonic() + 15 < self.end:
            await asyncio.sleep(KILL_EVERY)
            daemon = self.daemons[1 + self.kills % 2]
            self.kills += 1
            daemon.process.send_signal(signal.SIGKILL)
            daemon.process.wait()
            await asyncio.sleep(2)
            await asyncio.to_thread(daemon.start)

    async def restart_postgres(self):
        await asyncio.sleep(SECONDS / 2)
        began = time.time()
        await asyncio.to_thread(self.cluster.run, "pg_ctl", "-D", self.cluster.data, "-m", "fast", "-w", "-l",
                                f"{self.cluster.directory}/start.log", "restart")
        self.down.append((began, time.time()))
        with open(f"{self.cluster.data}/postmaster.pid") as file:
            self.cluster.pid = int(file.readline())

    async def sample(self):
        while time.monotonic() < self.end:
            daemon = self.daemons[0]
            descriptors = len(os.listdir(f"/proc/{daemon.process.pid}/fd"))
            self.samples.append((time.monotonic(), daemon.resident_mebibytes(), descriptors))
            await asyncio.sleep(2)

    async def run(self):
        await self.prepare()
        self.end = time.monotonic() + SECONDS
        quarter = time.monotonic() + SECONDS / 4
        await asyncio.gather(self.kill(), self.restart_postgres(), self.sample(),
                             *(self.writer(number) for number in range(WRITERS)))
        rows = [line.split("|") for line in self.cluster.sql(
            "SELECT incident, sequence, kind, extract(epoch FROM recorded_at) FROM timeline_entry").splitlines()]
        self.entries = {(int(row[0]), int(row[1])): (row[2], float(row[3])) for row in rows}
        await self.settle()
        self.judge_receipts()
        await self.judge_endpoints()
        self.judge_memory(quarter)
        verified = subprocess.run([self.daemons[0].program, "verify"], env=self.daemons[0].environment, capture_output=True)
        self.check("musterd verify", verified.returncode, verified.returncode == 0)
        print(self.figures.table(SECONDS))

    # Afterwards

    def working(self):
        for name in self.endpoints:
            if name.startswith(("fast", "slow")):
                kinds = SLOW_KINDS if name.startswith("slow") else None
                yield self.receivers[f"/{name}"], {k for k, e in self.entries.items() if kinds is None or e[0] in kinds}

    async def settle(self):
        for _ in range(600):
            if all(expected <= receiver.first.keys() for receiver, expected in self.working()):
                return
            await asyncio.sleep(0.1)

    def judge_receipts(self):
        print(f"      {len(self.entries)} events, {self.events} writes, {self.kills} kills, PostgreSQL down for "
              f"{sum(up - down for down, up in self.down):.1f} s")
        missing = disordered = other_ids = doubles = 0
        delays = []
        for receiver, expected in self.working():
            missing += len(expected - receiver.first.keys())
            disordered += sum(order != sorted(order) for order in receiver.order.values())
            other_ids += sum(len(ids) > 1 for ids in receiver.ids.values())
            doubles += receiver.count - len(receiver.first)
            if receiver.name.startswith("fast"):
                delays += [self.delay(self.entries[key][1], at) for key, at in receiver.first.items() if key in self.entries]
        self.check("events that an endpoint that works did not receive", missing, missing == 0)
        self.check("incidents told in another order", disordered, disordered == 0)
        self.check("events that came under two ids", f"{other_ids}, of {doubles} that came twice", other_ids == 0)
        delays.sort()
        if delays:
            p50, p99 = (delays[min(len(delays) - 1, int(len(delays) * share))] for share in (0.5, 0.99))
            late = sum(delay > DELAY_MAX for delay in delays)
            self.check("delay of fast endpoints", f"p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, longest "
                       f"{delays[-1] * 1000:.0f} ms, {late} of {len(delays)} over {DELAY_MAX:.0f} s", p99 <= DELAY_MAX)

    def delay(self, recorded, received):
        return received - recorded - sum(
            max(0, min(received, up) - max(recorded, down)) for down, up in self.down)

    async def judge_endpoints(self):
        client = self.client(0)

        async def get(name, suffix=""):
            return (await client.ask("look", "GET", f"/v1/endpoints/{self.endpoints[name]}{suffix}")).json()

        gone = await get("gone")
        self.check("the endpoint that answers 410", gone["disabled_reason"], not gone["enabled"])
        error = await get("error-1")
        self.check("what waits for the endpoint that answers 500", error["waiting"], error["waiting"] > 0 and error["enabled"])
        again = {}
        for attempt in (await get("error-1", "/attempts?limit=200"))["items"]:
            again.setdefault(attempt["notification"], {})[attempt["attempt"]] = attempt
        second = self.cluster.sql("""
            SELECT coalesce(min(extract(epoch FROM two.at - one.at)), 0) || '|' || count(*)
            FROM notification_attempt AS one JOIN notification_attempt AS two USING (notification)
                JOIN notification ON notification.id = notification JOIN endpoint ON endpoint.id = notification.endpoint
            WHERE endpoint.name = 'error-1' AND one.attempt = 1 AND two.attempt = 2""").split("|")
        self.check("its second attempts, the soonest after", f"{float(second[0]):.1f} s of {second[1]}",
                   float(second[0]) >= 4 and int(second[1]) > 0)
        for name in ("hangs-1", "refuses-1", "nameless"):
            found = await get(name)
            self.check(f"{name} counts as failing", found["failing_since"], found["failing_since"] is not None)
        redirected = await get("redirects", "/attempts?limit=1")
        self.check("the redirect", redirected["items"][0]["detail"], "not followed" in redirected["items"][0]["detail"])

    def judge_memory(self, quarter):
        early = [sample for sample in self.samples if sample[0] < quarter] or self.samples[:1]
        late = self.samples[-5:]
        for column, what, room in ((1, "resident MiB", MEMORY_ROOM_MEBIBYTES), (2, "descriptors", DESCRIPTORS_ROOM)):
            before, after = max(sample[column] for sample in early), max(sample[column] for sample in late)
            self.check(f"{what} of the first daemon", f"{before:.0f} after a quarter, {after:.0f} at the end",
                       after <= before + room)

    def stop(self):
        for daemon in self.daemons:
            daemon.stop()
        self.cluster.stop()


def main():
    drill = Drill()
    try:
        asyncio.run(drill.run())
    finally:
        drill.stop()
    if drill.failures:
        print(f"\n{len(drill.failures)} failed; the daemons' log is {drill.log}")
    return 1 if drill.failures else 0


if __name__ == "__main__":
    sys.exit(main())
