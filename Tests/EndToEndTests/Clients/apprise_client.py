"""Apprise: `json://` to a hook, and its PagerDuty and Opsgenie plug-ins, whose addresses are the one thing changed."""

import urllib.parse

import apprise
from apprise.plugins import opsgenie, pagerduty

import steps


class Client:
    def __init__(self, url, key):
        self.address = urllib.parse.urlsplit(url).netloc
        self.key = key
        self.senders = {}
        for region in list(pagerduty.PAGERDUTY_API_LOOKUP):
            pagerduty.PAGERDUTY_API_LOOKUP[region] = f"{url}/v2/enqueue"
        for region in list(opsgenie.OPSGENIE_API_LOOKUP):
            opsgenie.OPSGENIE_API_LOOKUP[region] = f"{url}/v2/alerts"

    def _notify(self, url, kind, title="Disk is full"):
        # The same one again: the Opsgenie plug-in remembers what it has created.
        sender = self.senders.setdefault(url, apprise.Apprise())
        if not len(sender) and not sender.add(url):
            raise ValueError(f"Apprise does not know {url}")
        return bool(sender.notify(title=title, body="98 %\nof db-1", notify_type=kind))

    def _json(self, kind):
        return self._notify(f"json://{self.address}/hooks/{self.key}?:component=database", kind)

    def json_failure(self):
        return self._json(apprise.NotifyType.FAILURE)

    def json_success(self):
        return self._json(apprise.NotifyType.SUCCESS)

    def form_failure(self):
        return self._notify(f"form://{self.address}/hooks/{self.key}", apprise.NotifyType.FAILURE, "A form")

    def _pagerduty(self, kind):
        return self._notify(f"pagerduty://{self.key}@apikey/db-1/database?action=map", kind)

    def pagerduty_failure(self):
        return self._pagerduty(apprise.NotifyType.FAILURE)

    def pagerduty_success(self):
        return self._pagerduty(apprise.NotifyType.SUCCESS)

    def _opsgenie(self, kind):
        return self._notify(f"opsgenie://{self.key}/?alias=apprise&entity=database&action=map&priority=high", kind)

    def opsgenie_failure(self):
        return self._opsgenie(apprise.NotifyType.FAILURE)

    def opsgenie_success(self):
        return self._opsgenie(apprise.NotifyType.SUCCESS)


steps.run(Client)
