"""Google's alertmanager-irc-relay from Debian, with a small IRC server around it: it reads Alertmanager's webhook and says on a channel what
its template makes of it."""

import base64
import json
import os
import queue
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request

import steps

TEMPLATE = "{{ .Labels.alertname }} {{ .Labels.incident }} {{ .Status }} {{ .Labels.severity }}: {{ .Annotations.summary }} {{ .GeneratorURL }}"


class Client:
    def __init__(self, path, program):
        with open(path) as file:
            self.requests = json.load(file)["requests"]
        self.program = program
        self.said = queue.Queue()

    def _irc(self, listener):
        """As much of IRC as a bot needs to join a channel and to speak."""
        connection, _ = listener.accept()
        nick = "relay"
        with connection.makefile("rw", encoding="utf-8", newline="\r\n") as lines:
            for line in lines:
                word, _, rest = line.rstrip("\r\n").partition(" ")
                answers = []
                if word == "NICK":
                    nick = rest
                elif word == "USER":
                    answers = [f":irc 001 {nick} :Welcome"]
                elif word == "PING":
                    answers = [f":irc PONG irc {rest}"]
                elif word == "JOIN":
                    channel = rest.split()[0]
                    answers = [f":{nick}!relay@127.0.0.1 JOIN {channel}", f":irc 366 {nick} {channel} :End"]
                elif word in ("PRIVMSG", "NOTICE") and rest.startswith("#"):
                    self.said.put(rest.partition(" :")[2])
                for answer in answers:
                    lines.write(answer + "\r\n")
                lines.flush()

    def relayed(self):
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._irc, args=(listener,), daemon=True).start()
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with tempfile.TemporaryDirectory() as directory:
            configuration = os.path.join(directory, "relay.yml")
            with open(configuration, "w") as file:
                json.dump(
                    {
                        "http_host": "127.0.0.1",
                        "http_port": port,
                        "irc_host": "127.0.0.1",
                        "irc_port": listener.getsockname()[1],
                        "irc_use_ssl": False,
                        "irc_nickname": "relay",
                        "irc_channels": [{"name": "#ops"}],
                        "msg_template": TEMPLATE,
                    },
                    file,
                )
            with subprocess.Popen([self.program, "--config", configuration], stderr=subprocess.DEVNULL) as relay:
                try:
                    return [self._post(port, name) for name in ("alertmanager-opened", "alertmanager-restored")]
                finally:
                    relay.kill()

    def _post(self, port, name):
        """What the channel hears of a request."""
        request = self.requests[name]
        end = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(
                    urllib.request.Request(
                        f"http://127.0.0.1:{port}/ops",
                        data=base64.b64decode(request["body"]),
                        headers=request["headers"],
                        method="POST",
                    ),
                    timeout=10,
                ).close()
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
        return self.said.get(timeout=30)


steps.run(Client)
