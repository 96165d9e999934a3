"""A receiver of signed webhooks, which checks them as the libraries of Standard Webhooks and of Svix tell their users to."""

import datetime
import http.server
import json
import threading
import time

import standardwebhooks
import svix.webhooks

import steps

LIBRARIES = {
    "standardwebhooks": (standardwebhooks.Webhook, standardwebhooks.WebhookVerificationError),
    "svix": (svix.webhooks.Webhook, svix.webhooks.WebhookVerificationError),
}


class Client:
    def __init__(self, url, key):
        self._ask = steps.API(url, key).ask
        self.messages, self.arrived = [], threading.Condition()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        made = self._ask("POST", "/v1/endpoints", {
            "name": "receiver", "format": "standard-webhooks", "url": f"http://127.0.0.1:{self.server.server_port}/hook"})
        self.path, self.secrets = f"/v1/endpoints/{made['id']}", [made["secret"]]

    def _handler(self):
        client = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with client.arrived:
                    client.messages.append((dict(self.headers.items()), body))
                    client.arrived.notify_all()
                self.send_response(204)
                self.end_headers()

            def log_message(self, *arguments):
                pass

        return Handler

    def _message(self, id):
        """The newest one of an id, once it is there."""
        with self.arrived:
            found = self.arrived.wait_for(lambda: [m for m in self.messages if self._id(m) == id], timeout=30)
            return found[-1]

    @staticmethod
    def _id(message):
        return {name.lower(): value for name, value in message[0].items()}["webhook-id"]

    def _test(self):
        return self._message(self._ask("POST", f"{self.path}/test")["notification"])

    def _verdicts(self, headers, body, secrets=None):
        """What each library says with each of the secrets: the kind of event, or `refused`."""
        verdicts = []
        for library, refusal in LIBRARIES.values():
            for secret in secrets or self.secrets:
                try:
                    library(secret).verify(body, headers)
                    verdicts.append(json.loads(body)["type"])
                except refusal:
                    verdicts.append("refused")
        return verdicts

    def good(self):
        return self._verdicts(*self._test())

    def of_an_incident(self):
        number = self._ask("POST", "/v1/incidents", {"title": "Videos do not play"})["number"]
        with self.arrived:
            self.arrived.wait_for(lambda: any(b"Videos do not play" in body for _, body in self.messages), timeout=30)
            headers, body = next(m for m in self.messages if b"Videos do not play" in m[1])
        data = json.loads(body)["data"]
        return self._verdicts(headers, body) + [data["incident"]["number"] == number]

    def tampered(self):
        headers, body = self._test()
        return self._verdicts(headers, body.replace(b"test", b"tost", 1)) + self._verdicts(headers, body + b" ")

    def other_id(self):
        headers, body = self._test()
        return self._verdicts({**headers, **{n: "ntf_999" for n in headers if n.lower() == "webhook-id"}}, body)

    def old(self):
        headers, body = self._test()
        name = next(n for n in headers if n.lower() == "webhook-timestamp")
        late = {**headers, name: str(int(headers[name]) - 3600)}
        # Signed an hour ago, as somebody sends it who kept it.
        signed = standardwebhooks.Webhook(self.secrets[0])
        moment = datetime.datetime.fromtimestamp(int(late[name]), tz=datetime.timezone.utc)
        late[next(n for n in headers if n.lower() == "webhook-signature")] = signed.sign(
            self._id((headers, body)), moment, body.decode())
        return self._verdicts(late, body)

    def wrong_secret(self):
        return self._verdicts(*self._test(), secrets=["whsec_" + "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="])

    def rotated(self):
        self.secrets.append(self._ask("POST", f"{self.path}/rotate")["secret"])
        return self._verdicts(*self._test())

    def rotated_at_once(self):
        """The old one leaked: it counts no longer."""
        self.secrets = [self.secrets[-1], self._ask("POST", f"{self.path}/rotate", {"overlap_seconds": 0})["secret"]]
        return self._verdicts(*self._test())

    def replayed(self):
        first = self._test()
        count = len(self.messages)
        # A second later, so that the time of the attempt is another one.
        time.sleep(1.1)
        replayed = self._ask("POST", f"{self.path}/replay", {"notification": self._id(first)})["replayed"]
        with self.arrived:
            self.arrived.wait_for(lambda: len(self.messages) > count, timeout=30)
            second = self.messages[-1]
        times = [headers[n] for headers, _ in (first, second) for n in headers if n.lower() == "webhook-timestamp"]
        return [replayed, self._id(first) == self._id(second), first[1] == second[1], times[0] < times[1],
                self._verdicts(*second, secrets=[self.secrets[-1]])]


steps.run(Client)
