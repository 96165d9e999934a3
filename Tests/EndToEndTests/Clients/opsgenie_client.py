"""Opsgenie's own SDK."""

import opsgenie_sdk

import steps


class Client:
    def __init__(self, url, key):
        settings = opsgenie_sdk.Configuration()
        settings.host = url
        settings.api_key["Authorization"] = key
        # As it is by default, but for the half minute between attempts.
        settings.retry_delay = 1
        settings.retry_max_delay = 2
        settings.retry_count = 20
        # What never succeeds would be asked for again for minutes.
        settings.short_polling_max_retries = 2
        self.alerts = opsgenie_sdk.AlertApi(opsgenie_sdk.ApiClient(configuration=settings))

    def _named(self, call, body=None, **options):
        arguments = {} if body is None else {body[0]: body[1]}
        answer = call("disk", identifier_type="alias", **arguments, **options)
        return self._outcome(answer)

    def _outcome(self, answer):
        outcome = answer.retrieve_result()
        return {
            "request": answer.request_id,
            "success": outcome.data.is_success,
            "action": outcome.data.action,
            "alert": outcome.data.alert_id,
            "alias": outcome.data.alias,
        }

    def create(self):
        return self._outcome(
            self.alerts.create_alert(
                opsgenie_sdk.CreateAlertPayload(
                    message="Disk is full \u2013 caf\u00e9",
                    alias="disk",
                    description="98 %",
                    entity="database",
                    source="http://example.com/graph",
                    tags=["storage", " urgent"],
                    details={"component": "database"},
                    priority="P1",
                    responders=[{"name": "storage", "type": "team"}],
                )
            )
        )

    def read(self):
        alert = self.alerts.get_alert("disk", identifier_type="alias").data
        return {
            "id": alert.id,
            "alias": alert.alias,
            "message": alert.message,
            "status": alert.status,
            "acknowledged": alert.acknowledged,
            "count": alert.count,
            "priority": alert.priority,
            "tags": alert.tags,
            "created_at": str(alert.created_at),
        }

    def read_by_id(self):
        return self.alerts.get_alert(self.read()["id"]).data.alias

    def list(self):
        return [alert.alias for alert in self.alerts.list_alerts(query="status:open").data]

    def count(self):
        return self.alerts.count_alerts().data.count

    def acknowledge(self):
        payload = opsgenie_sdk.AcknowledgeAlertPayload(user="Jo", note="Looking", source="sdk")
        return self._named(self.alerts.acknowledge_alert, ("acknowledge_alert_payload", payload))

    def note(self):
        payload = opsgenie_sdk.AddNoteToAlertPayload(user="Jo", note="Half of it is logs")
        return self._named(self.alerts.add_note, ("add_note_to_alert_payload", payload))

    def notes(self):
        return [note.note for note in self.alerts.list_notes("disk", identifier_type="alias").data]

    def close(self):
        # Without arguments, and so without a body.
        return self._named(self.alerts.close_alert)

    def close_unknown(self):
        return self._outcome(self.alerts.close_alert("nobody knows this", identifier_type="alias"))

    def read_unknown(self):
        return self.alerts.get_alert("nobody knows this", identifier_type="alias").data.id

    def create_wrong(self):
        return self._outcome(self.alerts.create_alert(opsgenie_sdk.CreateAlertPayload(message="", alias="wrong")))


steps.run(Client)
