#!/usr/bin/env python3
"""`make bench`: the review of a long incident, beside psql, which only reads the same timeline.

Each form is asked for after the incident was changed, so that nothing of it is known yet. Like every bench it prints what it measured,
a line each, to standard output. Settings, by environment:
BENCH_REVIEW_ENTRIES=5000, BENCH_REVIEW_ROUNDS=15, BENCH_STRICT=1, BENCH_DAEMON=...
"""

import os
import re
import statistics
import sys
import time
import urllib.request

from machine import exit_status, serving

ENTRIES = int(os.environ.get("BENCH_REVIEW_ENTRIES", 5_000))
ROUNDS = int(os.environ.get("BENCH_REVIEW_ROUNDS", 15))
COMPONENTS = 25
# By when half of them should be answered, and how long an event loop may be held meanwhile, in milliseconds.
GOAL, HELD = 200, 20
FORMS = ["review.html", "review.md", "review.json", "review.html?lang=de&tz=Europe/Berlin"]


def fill(daemon, connection):
    """One incident with so many entries as a long night has them; its path."""
    def ask(method, path, body):
        return daemon.ask(method, path, body, connection)
    for number in range(COMPONENTS):
        ask("PUT", f"/v1/components/part-{number}", {"name": f"Part {number}", "tier": number % 4})
    incident = ask("POST", "/v1/incidents", {"title": "A long night", "severity": "sev1", "components": [
        {"component": f"part-{number}", "impact": "major_outage"} for number in range(COMPONENTS)]})
    base = f"/v1/incidents/{incident['number']}"
    levels = ["degraded", "partial_outage", "major_outage"]
    entries = incident["version"]
    turn = 0
    # Facts and updates are as many as an incident may have (docs/limits.md); notes make up the rest.
    while entries < ENTRIES:
        turn += 1
        kind = turn % 12
        if kind == 0:
            ask("PUT", f"{base}/impacts/part-{turn % COMPONENTS}", {"impact": levels[turn // COMPONENTS % 3]})
        elif kind == 1 and turn < 6_000:
            ask("POST", f"{base}/facts", {"kind": "measure", "text": f"Errors of part {turn % 5}", "value": turn, "unit": "per s"})
        elif kind == 2 and turn < 2_400:
            ask("POST", f"{base}/updates", {"audience": "users", "body": f"We go on with step {turn}."})
        else:
            ask("POST", f"{base}/notes", {"text": f"Step {turn}: the queue of part {turn % COMPONENTS} was looked at.", "key": kind == 3})
        if turn % 250 == 0:
            entries = daemon.ask("GET", base, None, connection)["version"]
            # Writing them takes a while; standard output is for the measurements.
            print(f"{entries} of {ENTRIES} entries written", file=sys.stderr, flush=True)
    return base


def read(daemon, connection, path):
    """How long one takes, in milliseconds, and how large it is."""
    began = time.perf_counter()
    connection.request("GET", path, headers={"Authorization": f"Bearer {daemon.token}"})
    answer = connection.getresponse()
    size = len(answer.read())
    if answer.status != 200:
        raise SystemExit(f"bench: {path} was answered {answer.status}")
    return (time.perf_counter() - began) * 1000, size


def held(daemon):
    """How long an event loop was held at most until now, in milliseconds."""
    with urllib.request.urlopen(f"{daemon.url}/metrics") as answer:
        text = answer.read().decode()
    return float(re.search(r'^muster_loop_held_max_seconds\{clock="cpu"\} (\S+)$', text, re.M)[1]) * 1000


def main():
    failures = []
    with serving("reviews") as (cluster, daemon):
        connection = daemon.connection()
        base = fill(daemon, connection)
        number = base.rsplit("/", 1)[1]
        rows = f"SELECT * FROM timeline_entry WHERE incident = {number} ORDER BY sequence"
        count = cluster.sql(f"SELECT count(*) FROM timeline_entry WHERE incident = {number}").strip()
        taken = {form: [] for form in FORMS}
        sizes, reference = {}, []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            cluster.sql(rows)
            reference.append((time.perf_counter() - began) * 1000)
            for form in FORMS:
                daemon.ask("PATCH", base, {"summary": f"Round {len(taken[form])} of {form}"}, connection)
                milliseconds, sizes[form] = read(daemon, connection, f"{base}/{form}")
                taken[form].append(milliseconds)
        floor = statistics.median(reference)
        print(f"\nThe review of an incident with {count} entries, one client")
        print(f"{'':44}{'p50 ms':>10}{'worst ms':>10}{'KiB':>8}{'x psql':>8}")
        print(f"{'psql, which reads the same rows':44}{floor:10.1f}{max(reference):10.1f}{'':8}{1:8.1f}")
        for form in FORMS:
            middle = statistics.median(taken[form])
            print(f"{form:44}{middle:10.1f}{max(taken[form]):10.1f}{sizes[form] / 1024:8.0f}{middle / floor:8.1f}"
                  f"  under {GOAL}: {'PASS' if middle < GOAL else 'FAIL'}", flush=True)
            if middle >= GOAL:
                failures.append(f"{form}: {middle:.1f} ms, under {GOAL}")
        longest = held(daemon)
        print(f"{'an event loop was held at most':44}{longest:10.1f}{'':26}  under {HELD}: {'PASS' if longest < HELD else 'FAIL'}")
        if longest >= HELD:
            failures.append(f"an event loop was held {longest:.1f} ms, under {HELD}")
    return exit_status(failures)


if __name__ == "__main__":
    sys.exit(main())
