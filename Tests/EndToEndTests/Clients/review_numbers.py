"""Numbers of reviews, computed a second time from an archive and compared.

`review_numbers.py URL KEY STEP...`: `replay=FILE` replays ten recorded incidents (skipped where the file is not there),
`post_mortems` enters those of `PostMortems`, `given_up` incidents that were left with harm (`left_at_worst`: at its worst), and
`compare=ARCHIVE` computes from an archive of `musterd export` and compares with the reviews that URL has. Its `value` has how many,
and the differences. URL may be a directory of `N.json`, as of review.json.
"""

import json
import os
import re

import archived
import past_incidents
import post_mortems
import recorded_incidents
import steps


WHY = {"reason": "It can wait"}
OVER = WHY | {"override": True}
EARLY = [
    ("10:02", "POST", "/acknowledge", {}),
    ("10:05", "PUT", "/roles/commander", {"person": "Ada"}),
    ("10:20", "PUT", "/cause", {"category": "unknown", "evidence": "Nobody knows yet"}),
    ("10:30", "PUT", "/impacts/B", {"impact": "major_outage"}),
    ("10:40", "POST", "/advance", {}),
    ("10:50", "POST", "/advance", {}),
    ("11:00", "POST", "/mitigations", {"description": "Restart", "state": "succeeded"}),
    ("11:10", "PUT", "/impacts/B", {"impact": "partial_outage"}),
]
# How an incident of two components ends, from mitigating on.
LEFT = [
    [
        ("11:20", "POST", "/advance", {}),
        ("11:30", "POST", "/restoration/A/start", {}),
        ("11:40", "POST", "/restoration/A/verify", {}),
        ("12:00", "POST", "/restoration/B/waive", WHY),
        ("13:00", "POST", "/advance", {}),
    ],
    [
        ("11:20", "POST", "/advance", {}),
        ("11:30", "POST", "/restoration/B/waive", WHY),
        ("11:40", "POST", "/restoration/B/start", {}),
        ("12:30", "POST", "/restoration/B/verify", {}),
        ("12:40", "POST", "/restoration/A/waive", WHY),
        ("13:00", "POST", "/advance", {}),
    ],
    [
        ("11:20", "POST", "/advance", {}),
        ("11:30", "POST", "/restoration/A/start", {}),
        ("11:40", "POST", "/restoration/A/verify", {}),
        ("13:00", "POST", "/advance", OVER),
    ],
    # Harm that was said to be over later than restoring was left, and harm that was never given up.
    [
        ("11:20", "POST", "/advance", {}),
        ("13:00", "POST", "/advance", OVER),
        ("14:00", "PUT", "/impacts/A", {"impact": "none"}),
        ("14:30", "PUT", "/impacts/B", {"impact": "none"}),
    ],
    [("11:20", "POST", "/advance", {}), ("11:30", "POST", "/restoration/A/waive", WHY)],
    # Restored, hit again and restored a second time.
    [
        ("11:20", "POST", "/advance", {}),
        ("11:30", "POST", "/restoration/A/start", {}),
        ("11:40", "POST", "/restoration/A/verify", {}),
        ("11:50", "PUT", "/impacts/A", {"impact": "degraded"}),
        ("12:00", "POST", "/restoration/A/start", {}),
        ("12:10", "POST", "/restoration/A/verify", {}),
        ("12:20", "POST", "/restoration/B/start", {}),
        ("12:30", "POST", "/restoration/B/verify", {}),
        ("13:00", "POST", "/advance", {}),
    ],
    # All of it waived.
    [
        ("11:20", "POST", "/advance", {}),
        ("11:30", "POST", "/restoration/A/waive", WHY),
        ("12:30", "POST", "/restoration/B/waive", WHY),
        ("13:00", "POST", "/advance", {}),
    ],
]

# Left while it is at its worst: nothing is at that level when restoring is left, and not before.
LEFT_AT_WORST = [
    ("11:15", "PUT", "/impacts/B", {"impact": "major_outage"}),
    ("11:20", "POST", "/advance", OVER),
    ("13:00", "POST", "/advance", OVER),
]


class Numbers:
    def __init__(self, url, key):
        self.url = url
        self.muster = past_incidents.Muster(url, key)

    def __getattr__(self, name):
        """`step=argument`."""
        step, is_there, argument = name.partition("=")
        if not is_there:
            raise AttributeError(name)
        return lambda: getattr(self, step)(argument)

    def replay(self, path, count=10):
        """So many of different impacts, and their numbers in Muster."""
        incidents = recorded_incidents.some(path, count)
        if incidents is None:
            return f"skipped: {path} is not on this machine"
        names = sorted({slug for incident in incidents for slug in recorded_incidents.slugs(incident)})
        past_incidents.put_catalog(self.muster, [{"slug": name, "tier": 1} for name in names])
        return [recorded_incidents.Replay(self.muster, incident).run() for incident in incidents]

    def post_mortems(self):
        entered = post_mortems.PostMortems(self.url, self.muster.token)
        entered.enter()
        for number in entered.numbers.values():
            # What came back in a second attempt, and what was closed afterwards, is compared as well.
            self.muster.ask("POST", f"/v1/incidents/{number}/review/approve")
        return list(entered.numbers.values())

    def given_up(self):
        """Incidents that were left with harm: waived, waived and restored after all, and left by an override."""
        return [self.left(f"left-{os.getpid()}-{place}", calls) for place, calls in enumerate(LEFT)]

    def left_at_worst(self):
        return self.left(f"worst-{os.getpid()}", LEFT_AT_WORST)

    def left(self, name, calls):
        """The number of an incident of two components of its own that went so; calls are of one day."""
        at = lambda text: {"occurred_at": f"2024-02-01T{text}:00Z"}
        slugs = {"A": f"{name}-a", "B": f"{name}-b"}
        past_incidents.put_catalog(self.muster, [{"slug": slug, "tier": 1} for slug in slugs.values()])
        opened = {"title": "Left", "severity": "sev2", "started_at": "2024-02-01T09:50:00Z"} | at("10:00")
        opened["components"] = [{"component": slugs["A"], "impact": "degraded"}]
        number = self.muster.ask("POST", "/v1/incidents", opened)["number"]
        for moment, method, path, body in EARLY + calls:
            path = re.sub("/([AB])\\b", lambda match: "/" + slugs[match.group(1)], path)
            self.muster.ask(method, f"/v1/incidents/{number}{path}", body | at(moment))
        return number

    def compare(self, path):
        timelines = archived.timelines(path)
        found = [
            f"INC-{number}: {line}"
            for number, entries in timelines.items()
            for line in self.differences(number, archived.Archived(entries))
        ]
        return {"compared": len(timelines), "differences": found}

    def papers(self, number):
        """review.json, and review.md for what that does not have; None where there is only JSON."""
        if os.path.isdir(self.url):
            with open(os.path.join(self.url, f"{number}.json"), encoding="utf-8") as file:
                return json.load(file), None
        base = f"/v1/incidents/{number}"
        return json.loads(self.muster.text(base + "/review.json")), self.muster.text(base + "/review.md")

    def differences(self, number, own):
        review, markdown = self.papers(number)
        found = []

        def same(what, theirs, ours):
            if theirs != ours:
                found.append(f"{what}: the review has {theirs}, the timeline {ours}")

        clocks = own.clocks()
        for clock, ours in clocks.items():
            same(f"{clock}_at", archived.moment(review["times"][clock + "_at"]), ours)
        for name, clock in {
            "detect": "detected",
            "acknowledge": "acknowledged",
            "mitigate": "mitigated",
            "restore": "restored",
        }.items():
            ours = None if clocks[clock] is None else round(clocks[clock] - clocks["started"], 3)
            same(f"time_to_{name}_seconds", review["durations"][f"time_to_{name}_seconds"], ours)
        self.compare_impact(review["impact"], own.impact(), same)
        self.compare_phases(review, own.phases(), same)
        ours = own.steps()
        for step in review["steps"]:
            mine = ours.pop(
                step["component"],
                {"state": "waiting", "attempts": 0, "failures": 0, "started_at": None, "restored_at": None},
            )
            theirs = {name: step[name] for name in ("state", "attempts", "failures")}
            theirs |= {name: archived.moment(step[name]) for name in ("started_at", "restored_at")}
            mine.pop("waived_at", None)
            same(f"step {step['component']}", theirs, mine)
        same("steps that the review lacks", [], sorted(ours))
        self.compare_counts(review, markdown, own, same)
        head = own.head()
        same("cause", review["causes"][0]["entry"] if review["causes"] else None, head and head["sequence"])
        return found

    def compare_impact(self, theirs, ours, same):
        length = lambda value: value and (value["seconds"], value["ongoing"])
        same("impact, worst", theirs["worst"], ours["worst"])
        same("impact, at_worst", length(theirs["at_worst"]), ours["at_worst"])
        same("impact, in_all", length(theirs["in_all"]), ours["in_all"])
        same(
            "impact, components", sorted(item["component"] for item in theirs["components"]), sorted(ours["components"])
        )
        for item in theirs["components"]:
            mine = ours["components"].get(item["component"])
            if mine:
                same(f"{item['component']}, worst", item["worst"], mine["worst"])
                same(f"{item['component']}, in_all", length(item["in_all"]), mine["in_all"])
                levels = [
                    (level["level"], archived.moment(level["started_at"]), level["seconds"]) for level in item["levels"]
                ]
                same(f"{item['component']}, levels", levels, mine["levels"])

    def compare_phases(self, review, ours, same):
        theirs = [
            (phase["phase"], archived.moment(phase["started_at"]), phase["seconds"]) for phase in review["phases"]
        ]
        same("phases", theirs, [visit for visit in ours if visit[0] != "closed" or visit in theirs])
        sums = {}
        for phase, start, seconds in ours:
            visits, length, since = sums.get(phase, (0, 0, None))
            sums[phase] = (visits + 1, round(length + (seconds or 0), 3), start if seconds is None else since)
        for phase in review["durations"]["phases"]:
            said = (phase["visits"], phase["seconds"], archived.moment(phase["since"]))
            same(f"time in {phase['phase']}", said, sums.get(phase["phase"]))

    def compare_counts(self, review, markdown, own, same):
        counts = own.counts()
        same("mitigations", len(review["mitigations"]), counts["mitigations"])
        same("actions", len(review["actions"]), counts["actions"])
        same("tasks", len(review["tasks"]), counts["tasks"])
        same("facts", len(review["facts"]), counts["facts"])
        same("entries", review["timeline_entries"], counts["entries"])
        same("alerts", review["alerts"]["total"], counts["alerts"])
        severities = own.severities()
        same("severity", review["severity"], severities[-1] if severities else None)
        if markdown is None:
            return
        # review.json has neither updates nor the severities before; the page has them.
        updates = counts["updates"]
        line = next((line for line in markdown.splitlines() if line.startswith("- **Updates posted:**")), "")
        same("updates", {name: int(number) for number, name in re.findall(r"(\d+) to (\w+)", line)}, updates)
        same("updates in all", int((re.findall(r"\*\* (\d+)", line) or [0])[0]), sum(updates.values()))
        line = next((line for line in markdown.splitlines() if line.startswith("- **Severity:**")), "")
        history = re.findall(r"sev\d", line.partition("(")[2]) or re.findall(r"sev\d", line)
        same("severities", history, severities)


if __name__ == "__main__":
    steps.run(Numbers)
