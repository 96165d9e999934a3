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

    def said_impacts(self):
        """Per component what was said of it, in the order of the entries: (what, entry)."""
        said = {}
        for entry in self.counting:
            kind, slug = entry["kind"], entry["data"].get("component")
            if kind in ("impact_set", "step_restored", "step_times_corrected", "step_regressed"):
                said.setdefault(slug, []).append(entry)
            elif kind == "impact_removed":
                said[slug] = []
        return said

    def levels(self, is_cut=True):
        """Per component its stretches (level, start, end), in the order of time, without those of no harm.

        What was given up ends there, where it is to be cut.
        """
        found, steps = {}, self.steps()
        for slug, entries in self.said_impacts().items():
            stretches = self.stretches(self.marks(entries))
            if is_cut and stretches and stretches[-1][2] is None:
                level, start, _ = stretches.pop()
                end = self.given_up(steps.get(slug))
                if end is None or end > start:
                    stretches.append((level, start, end))
            if stretches:
                found[slug] = stretches
        return found

    def given_up(self, step):
        """When harm that goes on stopped counting: at the waiver, or when restoring was left without it."""
        if step and step["state"] == "waived":
            return step["waived_at"]
        return self.reached("restore") if self.phases()[-1][0] in ("review", "closed") else None

    def marks(self, entries):
        """From when on another level held, as {start: (level, when that was said)}; the start None is that of the incident.

        What was said of a moment stands at that moment, whoever said it when, and in the place of what was said of it before.
        """
        marks, last = {}, None
        for entry in entries:
            data, kind, at = entry["data"], entry["kind"], entry["at"]
            if kind == "step_regressed":
                harms = [mark for mark in self.in_order(marks) if RANK[marks[mark][0]]]
                if harms:
                    marks[at] = (marks[harms[-1]][0], at)
                continue
            if kind != "impact_set":
                moment_of = at if kind == "step_restored" else moment(data.get("restored_at"))
                if moment_of is not None:
                    # It is over, whatever was said of later moments; a correction takes the place of the end before.
                    marks = {
                        mark: value
                        for mark, value in marks.items()
                        if mark is None
                        or mark < moment_of
                        and not (kind == "step_times_corrected" and value[0] == "none" and value[2:])
                    }
                    marks[moment_of] = ("none", at, "restored")
                continue
            level, start, end = data["impact"], moment(data.get("started_at")), moment(data.get("ended_at"))
            harms = [mark for mark in self.in_order(marks) if RANK[marks[mark][0]]]
            if not RANK[level]:
                marks[at if start is None else start] = (level, at)
                continue
            is_same = last and last["data"]["impact"] == level
            if start is not None:
                # The level that was said last, with another beginning, corrects when that began.
                if is_same and (start != at or end) and start != last["start"] and not self.apart(last, start, end):
                    marks.pop(last["start"], None)
            elif end is not None and end <= at:
                # It is over, and was of this level.
                start = harms[-1] if harms else None
            elif not harms:
                # The first one without a time of its own began with the incident, unless it is known to have been well.
                start = at if any(mark <= at for mark in marks if mark is not None) else None
            elif harms[0] is None and at < marks[None][1]:
                # What was said of a later moment did not begin with the incident after all.
                later = marks.pop(None)
                marks[later[1]] = later
            else:
                start = at
            marks[start] = (level, at)
            if end is not None:
                marks = {
                    mark: value
                    for mark, value in marks.items()
                    if RANK[value[0]] or mark is None or (start is not None and mark <= start) or mark >= end
                }
                marks[end] = ("none", at)
            last = entry | {"start": start}
        return marks

    def apart(self, last, start, end):
        """Whether a level is of another time than the same level that was said before."""
        over = moment(last["data"].get("ended_at"))
        return (over is not None and start >= over) or (end and last["start"] is not None and end <= last["start"])

    def in_order(self, marks):
        return sorted(marks, key=lambda mark: float("-inf") if mark is None else mark)

    def stretches(self, marks):
        began = self.began()
        first = min([began] + [mark for mark in marks if mark is not None])
        known = [(first if mark is None else mark, marks[mark][0]) for mark in self.in_order(marks)]
        stretches = []
        for place, (start, level) in enumerate(known):
            end = known[place + 1][0] if place + 1 < len(known) else None
            if RANK[level] == 0 or end == start:
                continue
            if stretches and stretches[-1][0] == level and stretches[-1][2] == start:
                stretches[-1] = (level, stretches[-1][1], end)
            else:
                stretches.append((level, start, end))
        return stretches

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
                step |= {"state": "waived", "waived_at": entry["at"]}
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
            for slug, stretches in self.levels(is_cut=False).items()
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
        mitigated, restored = [None if None in times else max(times, default=None) for times in (ends, backs)]
        # Harm that is left ends with restoring.
        left = self.reached("restore")
        return tuple(left if over is None else over for over in (mitigated, restored))

    # MARK: Phases

    def phases(self):
        """Each visit: (phase, start, seconds)."""
        visits, phase, start = [], "detect", self.opening["at"]
        for entry in self.of("phase_entered", "phase_reverted", "incident_dismissed"):
            data = {"phase": "dismissed"} | entry["data"]
            end = moment(data.get("reached_at")) if "reached_at" in data else entry["at"]
            # Facts of later can lie before those of a phase before: it took no time then.
            end = max(start, end)
            if phase == "restore" and data.get("overridden"):
                # Where restoring was left with harm, it ends with it, should that be told later.
                end = max(end, self.harm_over()[1] or end)
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
