"""A calendar program: icalendar reads the feed, recurring-ical-events works out what is in it."""

import base64
import urllib.request
from datetime import datetime, timedelta, timezone

import icalendar
import recurring_ical_events

import steps


class Client:
    def __init__(self, url, token):
        self.url = f"{url}/v1/maintenance.ics"
        self.token = token

    def _fetch(self):
        # As calendar programs do: a user and a password.
        login = base64.b64encode(f"anybody:{self.token}".encode()).decode()
        request = urllib.request.Request(self.url, headers={"Authorization": f"Basic {login}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.headers["Content-Type"], answer.read()

    def bytes(self):
        """Leniency is the reader's; the bytes have to be right all the same."""
        kind, body = self._fetch()
        lines = body.split(b"\r\n")
        return {
            "type": kind,
            "longest": max(len(line) for line in lines),
            "bare": any(b"\n" in line or b"\r" in line for line in lines),
            "ends": body.endswith(b"END:VCALENDAR\r\n"),
        }

    def events(self):
        """Every event from now on for 200 days: the title, when it begins and ends in UTC, and its status."""
        calendar = icalendar.Calendar.from_ical(self._fetch()[1])
        broken = [str(part.errors) for part in calendar.walk() if part.errors]
        now = datetime.now(timezone.utc)
        found = []
        for event in recurring_ical_events.of(calendar).between(now - timedelta(days=2), now + timedelta(days=200)):
            start = event.start.astimezone(timezone.utc)
            end = start + (event.end.astimezone(timezone.utc) - start)
            found.append(
                {
                    "title": str(event["SUMMARY"]),
                    "start": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "end": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "status": str(event["STATUS"]),
                    "sequence": int(event["SEQUENCE"]),
                }
            )
        found.sort(key=lambda event: (event["title"], event["start"]))
        return {"broken": broken, "events": found, "zones": sorted(zone.tz_name for zone in calendar.timezones)}


steps.run(Client)
