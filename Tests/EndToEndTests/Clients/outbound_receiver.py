"""Receivers of what Muster sends, as other people wrote them: Standard Webhooks' and Svix's libraries, CloudEvents' SDK, a model of
Alertmanager's webhook, and Python's own mail parser. They read rendered requests from a file."""

import base64
import json

import standardwebhooks
import svix
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from prometheus_alert_model import AlertGroup

import mails
import steps


class Client:
    def __init__(self, path, _):
        with open(path) as file:
            document = json.load(file)
        self.secrets = document["secrets"]
        self.requests = {
            name: (request["headers"], base64.b64decode(request["body"]))
            for name, request in document["requests"].items()
        }

    def _judged(self, verify):
        """What a library says of every signed request under every secret: the type that it read, or its refusal."""
        judged = {}
        for name, (headers, body) in self.requests.items():
            if "webhook-signature" not in headers:
                continue
            for secret in ("new", "old", "other"):
                try:
                    judged[f"{name} {secret}"] = verify(self.secrets[secret], body, headers).get("type", "-")
                except Exception as error:  # Each library has its own.
                    judged[f"{name} {secret}"] = type(error).__name__
        return judged

    def standardwebhooks(self):
        return self._judged(lambda secret, body, headers: standardwebhooks.Webhook(secret).verify(body, headers))

    def svix(self):
        return self._judged(lambda secret, body, headers: svix.Webhook(secret).verify(body, headers))

    def ed25519(self):
        """`v1a`, which neither library reads, by the specification's words."""
        judged = {}
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(self.secrets["public"].removeprefix("whpk_")))
        for name in ("ed25519", "ed25519-tampered"):
            headers, body = self.requests[name]
            signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
            version, signature = headers["webhook-signature"].split(",")
            try:
                key.verify(base64.b64decode(signature), signed)
                judged[name] = version
            except InvalidSignature:
                judged[name] = "refused"
        return judged

    def cloudevents(self):
        events = []
        for name in ("structured", "binary"):
            event = from_http_event(HTTPMessage(*self.requests[name]))
            data = event.get_data()
            events.append(
                {
                    "id": event.get_id(),
                    "source": event.get_source(),
                    "type": event.get_type(),
                    "subject": event.get_subject(),
                    "time": event.get_time().isoformat(),
                    "severity": data["incident"]["severity"],
                }
            )
        return events

    def alertmanager(self):
        groups = [AlertGroup(**json.loads(self.requests[f"alertmanager-{name}"][1])) for name in ("opened", "restored")]
        return [
            {
                "status": group.status,
                "key": group.group_key,
                "fingerprint": group.alerts[0].fingerprint,
                "summary": group.alerts[0].annotations["summary"],
                "severity": group.alerts[0].labels["severity"],
                "starts": group.alerts[0].starts_at.isoformat(),
                "ends": group.alerts[0].ends_at.isoformat(),
            }
            for group in groups
        ]

    def mail(self):
        return [mails.read(self.requests[name][1]) for name in ("mail-opened", "mail-restored", "mail-hostile")]


steps.run(Client)
