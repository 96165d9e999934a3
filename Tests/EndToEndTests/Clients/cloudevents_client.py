"""CloudEvents' own SDK, which makes requests but does not send them: urllib does, as in its examples."""

import json
import urllib.request
from datetime import datetime, timezone

from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

import steps


class Client:
    def __init__(self, url, key):
        self.url = f"{url}/hooks/{key}"

    def _event(self, identity, kind, **data):
        attributes = {
            "id": identity,
            "source": "/checks/disk",
            "type": f"com.example.check.{kind}",
            "specversion": "1.0",
            "time": datetime.now(timezone.utc),
            "subject": "disk \u00e9",
            "datacontenttype": "application/json",
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        }
        return CloudEvent(attributes, {"component": "database", **data})

    def _send(self, headers, body):
        request = urllib.request.Request(self.url, data=body, headers=headers, method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return {"status": answer.status, "body": json.loads(answer.read())}

    def _message(self, message):
        return self._send(message.headers, message.body)

    def structured(self):
        event = self._event("1", "failed", title="Disk is full", dedup_key="structured")
        return self._message(to_structured_event(event))

    def structured_end(self):
        return self._message(to_structured_event(self._event("2", "resolved", dedup_key="structured")))

    def binary(self):
        return self._message(to_binary_event(self._event("3", "failed", title="Disk is full", dedup_key="binary")))

    def binary_end(self):
        return self._message(to_binary_event(self._event("4", "resolved", dedup_key="binary")))

    def binary_untyped(self):
        """With urllib's own content type, as many senders have it."""
        message = to_binary_event(self._event("5", "failed", title="Disk is slow"))
        headers = {name: value for name, value in message.headers.items() if name.lower() != "content-type"}
        return self._send(headers, message.body)

    def _batch(self, *events):
        body = b"[" + b",".join(to_structured_event(event).body for event in events) + b"]"
        return self._send({"Content-Type": "application/cloudevents-batch+json"}, body)

    def batch(self):
        return self._batch(*(self._event(name, "failed", dedup_key=name) for name in ("batch-a", "batch-b")))

    def batch_end(self):
        return self._batch(*(self._event(f"{name}-end", "ok", dedup_key=name) for name in ("batch-a", "batch-b")))

    def nameless(self):
        """What the SDK refuses to make: an event without a type."""
        body = json.dumps({"specversion": "1.0", "id": "6", "source": "/checks/disk"}).encode()
        return self._send({"Content-Type": "application/cloudevents+json"}, body)


steps.run(Client)
