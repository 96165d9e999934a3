#!/usr/bin/env python3
"""`make fault-drill`: each fault in turn, under a light load, and a row for each: what clients got and how long it took, what
/healthz and /readyz said, what the log said, and how many seconds after its end everything was answered with success again.

What has to hold: no answer later than the deadlines allow; 200s, or 503 as problem+json with Retry-After; /healthz always 200;
one line in the log that names what is wrong, and no flood; recovery by itself; no acknowledged write lost, none there twice.
    DRILL_DAEMON=.build/release/musterd   DRILL_FAULTS=frozen,cut   only these
"""

import http.client
import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
import uuid

from faults import ANSWER_MAX, ROOT, Machine
from machine import cpu_seconds

PROGRAM = os.environ.get("DRILL_DAEMON", f"{ROOT}/.build/release/musterd")
ONLY = [name for name in os.environ.get("DRILL_FAULTS", "").split(",") if name]
RECOVERY_MAX = 6
# A write whose claim of its key got no answer keeps the key for four deadlines: 409 with Retry-After until then.
LEASE = 4 * 4
LOST = "connection to PostgreSQL was lost|cannot connect to PostgreSQL"


class Probe(threading.Thread):
    """Asks the same thing again and again, and keeps every answer. A write is repeated under its key until it is done."""

    def __init__(self, drill, kind):
        super().__init__(daemon=True)
        self.drill, self.kind, self.answers, self.written, self.over = drill, kind, [], [], threading.Event()

    def run(self):
        while not self.over.is_set():
            request, mark = self.request()
            while True:
                answer = self.attempt(request)
                self.answers.append(answer)
                time.sleep(0.1)
                if answer["status"] in (200, 201):
                    self.written += [mark] if mark else []
                    break
                if mark is None or self.over.is_set():
                    break

    def request(self):
        """Method, path, body and header fields; and what to look for in the database afterwards."""
        token = {"Authorization": f"Bearer {self.drill.machine.daemon.token}", "Content-Type": "application/json"}
        if self.kind in ("healthz", "readyz"):
            return ("GET", f"/{self.kind}", None, {}), None
        if self.kind == "read":
            return ("GET", "/v1/incidents/1", None, token), None
        if self.kind == "alert":
            alert = {"status": "firing", "labels": {"alertname": "Drill", "instance": str(uuid.uuid4())}, "annotations": {},
                     "startsAt": "2026-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z"}
            body = {"version": "4", "groupKey": "drill", "status": "firing", "receiver": "muster", "groupLabels": {},
                    "commonLabels": {}, "commonAnnotations": {}, "externalURL": "", "truncatedAlerts": 0, "alerts": [alert]}
            return ("POST", f"/hooks/{self.drill.key}", json.dumps(body), token), None
        mark = f"mark-{uuid.uuid4()}"
        # Random, so that it is not compressed, and long, so that a full disk is met soon.
        body = json.dumps({"text": f"{mark} {os.urandom(4000).hex()}"})
        return ("POST", "/v1/incidents/1/notes", body, token | {"Idempotency-Key": mark}), mark

    def attempt(self, request):
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.drill.machine.daemon.port, timeout=25)
        try:
            connection.request(*request)
            answer = connection.getresponse()
            text = answer.read()
            found = {"status": answer.status, "later": answer.headers.get("Retry-After"), "type": answer.headers.get("Content-Type"),
                     "text": text[:200].decode(errors="replace")}
        except (OSError, http.client.HTTPException) as error:
            found = {"status": "broken", "later": None, "type": None, "text": repr(error)}
        finally:
            connection.close()
        return found | {"began": began, "ended": time.monotonic(), "kind": self.kind}


class Drill:
    def __init__(self):
        os.makedirs(f"{ROOT}/.build", exist_ok=True)
        self.log = f"{ROOT}/.build/fault-drill.log"
        self.machine = Machine(PROGRAM, self.log, MUSTER_LOG_LEVEL="info")
        self.failures, self.written, self.disk = [], [], False

    def prepare(self):
        self.own_disk()
        self.machine.start()
        self.machine.daemon.start()
        self.machine.daemon.ask("POST", "/v1/incidents", {"title": "The drill", "severity": "sev3"})
        self.key = self.machine.daemon.ask("POST", "/v1/sources", {"name": "drill", "kind": "alertmanager"})["key"]

    def own_disk(self):
        """A small disk for PostgreSQL, which can be filled without harm."""
        directory = self.machine.cluster.directory
        if os.geteuid() == 0 and not subprocess.run(["mount", "-t", "tmpfs", "-o", "size=700m", "tmpfs", directory]).returncode:
            self.disk = True
            subprocess.run(["chown", "postgres:", directory], check=True)
            os.chmod(directory, 0o755)

    def stop(self):
        directory = self.machine.cluster.directory
        self.machine.daemon.stop()
        if self.disk:
            subprocess.run(["pkill", "-9", "-F", f"{self.machine.cluster.data}/postmaster.pid"], stderr=subprocess.DEVNULL)
            self.machine.cluster.pid = None
            time.sleep(0.5)
            subprocess.run(["umount", "-l", directory])
        self.machine.stop()

    # One fault

    def whole(self, fault, seconds, log, reaches=True, frozen=False, broken=False, held=False):
        """`log`: what one line must say. `reaches`: whether PostgreSQL cannot be used meanwhile, so that /readyz must say so.
        `frozen`: the daemon itself stands still. `broken`: connections may be refused to clients. `held`: writes under way may hold their keys for
        the length of a lease."""
        name = fault.__name__
        if ONLY and name not in ONLY:
            return
        probes = [Probe(self, kind) for kind in ("note", "note", "read", "read", "alert", "alert", "healthz", "readyz")]
        offset = os.path.getsize(self.log)
        for probe in probes:
            probe.start()
        time.sleep(1)
        began, problems, limit = time.monotonic(), [], ANSWER_MAX + (seconds if frozen else 0)
        fault(seconds)
        ended = time.monotonic()
        recovered = self.wait_for_recovery(probes, ended)
        for probe in probes:
            probe.over.set()
        for probe in probes:
            probe.join(45)
            self.written += probe.written
        answers = [answer for probe in probes for answer in probe.answers if answer["ended"] > began]
        work = [answer for answer in answers if answer["kind"] not in ("healthz", "readyz")]
        bad = [answer for answer in work if answer["status"] not in (200, 201)]
        for answer in bad:
            allowed = answer["status"] == 503 or (answer["status"] == 409 and answer["kind"] == "note")
            if broken and answer["status"] == "broken":
                continue
            if not allowed or not answer["later"] or answer["type"] != "application/problem+json":
                problems.append(f"{answer['kind']} was answered {answer['status']}, Retry-After {answer['later']}: {answer['text']}")
        slowest = max(work, key=lambda answer: answer["ended"] - answer["began"])
        longest = slowest["ended"] - slowest["began"]
        if longest > limit:
            problems.append(f"an answer ({slowest['kind']}) took {longest:.1f} s, at most {limit}")
        lived = [a for a in answers if a["kind"] == "healthz"]
        if any(a["status"] != 200 or a["ended"] - a["began"] > 1 for a in lived) and not (frozen or broken):
            problems.append(f"/healthz was not always 200 within a second: {max(a['ended'] - a['began'] for a in lived):.1f} s")
        ready = sorted({str(a["status"]) for a in answers if a["kind"] == "readyz"})
        if reaches and seconds and "503" not in ready:
            problems.append("/readyz never said 503")
        recovery_max = RECOVERY_MAX + (LEASE if held else 0)
        if recovered is None or recovered > recovery_max:
            problems.append(f"recovered after {recovered} s, at most {recovery_max}")
        lines = self.lines(offset)
        problems += self.judge_log(lines, log, len(bad) + len([a for a in answers if a["status"] == 503]), ended - began)
        self.tell(name, ended - began, work, longest, ready, lines, log, recovered, problems)

    def wait_for_recovery(self, probes, ended):
        """Seconds until the first moment since which everybody was answered with success, three times in a row."""
        while time.monotonic() < ended + LEASE + 20:
            since = []
            for probe in probes:
                if [answer["status"] in (200, 201) and answer["began"] > ended for answer in probe.answers[-3:]] == [True] * 3:
                    good = probe.answers[-1]["began"]
                    for answer in reversed(list(probe.answers)):
                        if answer["status"] not in (200, 201) or answer["began"] < ended:
                            break
                        good = answer["ended"]
                    since.append(good)
            if len(since) == len(probes):
                return max(0, max(since) - ended)
            time.sleep(0.05)
        return None

    def lines(self, offset):
        with open(self.log, errors="replace") as log:
            log.seek(offset)
            return [line for line in log if '"level":"' in line]

    def judge_log(self, lines, wanted, failed, seconds):
        found = []
        if wanted and not any(re.search(wanted, line) for line in lines):
            found.append(f"the log has no line with {wanted}")
        # A line for each request that failed, and for everything else what a person can still read.
        others = [line for line in lines if '"message":"request failed"' not in line]
        if len(others) > 40 + 4 * seconds:
            found.append(f"{len(others)} lines in the log within {seconds:.0f} s")
        if len(lines) - len(others) > failed:
            found.append(f"{len(lines) - len(others)} lines on {failed} requests that failed")
        return found

    def tell(self, name, seconds, work, longest, ready, lines, wanted, recovered, problems):
        counts = {}
        for answer in work:
            counts[answer["status"]] = counts.get(answer["status"], 0) + 1
        statuses = ", ".join(f"{count} × {status}" for status, count in sorted(counts.items(), key=str))
        said = next((re.search(r'"message":"([^"]*)"', line)[1] for line in lines if wanted and re.search(wanted, line)), "")
        print(f"{'FAIL' if problems else 'PASS'}  {name:18} {seconds:4.1f} s | {statuses} | longest {longest:.1f} s | readyz "
              f"{'/'.join(ready)} | {len(lines)} lines: {said} | recovered after {-1 if recovered is None else recovered:.1f} s", flush=True)
        for problem in dict.fromkeys(problems[:6]):
            print(f"        {problem}", flush=True)
        self.failures += [name] if problems else []

    # Faults that the soak does not have

    def disk_full(self, seconds):
        filler = f"{self.machine.cluster.directory}/filler"
        # Until there is no room, and again: PostgreSQL gives back a little by itself.
        until = time.monotonic() + seconds
        with open(filler, "wb", buffering=0) as file:
            while time.monotonic() < until:
                try:
                    file.write(bytes(1 << 20 if os.statvfs(filler).f_bavail > 512 else 4096))
                except OSError:
                    time.sleep(0.1)
        os.unlink(filler)
        # Where even the journal (WAL) had no room, PostgreSQL stopped and has to be started, as its service manager would.
        if not os.path.exists(f"/proc/{self.machine.cluster.pid}"):
            self.machine.pg_ctl("start")

    def no_descriptors(self, seconds):
        """Connections that say nothing take every descriptor there is; then PostgreSQL drops its own as well."""
        process = self.machine.daemon.process.pid
        before = resource.prlimit(process, resource.RLIMIT_NOFILE)
        used = len(os.listdir(f"/proc/{process}/fd"))
        resource.prlimit(process, resource.RLIMIT_NOFILE, (used + 8, before[1]))
        cpu, idlers = cpu_seconds(process), []
        for _ in range(40):
            connection = http.client.HTTPConnection("127.0.0.1", self.machine.daemon.port, timeout=5)
            connection.connect()
            idlers.append(connection)
        self.machine.killed_backends(0)
        time.sleep(seconds)
        used = (cpu_seconds(process) - cpu) / seconds * 100
        with open(self.log) as log:
            told = "every file descriptor is used" in log.read()
        for connection in idlers:
            connection.close()
        resource.prlimit(process, resource.RLIMIT_NOFILE, before)
        if not told:
            self.failures.append("no_descriptors: the log does not say why no connection is accepted")
        if used > 20:
            self.failures.append(f"no_descriptors: {used:.0f} % CPU")
        print(f"      no_descriptors: the daemon used {used:.0f} % CPU meanwhile")

    def start_before_database(self):
        """The daemon is started while PostgreSQL is away: it must wait for it, and say so."""
        if ONLY and "start_before_database" not in ONLY:
            return
        machine, problems = self.machine, []
        machine.daemon.stop()
        machine.pg_ctl("-m", "fast", "stop")
        offset = os.path.getsize(self.log)
        began = time.monotonic()
        with open(self.log, "a") as log:
            machine.daemon.process = subprocess.Popen([PROGRAM, "serve"], env=machine.daemon.environment, stdout=log, stderr=log)
        answers = set()
        while time.monotonic() < began + 6:
            answer = Probe(self, "readyz").attempt(("GET", "/readyz", None, {}))
            answers.add(f"{answer['status']}")
            time.sleep(0.2)
        if machine.daemon.process.poll() is not None:
            problems.append(f"the daemon ended with status {machine.daemon.process.returncode}")
        machine.pg_ctl("start")
        back = time.monotonic()
        while not machine.daemon.is_ready() and time.monotonic() < back + 20:
            time.sleep(0.02)
        recovered = time.monotonic() - back
        if recovered > RECOVERY_MAX:
            problems.append(f"ready {recovered:.1f} s after PostgreSQL")
        lines = self.lines(offset)
        problems += self.judge_log(lines, LOST, 0, back - began)
        print(f"{'FAIL' if problems else 'PASS'}  start_before_database | readyz {'/'.join(sorted(answers))} | {len(lines)} lines | "
              f"ready {recovered:.1f} s after PostgreSQL came", flush=True)
        for problem in problems:
            print(f"        {problem}")
        self.failures += ["start_before_database"] if problems else []

    def journal(self, name, log):
        """Nobody reads what the daemon logs, or it cannot be written: clients must not notice."""
        if ONLY and name not in ONLY:
            return
        daemon, own = self.machine.daemon, self.log
        daemon.stop()
        daemon.log, daemon.settings = log, {"MUSTER_LOG_LEVEL": "debug"}
        try:
            started = daemon.start()
            probe, longest, bad = Probe(self, "read"), 0, 0
            for _ in range(600):
                answer = probe.attempt(probe.request()[0])
                longest, bad = max(longest, answer["ended"] - answer["began"]), bad + (answer["status"] != 200)
                if bad:
                    break
            began = time.monotonic()
            daemon.stop()
            stopped, status = time.monotonic() - began, daemon.process.returncode
        finally:
            daemon.log, daemon.settings = own, {"MUSTER_LOG_LEVEL": "info"}
        holds = not bad and longest < 1 and status == 0 and stopped < 25
        print(f"{'PASS' if holds else 'FAIL'}  {name:18} | ready after {started:.2f} s; 600 requests at level debug, {bad} failed, longest "
              f"{longest:.2f} s; stopped in {stopped:.1f} s with status {status}", flush=True)
        self.failures += [] if holds else [name]
        daemon.start()

    def journals(self):
        self.journal("journal_is_full", "/dev/full")
        pipe = f"{self.machine.cluster.directory}/pipe"
        os.mkfifo(pipe)
        holder = os.open(pipe, os.O_RDWR)
        self.journal("journal_is_stuck", pipe)
        os.close(holder)

    def all(self):
        machine = self.machine
        try:
            self.prepare()
            self.whole(machine.killed_backends, 0, LOST, reaches=False)
            self.whole(machine.cut, 0, LOST, reaches=False)
            self.whole(machine.crash, 0, LOST, reaches=False)
            self.whole(machine.away, 6, LOST)
            self.whole(machine.refusing, 6, LOST)
            self.whole(machine.no_connections, 6, LOST)
            self.whole(machine.frozen, 20, "request failed|deadline", held=True)
            self.whole(machine.silent, 20, "request failed|deadline", held=True)
            self.whole(machine.slow, 6, None, reaches=False)
            self.whole(machine.locked, 12, "request failed", reaches=False)
            self.whole(machine.frozen_daemon, 6, None, reaches=False, frozen=True)
            self.whole(self.no_descriptors, 6, None, reaches=False, broken=True)
            if self.disk:
                self.whole(self.disk_full, 10, "No space left|could not extend|PostgreSQL", reaches=False)
            else:
                print("SKIP  disk_full: only root can give PostgreSQL a small disk of its own")
            self.start_before_database()
            self.journals()
            self.examine()
        finally:
            self.stop()
        print("FAIL  " + "; ".join(self.failures) if self.failures else "PASS  the fault drill")
        return 1 if self.failures else 0

    def examine(self):
        marks = self.machine.cluster.sql("SELECT (regexp_matches(payload::text, 'mark-[0-9a-f-]{36}'))[1] FROM timeline_entry").split("\n")
        lost, twice = len(set(self.written) - set(marks)), len(marks) - len(set(marks))
        print(f"{'FAIL' if lost or twice else 'PASS'}  {len(self.written)} writes acknowledged, {lost} lost, {twice} there twice")
        self.failures += ["acknowledged writes"] if lost or twice else []
        self.machine.daemon.stop()
        verify = subprocess.run([PROGRAM, "verify"], env=self.machine.daemon.environment, capture_output=True, text=True)
        print(f"{'FAIL' if verify.returncode else 'PASS'}  musterd verify: {verify.stdout.strip().splitlines()[-1:]}")
        self.failures += ["verify"] if verify.returncode else []


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(Drill().all())
