#!/usr/bin/env python3
"""`make bench`: what the daemon does through HTTP, beside pgbench running the daemon's own SQL on the same cluster.

Both take turns on one machine in one run, and the medians of the rounds are compared: ratios travel from machine to
machine, absolute figures do not. Settings, by environment:
    BENCH_SECONDS=6   how long each measurement takes          BENCH_ROUNDS=3      how often each is repeated
    BENCH_CASES=...   only these cases, with commas between    BENCH_INCIDENTS=2000
    BENCH_STRICT=1    exit with 1 when a limit is missed       BENCH_DAEMON=...    another musterd than the release build
Every measurement also goes as a line of JSON to .build/bench/.
"""

import concurrent.futures
import json
import os
import signal
import statistics
import sys
import time

from machine import OUTPUT, ROOT, Cluster, Daemon, exit_status
from statements import StatementLog, the_one

SECONDS = int(os.environ.get("BENCH_SECONDS", 6))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", 3))
INCIDENTS = int(os.environ.get("BENCH_INCIDENTS", 2000))
# pgbench reaches its best rate with about these; a server for many callers has its own at more connections.
REFERENCE_CLIENTS = 8
CONNECTIONS = {"alert": 16}
CONNECTIONS_OTHERWISE = 64

# The limits of "Done when" in the issue: the daemon's rate in parts of the reference's.
RATIOS = {"alert": 0.6, "advance": 0.5, "read": 0.35}
RESIDENT_MEBIBYTES = 80
READY_SECONDS = 0.5

# A UUID whose first bits are the time, as the daemon makes for alerts, so that the index grows at its end here too.
TIME_ORDERED = ("(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7' "
                "|| substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid")
IDENTITY = "feedfacefeedface"
OPENING = {
    "title": "Sign-in fails for one user in five", "summary": "Errors since the last deployment, growing.",
    "severity": "sev2", "components": [{"component": "auth", "impact": "major_outage", "regions": ["eu-west"]}],
    "cause": {"category": "technical", "subcategory": "software_bug", "confidence": "suspected"},
    "labels": {"team": "identity"},
}
ALERT = {
    "receiver": "muster", "status": "firing", "alerts": [{
        "status": "firing", "labels": {
            "alertname": "HighErrorRateGROUP", "component": "auth", "severity": "critical", "instance": "IDENTITY",
            "job": "node", "region": "eu-west"},
        "annotations": {"summary": "More than 5 % of the requests fail", "runbook": "runbooks/auth/errors.md"},
        "startsAt": "2026-01-01T00:00:00.123Z", "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph", "fingerprint": "IDENTITY"}],
    "groupLabels": {"alertname": "HighErrorRateGROUP"}, "commonLabels": {"alertname": "HighErrorRateGROUP"},
    "commonAnnotations": {}, "externalURL": "http://alertmanager.example", "version": "4",
    "groupKey": "{}:{alertname=\"HighErrorRateGROUP\"}", "truncatedAlerts": 0,
}


# The least that storing an alert could cost: one row, one statement, none of the daemon's checks. For comparison only.
PLAIN_UPSERT = f"""\\set identity random(1, 9000000000000000000)
INSERT INTO alert (id, source, identity, group_key, title, status, occurrences, starts_at, first_seen_at, last_seen_at,
    component, severity, labels, annotations, routed)
VALUES ({TIME_ORDERED}, :source::uuid, lpad(to_hex(:identity::bigint), 16, '0'), 'bench', 'HighErrorRate', 'firing', 1,
    '2026-01-01', now(), now(), 'auth', 'critical', :labels::jsonb, :annotations::jsonb, true)
ON CONFLICT (source, identity) WHERE status <> 'resolved'
DO UPDATE SET occurrences = alert.occurrences + 1, last_seen_at = now();
"""

# What grows by one with each request.
COUNTED = {"alert": "alert", "open": "incident", "advance": "timeline_entry"}


class Case:
    """One thing that is measured: the daemon's side and the reference's."""

    def __init__(self, name, what, path, script, variables, sampling=1.0):
        self.name, self.what, self.path = name, what, path
        self.script, self.variables, self.sampling = script, variables, sampling
        self.connections = CONNECTIONS.get(name, CONNECTIONS_OTHERWISE)
        self.daemon, self.reference, self.plain = [], [], []


class Bench:
    def __init__(self):
        os.makedirs(OUTPUT, exist_ok=True)
        self.results = open(f"{OUTPUT}/{time.strftime('%Y%m%d-%H%M%S')}.jsonl", "w")
        self.cluster = Cluster()
        program = os.environ.get("BENCH_DAEMON", f"{ROOT}/.build/release/musterd")
        self.daemon = Daemon(program, self.cluster, f"{OUTPUT}/daemon.log")
        open(self.daemon.log, "w").close()
        self.failures = []

    def say(self, text):
        print(text, flush=True)

    def record(self, **fields):
        self.results.write(json.dumps(fields) + "\n")
        self.results.flush()

    # The data

    def prepare(self):
        self.say(f"A PostgreSQL of its own in {self.cluster.directory}")
        self.cluster.start()
        self.cluster.sql("CREATE DATABASE muster", database="postgres")
        self.cluster.log_statements(True)
        self.daemon.start()
        with open(f"{ROOT}/deploy/demo/catalog.json") as file:
            self.daemon.ask("PUT", "/v1/components", json.load(file))
        source = self.daemon.ask("POST", "/v1/sources", {"name": "bench", "kind": "alertmanager"})
        self.key, self.source = source["key"], source["id"]
        self.write("BENCH_ALERT", json.dumps(ALERT))
        self.write("BENCH_INCIDENT", json.dumps(OPENING))
        self.capture()
        self.cluster.log_statements(False)
        self.fill()

    def write(self, variable, text):
        path = f"{OUTPUT}/{variable.lower()}.txt"
        with open(path, "w") as file:
            file.write(text)
        return {variable: path}

    def open_in_mitigate(self, connection=None):
        ask = lambda method, path, body=None: self.daemon.ask(method, path, body, connection)
        number = ask("POST", "/v1/incidents", OPENING)["number"]
        ask("POST", f"/v1/incidents/{number}/acknowledge")
        ask("PUT", f"/v1/incidents/{number}/roles/commander", {"person": "Amara"})
        ask("POST", f"/v1/incidents/{number}/advance", {"to": "assess"})
        return ask("POST", f"/v1/incidents/{number}/advance", {"to": "mitigate"})

    def fill(self):
        self.say(f"{INCIDENTS} incidents through HTTP")

        def some(count):
            connection = self.daemon.connection()
            for _ in range(count):
                self.open_in_mitigate(connection)

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(some, [INCIDENTS // 8] * 8))
        self.daemon.stop()
        self.cluster.sql("VACUUM ANALYZE")
        self.cluster.sql("CREATE DATABASE reference TEMPLATE muster", database="postgres")
        self.cluster.sql("VACUUM ANALYZE", database="reference")
        self.daemon.start()

    # The daemon's SQL

    def capture(self):
        """Has the daemon do each thing once, and makes of its statements what pgbench will run."""
        log = StatementLog(self.cluster)
        # Numbers of their own, that no version or count could be mistaken for.
        self.cluster.sql("ALTER SEQUENCE incident_number RESTART WITH 7000001")
        log.statements()
        incident = self.open_in_mitigate()
        opened = log.statements()
        self.number, version = incident["number"], incident["version"]
        self.daemon.ask("POST", f"/v1/incidents/{self.number}/revert", {"to": "assess", "reason": "bench"})
        reverted = log.statements()
        self.daemon.ask("POST", f"/v1/incidents/{self.number}/advance", {"to": "mitigate"})
        advanced = log.statements()
        self.daemon.ask("GET", f"/v1/incidents/{self.number}")
        read = log.statements()
        self.list_path = "/v1/incidents?phase=mitigate&severity=sev2&limit=50"
        self.daemon.ask("GET", self.list_path)
        listed = log.statements()
        body = json.loads(json.dumps(ALERT).replace("IDENTITY", IDENTITY).replace("GROUP", "0"))
        self.daemon.ask("POST", f"/hooks/{self.key}", body)
        alerted = log.statements()

        self.scripts = {
            "alert": self.alert_script(the_one(alerted, "INSERT INTO alert ")),
            "open": self.open_script(opened),
            "advance": self.advance_script(reverted, advanced, version),
            "read": self.read_script(the_one(read, "FROM incident WHERE", "representation")),
            "list": self.list_script(the_one(listed, "FROM incident WHERE", "representation", "LIMIT")),
        }
        for name, (script, variables) in self.scripts.items():
            with open(f"{OUTPUT}/{name}.sql", "w") as file:
                file.write("".join(f"-- {k} = {v}\n".replace("\n", " ") + "\n" for k, v in variables.items()) + script)

    def alert_script(self, statement):
        def replace(value, kind):
            if value is None or not kind.endswith("[]"):
                return None
            if kind == "uuid[]" and self.source not in value:
                return f"ARRAY[{TIME_ORDERED}]"
            if kind == "text[]" and value in ("{" + IDENTITY + "}", '{"' + IDENTITY + '"}'):
                return "ARRAY[lpad(to_hex(:identity::bigint), 16, '0')]"
            return None

        text, variables = statement.script("p", replace)
        if ":identity" not in text:
            raise SystemExit("bench: the alert's identity was not found among the parameters of the daemon's statement")
        return f"\\set identity random(1, 9000000000000000000)\n{text};\n", variables

    def by_number(self, value, kind):
        if kind in ("bigint", "integer") and value == str(self.number):
            return ":number"
        if kind in ("bigint[]", "integer[]") and value == "{%d}" % self.number:
            return "ARRAY[:number::bigint]"
        return None

    def read_script(self, statement):
        text, variables = statement.script("p", self.by_number)
        if ":number" not in text:
            raise SystemExit("bench: the incident's number was not found among the parameters of the daemon's statement")
        return f"\\set number random(:first, :last)\n{text};\n", variables

    def list_script(self, statement):
        text, variables = statement.script("p", lambda value, kind: None)
        return f"{text};\n", variables

    def open_script(self, statements):
        load, written = the_one(statements, "FROM catalog LEFT JOIN", "loaded.state"), the_one(statements, "INSERT INTO incident ")
        draw = the_one(statements, "nextval('incident_number')")

        def replace(value, kind):
            return "gen_random_uuid()" if kind == "uuid" else self.by_number(value, kind)

        load_text, load_variables = load.script("l", lambda value, kind: None)
        text, variables = written.script("p", replace)
        return f"{load_text};\n{draw.sql} \\gset\n{text};\n", load_variables | variables

    def advance_script(self, reverted, advanced, version):
        """Reads, then compares and sets: reverting where the version's parity is that of a mitigating incident."""
        load = the_one(reverted, "FROM catalog LEFT JOIN", "loaded.state")
        load_text, variables = load.script("l", self.by_number)

        def write(statements, prefix, version):
            def replace(value, kind):
                if kind in ("bigint", "integer") and value == str(version):
                    return ":loaded_version"
                if kind in ("bigint", "integer") and value == str(version + 1):
                    return ":loaded_version::bigint + 1"
                if kind in ("bigint[]", "integer[]") and value == "{%d}" % (version + 1):
                    return "ARRAY[:loaded_version::bigint + 1]"
                return "gen_random_uuid()" if kind == "uuid" else self.by_number(value, kind)

            return the_one(statements, "UPDATE incident SET").script(prefix, replace)

        revert, revert_variables = write(reverted, "r", version)
        advance, advance_variables = write(advanced, "a", version + 1)
        for text in (revert, advance):
            if text.count(":loaded_version") < 3:
                raise SystemExit("bench: the version was not found among the parameters of the daemon's statement")
        script = (f"\\set number random(:first, :last)\n{load_text} \\gset loaded_\n"
                  f"\\set mitigating (:loaded_version % 2) = {version % 2}\n"
                  f"\\if :mitigating\n{revert};\n\\else\n{advance};\n\\endif\n")
        return script, variables | revert_variables | advance_variables

    # The measurements

    def cases(self):
        """Readers first, so that both sides read the same data; the writers' copies then grow apart."""
        first, last = self.cluster.sql(
            "SELECT min(number), max(number) FROM incident WHERE phase = 'mitigate'").split("|")
        about = [
            ("read", "read one incident", "/", 0.1),
            ("list", "list 50 incidents by phase and severity", self.list_path, 1.0),
            ("advance", "advance or revert an incident", "/", 1.0),
            ("open", "open an incident", "/v1/incidents", 1.0),
            ("alert", "take in an alert, one a request", f"/hooks/{self.key}", 1.0),
        ]
        wanted = os.environ.get("BENCH_CASES", "").split(",")
        return [
            Case(name, what, path, self.scripts[name][0], self.scripts[name][1] | {"first": first, "last": last},
                 sampling=sampling)
            for name, what, path, sampling in about if wanted == [""] or name in wanted
        ]

    def phases(self):
        """The incidents that the load works on, and where each stands."""
        rows = self.cluster.sql(
            "SELECT number, phase FROM incident WHERE phase IN ('assess', 'mitigate') AND labels ->> 'team' = 'identity' "
            "ORDER BY number")
        return self.write("BENCH_PHASES", rows.replace("|", " "))

    def settle(self):
        """Waits until every alert has reached its incident, and returns how many seconds that took."""
        began = time.perf_counter()
        while self.cluster.sql("SELECT EXISTS (SELECT FROM alert WHERE NOT routed) OR EXISTS (SELECT FROM alert_delivery)") == "t":
            if time.perf_counter() - began > 60:
                self.failures.append("alerts are still on their way to their incidents after 60 s")
                break
            time.sleep(0.02)
        return time.perf_counter() - began

    def count(self, case, database):
        table = COUNTED.get(case.name)
        return int(self.cluster.sql(f"SELECT count(*) FROM {table}", database)) if table else None

    def measure_daemon(self, case, seconds):
        environment = {name: f"{OUTPUT}/{name.lower()}.txt" for name in ("BENCH_ALERT", "BENCH_INCIDENT")} | self.phases()
        before = self.count(case, "muster")
        found = self.daemon.load(case.name, case.path, case.connections, seconds, environment, self.settle)
        if before is not None:
            found["stored"] = self.count(case, "muster") - before
            if found["stored"] < found["answered"]:
                self.failures.append(f"{case.name}: {found['answered']} answered, but only {found['stored']} stored")
        return found

    def measure_reference(self, case, seconds):
        before = self.count(case, "reference")
        found = self.cluster.pgbench(case.script, case.variables, REFERENCE_CLIENTS, seconds, case.sampling)
        if before is not None:
            found["stored"] = self.count(case, "reference") - before
            if found["stored"] < 0.9 * found["rate"] * seconds:
                raise SystemExit(f"bench: {case.name}: pgbench did less than the daemon does: {found}\n{case.script}")
        return found

    def measure_plain(self, case, seconds):
        alert = ALERT["alerts"][0]
        variables = {"source": self.source, "labels": json.dumps(alert["labels"]),
                     "annotations": json.dumps(alert["annotations"])}
        return self.cluster.pgbench(PLAIN_UPSERT, variables, REFERENCE_CLIENTS, seconds)

    def measure(self, cases):
        for case in cases:
            self.measure_reference(case, 1)
            self.measure_daemon(case, 1)
            sides = [("reference", self.measure_reference, case.reference), ("daemon", self.measure_daemon, case.daemon)]
            if case.name == "alert":
                sides.append(("plain", self.measure_plain, case.plain))
            for round in range(1, ROUNDS + 1):
                for side, measure, found in sides if round % 2 else reversed(sides):
                    self.cluster.sql("CHECKPOINT", database="postgres")
                    result = measure(case, SECONDS)
                    found.append(result)
                    self.record(case=case.name, side=side, round=round, **result)
                    failed = f", {result['failed']} FAILED" if result.get("failed") else ""
                    self.say(f"  {case.name:8} round {round}/{ROUNDS}  {side:10} {result['rate']:9.0f} /s"
                             f"   p50 {result['p50_ms']:7.2f} ms   p99 {result['p99_ms']:7.2f} ms{failed}")

    # The report

    def judge(self, text, passed):
        if not passed:
            self.failures.append(text)
        return "PASS" if passed else "FAIL"

    def report(self, cases):
        def median(results, key):
            return statistics.median(result[key] for result in results)

        self.say(f"\n{'':46}{'through HTTP':>28}{'pgbench, same SQL':>28}")
        self.say(f"{'':46}{'/s':>8}{'p50 ms':>10}{'p99 ms':>10}{'/s':>8}{'p50 ms':>10}{'p99 ms':>10}{'ratio':>8}")
        for case in cases:
            daemon, reference = [tuple(median(side, key) for key in ("rate", "p50_ms", "p99_ms"))
                                 for side in (case.daemon, case.reference)]
            ratio = daemon[0] / reference[0]
            verdict = ""
            if limit := RATIOS.get(case.name):
                verdict = f"  at least {limit}: {self.judge(f'{case.name}: ratio {ratio:.2f}, at least {limit}', ratio >= limit)}"
            self.say(f"{f'{case.what} ({case.connections} connections)':46}" + "".join(f"{side[0]:8.0f}{side[1]:10.2f}{side[2]:10.2f}" for side in (daemon, reference))
                     + f"{ratio:8.2f}{verdict}")
            self.record(case=case.name, side="median", ratio=ratio, rate=daemon[0], p50_ms=daemon[1], p99_ms=daemon[2],
                        reference_rate=reference[0], reference_p50_ms=reference[1], reference_p99_ms=reference[2])
        self.say(f"\n{'CPU, microseconds a request':46}{'daemon':>10}{'PostgreSQL':>14}{'PostgreSQL under pgbench':>28}")
        for case in cases:
            used = median(case.daemon, "daemon_us"), median(case.daemon, "postgres_us"), median(case.reference, "postgres_us")
            self.say(f"{case.what:46}{used[0]:10.0f}{used[1]:14.0f}{used[2]:28.0f}")
            self.record(case=case.name, side="cpu", daemon_us=used[0], postgres_us=used[1], reference_postgres_us=used[2])
        for case in cases:
            if case.name == "alert":
                plain = median(case.plain, "rate")
                self.say(f"\nThe plainest upsert of such a row reaches {plain:.0f} /s; the daemon has "
                         f"{median(case.daemon, 'rate') / plain:.2f} of that.")
                self.say(f"After the last answer, alerts reached their incidents within {median(case.daemon, 'settled_s'):.2f} s.")

    def report_process(self):
        resident = self.daemon.resident_mebibytes()
        verdict = self.judge(f"resident {resident:.0f} MiB, under {RESIDENT_MEBIBYTES}", resident < RESIDENT_MEBIBYTES)
        self.say(f"Resident memory of the daemon after the run: {resident:.0f} MiB; under {RESIDENT_MEBIBYTES}: {verdict}")
        starts = []
        for _ in range(5):
            self.daemon.stop()
            starts.append(self.daemon.start())
        ready = statistics.median(starts)
        verdict = self.judge(f"ready in {ready:.2f} s, under {READY_SECONDS}", ready < READY_SECONDS)
        self.say(f"Ready on the existing database after {ready:.3f} s (median of 5 starts); under {READY_SECONDS}: {verdict}")
        self.daemon.stop()
        status = os.spawnve(os.P_WAIT, self.daemon.program, [self.daemon.program, "verify"], self.daemon.environment)
        self.say(f"musterd verify: {self.judge(f'musterd verify ended with {status}', status == 0)}")
        self.record(resident_mebibytes=resident, ready_seconds=ready, verify=status)

    def run(self):
        try:
            self.prepare()
            cases = self.cases()
            self.measure(cases)
            self.report(cases)
            self.report_process()
        finally:
            self.daemon.stop()
            self.cluster.stop()
            self.results.close()
        self.say(f"Every measurement: {os.path.relpath(self.results.name)}")
        return exit_status(self.failures, self.say)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(Bench().run())
