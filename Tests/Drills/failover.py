"""Three PostgreSQL under Patroni; the leader is killed, switched over, frozen and cut off while a daemon and, beside it, a bare
psycopg client write. Started by failover.sh, in a network and a process table of its own.

Every write carries a name of its own and is repeated until it is answered, as a client should: what was acknowledged is looked
for at the end, and has to be there once.
"""

import collections
import glob
import http.client
import itertools
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import psycopg

PROGRAM, TOOLS = sys.argv[1:]
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STATE = "/var/tmp/muster-failover-drill"
ADDRESSES = [f"10.78.0.1{node}" for node in (1, 2, 3)]
HOST = "10.78.0.1"
PORT = 8080
TOKEN = "the-token-of-the-failover-drill"
PASSWORD = "the-password-of-the-failover-drill"
CONNINFO = (f"host={','.join(ADDRESSES)} port=5432 user=muster password={PASSWORD} target_session_attrs=read-write"
            " connect_timeout=2 tcp_user_timeout=3000 dbname=")
# Of the bare client; the daemon's is in deploy/patroni/musterd.yaml.
DEADLINE = 4.0
# How long after a new leader takes writes the daemon may need.
RECOVERY_MAX = 5.0
BEGAN = time.monotonic()


def say(text):
    print(f"{time.monotonic() - BEGAN:5.0f} s  {text}", flush=True)


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def until(what, seconds, condition):
    limit = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > limit:
            raise SystemExit(f"failover-drill: FAILED: {what} did not come true within {seconds} s")
        time.sleep(0.1)


class Node:
    """A machine of the cluster: a network of its own, with etcd and a PostgreSQL that Patroni keeps."""

    def __init__(self, number):
        self.number, self.address = number, ADDRESSES[number - 1]
        self.name, self.data = f"node{number}", f"{STATE}/data{number}"
        self.etcd = self.patroni = None
        run("ip", "netns", "add", self.name)
        run("ip", "link", "add", f"link{number}", "type", "veth", "peer", "name", "eth0", "netns", self.name)
        run("ip", "link", "set", f"link{number}", "master", "bridge", "up")
        run("ip", "-n", self.name, "address", "add", f"{self.address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            run("ip", "-n", self.name, "link", "set", device, "up")

    def start(self, *command):
        """In the node's network, as the account of PostgreSQL, with a log of its own."""
        environment = ["env", f"PATH={BINARIES}:{TOOLS}/bin:{TOOLS}/etcd/usr/bin:/usr/bin:/bin", "LANG=C.UTF-8"]
        account = ["setpriv", "--reuid", "postgres", "--regid", str(ACCOUNT.pw_gid), "--clear-groups", "--reset-env"]
        log = open(f"{STATE}/{os.path.basename(command[0])}{self.number}.log", "ab")
        return subprocess.Popen(["ip", "netns", "exec", self.name, *account, *environment, *command], stdout=log,
                                stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)

    def start_etcd(self):
        client, peer = f"http://{self.address}:2379", f"http://{self.address}:2380"
        members = ",".join(f"node{n}=http://{address}:2380" for n, address in enumerate(ADDRESSES, 1))
        self.etcd = self.start(
            "etcd", "--name", self.name, "--data-dir", f"{STATE}/etcd{self.number}", "--listen-client-urls", client,
            "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", members, "--initial-cluster-state", "new")

    def start_patroni(self):
        words = {"NAME": self.name, "ADDRESS": self.address, "DATA": self.data, "BINARIES": BINARIES,
                 "NETWORK": "10.78.0.0/24"} | {f"NODE{n}": address for n, address in enumerate(ADDRESSES, 1)}
        words |= {f"{role}_PASSWORD": PASSWORD for role in ("SUPERUSER", "REPLICATOR", "REWINDER")}
        text = open(f"{ROOT}/deploy/patroni/patroni.yaml").read()
        text = "".join(line for line in text.splitlines(True) if not line.lstrip().startswith("#"))
        text = re.sub(r"\b(" + "|".join(sorted(words, key=len, reverse=True)) + r")\b", lambda found: words[found[1]], text)
        path = f"{STATE}/patroni{self.number}.yaml"
        with open(path, "w") as file:
            file.write(text)
        os.makedirs(f"{self.data}.run", exist_ok=True)
        os.chown(f"{self.data}.run", ACCOUNT.pw_uid, ACCOUNT.pw_gid)
        self.patroni = self.start("patroni", path)

    def processes(self):
        """Patroni, the postmaster and all below it."""
        below = collections.defaultdict(list)
        for stat in glob.glob("/proc/[0-9]*/stat"):
            try:
                fields = open(stat).read().rpartition(")")[2].split()
            except OSError:
                continue
            below[int(fields[1])].append(int(stat.split("/")[2]))
        roots = [self.patroni.pid]
        try:
            roots.append(int(open(f"{self.data}/postmaster.pid").readline()))
        except (OSError, ValueError):
            pass
        found = []
        while roots:
            found.append(roots.pop())
            roots += below[found[-1]]
        return set(found)

    def signal(self, number):
        for process in self.processes():
            try:
                os.kill(process, number)
            except ProcessLookupError:
                pass

    def kill(self):
        self.signal(signal.SIGKILL)
        self.patroni.wait()

    def takes_writes(self):
        conninfo = f"host={self.address} user=muster password={PASSWORD} dbname=muster connect_timeout=2"
        try:
            with psycopg.connect(conninfo) as connection:
                return not connection.execute("SELECT pg_is_in_recovery()").fetchone()[0]
        except psycopg.Error:
            return False

    def ask(self, path):
        connection = http.client.HTTPConnection(self.address, 8008, timeout=1)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError:
            return 0, b""
        finally:
            connection.close()


class Cluster:
    def __init__(self):
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "bridge", "type", "bridge")
        run("ip", "address", "add", f"{HOST}/24", "dev", "bridge")
        run("ip", "link", "set", "bridge", "up")
        self.nodes = [Node(number) for number in (1, 2, 3)]
        for node in self.nodes:
            node.start_etcd()
        for node in self.nodes:
            node.start_patroni()
        until("a leader and two that follow", 120, self.is_whole)
        with psycopg.connect(CONNINFO.replace("user=muster", "user=postgres") + "postgres", autocommit=True) as connection:
            connection.execute(f"CREATE ROLE muster LOGIN PASSWORD '{PASSWORD}'")
            for database in ("muster", "bare"):
                connection.execute(f"CREATE DATABASE {database} OWNER muster")

    def members(self):
        for node in self.nodes:
            status, body = node.ask("/cluster")
            if status == 200:
                return json.loads(body)["members"]
        return []

    def is_whole(self):
        members = self.members()
        return (sum(member["state"] == "streaming" for member in members) == 2
                and any(member["role"] in ("sync_standby", "quorum_standby") for member in members) and self.leader())

    def leader(self):
        return next((node for node in self.nodes if node.ask("/primary")[0] == 200), None)


class Client:
    """Counts what was acknowledged, and when."""

    def __init__(self):
        self.lock, self.times, self.acknowledged, self.isDone = threading.Lock(), [], {}, False
        self.threads = []

    def begin(self, *bodies):
        self.threads = [threading.Thread(target=body, daemon=True) for body in bodies]
        for thread in self.threads:
            thread.start()

    def acknowledge(self, name, began, value=None):
        with self.lock:
            self.acknowledged[name] = value
            self.times.append((began, time.monotonic()))

    def end(self):
        self.isDone = True
        for thread in self.threads:
            thread.join(60)
            if thread.is_alive():
                raise SystemExit("failover-drill: FAILED: a write has had no answer for a minute")

    def gap(self, since, until):
        """The longest time between two moments without an answer to what was asked after the first of them: what was committed
        before may be answered a little later."""
        times = [since, *sorted(end for began, end in self.times if since <= began and end <= until), until]
        return max(later - earlier for earlier, later in zip(times, times[1:]))

    def first_after(self, moment):
        return min((end for _, end in self.times if end > moment), default=None)


class DaemonClient(Client):
    """Opens incidents, writes notes and sends alerts, each until it is answered; readers ask for pages meanwhile."""

    def __init__(self, key):
        super().__init__()
        self.key, self.answers, self.undeserved = key, collections.Counter(), collections.Counter()
        self.public, self.slowest = collections.Counter(), 0
        self.begin(*(lambda thread=thread: self.write_incidents(thread) for thread in range(3)),
                   *(lambda thread=thread: self.write_alerts(thread) for thread in range(2)),
                   self.read_incident, self.read_public)

    def send(self, connection, method, path, body=None, key=None, timeout=30):
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        if connection.sock is None:
            connection.timeout = timeout
        connection.request(method, path, body and json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers

    def until_answered(self, connection, method, path, body, key=None):
        while True:
            began = time.monotonic()
            try:
                status, content, headers = self.send(connection, method, path, body, key)
            except (OSError, http.client.HTTPException):
                connection.close()
                self.answers["no answer"] += 1
                time.sleep(0.1)
                continue
            self.answers[status] += 1
            if status < 300:
                return began, json.loads(content)
            if status in (409, 429, 503):
                # 409: the first attempt under this key has not ended.
                if status == 503 and "Retry-After" not in headers:
                    self.undeserved["503 without Retry-After"] += 1
                time.sleep(float(headers.get("Retry-After", 0.2)))
            elif status == 500:
                self.undeserved[content[:200]] += 1
                time.sleep(0.2)
            else:
                raise SystemExit(f"failover-drill: FAILED: {method} {path}: {status} {content[:500]}")

    def write_incidents(self, thread):
        connection = http.client.HTTPConnection(HOST, PORT)
        for number in itertools.count():
            if self.isDone:
                return
            name = f"incident-{thread}-{number}"
            began, opened = self.until_answered(connection, "POST", "/v1/incidents", {"title": name}, key=name)
            self.acknowledge(name, began, opened["number"])
            note = f"note-{thread}-{number}"
            path = f"/v1/incidents/{opened['number']}/notes"
            began, _ = self.until_answered(connection, "POST", path, {"text": note}, key=note)
            self.acknowledge(note, began, opened["number"])
            time.sleep(0.01)

    def write_alerts(self, thread):
        connection = http.client.HTTPConnection(HOST, PORT)
        for number in itertools.count():
            if self.isDone:
                return
            name = f"alert-{thread}-{number}"
            alert = {"status": "firing", "fingerprint": name, "labels": {"alertname": "Drill"}}
            message = {"version": "4", "groupKey": "drill", "status": "firing", "alerts": [alert]}
            began, _ = self.until_answered(connection, "POST", f"/hooks/{self.key}", message)
            self.acknowledge(name, began)
            time.sleep(0.01)

    def read_incident(self):
        self.reads, connection = Client(), http.client.HTTPConnection(HOST, PORT)
        while not self.isDone:
            began = time.monotonic()
            try:
                status, _, _ = self.send(connection, "GET", "/v1/incidents/1")
                if status == 200:
                    self.reads.acknowledge(None, began)
            except (OSError, http.client.HTTPException):
                connection.close()
            time.sleep(0.02)

    def read_public(self):
        """What asks no database goes on, whatever happens to it."""
        connection = http.client.HTTPConnection(HOST, PORT)
        while not self.isDone:
            for path in ("/healthz", "/openapi.yaml", "/problems", "/metrics"):
                began = time.monotonic()
                try:
                    self.public[self.send(connection, "GET", path, timeout=5)[0]] += 1
                except (OSError, http.client.HTTPException):
                    connection.close()
                    self.public["no answer"] += 1
                self.slowest = max(self.slowest, time.monotonic() - began)
            time.sleep(0.05)


class BareClient(Client):
    """The same database without us: inserts through psycopg, repeated until they are answered, with a deadline."""

    def __init__(self):
        super().__init__()
        with psycopg.connect(CONNINFO + "bare", autocommit=True) as connection:
            connection.execute("CREATE TABLE written (name text PRIMARY KEY)")
        self.busy = {}
        self.begin(*(lambda thread=thread: self.write(thread) for thread in range(2)))
        threading.Thread(target=self.cut_off, daemon=True).start()

    def cut_off(self):
        """Closes the socket of what has had no answer: the kernel of a frozen server goes on acknowledging."""
        while True:
            time.sleep(0.1)
            for thread, (since, descriptor) in list(self.busy.items()):
                if time.monotonic() - since > DEADLINE:
                    self.busy.pop(thread, None)
                    with socket.socket(fileno=os.dup(descriptor)) as copy:
                        copy.shutdown(socket.SHUT_RDWR)

    def write(self, thread):
        connection = None
        for number in itertools.count():
            if self.isDone:
                return
            name = f"{thread}-{number}"
            while True:
                began = time.monotonic()
                try:
                    if connection is None:
                        connection = psycopg.connect(CONNINFO + "bare", autocommit=True)
                    self.busy[thread] = (time.monotonic(), connection.fileno())
                    connection.execute("INSERT INTO written VALUES (%s) ON CONFLICT DO NOTHING", [name])
                    break
                except psycopg.Error:
                    if connection:
                        connection.close()
                    connection = None
                    time.sleep(0.1)
                finally:
                    self.busy.pop(thread, None)
            self.acknowledge(name, began)
            time.sleep(0.01)


class Daemon:
    def __init__(self):
        words = {f"NODE{n}": address for n, address in enumerate(ADDRESSES, 1)} | {"PASSWORD_FILE": f"{STATE}/password"}
        text = open(f"{ROOT}/deploy/patroni/musterd.yaml").read()
        for word, value in words.items():
            text = text.replace(word, value)
        with open(f"{STATE}/musterd.yaml", "w") as file:
            file.write(text)
        with open(f"{STATE}/password", "w") as file:
            file.write(PASSWORD)
        os.chmod(f"{STATE}/password", 0o600)
        self.environment = dict(os.environ, MUSTER_HTTP_LISTEN=f"{HOST}:{PORT}", MUSTER_AUTH_BOOTSTRAP_TOKEN=TOKEN)
        self.log = f"{STATE}/musterd.log"
        self.process = subprocess.Popen([PROGRAM, "serve", "--config", f"{STATE}/musterd.yaml"], env=self.environment,
                                        stderr=open(self.log, "wb"))
        until("the daemon being ready", 30, self.is_ready)

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection(HOST, PORT, timeout=30)
        connection.request(method, path, body and json.dumps(body),
                           {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"failover-drill: FAILED: {method} {path}: {answer.status} {content[:500]}")
        return json.loads(content)

    def is_ready(self):
        try:
            connection = http.client.HTTPConnection(HOST, PORT, timeout=5)
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False

    def all(self, path):
        items, cursor = [], ""
        while cursor is not None:
            page = self.ask("GET", f"{path}limit=200{cursor and '&cursor=' + cursor}")
            items += page["items"]
            cursor = page.get("next_cursor")
        return items

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(60) != 0:
            raise SystemExit("failover-drill: FAILED: the daemon did not end well")
        return run(PROGRAM, "verify", "--config", f"{STATE}/musterd.yaml", env=self.environment).strip().splitlines()[-1]


class Drill:
    """One fault after the other, with what each cost."""

    def __init__(self):
        self.cluster = Cluster()
        say(f"{self.cluster.leader().name} leads; two follow, one of them synchronously")
        self.daemon = Daemon()
        key = self.daemon.ask("POST", "/v1/sources", {"name": "drill", "kind": "alertmanager"})["key"]
        self.daemon.ask("POST", "/v1/incidents", {"title": "for the readers"})
        self.ours, self.bare, self.rows, self.failures = DaemonClient(key), BareClient(), [], []

    def fault(self, name, begin, end=lambda leader: None):
        time.sleep(5)
        leader = self.cluster.leader()
        since = time.monotonic()
        begin(leader)
        led = until(f"a new leader after: {name}", 90, lambda: self.new_leader(leader))
        for client in (self.ours, self.bare):
            until(f"writes after: {name}", 60, lambda: client.first_after(led))
        until("a read", 60, lambda: self.ours.reads.first_after(led))
        time.sleep(3)
        now = time.monotonic()
        recovery = self.ours.first_after(led) - led
        row = (name, self.ours.gap(since, now), self.bare.gap(since, now), self.ours.reads.gap(since, now), led - since, recovery)
        self.rows.append(row)
        say(f"{name}: {leader.name} led, {self.cluster.leader().name} leads; no write for {row[1]:.1f} s,"
            f" for psycopg {row[2]:.1f} s; ours again {recovery:.1f} s after the new leader")
        if recovery > RECOVERY_MAX:
            self.failures.append(f"{name}: the daemon wrote again only {recovery:.1f} s after there was a new leader")
        end(leader)
        until(f"all three nodes again after: {name}", 120, self.cluster.is_whole)

    def new_leader(self, old):
        """When another node took writes; asked of the node itself."""
        for node in self.cluster.nodes:
            if node is not old and node.takes_writes():
                return time.monotonic()
        return None

    def carry_out(self):
        self.fault("leader killed", Node.kill, Node.start_patroni)
        # Not waited for: it returns only when all is over.
        self.fault("switchover", lambda leader: subprocess.Popen(
            [f"{TOOLS}/bin/patronictl", "-c", f"{STATE}/patroni1.yaml", "switchover", "--leader", leader.name, "--force"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        self.fault("leader frozen", lambda leader: leader.signal(signal.SIGSTOP), lambda leader: leader.signal(signal.SIGCONT))
        link = lambda leader, state: run("ip", "link", "set", f"link{leader.number}", state)
        self.fault("leader cut off", lambda leader: link(leader, "down"), lambda leader: link(leader, "up"))

    def judge(self):
        self.ours.end()
        self.bare.end()
        lost, doubled = self.count()
        with psycopg.connect(CONNINFO + "bare") as connection:
            there = {name for name, in connection.execute("SELECT name FROM written")}
        verified = self.daemon.end()
        if "0 differences" not in verified:
            self.failures.append(f"musterd verify: {verified}")
        self.report(verified, len(set(self.bare.acknowledged) - there))
        for failure in self.failures:
            print(f"FAIL  {failure}")
        print(f"lost {lost} doubled {doubled}", flush=True)
        return 1 if self.failures or lost or doubled else 0

    def count(self):
        """What was acknowledged and is not there, or is there more than once."""
        say("looking for every acknowledged write")
        found = collections.Counter(f"{item['title']}" for item in self.daemon.all("/v1/incidents?"))
        found.update(alert["identity"] for alert in self.daemon.all("/v1/alerts?"))
        for name, number in self.ours.acknowledged.items():
            if name.startswith("note-"):
                entries = self.daemon.all(f"/v1/incidents/{number}/timeline?")
                found[name] = sum(entry["kind"].endswith("note_added") and entry["data"]["text"] == name for entry in entries)
        ours = self.ours.acknowledged
        lost = [name for name in ours if found[name] == 0]
        doubled = [name for name, count in found.items() if count > 1 and re.match(r"(incident|note|alert)-", name)]
        for name in (lost + doubled)[:10]:
            print(f"      {name}: there {found[name]} times")
        return len(lost), len(doubled)

    def report(self, verified, bare_lost):
        print(f"\n{'seconds':22}{'no write':>10}{'psycopg':>10}{'ratio':>8}{'no read':>10}{'new leader':>12}{'then ours':>11}")
        for name, ours, bare, reads, led, recovery in self.rows:
            print(f"{name:22}{ours:10.1f}{bare:10.1f}{ours / bare:8.2f}{reads:10.1f}{led:12.1f}{recovery:11.1f}")
        answers = ", ".join(f"{status}: {count}" for status, count in sorted(self.ours.answers.items(), key=str))
        print(f"{len(self.ours.acknowledged)} writes acknowledged by the daemon ({answers}),"
              f" {len(self.bare.acknowledged)} by PostgreSQL to psycopg, of which {bare_lost} lost")
        public = ", ".join(f"{status}: {count}" for status, count in self.ours.public.items())
        print(f"pages that ask no database: {public}; the slowest took {self.ours.slowest * 1000:.0f} ms")
        print(f"musterd verify: {verified}")
        for what, count in self.ours.undeserved.items():
            self.failures.append(f"{count} times {what}")
        if set(self.ours.public) != {200}:
            self.failures.append(f"pages that ask no database: {public}")
        warnings = sum('"level":"warning"' in line for line in open(self.daemon.log))
        errors = [line for line in open(self.daemon.log) if '"level":"error"' in line]
        print(f"the daemon's log: {warnings} warnings, {len(errors)} errors")
        for line in errors[:5]:
            print(f"      {line.strip()}")


if __name__ == "__main__":
    ACCOUNT = pwd.getpwnam("postgres")
    BINARIES = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
    shutil.rmtree(STATE, ignore_errors=True)
    os.makedirs(STATE)
    os.chown(STATE, ACCOUNT.pw_uid, ACCOUNT.pw_gid)
    os.makedirs("/run/netns", exist_ok=True)
    run("mount", "-t", "tmpfs", "none", "/run/netns")
    drill = Drill()
    drill.carry_out()
    status = drill.judge()
    if status == 0 and not os.environ.get("DRILL_KEEP"):
        shutil.rmtree(STATE, ignore_errors=True)
    else:
        print(f"logs: {STATE}", file=sys.stderr)
    sys.exit(status)
