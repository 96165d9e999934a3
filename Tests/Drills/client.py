"""An HTTP client for drills with hundreds of users in one process: asyncio, connections that are kept, and every answer
counted by kind with its time."""

import asyncio
import collections
import json
import time


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Figures:
    """What came of the requests of each kind."""

    def __init__(self):
        self.times = collections.defaultdict(list)
        self.statuses = collections.Counter()
        self.failures = []

    def add(self, kind, status, seconds):
        self.times[kind].append(seconds)
        self.statuses[kind, status] += 1

    def fail(self, kind, what):
        self.statuses[kind, "failed"] += 1
        self.failures.append(f"{kind}: {what}")

    @staticmethod
    def at(sorted_times, share):
        return sorted_times[min(len(sorted_times) - 1, int(len(sorted_times) * share))] * 1000

    def table(self, seconds):
        lines = [f"{'kind':<24}{'count':>8}{'per s':>8}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}  answers"]
        for kind in sorted(self.times):
            times = sorted(self.times[kind])
            statuses = ", ".join(f"{status}: {count}" for (of, status), count in sorted(
                self.statuses.items(), key=str) if of == kind)
            lines.append(f"{kind:<24}{len(times):>8}{len(times) / seconds:>8.1f}{self.at(times, 0.5):>9.1f}"
                         f"{self.at(times, 0.99):>9.1f}{times[-1] * 1000:>9.1f}  {statuses}")
        return "\n".join(lines)


class Client:
    """One user with one connection to one of the daemons at a time. `ports` is asked before each connection: a daemon that
    is about to stop leaves the list first, as it leaves a load balancer's."""

    def __init__(self, ports, token, figures, turn=0):
        self.ports, self.token, self.figures, self.turn = ports, token, figures, turn
        self.port = self.reader = self.writer = None

    async def ask(self, kind, method, path, body=None, headers=(), expected=None):
        """Nil when it failed, which is counted."""
        begin = time.perf_counter()
        try:
            answer = await asyncio.wait_for(self.exchange(method, path, body, headers), 30)
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
            self.close()
            self.figures.fail(kind, f"{method} {path} at {self.port}: {type(error).__name__} {error}")
            return None
        self.figures.add(kind, answer.status, time.perf_counter() - begin)
        if answer.status >= 400 and answer.status not in (expected or ()):
            self.figures.fail(kind, f"{method} {path}: {answer.status} {answer.body[:300]!r}")
        return answer

    async def exchange(self, method, path, body, headers):
        ports = self.ports()
        if self.writer is None or self.port not in ports:
            self.close()
            self.port = ports[self.turn % len(ports)]
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", "Host: drill", f"Content-Length: {len(data)}"]
        if self.token:
            lines.append(f"Authorization: Bearer {self.token}")
        if data:
            lines.append("Content-Type: application/json")
        lines += [f"{name}: {value}" for name, value in headers]
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        status, length = int(head[0].split()[1]), int(fields.get("content-length", 0))
        content = await self.reader.readexactly(length) if length else b""
        if fields.get("connection", "").lower() == "close":
            self.close()
        return Answer(status, fields, content)

    def close(self):
        if self.writer:
            self.writer.close()
        self.writer = self.reader = None


async def follow(port, token, take, last="0-0"):
    """Reads the stream of events from one daemon until it is cancelled or the stream ends; each event has its `id`.
    Returns the last one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
    try:
        writer.write(f"GET /v1/events HTTP/1.1\r\nHost: drill\r\nAuthorization: Bearer {token}\r\n"
                     f"Last-Event-ID: {last}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise OSError(f"the stream was answered {head[:80]!r}")
        event, data = None, ""
        buffer = b""
        while True:
            size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
            buffer += (await reader.readexactly(size + 2))[:size]
            *lines, buffer = buffer.split(b"\n")
            for line in lines:
                name, _, value = line.decode().rstrip("\r").partition(":")
                if name == "id":
                    event = value.strip()
                elif name == "data":
                    data += value.strip()
                elif not name and not value and data:
                    take(dict(json.loads(data), id=event))
                    last, data = event, ""
            if size == 0:
                return last
    finally:
        writer.close()
