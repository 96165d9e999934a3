"""The client before `pagerduty`, which many scripts still have."""

import pdpyras

import steps


class Client:
    def __init__(self, url, key):
        self.session = pdpyras.EventsAPISession(key)
        self.session.url = url

    def trigger(self):
        return self.session.trigger("Queue is stuck \u2013 caf\u00e9", "mq-1", dedup_key="queue", severity="warning")

    def acknowledge(self):
        return self.session.acknowledge("queue")

    def resolve(self):
        return self.session.resolve("queue")

    def change(self):
        session = pdpyras.ChangeEventsAPISession(self.session.api_key)
        session.url = self.session.url
        return session.submit("Release 43", source="deployer")


steps.run(Client)
