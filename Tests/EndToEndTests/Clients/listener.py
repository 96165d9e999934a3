"""A receiver of webhooks for the time of a test: GET answers with all that it was sent, and when."""

import http.server
import json
import threading
import time

HEARD = []
LOCK = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with LOCK:
            HEARD.append({"path": self.path, "at": time.time(), "id": self.headers["webhook-id"], "message": message})
        # Who asks whether messages are wanted is told yes.
        challenge = (message.get("data") or {}).get("challenge") if isinstance(message, dict) else None
        self._answer(json.dumps({"challenge": challenge} if challenge else {}).encode())

    def do_GET(self):
        with LOCK:
            self._answer(json.dumps(HEARD).encode())

    def _answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
# The test that started it reads from here where it listens.
print(server.server_port, flush=True)
server.serve_forever()
