#!/usr/bin/env python3
"""`make upgrade-drill`: a rolling upgrade over one version of the schema, in both orders, under load: two builds of musterd
on one PostgreSQL, never fewer than one of them serving.
    upgrade.py OLD NEW
No request may fail, every note whose writer was answered has to be there once, readers of the events have to see all of
them, and both builds have to find every timeline right.
"""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, f"{ROOT}/Tests/Benchmarks")

from client import Client, Figures, follow  # noqa: E402
from machine import Cluster, Daemon  # noqa: E402

STEP_SECONDS = float(os.environ.get("UPGRADE_STEP_SECONDS", 3))
CLIENTS = 12


class Drill:
    def __init__(self, old, new):
        self.cluster, self.programs = Cluster(), {"old": old, "new": new}
        self.log = f"{ROOT}/.build/upgrade.log"
        open(self.log, "w").close()
        self.figures, self.failures, self.notes, self.opened = Figures(), [], [], 0
        self.up, self.all, self.seen = [], [], []
        self.token = None

    def check(self, what, found, isRight):
        print(f"{'ok  ' if isRight else 'FAIL'}  {what}: {found}", flush=True)
        if not isRight:
            self.failures.append(what)

    # Daemons

    async def start(self, build):
        daemon = Daemon(self.programs[build], self.cluster, self.log)
        self.token = daemon.token = self.token or daemon.token
        self.all.append(daemon)
        took = await asyncio.to_thread(daemon.start)
        self.up.append(daemon)
        print(f"      {build} one started within {took:.2f} s; serving: {self.serving()}", flush=True)
        return daemon

    async def stop(self, daemon):
        """As a load balancer does it: first nobody new is sent there, then it ends."""
        self.up.remove(daemon)
        await asyncio.sleep(0.2)
        await asyncio.to_thread(daemon.stop)
        code = daemon.process.returncode
        print(f"      one stopped with {code}; serving: {self.serving()}", flush=True)
        if code:
            self.failures.append(f"a daemon ended with {code}")

    def serving(self):
        return ", ".join("old" if d.program == self.programs["old"] else "new" for d in self.up)

    def schema(self):
        return int(self.cluster.sql("SELECT max(number) FROM schema_migration"))

    # The load

    async def work(self, number):
        client = Client(lambda: [d.port for d in self.up], self.token, self.figures, number)
        path, count = None, 0
        while not self.isOver:
            count += 1
            text = f"client {number} note {count}"
            key = [("Idempotency-Key", f"{number}-{count}")]
            if path is None or count % 40 == 0:
                client.turn += 1
                client.close()
                opening = {"title": text, "severity": "sev2", "components": [{"component": "auth", "impact": "degraded"}]}
                answer = await client.ask("open", "POST", "/v1/incidents", opening, key)
                if answer and answer.status == 201:
                    path = answer.headers["location"]
                    self.opened += 1
                    await client.ask("acknowledge", "POST", f"{path}/acknowledge")
                    await client.ask("advance", "POST", f"{path}/advance")
            elif count % 3 == 0:
                answer = await client.ask("note", "POST", f"{path}/notes", {"text": text}, key)
                if answer and answer.status == 201:
                    self.notes.append(text)
            elif count % 3 == 1:
                await client.ask("alert", "POST", f"/hooks/{self.key}", {
                    "version": "4", "groupKey": f"{number}", "status": "firing", "receiver": "muster", "alerts": [{
                        "status": "firing", "labels": {"alertname": "Upgrade", "instance": text, "component": "auth"},
                        "annotations": {}, "startsAt": "2026-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
                        "fingerprint": f"{number:08x}{count % 500:08x}"}]})
            else:
                for kind, what in (("read", path), ("plan", f"{path}/restoration"), ("list", "/v1/incidents?limit=20"),
                                   ("alerts", "/v1/alerts?component=auth&limit=20"), ("catalog", "/v1/components")):
                    await client.ask(kind, "GET", what)
            await asyncio.sleep(0.01)

    async def read(self):
        """Follows the events through whichever daemon is there, and goes on at another when it stops."""
        last, turn = "0-0", 0
        while True:
            turn += 1
            place = len(self.seen)
            try:
                last = await follow(self.up[turn % len(self.up)].port, self.token, self.seen.append, last)
            except (OSError, asyncio.IncompleteReadError, ValueError):
                last = self.seen[-1]["id"] if len(self.seen) > place else last
            await asyncio.sleep(0.05)

    async def pause(self):
        await asyncio.sleep(STEP_SECONDS)

    async def steps(self):
        before = self.schema()
        print("1. the old ones serve, a new one joins and migrates, the old ones go on beside it", flush=True)
        second = await self.start("old")
        await self.pause()
        newest = await self.start("new")
        after = self.schema()
        self.check("the schema went from", f"{before} to {after}", after > before)
        await self.pause()
        await self.stop(self.up[0])
        await self.pause()
        await self.stop(second)
        await self.pause()
        print("2. back: old ones start on the newer schema, and serve alone", flush=True)
        old = await self.start("old")
        await self.pause()
        await self.stop(newest)
        await self.pause()
        self.check("the schema stays", self.schema(), self.schema() == after)
        print("3. four new ones start at once, and the old one goes", flush=True)
        await asyncio.gather(*(self.start("new") for _ in range(4)))
        await self.pause()
        await self.stop(old)
        await self.pause()

    async def drill(self):
        first = await self.start("old")
        with open(f"{ROOT}/deploy/demo/catalog.json") as file:
            first.ask("PUT", "/v1/components", json.load(file))
        self.key = first.ask("POST", "/v1/sources", {"name": "upgrade", "kind": "alertmanager"})["key"]
        self.isOver = False
        workers = [asyncio.create_task(self.work(number)) for number in range(CLIENTS)]
        reader = asyncio.create_task(self.read())
        began = time.monotonic()
        try:
            await self.steps()
        finally:
            self.isOver = True
            await asyncio.gather(*workers)
        print(self.figures.table(time.monotonic() - began), flush=True)
        waiting = "SELECT (SELECT count(*) FROM alert WHERE NOT routed) + (SELECT count(*) FROM alert_delivery)"
        for _ in range(200):
            entries = int(self.cluster.sql("SELECT count(*) FROM timeline_entry"))
            if self.cluster.sql(waiting) == "0" and len({(e["incident"], e["sequence"]) for e in self.seen}) >= entries:
                break
            await asyncio.sleep(0.1)
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
        seen = {(e["incident"], e["sequence"]) for e in self.seen}
        self.check(f"of {entries} events, seen by the reader", len(seen), len(seen) == entries)
        self.check("alerts that no incident heard of", self.cluster.sql(waiting), self.cluster.sql(waiting) == "0")

    def examine(self):
        self.check("requests that failed", len(self.figures.failures), not self.figures.failures)
        for failure in self.figures.failures[:10]:
            print(f"      {failure}")
        stored = self.cluster.sql("SELECT payload ->> 'text' FROM timeline_entry WHERE kind = 'note_added'").splitlines()
        self.check(f"of {len(self.notes)} notes acknowledged, stored once", len(stored),
                   sorted(stored) == sorted(self.notes))
        with open(self.log) as file:
            faults = [line for line in file if re.search(r'"level":"(error|critical)"', line)]
        self.check("errors in the logs", len(faults), not faults)
        for line in faults[:5]:
            print(f"      {line.rstrip()[:400]}")
        for daemon in self.all:
            daemon.stop()
        for build, program in self.programs.items():
            status = subprocess.run([program, "verify"], env=self.all[0].environment).returncode
            self.check(f"musterd verify of the {build} build ended with", status, status == 0)

    def run(self):
        try:
            self.cluster.start()
            self.cluster.sql("CREATE DATABASE muster", database="postgres")
            asyncio.run(self.drill())
            self.examine()
        finally:
            for daemon in self.all:
                daemon.stop()
            self.cluster.stop()
        print("upgrade-drill: " + ("FAIL: " + "; ".join(self.failures) if self.failures else "ok"))
        return 1 if self.failures else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(Drill(*sys.argv[1:3]).run())
