"""Somebody who subscribes to the public page by mail: his mail server (aiosmtpd), and what he does with the mails. He posts forms as a browser
does, follows links as they stand in the mails, and his mail program unsubscribes by one click as RFC 8058 says."""

import os
import re
import threading
import urllib.error
import urllib.parse
import urllib.request
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller

import mails
import steps


class Client:
    def __init__(self, url, key):
        self.url, self._ask = url, steps.API(url, key).ask
        self.taken, self.arrived = [], threading.Condition()
        self.server = Controller(self, hostname="127.0.0.1", port=int(os.environ["SMTP_PORT"]))
        self.server.start()

    async def handle_DATA(self, server, session, envelope):
        with self.arrived:
            self.taken.append(envelope)
            self.arrived.notify_all()
        return "250 Taken"

    def _wait(self, count, seconds=40):
        with self.arrived:
            self.arrived.wait_for(lambda: len(self.taken) >= count, timeout=seconds)
            return [
                {"recipients": envelope.rcpt_tos, "raw": message_from_bytes(envelope.content, policy=policy.default),
                 **mails.read(envelope.content)} for envelope in self.taken]

    def _send(self, path, form=None, accept="text/html", address="203.0.113.5", data=None, kind=None):
        """Status, text and headers of an answer."""
        body = urllib.parse.urlencode(form).encode() if form is not None else data
        headers = {"Accept": accept, "X-Forwarded-For": address}
        if body is not None:
            headers["Content-Type"] = kind or "application/x-www-form-urlencoded"
        request = urllib.request.Request(self.url + path, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode(), dict(answer.headers)
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), dict(error.headers)

    @staticmethod
    def _path(link):
        parts = urllib.parse.urlsplit(link)
        return f"{parts.path}?{parts.query}"

    def _update(self, incident, text):
        self._ask("POST", f"{incident}/updates", {"audience": "users", "body": text})

    def whole_life(self):
        self._ask("PUT", "/v1/components/feed", {"name": "hunter2", "tier": 1, "public": {"name": "Feed"}})
        said = {"asked": self._send("/status/subscriptions", {"email": "Ana@Example.org", "language": "en"})[0]}
        question = self._wait(1)[0]
        link = self._path(re.search(r"https://\S+/confirm\?\S+", question["text"]).group())
        token = urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)["token"][0]
        said["looked"] = self._send(link)[0]
        status, page, headers = self._send("/status/subscriptions/confirm", {"token": token})
        said["confirmed"], said["cached"] = status, headers.get("Cache-Control")
        impact = {"component": "feed", "impact": "major_outage"}
        number = self._ask("POST", "/v1/incidents", {"title": "hunter2", "components": [impact]})["number"]
        incident = f"/v1/incidents/{number}"
        self._update(incident, "Feed is down.\r\nBcc: eve@example.org\r\n\r\n.\r\nÆther, \"quoted\" <b>x</b>")
        self._wait(2)
        self._update(incident, "We found why.")
        found = self._wait(3)
        said["mails"] = [
            {name: mail[name] for name in ("recipients", "subject", "defects", "references", "text", "html", "id", "names")}
            | {"post": mail["raw"]["List-Unsubscribe-Post"], "list": mail["raw"]["List-Id"],
               "auto": mail["raw"]["Auto-Submitted"], "bcc": mail["raw"]["Bcc"]} for mail in found]
        leave = self._path(found[-1]["unsubscribe"].strip("<>"))
        said["seen"] = self._send(leave)[0]
        said["left"] = self._send(leave, data=b"List-Unsubscribe=One-Click")[0]
        said["left_again"] = self._send(leave, data=b"List-Unsubscribe=One-Click", accept="*/*")[0]
        self._update(incident, "Feed is back.")
        said["after"] = len(self._wait(4, seconds=5))
        said["stored"] = len(self._ask("GET", "/v1/subscriptions")["items"])
        return said

    def flood(self):
        """Thousands of wishes from everywhere, among them many for one victim; then one honest subscriber's update."""
        statuses = {}
        for number in range(4_000):
            address = f"{1 + number % 200}.{number // 200}.{number % 11}.7"
            mail = "victim@example.org" if number % 2 else f"v{number}@example.org"
            status = self._send("/status/subscriptions", {"email": mail}, accept="*/*", address=address)[0]
            statuses[str(status)] = statuses.get(str(status), 0) + 1
        found = self._wait(10_000, seconds=8)
        to_victim = sum("victim@example.org" in mail["recipients"] for mail in found)
        request = urllib.request.Request(self.url + "/metrics", headers={"Authorization": f"Bearer {os.environ['TOKEN']}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            series = [line for line in answer.read().decode().splitlines() if line.startswith("muster_subscription")]
        return {"statuses": statuses, "mails": len(found), "to_victim": to_victim, "series": len(series)}


steps.run(Client)
