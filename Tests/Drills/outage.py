#!/usr/bin/env python3
"""`make outage-simulation`: the load of one platform-wide outage on two daemons over one PostgreSQL. DNS is down, and with
it half of the demonstration's catalog:
    several Alertmanagers tell 2,000 alerts each, again and again, and a fifth of these flap
    200 engineers look at the incident and at its restoration page; 20 write into it; 20 screens show the list
    5,000 reports of users a minute
    20 readers of the event stream
Afterwards nothing may be lost, there has to be one incident, and every wait has to be bounded. The load comes from one
more process on the same machine. Settings, by environment:
    OUTAGE_SECONDS=60  OUTAGE_MANAGERS=3  OUTAGE_ENGINEERS=200  OUTAGE_WRITERS=20  OUTAGE_REPORTS=5000  OUTAGE_READERS=20
    OUTAGE_DAEMONS=2
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from datetime import datetime

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{ROOT}/Tests/Benchmarks")

from client import Client, Figures, follow  # noqa: E402
from machine import Cluster, Daemon, cpu_seconds  # noqa: E402


def setting(name, default):
    return int(os.environ.get(f"OUTAGE_{name}", default))


SECONDS, MANAGERS, DAEMONS = setting("SECONDS", 60), setting("MANAGERS", 3), setting("DAEMONS", 2)
ENGINEERS, WRITERS, READERS = setting("ENGINEERS", 200), setting("WRITERS", 20), setting("READERS", 20)
REPORTS = setting("REPORTS", 5_000)
SCREENS = 20
GROUPS, ALERTS = 100, 20  # Of each Alertmanager, which tells each group every TELLS_EVERY seconds.
TELLS_EVERY = 10
LOOKS_EVERY = 3
FLAPS_UNTIL = 5  # From the fifth firing on, an end counts only when it lasts.
SYMPTOMS = ["cannot_connect", "cannot_sign_in", "slow", "errors", "video_stops", "other"]
# Limits of one answer, 99 of 100; a human waits, an Alertmanager gives up after 10 s.
SLOWEST = {"alerts": 1_000, "look": 500, "write": 1_000, "report": 1_000, "event": 2_000}


class Outage:
    def __init__(self):
        self.cluster = Cluster()
        program = os.environ.get("BENCH_DAEMON", f"{ROOT}/.build/release/musterd")
        log = f"{ROOT}/.build/outage.log"
        open(log, "w").close()
        self.daemons = [Daemon(program, self.cluster, log) for _ in range(DAEMONS)]
        for daemon in self.daemons[1:]:
            daemon.token = self.daemons[0].token
        # The reports come through a proxy, as if from everywhere.
        os.environ["MUSTER_HTTP_TRUSTED_PROXIES"] = "127.0.0.0/8"
        self.figures, self.failures = Figures(), []
        self.ports = [daemon.port for daemon in self.daemons]
        self.notes, self.told, self.reported = [], {}, 0
        self.seen = [[] for _ in range(READERS)]
        self.followers = []

    @property
    def first(self):
        return self.daemons[0]

    def client(self, turn, token=True):
        return Client(lambda: self.ports, self.first.token if token else None, self.figures, turn)

    def check(self, what, found, isRight):
        print(f"{'ok  ' if isRight else 'FAIL'}  {what}: {found}", flush=True)
        if not isRight:
            self.failures.append(what)

    # Before

    def prepare(self):
        self.cluster.start()
        self.cluster.sql("CREATE DATABASE muster", database="postgres")
        for daemon in self.daemons:
            daemon.start()
        with open(f"{ROOT}/deploy/demo/catalog.json") as file:
            catalog = json.load(file)
        self.first.ask("PUT", "/v1/components", catalog)
        self.components = self.hit(catalog["components"], "dns")
        self.keys = [self.first.ask("POST", "/v1/sources", {"name": f"alertmanager {n}", "kind": "alertmanager"})["key"]
                     for n in range(MANAGERS)]

    @staticmethod
    def hit(components, root):
        """What cannot work without a component, itself first."""
        hit = [root]
        for slug in hit:
            hit += [c["slug"] for c in components if c["slug"] not in hit and any(
                d["component"] == slug and d["kind"] == "hard" for d in c["depends_on"])]
        return hit

    async def begin(self):
        """The first alert opens the incident; its commander brings it to where everybody looks at the plan."""
        admin = self.client(0)
        await self.tell(admin, 0, 0, 0)
        for _ in range(600):
            found = (await admin.ask("prepare", "GET", "/v1/incidents")).json()["items"]
            if found:
                break
            await asyncio.sleep(0.05)
        self.number = found[0]["number"]
        self.path = f"/v1/incidents/{self.number}"
        await admin.ask("prepare", "PATCH", self.path, {"severity": "sev1"})
        for _ in range(3):
            await admin.ask("prepare", "POST", f"{self.path}/advance", {"override": True, "reason": "a simulation"})

    # The load

    async def tell(self, client, manager, group, turn):
        """One group of one Alertmanager. Every fifth alert flaps, for as long as it is not damped: it fires in even turns."""
        alerts, turn = [], min(turn, FLAPS_UNTIL)
        for index in range(ALERTS):
            fires = index % 5 != 0 or turn % 2 == 0
            begin = turn - turn % 2 if index % 5 == 0 else 0
            identity = f"{manager:04x}{group:04x}{index:08x}"
            self.told[identity] = (fires, begin // 2 + 1)
            alerts.append({
                "status": "firing" if fires else "resolved", "fingerprint": identity, "generatorURL": "",
                "labels": {"alertname": f"Outage{group}", "instance": identity,
                           "component": self.components[group % len(self.components)]},
                "annotations": {"summary": "it does not answer"}, "startsAt": f"2026-01-01T01:{begin:02}:00Z",
                "endsAt": "0001-01-01T00:00:00Z" if fires else f"2026-01-01T01:{begin:02}:30Z"})
        body = json.dumps({
            "version": "4", "groupKey": f"{{}}:{{alertname=\"Outage{group}\"}}", "truncatedAlerts": 0, "alerts": alerts,
            "status": "firing", "receiver": "muster", "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
            "externalURL": ""}).encode()
        for _ in range(10):
            answer = await client.ask("alerts", "POST", f"/hooks/{self.keys[manager]}", body, expected=(503,))
            if answer and answer.status == 200:
                return
            await asyncio.sleep(1)
        self.figures.fail("alerts", "an Alertmanager gave up")

    async def manage(self, manager, part):
        """A tenth of an Alertmanager's groups, spread over the time between two tellings."""
        client = self.client(manager + part, token=False)
        groups = range(part, GROUPS, 10)
        begin = time.monotonic()
        for turn in range(max(1, SECONDS // TELLS_EVERY)):
            for place, group in enumerate(groups):
                due = begin + turn * TELLS_EVERY + (place + part / 10) * TELLS_EVERY / len(groups)
                await asyncio.sleep(max(0, due - time.monotonic()))
                await self.tell(client, manager, group, turn)

    async def repeat(self, every, body):
        await asyncio.sleep(random.uniform(0, every))
        while time.monotonic() < self.end:
            due = time.monotonic() + every * random.uniform(0.8, 1.2)
            await body()
            await asyncio.sleep(max(0, min(due, self.end) - time.monotonic()))

    async def engineer(self, number):
        client, tags = self.client(number), {}

        async def look():
            for kind, path in (("look at incident", self.path), ("look at restoration", f"{self.path}/restoration")):
                tag = [("If-None-Match", tags[path])] if path in tags else []
                answer = await client.ask(kind, "GET", path, headers=tag)
                if answer and "etag" in answer.headers:
                    tags[path] = answer.headers["etag"]

        await self.repeat(LOOKS_EVERY, look)

    async def screen(self, number):
        client = self.client(number)
        await self.repeat(5, lambda: client.ask("look at list", "GET", "/v1/incidents?open=true"))

    async def writer(self, number):
        client, count = self.client(number), 0

        async def write():
            nonlocal count
            count += 1
            text = f"writer {number} note {count}"
            key = [("Idempotency-Key", f"note-{number}-{count}")]
            if count % 5 == 0:
                await client.ask("write task", "POST", f"{self.path}/tasks", {"text": text}, key)
            elif count % 5 == 1:
                component = random.choice(self.components)
                await client.ask("write impact", "PUT", f"{self.path}/impacts/{component}",
                                 {"impact": random.choice(["degraded", "partial_outage", "major_outage"])})
            else:
                answer = await client.ask("write note", "POST", f"{self.path}/notes", {"text": text}, key)
                if answer and answer.status == 201:
                    self.notes.append(text)

        await self.repeat(1, write)

    async def users(self, part, of):
        client = self.client(part, token=False)

        async def report():
            address = ".".join(str(random.randint(1, 250)) for _ in range(4))
            answer = await client.ask(
                "report", "POST", "/reports",
                {"symptom": random.choice(SYMPTOMS), "component": random.choice(self.components)},
                [("X-Forwarded-For", address)])
            self.reported += bool(answer and answer.status < 300)

        await self.repeat(60 * of / REPORTS, report)

    async def reader(self, number):
        seen = self.seen[number]

        def take(event):
            seen.append((event["incident"], event["sequence"]))
            recorded = datetime.fromisoformat(event["recorded_at"].replace("Z", "+00:00")).timestamp()
            self.figures.add("event, after its commit", "seen", max(0, time.time() - recorded))

        last = "0-0"
        while True:
            last = await follow(self.ports[number % len(self.ports)], self.first.token, take, last)

    async def load(self):
        await self.begin()
        self.figures.times.clear()
        self.figures.statuses.clear()
        self.followers = [asyncio.create_task(self.reader(number)) for number in range(READERS)]
        processes = [d.process.pid for d in self.daemons] + [self.cluster.pid]
        before, own, began = [cpu_seconds(p) for p in processes], time.process_time(), time.monotonic()
        self.end = began + SECONDS
        parts = max(1, REPORTS // 250)
        await asyncio.gather(
            *(self.manage(manager, part) for manager in range(MANAGERS) for part in range(10)),
            *(self.engineer(number) for number in range(ENGINEERS)), *(self.screen(number) for number in range(SCREENS)),
            *(self.writer(number) for number in range(WRITERS)), *(self.users(part, parts) for part in range(parts)))
        took = time.monotonic() - began
        used = [(cpu_seconds(p) - b) / took for p, b in zip(processes, before)]
        print(self.figures.table(took))
        for daemon, share in zip(self.daemons, used):
            print(f"CPU of a daemon: {share:.0%} of a core; resident {daemon.resident_mebibytes():.0f} MiB")
        print(f"CPU of PostgreSQL: {used[-1]:.0%} of a core; of the load's generator: {(time.process_time() - own) / took:.0%}")
        await self.settle()

    async def settle(self):
        """Until everything that follows from what was told has happened."""
        began = time.monotonic()
        waiting = "SELECT (SELECT count(*) FROM alert WHERE NOT routed) + (SELECT count(*) FROM alert_delivery)"
        while self.cluster.sql(waiting) != "0" and time.monotonic() - began < 60:
            await asyncio.sleep(0.1)
        self.check("alerts reached the incident after the last message within", f"{time.monotonic() - began:.1f} s",
                   time.monotonic() - began < 10)
        entries = int(self.cluster.sql("SELECT count(*) FROM timeline_entry"))
        while min(map(len, self.seen)) < entries and time.monotonic() - began < 70:
            await asyncio.sleep(0.1)
        for follower in self.followers:
            follower.cancel()
        await asyncio.gather(*self.followers, return_exceptions=True)

    # After

    def examine(self):
        sql = lambda text: self.cluster.sql(text)  # noqa: E731
        self.check("requests that failed", len(self.figures.failures), not self.figures.failures)
        for failure in self.figures.failures[:10]:
            print(f"      {failure}")
        self.check("incidents", sql("SELECT count(*) FROM incident"), sql("SELECT count(*) FROM incident") == "1")
        for line in sql(
            "SELECT incident.number, opened_at, incident.components, array_agg(DISTINCT alert.group_key), "
            "min(alert.first_seen_at) FROM incident LEFT JOIN alert ON alert.incident = incident.number "
            f"WHERE incident.number <> {self.number} GROUP BY incident.number").splitlines():
            print(f"      {line}")
        stored = dict(line.split("|") for line in sql(
            "SELECT identity, concat(count(*) FILTER (WHERE status <> 'resolved'), ' ', count(*), ' ', count(*) FILTER "
            f"(WHERE incident IS DISTINCT FROM {self.number})) FROM alert WHERE source IN (SELECT id FROM source WHERE kind = 'alertmanager') "
            "GROUP BY identity"
        ).splitlines())
        wrong = [(i, w, stored.get(i)) for i, w in self.told.items() if stored.get(i) != f"{int(w[0])} {w[1]} 0"]
        self.check(f"of {len(self.told)} alerts told, not as told last or not in the incident", len(wrong), not wrong)
        for line in wrong[:5]:
            print(f"      {line}")
        notes = sql("SELECT payload ->> 'text' FROM timeline_entry WHERE kind = 'note_added'").splitlines()
        self.check("notes acknowledged", len(self.notes), True)
        self.check("of these lost or doubled", sum(notes.count(n) != 1 for n in self.notes),
                   sorted(n for n in notes if n.startswith("writer")) == sorted(self.notes))
        counted = int(sql("SELECT coalesce(sum(reports), 0) FROM report_count"))
        self.check(f"of {self.reported} reports answered, counted", counted, counted == self.reported)
        entries = int(sql("SELECT count(*) FROM timeline_entry"))
        whole = [len(seen) == entries and len(set(seen)) == entries for seen in self.seen]
        self.check(f"of {READERS} readers, those who saw all {entries} events once", sum(whole), all(whole))
        for kind, times in sorted(self.figures.times.items()):
            limit = next((value for start, value in SLOWEST.items() if kind.startswith(start)), None)
            slow = Figures.at(sorted(times), 0.99)
            if limit:
                self.check(f"{kind}: 99 of 100 within {limit} ms", f"{slow:.0f} ms", slow <= limit)

    def run(self):
        try:
            self.prepare()
            asyncio.run(self.load())
            self.examine()
            for daemon in self.daemons:
                daemon.stop()
            status = subprocess.run([self.first.program, "verify"], env=self.first.environment).returncode
            self.check("musterd verify ended with", status, status == 0)
        finally:
            for daemon in self.daemons:
                daemon.stop()
            self.cluster.stop()
        print("outage-simulation: " + ("FAIL: " + "; ".join(self.failures) if self.failures else "ok"))
        return 1 if self.failures else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(Outage().run())
