"""A mixed load at a given pace: alerts, opens, changes, notes, reads, lists and readers of the feed, from several processes.
Every write is repeated under its Idempotency-Key until it is answered with success, as a client should, and what was answered
with success is remembered, so that it can be looked for afterwards."""

import http.client
import json
import multiprocessing
import random
import threading
import time
import uuid

PROCESSES, THREADS, READERS = 2, 12, 3
# Longer than any answer may take: who waits longer than this hangs.
HANGS = 30
PATIENCE = 1.0
ZERO = "0001-01-01T00:00:00Z"


class Client(threading.Thread):
    """One connection that does a bit of everything, and keeps what was not answered with success."""

    def __init__(self, load, number, counted):
        super().__init__(daemon=True)
        self.load, self.counted, self.random = load, counted, random.Random(number)
        self.connection, self.incidents = None, []
        self.answers, self.failures, self.written = {}, [], []

    def run(self):
        due = time.monotonic() + self.random.random()
        while not self.load.over.is_set():
            if pace := self.load.pace.value:
                # A client that was held up does not catch up: it would come as a flood that nobody sent.
                due = max(due + PROCESSES * THREADS / pace, time.monotonic() - 0.5)
                time.sleep(max(0, due - time.monotonic()))
            self.one()
        if self.connection:
            self.connection.close()

    def one(self):
        if self.load.warming.value:
            return self.ask("POST", "/v1/incidents", {"title": "One of many incidents before", "severity": "sev4"})
        number = self.random.random()
        if not self.incidents or number < 0.02:
            return self.open()
        incident = self.random.choice(self.incidents)
        if number < 0.40:
            return self.alerts()
        if number < 0.55:
            return self.note(incident)
        if number < 0.60:
            return self.ask("PUT", f"/v1/incidents/{incident}/roles/commander", {"person": f"Person {self.random.randrange(50)}"})
        if number < 0.90:
            return self.ask("GET", f"/v1/incidents/{incident}")
        path = self.random.choice(["/v1/incidents?limit=20", "/v1/alerts?limit=20", f"/v1/incidents/{incident}/timeline?limit=50"])
        return self.ask("GET", path)

    def open(self):
        mark = f"mark-{uuid.uuid4()}"
        answer = self.ask("POST", "/v1/incidents", {"title": f"Sign-in fails {mark}", "severity": "sev3"})
        if not answer:
            return
        self.written.append(mark)
        number = answer["number"]
        self.ask("POST", f"/v1/incidents/{number}/acknowledge", {})
        self.ask("PUT", f"/v1/incidents/{number}/roles/commander", {"person": "Amara"})
        self.ask("POST", f"/v1/incidents/{number}/advance", {"to": "assess"})
        # A few incidents of its own at a time: nobody writes a thousand notes to one.
        self.incidents = (self.incidents + [number])[-5:]

    def note(self, incident):
        mark = f"mark-{uuid.uuid4()}"
        if self.ask("POST", f"/v1/incidents/{incident}/notes", {"text": f"Looking at the logs, {mark}"}):
            self.written.append(mark)

    def alerts(self):
        group, over = self.random.randrange(100), self.random.random() < 0.05
        alerts = [{"status": "resolved" if over else "firing", "labels": {"alertname": f"Soak{group}", "instance": str(index)},
                   "annotations": {"summary": "More than 5 % of the requests fail"}, "startsAt": "2026-01-01T00:00:00Z",
                   "endsAt": "2026-01-01T01:00:00Z" if over else ZERO, "fingerprint": f"{group:08x}{index:08x}"} for index in range(5)]
        self.ask("POST", f"/hooks/{self.load.key}", {
            "version": "4", "groupKey": f"soak {group}", "truncatedAlerts": 0, "status": alerts[0]["status"], "receiver": "muster",
            "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "", "alerts": alerts})

    def ask(self, method, path, body=None):
        """Asks until the answer is success, or one that repeating does not change."""
        headers = {"Authorization": f"Bearer {self.load.token}"}
        if body is not None:
            body = json.dumps(body)
            headers |= {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
        while not self.load.over.is_set():
            began = time.monotonic()
            status, later, text = self.attempt(method, path, body, headers)
            ended = time.monotonic()
            self.answers[status] = self.answers.get(status, 0) + 1
            if status in (200, 201, 204):
                self.counted.value += 1
                return json.loads(text) if text else {}
            self.failures.append((ended, ended - began, f"{method} {path.split('?')[0]}", status, later, str(text)[:300]))
            if status not in ("broken", 503, 409):
                return None
            time.sleep(min(PATIENCE, float(later or 0.2)))
        return None

    def attempt(self, method, path, body, headers):
        try:
            self.connection = self.connection or http.client.HTTPConnection("127.0.0.1", self.load.port, timeout=HANGS)
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            text = answer.read()
            return answer.status, answer.headers.get("Retry-After"), text
        except (OSError, http.client.HTTPException) as error:
            self.connection = None
            return "broken", None, repr(error)


class Reader(threading.Thread):
    """Follows the feed from its beginning, and comes back with the last position when it is cut off."""

    def __init__(self, load):
        super().__init__(daemon=True)
        self.load, self.last, self.seen, self.twice, self.returns = load, None, set(), 0, 0

    def run(self):
        while not self.load.finished.is_set():
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.load.port, timeout=45)
                position = {"Last-Event-ID": self.last} if self.last else {}
                path = "/v1/events" if self.last else "/v1/events?after=0-0"
                connection.request("GET", path, headers={"Authorization": f"Bearer {self.load.token}"} | position)
                answer = connection.getresponse()
                while answer.status == 200 and not self.load.finished.is_set() and (line := answer.readline()):
                    if line.startswith(b"id:"):
                        self.last = line[3:].strip().decode()
                        self.twice += self.last in self.seen
                        self.seen.add(self.last)
            except (OSError, http.client.HTTPException):
                pass
            self.returns += 1
            time.sleep(0.5)


class Load:
    """The processes of the clients. `pace` is in requests a second, of all together; 0 is as fast as they can.
    While `warming` they open incidents and do nothing else."""

    def __init__(self, port, token, key):
        self.port, self.token, self.key = port, token, key
        self.pace, self.over, self.finished = multiprocessing.Value("d", 0), multiprocessing.Event(), multiprocessing.Event()
        self.warming = multiprocessing.Value("b", True)
        self.results = multiprocessing.Queue()
        self.counts = [multiprocessing.Value("L", 0, lock=False) for _ in range(PROCESSES)]
        self.processes = [multiprocessing.Process(target=self.work, args=(n,), daemon=True) for n in range(PROCESSES)]
        for process in self.processes:
            process.start()

    def answered(self):
        return sum(count.value for count in self.counts)

    def work(self, number):
        readers = [Reader(self) for _ in range(READERS if number == 0 else 0)]
        clients = [Client(self, number * THREADS + n, self.counts[number]) for n in range(THREADS)]
        for thread in clients + readers:
            thread.start()
        for client in clients:
            client.join()
        # Until what was committed last has reached the feed.
        self.finished.wait()
        for reader in readers:
            reader.join(1)
        self.results.put({
            "answers": [client.answers for client in clients], "failures": sum((client.failures for client in clients), []),
            "written": sum((client.written for client in clients), []),
            "readers": [(len(reader.seen), reader.twice, reader.returns) for reader in readers]})

    def end(self, drained):
        """Ends the load; `drained` is called when no client writes any more, and before the readers end."""
        self.over.set()
        drained()
        self.finished.set()
        results = [self.results.get(timeout=60) for _ in self.processes]
        answers = {}
        for client in sum((result["answers"] for result in results), []):
            for status, count in client.items():
                answers[status] = answers.get(status, 0) + count
        return answers, *(sum((result[part] for result in results), []) for part in ("failures", "written", "readers"))
