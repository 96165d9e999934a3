#!/usr/bin/env python3
"""`make storm`: 200,000 alerts over 20,000 identities from 50 senders, while the daemon is killed twice and PostgreSQL
is restarted once. Senders try again as Alertmanager does: whatever was not answered with success is sent once more,
byte for byte. Afterwards every alert whose message was answered with success has to be there, once, in its right state, and
there has to be one incident a group. Settings, by environment:
    STORM_SENDERS=50   STORM_GROUPS=20 (of each sender)   STORM_ALERTS=20 (of each group)   STORM_ROUNDS=10
"""

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

from machine import Cluster, Daemon

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SENDERS = int(os.environ.get("STORM_SENDERS", 50))
GROUPS = int(os.environ.get("STORM_GROUPS", 20))
ALERTS = int(os.environ.get("STORM_ALERTS", 20))
ROUNDS = int(os.environ.get("STORM_ROUNDS", 10))
SOURCES = 5
EPOCH = "2026-01-01T0%d:00:00Z"


def state(index, round):
    """How an alert stands when a round is told: (status, begin, end). Even ones go on firing; odd ones end at round 3; every
    second of these begins anew at round 5 and ends at round 8."""
    if index % 2 == 0 or round < 3:
        return "firing", EPOCH % 1, "0001-01-01T00:00:00Z"
    if index % 4 == 3 or round < 5:
        return "resolved", EPOCH % 1, EPOCH % 2
    if round < 8:
        return "firing", EPOCH % 3, "0001-01-01T00:00:00Z"
    return "resolved", EPOCH % 3, EPOCH % 4


def body(sender, group, round):
    alerts = []
    for index in range(ALERTS):
        status, begin, end = state(index, round)
        alerts.append({
            "status": status, "labels": {"alertname": f"Storm{group}", "instance": f"{sender}-{group}-{index}"},
            "annotations": {"summary": f"told in round {round}"}, "startsAt": begin, "endsAt": end,
            "generatorURL": "", "fingerprint": f"{sender:04x}{group:04x}{index:08x}"})
    firing = any(alert["status"] == "firing" for alert in alerts)
    return json.dumps({
        "version": "4", "groupKey": f"{{}}:{{sender=\"{sender}\",group=\"{group}\"}}", "truncatedAlerts": 0,
        "status": "firing" if firing else "resolved", "receiver": "muster", "groupLabels": {}, "commonLabels": {},
        "commonAnnotations": {}, "externalURL": "", "alerts": alerts})


class Sender(threading.Thread):
    """One Alertmanager: tells its groups in order, each message until it is taken."""

    def __init__(self, number, port, key, progress):
        super().__init__(daemon=True)
        self.number, self.port, self.key, self.progress = number, port, key, progress
        self.retries, self.refused, self.wrong = 0, 0, []

    def run(self):
        connection = None
        for round in range(ROUNDS):
            for group in random.Random(self.number * 1000 + round).sample(range(GROUPS), GROUPS):
                text, wait = body(self.number, group, round), 0.05
                while True:
                    try:
                        connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
                        connection.request("POST", f"/hooks/{self.key}", text, {"Content-Type": "application/json"})
                        answer = connection.getresponse()
                        answer.read()
                        if answer.status == 200:
                            break
                        if answer.status < 500:
                            self.wrong.append(answer.status)
                            return
                        self.refused += 1
                    except (OSError, http.client.HTTPException):
                        connection = None
                    self.retries += 1
                    time.sleep(wait * random.uniform(0.5, 1.5))
                    wait = min(wait * 2, 2)
                self.progress.append(ALERTS)


def kill(daemon):
    daemon.process.send_signal(signal.SIGKILL)
    daemon.process.wait()
    time.sleep(0.5)
    return daemon.start()


def main():
    cluster = Cluster()
    log = f"{ROOT}/.build/storm.log"
    open(log, "w").close()
    daemon = Daemon(os.environ.get("BENCH_DAEMON", f"{ROOT}/.build/release/musterd"), cluster, log)
    failures = []

    def check(what, found, wanted):
        print(f"{'ok  ' if found == wanted else 'FAIL'}  {what}: {found}, should be {wanted}", flush=True)
        if found != wanted:
            failures.append(what)

    try:
        cluster.start()
        cluster.sql("CREATE DATABASE muster", database="postgres")
        daemon.start()
        keys = [daemon.ask("POST", "/v1/sources", {"name": f"storm {n}", "kind": "alertmanager"})["key"] for n in range(SOURCES)]
        total = SENDERS * GROUPS * ALERTS * ROUNDS
        print(f"{total:,} alerts over {SENDERS * GROUPS * ALERTS:,} identities from {SENDERS} senders", flush=True)
        progress = []
        senders = [Sender(n, daemon.port, keys[n % SOURCES], progress) for n in range(SENDERS)]
        began = time.perf_counter()
        for sender in senders:
            sender.start()
        events = [(0.2, "the daemon is killed"), (0.45, "PostgreSQL is restarted"), (0.7, "the daemon is killed")]
        told = 0
        while any(sender.is_alive() for sender in senders):
            time.sleep(0.2)
            done = sum(progress) / total
            if events and done >= events[0][0]:
                what = events.pop(0)[1]
                print(f"{time.perf_counter() - began:6.1f} s  {done:4.0%} told; {what}", flush=True)
                if "daemon" in what:
                    print(f"          ready again after {kill(daemon):.2f} s", flush=True)
                else:
                    cluster.run("pg_ctl", "-D", cluster.data, "-m", "immediate", "-w", "-l", f"{cluster.directory}/start.log", "restart")
            elif done - told >= 0.1:
                told = done
                print(f"{time.perf_counter() - began:6.1f} s  {done:4.0%} told", flush=True)
        took = time.perf_counter() - began
        print(f"All told after {took:.1f} s, {total / took:,.0f} alerts a second; messages sent again: "
              f"{sum(s.retries for s in senders)}, of these refused with 5xx: {sum(s.refused for s in senders)}", flush=True)
        if events:
            failures.append("not every fault came; the storm was too short")
        check("messages refused for good", sum(len(s.wrong) for s in senders), 0)
        waiting = "SELECT (SELECT count(*) FROM alert WHERE NOT routed) + (SELECT count(*) FROM alert_delivery)"
        deadline = time.perf_counter() + 120
        while cluster.sql(waiting) != "0" and time.perf_counter() < deadline:
            time.sleep(0.2)
        check("alerts that no incident heard of", int(cluster.sql(waiting)), 0)
        examine(cluster, check)
        daemon.stop()
        status = subprocess.run([daemon.program, "verify"], env=daemon.environment).returncode
        check("musterd verify ended with", status, 0)
    finally:
        daemon.stop()
        cluster.stop()
    if failures:
        print("FAIL  " + "; ".join(failures))
    return 1 if failures else 0


def examine(cluster, check):
    groups, per = SENDERS * GROUPS, {0: 0, 1: 0, 3: 0}
    for index in range(ALERTS):
        per[0 if index % 2 == 0 else index % 4] += 1
    number = "('x' || substr(identity, 9))::bit(32)::int"
    check("identities", int(cluster.sql("SELECT count(DISTINCT (source, identity)) FROM alert")), groups * ALERTS)
    check("rows", int(cluster.sql("SELECT count(*) FROM alert")), groups * (per[0] + 2 * per[1] + per[3]))
    check("open alerts", int(cluster.sql("SELECT count(*) FROM alert WHERE status <> 'resolved'")), groups * per[0])
    check("open alerts that should be over", int(cluster.sql(
        f"SELECT count(*) FROM alert WHERE status <> 'resolved' AND {number} % 2 = 1")), 0)
    check("ends at the sender's time", int(cluster.sql(
        "SELECT count(*) FROM alert WHERE resolved_at IN ('2026-01-01 02:00Z', '2026-01-01 04:00Z')")), groups * (2 * per[1] + per[3]))
    # A message whose answer got lost was told twice.
    check("open alerts told less often than they were", int(cluster.sql(
        f"SELECT count(*) FROM alert WHERE status <> 'resolved' AND occurrences < {ROUNDS}")), 0)
    check("incidents", int(cluster.sql("SELECT count(*) FROM incident")), groups)
    check("alerts without an incident", int(cluster.sql("SELECT count(*) FROM alert WHERE incident IS NULL")), 0)
    check("groups with two incidents", int(cluster.sql(
        "SELECT count(*) FROM (SELECT source, group_key FROM alert GROUP BY 1, 2 HAVING count(DISTINCT incident) > 1) AS g")), 0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
