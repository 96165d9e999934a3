"""What runs during a measurement: a private PostgreSQL, the daemon, the load generators, and the CPU they use."""

import contextlib
import glob
import http.client
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUTPUT = f"{ROOT}/.build/bench"
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(root):
    """CPU time of a process and all below it, reaped children included."""
    children, used = {}, {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat") as stat:
                fields = stat.read().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(entry))
        used[int(entry)] = sum(map(int, fields[11:15])) / TICKS
    total, pending = 0, [root]
    while pending:
        process = pending.pop()
        total += used.get(process, 0)
        pending += children.get(process, [])
    return total


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wrk(script, url, connections, seconds, environment, counts_refusals=False):
    """Loads a server with the requests of a script in `load`; rates are those of answers with success."""
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "load")
    command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "30s", "-s",
               f"{folder}/{script}.lua", url]
    found = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, BENCH_LOAD=folder, **environment))
    result = re.search(r"^@RESULT (.*)$", found.stdout, re.M)
    if found.returncode or not result:
        raise SystemExit(f"bench: wrk failed\n{found.stdout}\n{found.stderr}")
    result = json.loads(result[1])
    if counts_refusals:
        result["answered"] += result.pop("refused")
        result["refused"] = 0
    if not result["answered"]:
        raise SystemExit(f"bench: {script}: no request was answered with success: {result}")
    return {"rate": result["answered"] / result["seconds"], "p50_ms": result["p50_ms"], "p99_ms": result["p99_ms"],
            "answered": result["answered"], "failed": result["refused"] + result["broken"]}


class Cluster:
    """A PostgreSQL of our own on a unix socket, durable as PostgreSQL is by default."""

    SETTINGS = """
listen_addresses = ''
max_connections = 100
shared_buffers = 256MB
max_wal_size = 4GB
logging_collector = on
log_destination = csvlog
log_directory = 'log'
log_filename = 'server.log'
log_rotation_size = 0
log_rotation_age = 0
"""

    def __init__(self):
        self.bin = self.find()
        self.directory = tempfile.mkdtemp(prefix="muster-bench-", dir="/var/tmp")
        self.data = f"{self.directory}/data"
        self.user = []
        if os.geteuid() == 0:
            self.user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "env", "HOME=/var/tmp"]
            shutil.chown(self.directory, "postgres", "postgres")
        os.chmod(self.directory, 0o755)
        self.pid = None

    @staticmethod
    def find():
        candidates = glob.glob("/usr/lib/postgresql/*/bin") + glob.glob("/usr/pgsql-*/bin")
        if program := shutil.which("initdb"):
            candidates.append(os.path.dirname(os.path.realpath(program)))
        usable = [path for path in candidates if os.path.exists(f"{path}/initdb") and os.path.exists(f"{path}/pgbench")]
        if not usable:
            raise SystemExit("bench: no PostgreSQL server with pgbench; deploy/install-build-dependencies.sh bench")
        return max(usable, key=lambda path: [int(n) for n in re.findall(r"\d+", path)])

    def start(self):
        self.run("initdb", "-D", self.data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8")
        settings = self.SETTINGS + f"unix_socket_directories = '{self.directory}'\n"
        subprocess.run(self.user + ["tee", "-a", f"{self.data}/postgresql.conf"], input=settings, text=True,
                       stdout=subprocess.DEVNULL, check=True)
        self.run("pg_ctl", "-D", self.data, "-w", "-l", f"{self.directory}/start.log", "start")
        with open(f"{self.data}/postmaster.pid") as file:
            self.pid = int(file.readline())

    def stop(self):
        if self.pid:
            subprocess.run(self.user + [f"{self.bin}/pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop"],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
            self.pid = None
        shutil.rmtree(self.directory, ignore_errors=True)

    def run(self, program, *arguments):
        subprocess.run(self.user + [f"{self.bin}/{program}", *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/")

    def sql(self, statement, database="muster"):
        found = subprocess.run(
            [f"{self.bin}/psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.directory, "-U", "postgres",
             "-d", database, "-c", statement], capture_output=True, text=True)
        if found.returncode:
            raise SystemExit(f"bench: {found.stderr.strip()}\nin: {statement}")
        return found.stdout.strip()

    def log_statements(self, on):
        for setting in ("log_statement = 'all'", "debug_print_parse = on", "debug_pretty_print = off"):
            name = setting.split()[0]
            self.sql(f"ALTER SYSTEM SET {setting}" if on else f"ALTER SYSTEM RESET {name}")
        self.sql("SELECT pg_reload_conf()")
        time.sleep(0.3)  # The server gives no sign when every process has read its configuration.

    def url(self, database):
        return f"postgresql://postgres@/{database}?host={self.directory}"

    def pgbench(self, script, variables, clients, seconds, sampling=1.0, database="reference"):
        """Runs a script; the answer has the keys that the load generator's has."""
        with tempfile.TemporaryDirectory() as scratch:
            with open(f"{scratch}/script.sql", "w") as file:
                file.write(script)
            command = [f"{self.bin}/pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(seconds),
                       "-l", f"--log-prefix={scratch}/log", f"--sampling-rate={sampling}", "-h", self.directory,
                       "-U", "postgres", "-f", f"{scratch}/script.sql"]
            for name, value in variables.items():
                command += ["-D", f"{name}={value}"]
            # Planned as the daemon's connections plan (ConnectionParameters.swift), or the reference would be slower.
            environment = dict(os.environ, PGOPTIONS="-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off")
            before = cpu_seconds(self.pid)
            found = subprocess.run(command + [database], capture_output=True, text=True, env=environment)
            after = cpu_seconds(self.pid)
            rate = re.search(r"^tps = ([\d.]+) \(without", found.stdout, re.M)
            if found.returncode or not rate:
                raise SystemExit(f"bench: pgbench failed\n{found.stdout}\n{found.stderr[-3000:]}\n{script}")
            latencies = []
            for path in glob.glob(f"{scratch}/log*"):
                with open(path) as log:
                    latencies += [int(line.split()[2]) for line in log]
        latencies.sort()
        rate = float(rate[1])
        return {"rate": rate, "p50_ms": latencies[len(latencies) // 2] / 1000,
                "p99_ms": latencies[int(len(latencies) * 0.99)] / 1000,
                "postgres_us": (after - before) / (rate * seconds) * 1e6}


class Daemon:
    """musterd on the cluster, and the means to ask it."""

    def __init__(self, program, cluster, log, database="muster"):
        self.program, self.cluster, self.log, self.database = program, cluster, log, database
        self.port = free_port()
        self.token = secrets.token_hex(16)
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self):
        return dict(os.environ, MUSTER_DATABASE_URL=self.cluster.url(self.database), MUSTER_HTTP_LISTEN=f"127.0.0.1:{self.port}",
                    MUSTER_AUTH_BOOTSTRAP_TOKEN=self.token, MUSTER_LOG_LEVEL="warning")

    def start(self):
        """Starts the daemon and returns how many seconds passed until it was ready."""
        began = time.perf_counter()
        with open(self.log, "a") as log:
            self.process = subprocess.Popen([self.program, "serve"], env=self.environment, stdout=log, stderr=log)
        while not self.is_ready():
            if self.process.poll() is not None:
                with open(self.log) as log:
                    raise SystemExit(f"bench: the daemon ended with {self.process.returncode}\n{log.read()[-3000:]}")
            if time.perf_counter() - began > 60:
                raise SystemExit("bench: the daemon was not ready within 60 s")
            time.sleep(0.002)
        return time.perf_counter() - began

    def is_ready(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
                return connection.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(self, method, path, body=None, connection=None):
        connection = connection or self.connection()
        connection.request(method, path, None if body is None else json.dumps(body), {
            "Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"bench: {method} {path} was answered {answer.status}: {text[:600].decode()}")
        return json.loads(text) if text else None

    def resident_mebibytes(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) / 1024

    def load(self, script, path, connections, seconds, environment, settle=lambda: 0):
        """Runs the load generator; `settle` waits for work that the answers did not wait for."""
        before = cpu_seconds(self.process.pid), cpu_seconds(self.cluster.pid)
        result = wrk(script, f"{self.url}{path}", connections, seconds,
                     {"BENCH_TOKEN": self.token} | environment)
        result["settled_s"] = settle()
        after = cpu_seconds(self.process.pid), cpu_seconds(self.cluster.pid)
        answered = result["answered"]
        return result | {"daemon_us": (after[0] - before[0]) / answered * 1e6,
                         "postgres_us": (after[1] - before[1]) / answered * 1e6}


@contextlib.contextmanager
def serving(name):
    """A cluster with an empty database, and musterd on it: the release build, or BENCH_DAEMON. Both are stopped at the end."""
    os.makedirs(OUTPUT, exist_ok=True)
    cluster = Cluster()
    daemon = Daemon(os.environ.get("BENCH_DAEMON", f"{ROOT}/.build/release/musterd"), cluster, f"{OUTPUT}/{name}-daemon.log")
    open(daemon.log, "w").close()
    try:
        cluster.start()
        cluster.sql("CREATE DATABASE muster", database="postgres")
        daemon.start()
        yield cluster, daemon
    finally:
        daemon.stop()
        cluster.stop()


def exit_status(failures, say=print):
    """Says which limits were missed, at the end of what a bench prints; its exit status, 1 only with BENCH_STRICT=1."""
    for failure in failures:
        say(f"FAIL  {failure}")
    return 1 if failures and os.environ.get("BENCH_STRICT") == "1" else 0
