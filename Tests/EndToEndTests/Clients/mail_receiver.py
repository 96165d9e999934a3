"""A mail server (aiosmtpd) behind the mail program that the daemon calls, and a reader of what arrives there."""

import os
import threading
import time

from aiosmtpd.controller import Controller

import mails
import steps

# What people type, or tools: each would do harm in a header, in HTML, or in the dialogue with a mail server.
TITLE = (
    'Größe "voll" \\ =?UTF-8?B?eA==?=\r\nBcc: eve@example.org\r\n\r\n.\r\nQUIT\r\n<script>alert(1)</script> Æ ' + "ü" * 60
)


class Client:
    def __init__(self, url, key):
        self._ask = steps.API(url, key).ask
        self.taken, self.arrived = [], threading.Condition()
        self.server = Controller(self, hostname="127.0.0.1", port=int(os.environ["SMTP_PORT"]))
        made = self._ask("POST", "/v1/endpoints", {
            "name": "mail", "format": "email", "events": ["incident_opened", "phase_entered"], "options": {
                "to": "ana@example.org, Åsa <asa@example.org>", "from": "Muster <muster@example.org>",
                "unsubscribe": "mailto:leave@example.org"}})
        self.path = f"/v1/endpoints/{made['id']}"

    async def handle_DATA(self, server, session, envelope):
        with self.arrived:
            self.taken.append(envelope)
            self.arrived.notify_all()
        return "250 Taken"

    def _mails(self, count):
        with self.arrived:
            self.arrived.wait_for(lambda: len(self.taken) >= count, timeout=40)
            return [
                {"sender": envelope.mail_from, "recipients": envelope.rcpt_tos, **mails.read(envelope.content)}
                for envelope in self.taken
            ]

    def _attempts(self, count):
        """Outcome and detail of so many attempts, the first one first, once they are there."""
        end = time.monotonic() + 40
        while True:
            attempts = self._ask("GET", f"{self.path}/attempts")["items"]
            if len(attempts) >= count or time.monotonic() > end:
                return [[attempt["outcome"], attempt["detail"]] for attempt in reversed(attempts)]
            time.sleep(0.1)

    def opened_and_moved_on(self):
        self.server.start()
        incident = f"/v1/incidents/{self._ask('POST', '/v1/incidents', {'title': TITLE})['number']}"
        self._mails(1)
        for verb in ("acknowledge", "advance"):
            self._ask("POST", f"{incident}/{verb}")
        found = self._mails(2)
        return {"title": " ".join(TITLE.split()), "mails": found, "attempts": self._attempts(2)}

    def away_for_a_while(self):
        """Nobody listens when the incident is opened."""
        self._ask("POST", "/v1/incidents", {"title": "Mail is down"})
        before = self._attempts(1)
        self.server.start()
        found = self._mails(1)
        return {"before": before, "mails": found, "attempts": self._attempts(2)}


steps.run(Client)
