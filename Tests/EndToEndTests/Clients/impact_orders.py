"""Levels of impact that are said in any order, twice, or late: the review tells them by their times.

`impact_orders.py URL KEY STEP...`: `value` lists what is wrong.
"""

import itertools
import json
import sys

import past_incidents
import steps

DAY = "2024-01-01T"
DOWN, WORSE, SLOW = "major_outage", "partial_outage", "degraded"


class Orders:
    def __init__(self, url, key):
        self.muster = past_incidents.Muster(url, key)
        self.muster.ask("PUT", "/v1/components/shop", {"tier": 0})

    def told(self, said, started="10:00"):
        """(levels, when mitigated) of an incident whose impacts are said one after the other; times are of one day."""
        opened = {"title": "Order", "started_at": f"{DAY}{started}:00Z", "occurred_at": f"{DAY}10:00:00Z"}
        base = f"/v1/incidents/{self.muster.ask('POST', '/v1/incidents', opened)['number']}"
        for body in said:
            body = {name: text if name == "impact" else f"{DAY}{text}:00Z" for name, text in body.items()}
            self.muster.ask("PUT", base + "/impacts/shop", body)
        review = json.loads(self.muster.text(base + "/review.json"))
        self.muster.ask("POST", base + "/dismiss", {"reason": "It was a trial"})
        levels = [level for component in review["impact"]["components"] for level in component["levels"]]
        short = [(level["level"], level["started_at"][11:16], (level["ended_at"] or "")[11:16]) for level in levels]
        return short, (review["times"]["mitigated_at"] or "")[11:16]

    def same(self, said, wanted, found):
        told = self.told(said)
        if told != wanted:
            found.append(f"{said}: the review tells {told}, and not {wanted}")

    def twice(self):
        """Down from 10 to 11 and from 12 to 13: two hours, with a healthy one between."""
        wanted, found = ([(DOWN, "10:00", "11:00"), (DOWN, "12:00", "13:00")], "13:00"), []
        first, second = {"started_at": "10:00", "ended_at": "11:00"}, {"started_at": "12:00", "ended_at": "13:00"}
        self.same([first | {"impact": DOWN}, second | {"impact": DOWN}], wanted, found)
        marks = [(DOWN, "10:00"), ("none", "11:00"), (DOWN, "12:00"), ("none", "13:00")]
        self.same([{"impact": level, "occurred_at": at} for level, at in marks], wanted, found)
        self.same([{"impact": level, "occurred_at": at, "started_at": at} for level, at in marks], wanted, found)
        return found

    def any_order(self):
        """Three levels, each said of its own time, in all six orders: the levels and `mitigated_at` are the same."""
        found = []
        for marks, wanted in {
            # The worst goes on, so nothing is mitigated.
            ((DOWN, "10:00"), (SLOW, "11:00"), (DOWN, "12:00")): (
                [(DOWN, "10:00", "11:00"), (SLOW, "11:00", "12:00"), (DOWN, "12:00", "")],
                "",
            ),
            # The worst was over at 12.
            ((SLOW, "10:00"), (DOWN, "11:00"), (WORSE, "12:00")): (
                [(SLOW, "10:00", "11:00"), (DOWN, "11:00", "12:00"), (WORSE, "12:00", "")],
                "12:00",
            ),
        }.items():
            for order in itertools.permutations(marks):
                self.same([{"impact": level, "occurred_at": at} for level, at in order], wanted, found)
        return found

    def none_ends(self):
        """Well since 11:00, also where somebody advances at 15:00 only: `none` and `ended_at` say the same."""
        found = []
        for body in ({"impact": "none"}, {"impact": SLOW, "ended_at": f"{DAY}11:00:00Z"}):
            opened = {"title": "Over", "severity": "sev1", "components": [{"component": "shop", "impact": SLOW}]}
            base = f"/v1/incidents/{self.muster.ask('POST', '/v1/incidents', opened | self.at('10:00'))['number']}"
            for method, path, own, moment in [
                ("POST", "/acknowledge", {}, "10:01"),
                ("PUT", "/roles/commander", {"person": "Ada"}, "10:02"),
                ("PUT", "/cause", {"category": "unknown", "evidence": "Nobody knows yet"}, "10:03"),
                ("POST", "/mitigations", {"description": "Restart", "state": "succeeded"}, "10:20"),
                ("POST", "/advance", {}, "10:21"),
                ("POST", "/advance", {}, "10:22"),
                ("POST", "/advance", {}, "10:23"),
                ("PUT", "/impacts/shop", body, "11:00"),
                ("POST", "/advance", {}, "15:00"),
            ]:
                self.muster.ask(method, base + path, own | self.at(moment))
            restored = self.muster.ask("GET", base)["times"]["restored_at"]
            if restored != f"{DAY}11:00:00.000Z":
                found.append(f"{body}: restored_at is {restored}")
        return found

    def at(self, moment):
        return {"occurred_at": f"{DAY}{moment}:00Z"}


if __name__ == "__main__":
    if len(sys.argv) == 3:
        sys.argv += ["twice", "any_order", "none_ends"]
    steps.run(Orders)
