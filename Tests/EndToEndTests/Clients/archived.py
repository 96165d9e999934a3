"""What an incident was, computed from its archived timeline alone, by the rules of `docs/incidents.md` and `docs/openapi.yaml`."""

import datetime
import json

RANK = {"major_outage": 3, "partial_outage": 2, "degraded": 1, "maintenance": 0, "none": 0}
ROLES = ["root", "trigger", None, "contributing", "process", "detection_gap"]
CLOCKS = ["started", "detected", "acknowledged", "assessed", "mitigated", "restored", "reviewed", "closed"]


def moment(text):
    """Seconds since 1970, to the millisecond."""
    if text is None:
        return None
    return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp(), 3)


def timelines(path):
    """The entries of each incident, in their order, of an archive of `musterd export`."""
    found, table = {}, None
    with open(path, encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            if isinstance(row, list):
                table = row[1]["name"] if row[0] == "table" else table
            elif table == "timeline_entry":
                payload = row["payload"]
                row["data"] = json.loads(payload) if isinstance(payload, str) else payload
                row["at"], row["written"] = moment(row["occurred_at"]), moment(row["recorded_at"])
                found.setdefault(row["incident"], []).append(row)
    for entries in found.values():
        entries.sort(key=lambda row: row["sequence"])
    return found


def merged(stretches):
    """The length of stretches, where what overlaps counts once; and whether one has no end."""
    length, until, is_open = 0, None, False
    for start, end in sorted(stretches, key=lambda item: item[0]):
        if end is None:
            is_open = True
            continue
        if until is None or start > until:
            length, until = length + end - start, end
        elif end > until:
            length, until = length + end - until, end
    return round(length, 3), is_open


class Archived:
    def __init__(self, entries):
        self.entries = entries
        struck = {entry["data"]["sequence"] for entry in entries if entry["kind"] == "entry_struck"}
        self.counting = [entry for entry in entries if entry["sequence"] not in struck]
        self.opening = entries[0]

    def of(self, *kinds):
        return [entry for entry in self.counting if entry["kind"] in kinds]

    def began(self):
        """When the impact began, as it was said last."""
        start = moment(self.opening["data"]["started_at"])
        for entry in self.of("start_corrected", "times_corrected"):
            data = entry["data"]
            told = (
                [data]
                if "started_at" in data
                else [change for change in data.get("changes", ()) if change["clock"] == "started"]
            )
            for change in told:
                start = moment(change.get("started_at") or change.get("at")) or start
        return start

    # MARK: Impact

    def levels(self):
        """Per component its stretches (level, start, end), in the order of time, without those of no harm."""
        marks = {}
        for entry in self.counting:
            data, kind = entry["data"], entry["kind"]
            slug = data.get("component")
            known = marks.setdefault(slug, []) if slug else None
            if kind == "impact_set":
                # The first one without a time of its own began with the incident.
                start = moment(data.get("started_at")) or (entry["at"] if known else self.began())
                last = known[-1] if known else None
                # The level that was said last, with another beginning, corrects when that began.
                is_same = last and last[1] == data["impact"] and last[2] == "said" and data.get("started_at")
                if is_same and last[0] != start:
                    known.remove(last)
                if not (is_same and last[0] == start):
                    # The beginning of a level that was wrong: the new one takes its place.
                    known[:] = [mark for mark in known if not (mark[0] == start and mark[2] == "said")]
                    known.append((start, data["impact"], "said"))
                if data.get("ended_at"):
                    known.append((moment(data["ended_at"]), "none", "ended"))
            elif kind == "impact_removed":
                marks[slug] = []
            elif kind == "step_restored":
                known.append((entry["at"], "none", "restored"))
            elif kind == "step_times_corrected" and data.get("restored_at"):
                known[:] = [mark for mark in known if mark[2] != "restored"]
                known.append((moment(data["restored_at"]), "none", "restored"))
        found = {}
        for slug, known in marks.items():
            stretches = []
            # What is known later of the same moment holds.
            ordered = sorted(enumerate(known), key=lambda item: (item[1][0], item[0]))
            for place, (_, (start, level, _)) in enumerate(ordered):
                end = ordered[place + 1][1][0] if place + 1 < len(ordered) else None
                if RANK[level] == 0 or end == start:
                    continue
                if stretches and stretches[-1][0] == level and stretches[-1][2] == start:
                    stretches[-1] = (level, stretches[-1][1], end)
                else:
                    stretches.append((level, start, end))
            if stretches:
                found[slug] = stretches
        return found

    def impact(self):
        """As `impact` of review.json; levels as [level, start, seconds]."""
        levels = self.levels()
        every = [stretch for stretches in levels.values() for stretch in stretches]
        if not every:
            return {"worst": None, "at_worst": None, "in_all": None, "components": {}}
        worst = max((level for level, _, _ in every), key=RANK.get)
        return {
            "worst": worst,
            "at_worst": merged([(start, end) for level, start, end in every if level == worst]),
            "in_all": merged([(start, end) for _, start, end in every]),
            "components": {
                slug: {
                    "worst": max((level for level, _, _ in stretches), key=RANK.get),
                    "in_all": merged([(start, end) for _, start, end in stretches]),
                    "levels": [
                        (level, start, None if end is None else round(end - start, 3))
                        for level, start, end in stretches
                    ],
                }
                for slug, stretches in levels.items()
            },
        }

    # MARK: Steps

    def steps(self):
        """By component: state, attempts, failures, the first start and when it was back."""
        found = {}
        for entry in self.counting:
            data, kind = entry["data"], entry["kind"]
            if not kind.startswith("step_"):
                continue
            step = found.setdefault(
                data["component"],
                {"state": "waiting", "attempts": 0, "failures": 0, "started_at": None, "restored_at": None},
            )
            if kind == "step_started":
                # After it was back, a new restoration begins.
                if step["state"] in ("restored", "regressed"):
                    step |= {"attempts": 0, "failures": 0, "started_at": None, "restored_at": None}
                step["attempts"] += 1
                step["started_at"] = entry["at"] if step["started_at"] is None else step["started_at"]
                step["state"] = "restoring"
            elif kind == "step_verifying":
                step["state"] = "verifying"
            elif kind == "step_restored":
                step |= {"state": "restored", "restored_at": entry["at"]}
            elif kind == "step_failed":
                step["failures"] += 1
                step["state"] = "waiting"
            elif kind == "step_waived":
                step["state"] = "waived"
            elif kind == "step_times_corrected":
                # Of the newest attempt; the first one is another where there are several.
                if "started_at" in data and step["attempts"] == 1:
                    step["started_at"] = moment(data["started_at"])
                if "restored_at" in data:
                    step["restored_at"] = moment(data["restored_at"])
        return found

    # MARK: Clocks

    def reached(self, phase):
        """When a phase was left for good, as it was said."""
        left = [entry for entry in self.of("phase_entered") if entry["data"]["from"] == phase]
        return left[-1]["at"] if left else None

    def head(self):
        """The cause that heads: by role, confirmed before suspected, then the newest by time. None where all were refuted."""
        said = sorted(self.of("cause_stated"), key=lambda entry: (entry["at"], entry["sequence"]))
        names = ("category", "subcategory", "role", "component", "change")
        alive = []
        for entry in said:
            data = entry["data"]
            if data["confidence"] == "refuted":
                alive = [
                    other
                    for other in alive
                    if any(name in data and data[name] != other["data"].get(name) for name in names)
                ]
                continue
            alive = [other for other in alive if any(data.get(name) != other["data"].get(name) for name in names)]
            alive.append(entry)
        if not alive:
            return None
        return min(
            alive,
            key=lambda entry: (
                # That it is not known yet counts as a cause without a role.
                ROLES.index(None if entry["data"]["category"] == "unknown" else entry["data"].get("role")),
                entry["data"]["confidence"] != "confirmed",
                -entry["at"],
                -entry["sequence"],
            ),
        )

    def clocks(self):
        opened = self.opening
        clocks = dict.fromkeys(CLOCKS)
        clocks["started"] = self.began()
        told = [entry["at"] for entry in self.of("fact_added") if entry["data"].get("detection") == "detected"]
        clocks["detected"] = min([opened["at"]] + told)
        noticed = self.of("acknowledged")
        noticed += [entry for entry in self.of("phase_entered") if entry["data"]["from"] == "detect"]
        clocks["acknowledged"] = min((entry["at"] for entry in noticed), default=None)
        clocks["assessed"] = self.assessed()
        clocks["mitigated"], clocks["restored"] = self.harm_over()
        approved = self.of("review_approved")
        clocks["reviewed"] = approved[-1]["at"] if approved else None
        clocks["closed"] = next(
            (entry["at"] for entry in self.of("phase_entered") if entry["data"]["phase"] == "closed"), None
        )
        for entry in self.of("times_corrected"):
            for change in entry["data"]["changes"]:
                if "at" in change:
                    clocks[change["clock"]] = moment(change["at"])
        return clocks

    def assessed(self):
        """When the last of severity, commander, harmed component and cause was known; only once `assess` was left."""
        left = self.reached("assess")
        if left is None:
            return None
        head = self.head()
        known = [
            min((entry["at"] for entry in self.of("severity_set")), default=None),
            min(
                (entry["at"] for entry in self.of("role_assigned") if entry["data"]["role"] == "commander"),
                default=None,
            ),
            min((entry["at"] for entry in self.of("impact_set") if RANK[entry["data"]["impact"]]), default=None),
            head["at"] if head else None,
        ]
        # Where no fact says when, the moment counts at which the phase was left.
        return left if None in known else min(max(known), left)

    def harm_over(self):
        """(mitigated, restored): nothing at the worst level any more; the last harmed component back. Waived ones do not count."""
        waived = {slug for slug, step in self.steps().items() if step["state"] == "waived"}
        levels = {
            slug: [stretch for stretch in stretches if not (slug in waived and stretch[2] is None)]
            for slug, stretches in self.levels().items()
        }
        every = [stretch for stretches in levels.values() for stretch in stretches]
        if not every:
            counted = [
                moment(entry["data"].get("ended_at")) or entry["at"]
                for entry in self.of("mitigation_added", "mitigation_changed")
                if entry["data"].get("state") == "succeeded"
            ]
            return max(counted, default=self.reached("mitigate")), self.reached("restore")
        worst = max((level for level, _, _ in every), key=RANK.get)
        ends = [end for level, _, end in every if level == worst]
        backs = [stretches[-1][2] for slug, stretches in levels.items() if stretches and slug not in waived]
        over = [None if None in times else max(times, default=None) for times in (ends, backs)]
        return tuple(over)

    # MARK: Phases

    def phases(self):
        """Each visit: (phase, start, seconds)."""
        visits, phase, start = [], "detect", self.opening["at"]
        for entry in self.of("phase_entered", "phase_reverted"):
            data = entry["data"]
            end = moment(data.get("reached_at")) if "reached_at" in data else entry["at"]
            # Facts of later can lie before those of a phase before: it took no time then.
            end = max(start, end)
            visits.append((phase, start, round(end - start, 3)))
            phase, start = data["phase"], end
        visits.append((phase, start, None))
        return visits

    # MARK: Counts

    def counts(self):
        updates = {}
        for entry in self.of("update_posted"):
            updates[entry["data"]["audience"]] = updates.get(entry["data"]["audience"], 0) + 1
        return {
            "updates": updates,
            "mitigations": len(self.of("mitigation_added")),
            "actions": len(self.of("action_added")),
            "tasks": len(self.of("task_added")),
            "facts": len(self.of("fact_added")),
            "entries": len(self.entries),
            "alerts": sum(entry["data"].get("count", 0) for entry in self.of("alerts_attached")),
        }

    def severities(self):
        """In the order of time, each once in a row."""
        said = sorted(self.of("severity_set"), key=lambda entry: (entry["at"], entry["sequence"]))
        found = []
        for entry in said:
            if not found or found[-1] != entry["data"]["severity"]:
                found.append(entry["data"]["severity"])
        return found
