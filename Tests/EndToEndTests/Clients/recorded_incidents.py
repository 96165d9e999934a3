"""Replays incidents of public status pages into Muster at their own times, as `Replay.swift` does: updates are notes, states are phases."""

import json
import os
import re

PHASES = ["detect", "assess", "mitigate", "restore", "review"]
PHASE = {
    "investigating": "assess",
    "in_progress": "assess",
    "identified": "mitigate",
    "monitoring": "restore",
    "resolved": "review",
    "completed": "review",
}
SEVERITY = {"critical": "sev1", "major": "sev2", "minor": "sev3", "none": "sev4"}
IMPACT = {
    "critical": "major_outage",
    "major": "partial_outage",
    "minor": "degraded",
    "maintenance": "maintenance",
}


def some(path, count):
    """So many of the file, of every impact and with many updates; None where the file is not there."""
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        incidents = json.load(file)["incidents"]
    by_impact = {}
    for incident in sorted(incidents, key=lambda item: -len(item["updates"])):
        by_impact.setdefault(incident["impact"], []).append(incident)
    chosen = []
    while len(chosen) < count and any(by_impact.values()):
        for group in by_impact.values():
            if group and len(chosen) < count:
                chosen.append(group.pop(0))
    return chosen


def slugs(incident):
    """The slugs of what was affected; a page that names nothing means all of it."""
    names = {"-".join(re.findall("[a-z0-9]+", name.lower()))[:64] for name in incident["components"]}
    return sorted(names) or ["platform"]


class Replay:
    def __init__(self, muster, incident):
        self.muster, self.incident = muster, incident
        self.slugs = slugs(incident)
        self.base, self.number = None, None

    def call(self, method, path, body, moment):
        return self.muster.ask(method, self.base + path, body | {"occurred_at": moment})

    def run(self):
        """The incident's number, when it is closed."""
        record = self.incident
        first = record["updates"][0]["at"] if record["updates"] else record["started_at"]
        impact = IMPACT.get(record["impact"], "degraded")
        opened = {
            "title": record["title"],
            "severity": SEVERITY.get(record["impact"], "sev3"),
            "started_at": record["started_at"],
            "occurred_at": first,
            "components": [{"component": slug, "impact": impact} for slug in self.slugs],
            "labels": {"record": record["id"]},
        }
        self.number = self.muster.ask("POST", "/v1/incidents", opened)["number"]
        self.base = f"/v1/incidents/{self.number}"
        self.call("POST", "/acknowledge", {}, first)
        for update in record["updates"]:
            self.call("POST", "/notes", {"text": update["body"]}, update["at"])
            self.call("POST", "/updates", {"audience": "users", "body": update["body"]}, update["at"])
            if update["status"] in PHASE:
                self.bring(PHASE[update["status"]], update["at"])
        self.close(record["resolved_at"])
        return self.number

    def bring(self, wanted, moment):
        """Forwards phase by phase, meeting what each asks for; back when the record goes back."""
        while True:
            phase = self.muster.ask("GET", self.base)["phase"]
            if phase not in PHASES or phase == wanted:
                return
            here, there = PHASES.index(phase), PHASES.index(wanted)
            if here > there:
                self.call("POST", "/revert", {"to": PHASES[here - 1], "reason": "It goes on"}, moment)
                self.say(IMPACT.get(self.incident["impact"], "degraded"), moment)
            else:
                self.meet(phase, moment)
                self.call("POST", "/advance", {}, moment)

    def meet(self, phase, moment):
        is_planned = self.incident["impact"] == "maintenance"
        if phase == "assess":
            self.call("PUT", "/roles/commander", {"person": "On call"}, moment)
            cause = {"category": "unknown", "evidence": "The record does not say", "confidence": "suspected"}
            self.call("PUT", "/cause", cause, moment)
            if is_planned:
                # Planned work does no harm, which is what this phase asks for.
                over = {"override": True, "reason": "Planned maintenance", "to": "mitigate"}
                self.call("POST", "/advance", over, moment)
                self.meet("mitigate", moment)
        elif phase == "mitigate":
            self.call("POST", "/mitigations", {"description": "As recorded", "state": "succeeded"}, moment)
            if self.incident["impact"] in ("critical", "major"):
                self.say("degraded", moment)
        elif phase == "restore" and not is_planned:
            for slug in self.slugs:
                self.call("POST", f"/restoration/{slug}/start", {}, moment)
                self.call("POST", f"/restoration/{slug}/verify", {}, moment)

    def say(self, impact, moment):
        """How hard everything is hit from then on."""
        if impact != "maintenance":
            for slug in self.slugs:
                self.call("PUT", f"/impacts/{slug}", {"impact": impact}, moment)

    def close(self, moment):
        self.bring("review", moment)
        self.call("POST", "/review", {}, moment)
        texts = [
            {"id": name, "markdown": "It is understood."} for name in ("what_went_well", "what_went_wrong", "lessons")
        ]
        self.call("PUT", "/review", {"sections": texts}, moment)
        self.call("POST", "/review/approve", {}, moment)
        self.call("POST", "/advance", {}, moment)
