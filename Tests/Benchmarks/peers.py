"""Other people's programs, fetched into .build/bench and run beside the daemon: Alertmanager from Debian, alerta-server from
PyPI."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
import venv

from machine import cpu_seconds, free_port, wrk

ALERTA = ["alerta-server==9.1.0", "gunicorn==27.0.1", "psycopg2-binary==2.9.13", "setuptools<81"]


class Peer:
    """A server that is started for one measurement after another, and asked as the daemon is."""

    def __init__(self, name, directory):
        self.name, self.directory = name, directory
        self.port = free_port()
        self.process = None
        os.makedirs(directory, exist_ok=True)

    def begin(self, command, path, environment={}):
        with open(f"{self.directory}/{self.name}.log", "w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.directory, start_new_session=True,
                                            env=os.environ | environment)
        for _ in range(1200):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                    answer.read()
                    return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        with open(f"{self.directory}/{self.name}.log") as log:
            raise SystemExit(f"bench: {self.name} does not answer\n{log.read()[-2000:]}")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def load(self, script, path, connections, seconds, environment):
        before = cpu_seconds(self.process.pid)
        result = wrk(script, f"http://127.0.0.1:{self.port}{path}", connections, seconds, environment)
        return result | {"peer_us": (cpu_seconds(self.process.pid) - before) / result["answered"] * 1e6}


class Alertmanager(Peer):
    """Debian's prometheus-alertmanager, unpacked and not installed: an installation would start a service."""

    SETTINGS = """route: {receiver: none, group_by: [alertname], group_wait: 30s, group_interval: 5m, repeat_interval: 4h}
receivers: [{name: none}]
"""

    def __init__(self, directory):
        super().__init__("alertmanager", directory)
        self.program = f"{directory}/alertmanager/usr/bin/prometheus-alertmanager"
        if not os.path.exists(self.program):
            subprocess.run(["apt-get", "-qq", "download", "prometheus-alertmanager"], check=True, cwd=directory)
            package = next(name for name in os.listdir(directory) if name.startswith("prometheus-alertmanager_"))
            subprocess.run(["dpkg", "-x", package, "alertmanager"], check=True, cwd=directory)

    def start(self):
        subprocess.run(["rm", "-rf", f"{self.directory}/alertmanager.data"], check=True)
        with open(f"{self.directory}/alertmanager.yml", "w") as file:
            file.write(self.SETTINGS)
        # Debian's program reads its templates from /usr/share, where they are not.
        view = ["unshare", "-rm", "sh", "-c", 'mount --bind "$0" /usr/share && exec "$@"',
                f"{self.directory}/alertmanager/usr/share"]
        self.begin([
            *view, self.program, f"--config.file={self.directory}/alertmanager.yml", "--cluster.listen-address=",
            f"--storage.path={self.directory}/alertmanager.data", f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=error"], "/-/ready")


class Alerta(Peer):
    """alerta-server behind gunicorn, as its documentation runs it, on a database of the same cluster."""

    def __init__(self, directory, cluster):
        super().__init__("alerta", directory)
        self.cluster, self.bin = cluster, f"{directory}/alerta/bin"
        if not os.path.exists(f"{self.bin}/gunicorn"):
            venv.create(f"{directory}/alerta", clear=True, with_pip=True)
            subprocess.run([f"{self.bin}/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *ALERTA],
                           check=True)

    def start(self):
        self.cluster.sql("CREATE DATABASE alerta", database="postgres")
        with open(f"{self.directory}/alerta.conf", "w") as file:
            file.write(f"DATABASE_URL = '{self.cluster.url('alerta')}'\nSECRET_KEY = '{os.urandom(16).hex()}'\n"
                       "AUTH_REQUIRED = False\nLOG_LEVEL = 'ERROR'\n")
        environment = {"ALERTA_SVR_CONF_FILE": f"{self.directory}/alerta.conf"}
        # The tables first: its workers would race for them.
        subprocess.run([f"{self.bin}/python", "-c", "from alerta import create_app; create_app()"], check=True,
                       env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=sys.stderr)
        self.begin([f"{self.bin}/gunicorn", "-b", f"127.0.0.1:{self.port}", "-w", "4", "--log-level", "error",
                    "alerta:create_app()"], "/management/gtg", environment)
