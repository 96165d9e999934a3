#!/usr/bin/env python3
"""`make soak`: a mixed load at half of the capacity, a fault every minute, and a look at memory, file descriptors and answers.

What the daemon must show: memory flat (the last quarter at most 1.05 of the second), file descriptors flat, no answer that a
client did not deserve (503 with Retry-After while a fault lasts and shortly after it is deserved), no acknowledged write lost,
no event missed by a reader of the feed. Before the load: idle CPU, resident memory when idle, and the time until it is ready.
    SOAK_SECONDS=1200   SOAK_FAULT_EVERY=60   SOAK_IDLE_SECONDS=30   SOAK_INCIDENTS=25000 (opened before it begins)
    SOAK_DAEMON=.build/release/musterd
"""

import os
import re
import signal
import statistics
import subprocess
import sys
import time

from faults import ANSWER_MAX, ROOT, Machine
from load import Load
from machine import cpu_seconds

SECONDS = int(os.environ.get("SOAK_SECONDS", 1200))
EVERY = int(os.environ.get("SOAK_FAULT_EVERY", 60))
IDLE = int(os.environ.get("SOAK_IDLE_SECONDS", 30))
PROGRAM = os.environ.get("SOAK_DAEMON", f"{ROOT}/.build/release/musterd")
SAMPLING = 5
# The daemon remembers the incidents it saw last, up to a limit (IncidentMemory): so many fill it, and what grows after that
# would grow for ever.
INCIDENTS_BEFORE = int(os.environ.get("SOAK_INCIDENTS", 25_000))
# For how long after a fault 503 is still deserved.
RECOVERY = 10
# Two attempts under one key never run at once: one whose outcome is unknown, since the database hung, holds its key for four
# deadlines (IdempotencyDesk.lease), and the client is told 409 and when to ask again.
KEY_HELD = 4 * 4
MEMORY_GROWTH, DESCRIPTOR_GROWTH = 1.05, 4
IDLE_CPU, IDLE_MEBIBYTES, READY = 1.0, 50, 0.3


class Soak:
    def __init__(self):
        os.makedirs(f"{ROOT}/.build", exist_ok=True)
        self.log = f"{ROOT}/.build/soak.log"
        self.machine = Machine(PROGRAM, self.log)
        self.daemon, self.cluster = self.machine.daemon, self.machine.cluster
        self.failures, self.windows, self.samples = [], [], []

    def check(self, what, holds):
        print(f"{'PASS' if holds else 'FAIL'}  {what}", flush=True)
        if not holds:
            self.failures.append(what)

    def idle(self):
        starts = []
        self.daemon.start()
        for _ in range(3):
            self.daemon.stop()
            starts.append(self.daemon.start())
        ready = statistics.median(starts)
        self.check(f"ready after {ready:.3f} s on an existing database (median of 3), under {READY}", ready < READY)
        time.sleep(3)
        before = cpu_seconds(self.daemon.process.pid)
        time.sleep(IDLE)
        used = (cpu_seconds(self.daemon.process.pid) - before) / IDLE * 100
        self.check(f"idle CPU {used:.2f} % over {IDLE} s, under {IDLE_CPU} %", used < IDLE_CPU)
        resident = self.daemon.resident_mebibytes()
        self.check(f"resident when idle {resident:.1f} MiB, under {IDLE_MEBIBYTES}", resident < IDLE_MEBIBYTES)

    def warm(self, load):
        while load.answered() < INCIDENTS_BEFORE:
            time.sleep(0.2)
        load.warming.value = False
        print(f"{INCIDENTS_BEFORE} incidents opened; resident {self.daemon.resident_mebibytes():.1f} MiB", flush=True)

    def capacity(self, load):
        time.sleep(5)
        before = load.answered()
        time.sleep(15)
        rate = (load.answered() - before) / 15
        load.pace.value = rate / 2
        print(f"Capacity with this mix, just now: {rate:.0f} requests a second; the soak goes on with half of it", flush=True)

    def sample(self):
        descriptors = len(os.listdir(f"/proc/{self.daemon.process.pid}/fd"))
        self.samples.append((time.monotonic(), self.daemon.resident_mebibytes(), descriptors))

    def faults(self):
        machine = self.machine
        return [(machine.killed_backends, 0), (machine.frozen, 8), (machine.cut, 0), (machine.away, 5), (machine.silent, 8),
                (machine.slow, 10), (machine.no_connections, 5), (machine.crash, 0), (machine.refusing, 5), (machine.locked, 8),
                (machine.frozen_daemon, 4)]

    def run(self, load):
        began, turn, faults = time.monotonic(), 0, self.faults()
        while (passed := time.monotonic() - began) < SECONDS:
            # The last minute is for recovering, so that the last quarter also shows what remains.
            if passed > (turn + 0.5) * EVERY and passed < SECONDS - min(45, SECONDS / 8):
                fault, seconds = faults[turn % len(faults)]
                turn += 1
                start, answered = time.monotonic(), load.answered()
                fault(seconds)
                self.windows.append((start, time.monotonic(), fault.__name__))
                print(f"{passed:6.0f} s  {fault.__name__:16} {time.monotonic() - start:4.1f} s, {load.answered() - answered:5} answered "
                      f"meanwhile; {self.samples[-1][1]:.1f} MiB, {self.samples[-1][2]} descriptors", flush=True)
            self.sample()
            time.sleep(SAMPLING)
        return began

    def examine(self, began, results):
        answers, failures, written, readers = results
        quarters = [[sample for sample in self.samples if n <= (sample[0] - began) / SECONDS * 4 < n + 1] for n in range(4)]
        memory = [statistics.median(sample[1] for sample in quarter) for quarter in quarters]
        descriptors = [statistics.median(sample[2] for sample in quarter) for quarter in quarters]
        print("Quarters: resident " + ", ".join(f"{value:.1f}" for value in memory) + " MiB; descriptors " +
              ", ".join(f"{value:.0f}" for value in descriptors) + f"; highest {max(s[1] for s in self.samples):.1f} MiB, "
              f"{max(s[2] for s in self.samples)} descriptors")
        ratio = memory[3] / memory[1]
        self.check(f"memory of the last quarter is {ratio:.3f} of the second's, at most {MEMORY_GROWTH}", ratio <= MEMORY_GROWTH)
        grown = descriptors[3] - descriptors[1]
        self.check(f"descriptors grew by {grown:.0f} from the second to the last quarter, at most {DESCRIPTOR_GROWTH}", grown <= DESCRIPTOR_GROWTH)
        print("Answers: " + ", ".join(f"{count} × {status}" for status, count in sorted(answers.items(), key=str)))
        undeserved = [failure for failure in failures if not self.is_deserved(failure)]
        for failure in undeserved[:20]:
            print(f"      {failure[0] - began:7.1f} s  after {failure[1]:.2f} s  {failure[2:]}")
        self.check(f"{len(failures)} answers were no success, {len(undeserved)} of them undeserved", not undeserved)
        slowest = max(failures, key=lambda failure: failure[1], default=(0, 0, "none"))
        self.check(f"the slowest answer without success came after {slowest[1]:.1f} s ({slowest[2]}), at most {ANSWER_MAX}",
                   slowest[1] <= ANSWER_MAX)
        self.examine_writes(written, readers)

    def is_deserved(self, failure):
        ended, _, _, status, later, _ = failure
        after = {503: RECOVERY, 409: max(RECOVERY, KEY_HELD)}.get(status)
        return after is not None and later is not None and any(begin <= ended <= end + after for begin, end, _ in self.windows)

    def examine_writes(self, written, readers):
        marks = self.cluster.sql("SELECT (regexp_matches(payload::text, 'mark-[0-9a-f-]{36}'))[1] FROM timeline_entry").split("\n")
        lost = len(set(written) - set(marks))
        self.check(f"{lost} of {len(written)} acknowledged writes are lost", lost == 0)
        self.check(f"{len(marks) - len(set(marks))} writes are there twice", len(marks) == len(set(marks)))
        entries = int(self.cluster.sql("SELECT count(*) FROM timeline_entry"))
        for seen, twice, returns in readers:
            self.check(f"a reader of the feed saw {seen} of {entries} events, {twice} of them twice; it came back {returns} times",
                       seen == entries and twice == 0)

    def whole(self):
        try:
            self.machine.start()
            self.idle()
            key = self.daemon.ask("POST", "/v1/sources", {"name": "soak", "kind": "alertmanager"})["key"]
            load = Load(self.daemon.port, self.daemon.token, key)
            self.warm(load)
            self.capacity(load)
            began = self.run(load)
            process = self.daemon.process
            self.examine(began, load.end(drained=lambda: time.sleep(5)))
            self.check("the daemon is the same process as at the beginning", process.poll() is None)
            self.daemon.stop()
            verify = subprocess.run([PROGRAM, "verify"], env=self.daemon.environment, capture_output=True, text=True)
            self.check(f"musterd verify: {verify.stdout.strip().splitlines()[-1:]}", verify.returncode == 0)
            self.tell_log()
        finally:
            self.machine.stop()
        print("FAIL  " + "; ".join(self.failures) if self.failures else "PASS  the soak")
        return 1 if self.failures else 0

    def tell_log(self):
        messages = {}
        with open(self.log) as log:
            for line in log:
                if found := re.search(r'"message":"((?:[^"\\]|\\.)*)"', line):
                    text = re.sub(r"\d+", "n", found[1])
                    messages[text] = messages.get(text, 0) + 1
        for text, count in sorted(messages.items(), key=lambda item: -item[1])[:15]:
            print(f"      logged {count} times: {text[:160]}")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(Soak().whole())
