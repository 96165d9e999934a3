"""PagerDuty's own client. It speaks TLS only, so it goes through `tls_end.py`."""

import pagerduty

import steps


class Client:
    def __init__(self, url, key):
        self.client = pagerduty.EventsApiV2Client(key, base_url=url)

    def trigger(self):
        return self.client.trigger(
            "Disk is full: 98 % \u2013 caf\u00e9",
            "db-1",
            dedup_key="disk/db-1 \u00e9",
            severity="error",
            payload={"component": "database", "group": "storage", "class": "disk"},
            custom_details={"free": {"bytes": 12.5, "inodes": None}},
            links=[{"href": "http://example.com/runbook", "text": "Runbook"}],
        )

    def trigger_unnamed(self):
        return self.client.trigger("Something else", "db-2")

    def acknowledge(self):
        return self.client.acknowledge("disk/db-1 \u00e9")

    def resolve(self):
        return self.client.resolve("disk/db-1 \u00e9")

    def resolve_unknown(self):
        return self.client.resolve("nobody knows this")

    def change(self):
        # 7.2.0 cannot make a timestamp of its own.
        return self.client.submit(
            "Release 42",
            source="deployer",
            custom_details={"component": "database"},
            timestamp="2026-01-01T10:00:00.678+0000",
        )


steps.run(Client)
