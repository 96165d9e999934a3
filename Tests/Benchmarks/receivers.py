"""Receivers of webhooks for benchmarks and drills: HTTP of our own on asyncio, so that they cost little beside what is measured."""

import asyncio
import json
import time


class Receiver:
    """What came to one path. `answer` gets the protocol, and answers at once, later or never; `keeps` is how many bodies it keeps."""

    def __init__(self, name, answer=None, keeps=0):
        self.name, self.answer, self.keeps = name, answer or (lambda connection: connection.reply(204)), keeps
        # By incident and place in its timeline: when it came first, under which ids, and how often.
        self.first, self.ids, self.count = {}, {}, 0
        # By incident: the places in the order in which they first came.
        self.order = {}
        self.messages = []

    def take(self, headers, body):
        now = time.time()
        self.count += 1
        data = json.loads(body)["data"]
        if len(self.messages) < self.keeps:
            self.messages.append((headers, body))
        if not data["incident"] or not data["sequence"]:
            return
        key = (data["incident"]["number"], data["sequence"])
        self.ids.setdefault(key, set()).add(headers.get("webhook-id"))
        if key not in self.first:
            self.first[key] = now
            self.order.setdefault(key[0], []).append(key[1])


class Connection(asyncio.Protocol):
    def __init__(self, receivers):
        self.receivers, self.buffer, self.transport = receivers, b"", None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            lines = self.buffer[:end].decode("latin1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            length = int(headers.get("content-length", 0))
            if len(self.buffer) < end + 4 + length:
                return
            body, self.buffer = self.buffer[end + 4:end + 4 + length], self.buffer[end + 4 + length:]
            receiver = self.receivers[lines[0].split(" ")[1]]
            receiver.take(headers, body)
            receiver.answer(self)

    def reply(self, status, headers=""):
        if self.transport.is_closing():
            return
        length = "" if status == 204 else "Content-Length: 0\r\n"
        self.transport.write(f"HTTP/1.1 {status} Said\r\n{length}{headers}\r\n".encode())


async def serve(receivers):
    """Receivers by their paths, as `/fast-1`; the port on which they listen."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(receivers), "127.0.0.1", 0, backlog=1024)
    return server.sockets[0].getsockname()[1]
