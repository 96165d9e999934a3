#!/usr/bin/env python3
"""`make bench`: what carrying HTTP costs, beside a bare SwiftNIO handler that gathers a body and answers (Bare/main.swift).

Both get the same requests from wrk in turns, 64 connections. The daemon's POST is an event of PagerDuty that is no JSON: its body is
gathered, its handler reads it and refuses it in PagerDuty's words, and no statement is made. Settings, by environment:
    BENCH_SECONDS=4   how long each measurement takes     BENCH_ROUNDS=3   how often each is repeated
    BENCH_STRICT=1    exit with 1 when a limit is missed  BENCH_DAEMON=... another musterd than the release build
"""

import contextlib
import os
import statistics
import subprocess
import sys
import time
import urllib.request

from machine import ROOT, cpu_seconds, exit_status, free_port, serving, wrk

SECONDS = int(os.environ.get("BENCH_SECONDS", 4))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", 3))
CONNECTIONS = 64
# CPU of a request, of the bare handler's.
RATIO = 1.3
METRICS_KIBIBYTES = 50
METRICS_MILLISECONDS = 1


def measured(process, method, url):
    before = cpu_seconds(process)
    result = wrk("small", url, CONNECTIONS, SECONDS, {"BENCH_METHOD": method}, counts_refusals=True)
    return result["rate"], (cpu_seconds(process) - before) / result["answered"] * 1e6


@contextlib.contextmanager
def bare_handler(port):
    process = subprocess.Popen([f"{ROOT}/.build/release/bare-http", str(port)])
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def main():
    port = free_port()
    failures = []

    def judge(what, value, limit):
        if value > limit:
            failures.append(f"{what}: {value:.2f}, at most {limit}")
        return "PASS" if value <= limit else "FAIL"

    with bare_handler(port) as bare, serving("edge") as (_, daemon):
        taken = []
        for _ in range(5):
            began = time.perf_counter()
            with urllib.request.urlopen(f"{daemon.url}/metrics") as answer:
                size = len(answer.read()) / 1024
            taken.append((time.perf_counter() - began) * 1000)
        print(f"\nGET /metrics of a fresh daemon: {size:.0f} KiB ({judge('KiB of /metrics', size, METRICS_KIBIBYTES)}), "
              f"p50 {statistics.median(taken):.1f} ms ({judge('ms of /metrics', statistics.median(taken), METRICS_MILLISECONDS)}), "
              f"worst {max(taken):.1f} ms")
        print(f"\nCarrying HTTP, {CONNECTIONS} connections{'':17}daemon/s   CPU us     bare/s   CPU us   of bare")
        for method, path in [("GET", "/healthz"), ("POST", "/v2/enqueue")]:
            rows = {"daemon": [], "bare": []}
            for turn in range(ROUNDS):
                for side in ("daemon", "bare") if turn % 2 == 0 else ("bare", "daemon"):
                    process = daemon.process.pid if side == "daemon" else bare.pid
                    server = daemon.port if side == "daemon" else port
                    rows[side].append(measured(process, method, f"http://127.0.0.1:{server}{path}"))
            rate = {side: statistics.median(r for r, _ in found) for side, found in rows.items()}
            cpu = {side: statistics.median(c for _, c in found) for side, found in rows.items()}
            ratio = cpu["daemon"] / cpu["bare"]
            print(f"{method + ' ' + path:44}{rate['daemon']:10.0f}{cpu['daemon']:9.1f}{rate['bare']:11.0f}{cpu['bare']:9.1f}"
                  f"{ratio:10.2f}  at most {RATIO}: {judge(method, ratio, RATIO)}", flush=True)
    return exit_status(failures)


if __name__ == "__main__":
    sys.exit(main())
