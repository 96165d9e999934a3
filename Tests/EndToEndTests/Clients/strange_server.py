"""A server that is no Muster, or a bad day of one: `strange_server.py`. Prints the port that it listens on.

What it does with an incident is said by the number; GET /seen has what came in.
"""

import collections
import http.server
import json
import time

seen = []
tries = collections.Counter()


class Handler(http.server.BaseHTTPRequestHandler):
    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        if self.path == "/seen":
            return self.say(200, json.dumps(seen))
        number = self.path.split("/")[3] if self.path.count("/") >= 3 else ""
        tries[number] += 1
        seen.append(
            {
                "incident": number,
                "method": self.command,
                "key": self.headers.get("Idempotency-Key"),
                "token": self.headers.get("Authorization"),
            }
        )
        head = {"number": int(number or 0), "phase": "detect", "version": 1, "next": {"ready": True, "unmet": []}}
        if number == "1":
            self.say(302, "", Location="http://127.0.0.1:1/elsewhere")
        elif number == "2":
            self.say(200, "<html>A login page</html>", "text/html")
        elif number == "3":
            self.say(200, '{"number": ')
        elif number == "4" and tries[number] < 3:
            self.say(503, '{"detail": "not now"}', "application/problem+json", **{"Retry-After": "0"})
        elif number in ("5", "6") and tries[number] < 2:
            # The answer gets lost: nobody knows whether it was done.
            self.close_connection = True
            self.connection.close()
        elif number == "8" and tries[number] < 2:
            # The try before is still being carried out.
            problem = {"type": "/problems/idempotency-in-flight", "status": 409, "detail": "in flight"}
            self.say(409, json.dumps(problem), "application/problem+json", **{"Retry-After": "0"})
        elif number == "9":
            self.drip()
        elif number == "7":
            self.say(500, "<html>An error page of a proxy</html>", "text/html")
        else:
            self.say(200, json.dumps(head))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def say(self, status, text, kind="application/json", **headers):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def drip(self):
        """A body that never ends, with a byte each second."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(1)
        except OSError:
            self.close_connection = True

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
# The test that started it reads from here where it listens.
print(server.server_port, flush=True)
server.serve_forever()
