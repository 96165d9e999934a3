#!/usr/bin/env python3
"""`make bench`: the pages for engineers with a long incident and many who look at it.

How long each page takes; then what the daemon uses of a core with so many browsers on one room, in quiet and with one event a second, each of
them behaving as `room.js` does; then whether browsers that never read what they are sent cost the others anything. Like every bench it prints what it
measured, a line each, to standard output. Settings, by environment:
BENCH_ROOM_ENTRIES=5000, BENCH_ROOM_BROWSERS=200, BENCH_SECONDS=20, BENCH_STRICT=1, BENCH_DAEMON=...
"""

import asyncio
import os
import random
import statistics
import sys
import time
import urllib.parse

import reviews
from machine import exit_status, serving

ENTRIES = int(os.environ.get("BENCH_ROOM_ENTRIES", 5_000))
BROWSERS = int(os.environ.get("BENCH_ROOM_BROWSERS", 200))
SECONDS = int(os.environ.get("BENCH_SECONDS", 20))
ROUNDS = 11
# In milliseconds, and of a core.
PAGE, SHARE = 1000, 0.2


def sign_in(daemon):
    connection = daemon.connection()
    connection.request("POST", "/sign-in", urllib.parse.urlencode({"token": daemon.token}), {"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    answer.read()
    return answer.headers["Set-Cookie"].split(";")[0]


def pages(daemon, cookie, base):
    """The median of each page, in milliseconds, and how large it is."""
    room = base.removeprefix("/v1")
    connection = daemon.connection()
    for path in ["/", "/?view=wall", "/?q=queue&phase=any", room, f"{room}?show=key", f"{room}?show=all&before=2000", f"{room}/review",
                 "/lists/alerts", "/lists/components", "/lists/components/part-0", "/lists/maintenance", "/lists/rules"]:
        taken, size = [], 0
        for _ in range(ROUNDS):
            began = time.perf_counter()
            connection.request("GET", path, headers={"Cookie": cookie, "Accept": "text/html"})
            answer = connection.getresponse()
            size = len(answer.read())
            if answer.status != 200:
                raise SystemExit(f"bench: {path} was answered {answer.status}")
            taken.append((time.perf_counter() - began) * 1000)
        yield path, statistics.median(taken), max(taken), size


class Browser:
    """Follows the stream, and loads the parts that it has not, as `room.js` does."""

    loads = bytes_read = refused = 0

    def __init__(self, daemon, cookie, room):
        self.port, self.cookie, self.room = daemon.port, cookie, room
        self.have, self.timer, self.isListening = "", None, asyncio.Event()

    def request(self, path, more=""):
        return f"GET {path} HTTP/1.1\r\nHost: bench\r\nCookie: {self.cookie}\r\nAccept: text/html\r\n{more}\r\n".encode()

    async def follow(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(self.request("/live"))
        await reader.readuntil(b"\r\n\r\n")
        self.isListening.set()
        self.pages = await asyncio.open_connection("127.0.0.1", self.port)
        number = self.room.rsplit("/", 1)[1].encode()
        while True:
            line = await reader.readline()
            if not line:
                return
            if line.startswith(b"data:") and number in line and self.timer is None:
                self.timer = asyncio.create_task(self.renew())

    async def renew(self):
        await asyncio.sleep(0.3 + random.random() * 0.7)
        self.timer = None
        reader, writer = self.pages
        writer.write(self.request(self.room, f"Muster-Have: {self.have}\r\n"))
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:])}
        body = await reader.readexactly(int(fields["content-length"]))
        if head.split()[1] == "200":
            self.have = fields["muster-parts"]
            Browser.loads += 1
        else:
            Browser.refused += 1
        Browser.bytes_read += len(body)


async def stuck(daemon, cookie):
    """A browser that opens the stream and a page, and reads nothing."""
    writers = []
    for path in ("/live", "/"):
        _, writer = await asyncio.open_connection("127.0.0.1", daemon.port, limit=1)
        writer.transport.pause_reading()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\nCookie: {cookie}\r\nAccept: text/html\r\n\r\n".encode())
        writers.append(writer)
    return writers


def used(daemon):
    with open(f"/proc/{daemon.process.pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


async def crowd(daemon, cookie, base):
    """What the daemon uses of a core: in quiet, and with one event a second, also beside browsers that are stuck."""
    browsers = [Browser(daemon, cookie, base.removeprefix("/v1")) for _ in range(BROWSERS)]
    tasks = [asyncio.create_task(browser.follow()) for browser in browsers]
    await asyncio.gather(*(browser.isListening.wait() for browser in browsers))
    # What each loads first, which has every part.
    daemon.ask("POST", f"{base}/notes", {"text": "The first that they hear of"})
    await asyncio.sleep(5)
    results = []
    for what, hasEvents, hasStuck in [("in quiet", False, False), ("one event a second", True, False), ("beside 50 that never read", True, True)]:
        held = [await stuck(daemon, cookie) for _ in range(50)] if hasStuck else []
        Browser.loads = Browser.bytes_read = Browser.refused = 0
        began, before, waits = time.perf_counter(), used(daemon), []
        for second in range(SECONDS):
            if hasEvents:
                asked = time.perf_counter()
                await asyncio.to_thread(daemon.ask, "POST", f"{base}/notes", {"text": f"Second {second}, {what}"})
                waits.append((time.perf_counter() - asked) * 1000)
            await asyncio.sleep(max(0, began + second + 1 - time.perf_counter()))
        share = (used(daemon) - before) / (time.perf_counter() - began)
        results.append((what, share, Browser.loads, Browser.refused, Browser.bytes_read / max(Browser.loads, 1), max(waits, default=0)))
        for writers in held:
            for writer in writers:
                writer.close()
    for task in tasks:
        task.cancel()
    return results


def main():
    failures = []
    with serving("room") as (_, daemon):
        reviews.ENTRIES = ENTRIES
        base = reviews.fill(daemon, daemon.connection())
        # It is looked at while it is being restored.
        for _ in range(3):
            daemon.ask("POST", f"{base}/advance", {"override": True, "reason": "The bench goes on"})
        cookie = sign_in(daemon)
        print(f"\nThe pages for engineers, an incident of {ENTRIES} entries, one client")
        print(f"{'':44}{'p50 ms':>10}{'worst ms':>10}{'KiB':>8}")
        for path, middle, worst, size in pages(daemon, cookie, base):
            print(f"{path:44}{middle:10.1f}{worst:10.1f}{size / 1024:8.0f}  under {PAGE}: {'PASS' if middle < PAGE else 'FAIL'}", flush=True)
            if middle >= PAGE:
                failures.append(f"{path}: {middle:.1f} ms, under {PAGE}")
        print(f"\n{BROWSERS} browsers on one room")
        print(f"{'':44}{'of a core':>10}{'loads':>8}{'refused':>9}{'KiB each':>10}{'worst write ms':>16}")
        for what, share, loads, refused, size, worst in asyncio.run(crowd(daemon, cookie, base)):
            print(f"{what:44}{share:10.1%}{loads:8}{refused:9}{size / 1024:10.1f}{worst:16.1f}  under {SHARE:.0%}: {'PASS' if share < SHARE else 'FAIL'}", flush=True)
            if share >= SHARE:
                failures.append(f"{what}: {share:.1%} of a core, under {SHARE:.0%}")
    return exit_status(failures)


if __name__ == "__main__":
    sys.exit(main())
