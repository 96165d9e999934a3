#!/usr/bin/env python3
"""`make crowd-drill`: 100,000 hostile subscriptions, reports and calls for help from 20,000 addresses, none of which has a key.

What the daemon must show: nothing is kept but what its limits allow (rows of each table, series of metrics, memory), the public page says what
it said before and is answered soon, nobody is answered 5xx, and an update that is published meanwhile is on the page within a second.
    CROWD_REQUESTS=100000   CROWD_SEED=1   BENCH_DAEMON=.build/release/musterd

Like every drill it prints what it found, a line each, to standard output; its exit status is 1 when something failed.
"""

import collections
import http.client
import json
import os
import random
import sys
import threading
import time
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path += [f"{ROOT}/Tests/Benchmarks", f"{ROOT}/Tests/EndToEndTests/Clients"]
import machine  # noqa: E402
from public_platform import Platform, fetch  # noqa: E402

REQUESTS = int(os.environ.get("CROWD_REQUESTS", 100_000))
SEED = int(os.environ.get("CROWD_SEED", 1))
THREADS, ADDRESSES = 16, 20_000
# What may be kept of all this: subscriptions that nobody confirmed, and the questions of a day. Of reports, no more than were taken.
PENDING_MAX, QUESTIONS_MAX = 500, 5_000
ROWS_MAX = {"subscription": PENDING_MAX, "subscription_question": QUESTIONS_MAX, "subscription_delivery": PENDING_MAX}
MEMORY_MEBIBYTES, SERIES, SEEN, PAGE_P99 = 64, 40, 1.0, 1.0
PLANTED = "Zxq9Planted"
WORDS = [
    PLANTED, f"<script>alert('{PLANTED}')</script>", f"{PLANTED}\r\nBcc: eve@example.org", "\0", "'; DROP TABLE subscription; --", "%s%n%x",
    "../../etc/passwd", "\u202e" + PLANTED, "A" * 3000, "\ud83d\ude00" * 50, "", " ", "{{body}}", "$(reboot)", "auth", "feed", "cannot_sign_in",
]
TARGETS = [
    "http://127.0.0.1:1/x", "http://169.254.169.254/latest/meta-data", "https://[::1]/", "file:///etc/passwd", "https://example.org@127.0.0.1/",
    "gopher://example.org", "https://" + "a" * 300 + ".example", f"https://hooks.example.net/{PLANTED}",
]


class Crowd:
    """One of many at once, on a connection of its own."""

    def __init__(self, port, seed):
        self.port, self.random = port, random.Random(seed)
        self.connection = None
        self.statuses, self.broken, self.odd = collections.Counter(), 0, []

    def run(self, count):
        for _ in range(count):
            method, path, body, headers = self.random.choice([self.subscribe, self.report, self.help, self.confirm])()
            number = self.random.randrange(ADDRESSES)
            headers["X-Forwarded-For"] = f"{11 + number % 200}.{number // 200 % 250}.{number % 7}.{number % 250}"
            self.send(method, path, body, headers)

    def send(self, method, path, body, headers):
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            text = answer.read()
        except (http.client.HTTPException, OSError) as error:
            self.connection, self.broken = None, self.broken + 1
            self.odd.append(f"{method} {path[:80]}: {error!r}")
            return
        self.statuses[f"{method} {path.split('?')[0]} {answer.status}"] += 1
        if answer.status >= 500:
            self.odd.append(f"{method} {path[:80]}: {answer.status} {text[:120]!r}")
        if answer.getheader("Connection") == "close":
            self.connection.close()
            self.connection = None

    def word(self):
        return self.random.choice(WORDS)

    def written(self, fields):
        """As JSON, as a form, or as what is neither."""
        kind = self.random.randrange(10)
        if kind < 5:
            return json.dumps(fields).encode(), {"Content-Type": "application/json"}
        if kind < 9:
            flat = {name: value for name, value in fields.items() if isinstance(value, str)}
            form = urllib.parse.urlencode(flat, errors="replace").encode()
            return form, {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
        return b"\xff\xfe{" + self.random.randbytes(self.random.randrange(6000)), {"Content-Type": "application/json"}

    def subscribe(self):
        local = self.random.choice(["victim", f"v{self.random.randrange(10**9)}", self.word()])
        fields = {"email": f"{local}@{self.random.choice(['example.org', 'example.net', self.word()])}"}
        if self.random.randrange(3) == 0:
            fields = {"url": self.random.choice(TARGETS)}
        fields["language"] = self.random.choice(["en", "de", self.word()])
        if self.random.randrange(3) == 0:
            fields["components"] = [self.word() for _ in range(self.random.randrange(150))]
        body, headers = self.written(fields)
        return "POST", "/status/subscriptions", body, headers

    def report(self):
        names = ("symptom", "component", "area", "region", "platform", "app_version")
        fields = {name: self.word() for name in self.random.sample(names, self.random.randrange(1, 5))}
        fields["symptom"] = self.random.choice(["cannot_sign_in", self.word()])
        body, headers = self.written(fields)
        return "POST", "/reports", body, headers

    def help(self):
        query = {name: self.word() for name in ("symptom", "component", "platform", "lang") if self.random.randrange(2)}
        accept = self.random.choice(["text/html", "application/json", "*/*", "image/png"])
        return "GET", "/help?" + urllib.parse.urlencode(query, errors="replace"), None, {"Accept": accept}

    def confirm(self):
        token = self.random.choice([self.word(), self.random.randbytes(24).hex(), "A" * 32])
        path = f"/status/subscriptions/{self.random.choice(['confirm', 'manage'])}"
        if self.random.randrange(2):
            return "GET", f"{path}?{urllib.parse.urlencode({'token': token}, errors='replace')}", None, {"Accept": "text/html"}
        body, headers = self.written({"token": token})
        return "POST", path, body, headers


class Reader(threading.Thread):
    """Somebody who only looks, all the time."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self.url, self.is_over, self.times, self.wrong = url, False, [], []

    def run(self):
        while not self.is_over:
            began = time.perf_counter()
            status, _, page = fetch(self.url + "/status")
            self.times.append(time.perf_counter() - began)
            if status != 200 or PLANTED.encode() in page:
                self.wrong.append(status)
            time.sleep(0.02)


class Drill:
    def __init__(self, cluster, daemon):
        self.cluster, self.daemon, self.failures = cluster, daemon, []

    def check(self, what, holds):
        print(f"{'PASS' if holds else 'FAIL'}  {what}", flush=True)
        if not holds:
            self.failures.append(what)

    def rows(self):
        tables = self.cluster.sql("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace")
        counts = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM \"{table}\"" for table in tables.split())
        return {name: int(count) for name, count in (line.split("|") for line in self.cluster.sql(counts).split())}

    def series(self):
        _, _, text = fetch(self.daemon.url + "/metrics")
        return sum(1 for line in text.splitlines() if line and not line.startswith(b"#"))

    def send(self, count, crowd):
        threads = [threading.Thread(target=one.run, args=(count // THREADS,)) for one in crowd]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def run(self):
        platform = Platform(self.daemon.url, self.daemon.token)
        platform.catalog()
        incident = platform.open("Kept inside", {"feed": "major_outage"}, "sev2")
        platform.tell(incident, "The feed is down.")
        platform.wait_for("The feed is down.")
        crowd = [Crowd(self.daemon.port, SEED * 1000 + number) for number in range(THREADS)]
        # The first tenth shows each path and status once, and fills what is allowed.
        self.send(REQUESTS // 10, crowd)
        before = self.rows(), self.series(), self.daemon.resident_mebibytes(), platform.document("summary")
        reader = Reader(self.daemon.url)
        reader.start()
        began = time.monotonic()
        sender = threading.Thread(target=self.send, args=(REQUESTS - REQUESTS // 10, crowd))
        sender.start()
        time.sleep(2)
        told = time.monotonic()
        platform.tell(incident, "We found the cause.")
        platform.wait_for("We found the cause.")
        seen = time.monotonic() - told
        sender.join()
        took = time.monotonic() - began
        reader.is_over = True
        reader.join()
        self.judge(crowd, before, reader, platform, seen, took)

    def judge(self, crowd, before, reader, platform, seen, took):
        rows, series, memory, summary = before
        statuses, odd = collections.Counter(), []
        for one in crowd:
            statuses.update(one.statuses)
            odd += one.odd
        for name, count in sorted(statuses.items()):
            print(f"      {name}: {count}")
        print(f"      {REQUESTS} requests, {(REQUESTS - REQUESTS // 10) / took:.0f} a second", flush=True)
        self.check(f"nobody was answered 5xx or cut off {odd[:3] if odd else ''}", not odd)
        reports = statuses["POST /reports 202"]
        limits = rows | ROWS_MAX | {"report_reporter": reports, "report_count": reports}
        # What the team itself did meanwhile: one update.
        grown = {name: count for name, count in self.rows().items() if count > limits.get(name, 0) + 10}
        self.check(f"no table grew beyond its limit {grown or ''}", not grown)
        self.check(f"metrics: {series} series before, {self.series()} after", self.series() <= series + SERIES)
        resident = self.daemon.resident_mebibytes()
        self.check(f"memory: {memory:.0f} MiB after a tenth, {resident:.0f} MiB after all", resident <= memory + MEMORY_MEBIBYTES)
        after = platform.document("summary")
        states = [[one["status"] for one in document["components"]] for document in (summary, after)]
        self.check("the page shows the same states and the same incident",
                   states[0] == states[1] and len(after["incidents"]) == len(summary["incidents"]) == 1)
        times = sorted(reader.times)
        p99 = times[int(len(times) * 0.99)]
        self.check(f"{len(times)} readers' requests meanwhile, p99 {p99 * 1000:.0f} ms, none wrong {reader.wrong[:3] or ''}",
                   p99 < PAGE_P99 and not reader.wrong)
        self.check(f"an update is on the page after {seen * 1000:.0f} ms", seen < SEEN)


def main():
    os.environ |= {
        "MUSTER_HTTP_TRUSTED_PROXIES": "127.0.0.0/8", "MUSTER_HTTP_PUBLIC_URL": "https://muster.example",
        "MUSTER_MAIL_COMMAND": "/bin/cat", "MUSTER_MAIL_FROM": "status@example.org",
        "MUSTER_SUBSCRIPTIONS_PENDING_MAX": str(PENDING_MAX), "MUSTER_SUBSCRIPTIONS_REQUESTS_PER_MINUTE_MAX": "100000",
        "MUSTER_REPORTS_PER_MINUTE_MAX": "100000",
    }
    with machine.serving("crowd") as (cluster, daemon):
        drill = Drill(cluster, daemon)
        drill.run()
    print(f"crowd drill: {len(drill.failures)} failed", flush=True)
    return 1 if drill.failures else 0


if __name__ == "__main__":
    sys.exit(main())
