#!/usr/bin/env python3
"""The alerts' part of `make bench`: what the daemon takes in and finds, beside PostgreSQL, Alertmanager and alerta-server on
the same machine in the same run, in turns. Alertmanager and the daemon get the same bytes at the same path.

The references of PostgreSQL: `upsert`, the least that keeping an alert could be (a key, the message of 400 bytes, a count),
one a statement at 32 clients; `hot`, the same for one key; `unnest`, rows as the daemon stores them into the daemon's own
table with all its indexes, 100 in a statement at 8 clients, and nothing else of what the daemon does. Settings, by environment:
    BENCH_SECONDS=4   how long each measurement takes         BENCH_ROUNDS=3        how often each is repeated
    BENCH_CASES=...   only these cases, with commas between   BENCH_STORED=1000000  alerts for the last comparison
    BENCH_STRICT=1    exit with 1 when a limit is missed      BENCH_DAEMON=...      another musterd than the release build
Every measurement also goes as a line of JSON to .build/bench/.
"""

import concurrent.futures
import datetime
import json
import os
import signal
import statistics
import sys
import time

from machine import OUTPUT, ROOT, Cluster, Daemon, exit_status
from peers import Alerta, Alertmanager

SECONDS = int(os.environ.get("BENCH_SECONDS", 4))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", 3))
STORED = int(os.environ.get("BENCH_STORED", 1_000_000))
OPEN = 100_000
FEW = 1000
LISTED = 10_000
BATCH = 100
REPEATED = 5000

# The limits of "Done when" in the issue: (case, side, against, at least so many times, what is wished for).
RATIOS = [
    ("single", "daemon", "upsert", 1, 2), ("single", "daemon", "alertmanager", 1, None), ("single", "daemon", "alerta", 50, None),
    ("batch", "daemon", "alertmanager", 1, None), ("batch", "daemon", "unnest", 0.5, None), ("hot", "daemon", "hot row", 3, None),
    # The same of alerts that are open already and said again, as most are in a storm.
    ("single again", "daemon", "upsert", 1, 2), ("single again", "daemon", "alertmanager", 1, None),
    ("batch again", "daemon", "alertmanager", 1, None),
    ("filter", "daemon", "alertmanager", 200, None),
    *[(f"{case} many", "million", "thousand", 0.7, None) for case in ("single", "batch", "filter", "list")],
]
DAEMON_MICROSECONDS = 80
RESIDENT_MEBIBYTES = 150

# As a database without Muster would keep it.
TABLE = """CREATE TABLE kept (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE, message jsonb NOT NULL,
    count bigint NOT NULL DEFAULT 1, first_seen timestamptz NOT NULL DEFAULT now(), last_seen timestamptz NOT NULL DEFAULT now())"""
UPSERT = """INSERT INTO kept (name, message) VALUES (%s, :message::jsonb)
ON CONFLICT (name) DO UPDATE SET count = kept.count + 1, last_seen = now() RETURNING id, count;
"""
# The values that one alert's row has, given to the statement as arrays, as any program would give them. Keys begin with the time,
# as the daemon's do.
UNNEST = """\\set run random(1, 9000000000000000000)
INSERT INTO alert (id, source, identity, group_key, title, status, occurrences, starts_at, first_seen_at, last_seen_at,
    component, severity, labels, annotations, payload, sent_group, expires_at, incident, routed)
SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7' || substr(name, 1, 19))::uuid,
    :source::uuid, name, group_key, title, 'firing', 1, now(), now(), now(), component, severity,
    jsonb_set(labels, '{instance}', to_jsonb(name)), annotations, payload, sent_group, expires_at, :incident, true
FROM unnest(:numbers::int[], :group_keys::text[], :titles::text[], :components::text[], :severities::text[],
    :labels::jsonb[], :annotations::jsonb[], :payloads::bytea[], :sent_groups::text[], :expires::timestamptz[])
    AS arrived (n, group_key, title, component, severity, labels, annotations, payload, sent_group, expires_at)
CROSS JOIN LATERAL (SELECT md5(:run::text || n) AS name OFFSET 0) AS made
ON CONFLICT (source, identity) WHERE status <> 'resolved'
DO UPDATE SET occurrences = alert.occurrences + 1, last_seen_at = now();
"""
# Everything that a row is made of, and the same for one that is over.
FILL = """INSERT INTO alert (id, source, identity, group_key, title, status, occurrences, starts_at, first_seen_at, last_seen_at,
    resolved_at, component, severity, labels, annotations, payload, sent_group, incident, routed)
SELECT (lpad(to_hex((extract(epoch FROM first_seen_at) * 1000)::bigint - 86400000 * turn), 12, '0') || '7'
        || substr(md5(id::text || turn), 1, 3) || '8' || substr(md5(turn || id::text), 1, 15))::uuid, source,
    md5(identity || turn), group_key, title, 'resolved', 1, starts_at - interval '1 day' * turn,
    first_seen_at - interval '1 day' * turn, last_seen_at - interval '1 day' * turn, last_seen_at - interval '1 day' * turn,
    component, severity, jsonb_set(labels, '{instance}', to_jsonb((labels ->> 'instance') || turn)), annotations, payload,
    sent_group, incident, true
FROM alert, generate_series(%d, %d) AS turn WHERE status = 'firing'"""


def alert(instance, service=7, until="%H:%M:%S"):
    """What Prometheus would send of one alert. It goes on until the day after tomorrow: nothing is to end during a measurement."""
    ends = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=2)
    return {
        "labels": {"alertname": "HighLatency", "severity": "critical", "service": f"checkout-{service}", "env": "prod",
                   "region": "eu-west-1", "job": "node", "team": "payments", "cluster": "k8s-07", "instance": instance},
        "annotations": {"summary": "p99 latency above 2s for 5 minutes on the checkout service",
                        "runbook": "runbooks/checkout/high-latency.md"},
        "endsAt": ends.strftime(f"%Y-%m-%dT{until}Z"), "generatorURL": "http://127.0.0.1/graph"}


def array(values):
    return "{" + ",".join('"' + str(v).replace("\\", "\\\\").replace('"', '\\"') + '"' if v != "" else "NULL" for v in values) + "}"


class Side:
    """One of those that take turns at a case."""

    def __init__(self, name, measure):
        self.name, self.measure, self.found = name, measure, []

    def median(self, key):
        return statistics.median(result[key] for result in self.found)


class Bench:
    def __init__(self):
        os.makedirs(OUTPUT, exist_ok=True)
        self.results = open(f"{OUTPUT}/alerts-{time.strftime('%Y%m%d-%H%M%S')}.jsonl", "w")
        self.cluster = Cluster()
        self.program = os.environ.get("BENCH_DAEMON", f"{ROOT}/.build/release/musterd")
        self.alertmanager = Alertmanager(f"{OUTPUT}/peers")
        self.alerta = Alerta(f"{OUTPUT}/peers", self.cluster)
        self.running, self.sides, self.failures, self.keys = [], {}, [], {}
        self.wanted = [name for name in os.environ.get("BENCH_CASES", "").split(",") if name]

    def say(self, text):
        print(text, flush=True)

    def record(self, **fields):
        self.results.write(json.dumps(fields) + "\n")
        self.results.flush()

    def wants(self, case):
        return not self.wanted or case in self.wanted

    # What runs

    def daemon(self, database):
        log = f"{OUTPUT}/daemon-{database}.log"
        open(log, "w").close()
        daemon = Daemon(self.program, self.cluster, log, database)
        daemon.start()
        self.running.append(daemon)
        return daemon

    def fresh(self, database):
        """A daemon on a database of its own, and a source for it."""
        self.cluster.sql(f"CREATE DATABASE {database}", database="postgres")
        daemon = self.daemon(database)
        made = daemon.ask("POST", "/v1/sources", {"name": "bench", "kind": "alertmanager"})
        self.keys[database], self.source = made["key"], made["id"]
        return daemon

    def start(self, peer):
        peer.start()
        self.running.append(peer)

    def write(self, name, alerts):
        path = f"{OUTPUT}/body-{name}.txt"
        with open(path, "w") as file:
            file.write(json.dumps(alerts, separators=(",", ":")))
        return path

    def fill(self, server, key, count):
        """Alerts that are known by their numbers, through the same door."""
        import http.client

        def some(first):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
            for begin in range(first, count, 8 * BATCH):
                body = json.dumps([alert(f"load-{n}", n % 50) for n in range(begin, min(begin + BATCH, count))])
                connection.request("POST", "/api/v2/alerts", body, {
                    "Authorization": f"Bearer {key}", "Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    raise SystemExit(f"bench: {answer.status} for a batch of alerts")

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(some, range(0, 8 * BATCH, BATCH)))

    # The sides

    def posting(self, server, body, connections, batch=1, key=None, settle=None, identities=0):
        def measure(seconds):
            environment = {"BENCH_BODY": body, "BENCH_IDENTITIES": str(identities)} | ({"BENCH_TOKEN": key} if key else {})
            more = [settle] if settle else []
            found = server.load("alerts", "/api/v2/alerts", connections, seconds, environment, *more)
            return found | {"rate": found["rate"] * batch}
        return measure

    def settling(self, database):
        """Waits until every alert has reached its incident, and returns how many seconds that took."""
        def settle():
            began = time.perf_counter()
            while self.cluster.sql("SELECT EXISTS (SELECT FROM alert WHERE NOT routed) OR EXISTS (SELECT FROM alert_delivery)",
                                   database) == "t":
                if time.perf_counter() - began > 60:
                    self.failures.append("alerts are still on their way to their incidents after 60 s")
                    break
                time.sleep(0.02)
            return time.perf_counter() - began
        return settle

    def counted(self, database, batch, measure, counting="count(*)"):
        """Every alert that was answered has to be there."""
        def counted(seconds):
            count = lambda: int(self.cluster.sql(f"SELECT {counting} FROM alert", database))
            before = count()
            found = measure(seconds)
            stored = count() - before
            if stored < found["answered"] * batch:
                self.failures.append(f"{found['answered'] * batch} alerts answered, but only {stored} stored")
            return found
        return counted

    def taking(self, daemon, body, connections, batch=1, counting="count(*)", identities=0):
        database = daemon.database
        return self.counted(database, batch, self.posting(
            daemon, body, connections, batch, self.keys[database], self.settling(database), identities), counting)

    def getting(self, server, path, connections, key=None):
        return lambda seconds: server.load("list", path, connections, seconds, {"BENCH_TOKEN": key} if key else {})

    def pgbench(self, script, variables, clients, batch=1):
        def measure(seconds):
            found = self.cluster.pgbench(script, variables, clients, seconds, database="reference")
            return found | {"rate": found["rate"] * batch}
        return measure

    # The measurements

    def measure(self, case, *sides):
        self.sides[case] = {name: Side(name, measure) for name, measure in sides}
        for side in self.sides[case].values():
            side.measure(1)
        for round in range(1, ROUNDS + 1):
            turns = list(self.sides[case].values())
            for side in turns if round % 2 else reversed(turns):
                self.cluster.sql("CHECKPOINT", database="postgres")
                result = side.measure(SECONDS)
                side.found.append(result)
                self.record(case=case, side=side.name, round=round, **result)
                failed = f", {result['failed']} FAILED" if result.get("failed") else ""
                cpu = result.get("daemon_us") or result.get("peer_us")
                self.say(f"  {case:12} round {round}/{ROUNDS}  {side.name:13}{result['rate']:9.0f} /s   p50 {result['p50_ms']:8.2f} ms"
                         f"   p99 {result['p99_ms']:8.2f} ms" + (f"   {cpu:6.0f} us of CPU a request" if cpu else "") + failed)

    def beside_others(self):
        self.say(f"A PostgreSQL of its own in {self.cluster.directory}")
        daemon = self.fresh("muster")
        self.start(self.alertmanager)
        key = self.keys["muster"]
        one, hundred = self.write("one", [alert("IDENTITY")]), self.write("hundred", [alert("IDENTITY", n % 50) for n in range(BATCH)])
        same = self.write("same", [alert("the-only-one")])
        again = self.write("again", [alert("IDENTITY", until="HH:MM:SS")])
        hundred_again = self.write("hundred-again", [alert("IDENTITY", n % 50, "HH:MM:SS") for n in range(BATCH)])
        self.fill(daemon, key, LISTED)
        self.settling("muster")()
        self.reference()
        if self.wants("filter"):
            self.fill(self.alertmanager, "none", LISTED)
            path = "/api/v2/alerts?filter=instance%3D%22load-77%22"
            self.measure("filter", ("daemon", self.getting(daemon, path, 4, key)),
                         ("alertmanager", self.getting(self.alertmanager, path, 4)))
        message = {"message": json.dumps(alert("one"))}
        if self.wants("single"):
            self.start(self.alerta)
            body = self.write("alerta", {
                "resource": "IDENTITY", "event": "HighLatency", "environment": "Production", "severity": "critical",
                "service": ["checkout"], "text": "p99 latency above 2s for 5 minutes on the checkout service",
                "tags": ["region=eu-west-1", "job=node", "team=payments", "cluster=k8s-07"]})
            alerta = lambda seconds: self.alerta.load("alerts", "/alert", 8, seconds, {"BENCH_BODY": body})
            upsert = "\\set name random(1, 9000000000000000000)\n" + UPSERT % ":name::text"
            self.measure("single", ("daemon", self.taking(daemon, one, 64)),
                         ("upsert", self.pgbench(upsert, message, 32)),
                         ("alertmanager", self.posting(self.alertmanager, one, 64)), ("alerta", alerta))
            self.alerta.stop()
        if self.wants("single again"):
            self.measure("single again", ("daemon", self.taking(daemon, again, 64, 1, "sum(occurrences)", REPEATED)),
                         ("upsert", self.pgbench(f"\\set name random(1, {REPEATED})\n" + UPSERT % ":name::text", message, 32)),
                         ("alertmanager", self.posting(self.alertmanager, again, 64, identities=REPEATED)))
        if self.wants("hot"):
            self.measure("hot", ("daemon", self.taking(daemon, same, 64, counting="sum(occurrences)")),
                         ("hot row", self.pgbench(UPSERT % "'hot'", message, 32)))
        if self.wants("batch"):
            self.measure("batch", ("daemon", self.taking(daemon, hundred, 16, BATCH)),
                         ("unnest", self.pgbench(UNNEST, self.rows, 8, BATCH)),
                         ("alertmanager", self.posting(self.alertmanager, hundred, 16, BATCH)))
        if self.wants("batch again"):
            self.measure("batch again", ("daemon", self.taking(daemon, hundred_again, 16, BATCH, "sum(occurrences)", REPEATED)),
                         ("alertmanager", self.posting(self.alertmanager, hundred_again, 16, BATCH, identities=REPEATED)))
        for server in (self.alertmanager, daemon):
            server.stop()

    def reference(self):
        """A copy of the daemon's database for pgbench, and the rows that it is to store there."""
        self.running[0].stop()
        self.cluster.sql("VACUUM ANALYZE")
        self.cluster.sql("CREATE DATABASE reference TEMPLATE muster", database="postgres")
        self.cluster.sql(TABLE, database="reference")
        self.cluster.sql("VACUUM ANALYZE", database="reference")
        self.running[0].start()
        columns = ["1", "group_key", "title", "component", "severity", "labels", "annotations", "payload", "sent_group", "expires_at"]
        found = self.cluster.sql(f"SELECT to_json(array[{', '.join(f'{c}::text' for c in columns)}]) FROM alert ORDER BY id LIMIT {BATCH}")
        values = [["" if v is None else v for v in json.loads(line)] for line in found.splitlines()]
        names = ["numbers", "group_keys", "titles", "components", "severities", "labels", "annotations", "payloads", "sent_groups", "expires"]
        self.rows = {name: array([row[n] for row in values]) for n, name in enumerate(names)}
        self.rows |= {"numbers": array(range(BATCH)), "source": self.source,
                      "incident": self.cluster.sql("SELECT min(incident) FROM alert")}

    def with_many(self):
        """The same on a table with a thousand alerts and on one with a million, of which a tenth is open."""
        million = self.fresh("million")
        self.say(f"{OPEN:,} open alerts through HTTP")
        self.fill(million, self.keys["million"], OPEN)
        self.settling("million")()
        self.resident = million.resident_mebibytes()
        self.say(f"Resident with {OPEN:,} open alerts: {self.resident:.0f} MiB")
        if not self.wants("many"):
            return million.stop()
        turns = max(0, (STORED - OPEN) // OPEN)
        self.say(f"{turns * OPEN:,} more that are over, by SQL")
        for turn in range(1, turns + 1):
            self.cluster.sql(FILL % (turn, turn), database="million")
        self.cluster.sql("VACUUM ANALYZE", database="million")
        thousand = self.fresh("thousand")
        self.fill(thousand, self.keys["thousand"], FEW)
        self.settling("thousand")()
        self.cluster.sql("VACUUM ANALYZE", database="thousand")
        sides = lambda measure: [("thousand", measure(thousand)), ("million", measure(million))]
        path = "/api/v2/alerts?filter=instance%3D%22load-77%22"
        self.measure("filter many", *sides(lambda daemon: self.getting(daemon, path, 4, self.keys[daemon.database])))
        listed = "/v1/alerts?status=firing&component=checkout-7&limit=20"
        self.measure("list many", *sides(lambda daemon: self.getting(daemon, listed, 16, daemon.token)))
        one, hundred = f"{OUTPUT}/body-one.txt", f"{OUTPUT}/body-hundred.txt"
        self.measure("single many", *sides(lambda daemon: self.taking(daemon, one, 64)))
        self.measure("batch many", *sides(lambda daemon: self.taking(daemon, hundred, 16, BATCH)))

    # The report

    def judge(self, text, passed):
        if not passed:
            self.failures.append(text)
        return "PASS" if passed else "FAIL"

    def report(self):
        self.say(f"\n{'medians, alerts (or answers) a second':24}{'':16}{'/s':>10}{'p50 ms':>10}{'p99 ms':>10}   CPU us a request")
        for case, sides in self.sides.items():
            for name, side in sides.items():
                cpu = next((side.median(key) for key in ("daemon_us", "peer_us", "postgres_us") if key in side.found[0]), 0)
                self.say(f"{case:24}{name:16}{side.median('rate'):10.0f}{side.median('p50_ms'):10.2f}{side.median('p99_ms'):10.2f}{cpu:10.0f}")
        self.say("")
        for case, name, against, least, wish in RATIOS:
            if case not in self.sides:
                continue
            ratio = self.sides[case][name].median("rate") / self.sides[case][against].median("rate")
            what = f"{case}: {name} has {ratio:.2f} times the rate of {against}, at least {least}"
            self.record(case=case, side=name, against=against, ratio=ratio, least=least)
            self.say(f"{self.judge(what, ratio >= least)}  {what}" + (f" (wished for: {wish})" if wish else ""))
        if "single" in self.sides:
            used = self.sides["single"]["daemon"].median("daemon_us")
            what = f"single: {used:.0f} us of the daemon's CPU an alert, under {DAEMON_MICROSECONDS}"
            self.say(f"{self.judge(what, used < DAEMON_MICROSECONDS)}  {what}")
        if self.wants("resident") or self.wants("many"):
            what = f"resident with {OPEN:,} open alerts: {self.resident:.0f} MiB, under {RESIDENT_MEBIBYTES}"
            self.say(f"{self.judge(what, self.resident < RESIDENT_MEBIBYTES)}  {what}")

    def run(self):
        try:
            self.cluster.start()
            self.beside_others()
            if self.wants("resident") or self.wants("many"):
                self.with_many()
            self.report()
        finally:
            for server in self.running:
                server.stop()
            self.cluster.stop()
            self.results.close()
        self.say(f"Every measurement: {os.path.relpath(self.results.name)}")
        return exit_status(self.failures, self.say)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(Bench().run())
