"""Three published incidents are entered afterwards; then each statement of their reviews is laid beside their facts.

`post_mortems.py URL KEY [STEP...]`: one JSON line a step. `value` lists what is wrong, so an empty list is a pass.
What is right stands in `post_mortem_facts.py`, worked out by hand.
"""

import json
import os
import re
import sys

import past_incidents
import review_texts
import steps
from post_mortem_facts import CAUSES, LEVELS, MITIGATED, ORDER, PLANNED, RESTORED, SEVERITIES, TOOK, WAIVED, WHOLE
from review_texts import Wrong, read, seconds, words

PLACE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "PostMortems")
NAMES = ["github-2018", "gitlab-2017", "cloudflare-2019"]


class PostMortems:
    def __init__(self, url, key):
        self.muster = past_incidents.Muster(url, key)
        self.stories, self.numbers, self.papers = {}, {}, {}

    # MARK: Entering

    def enter(self):
        """Enters all three, changes the catalog afterwards, and reads the reviews."""
        for name in NAMES:
            with open(os.path.join(PLACE, name + ".json"), encoding="utf-8") as file:
                self.stories[name] = json.load(file)
            self.numbers[name] = past_incidents.enter(self.muster, self.stories[name])
            past_incidents.put_catalog(self.muster, [self.stories[name]["after"]])
            self.look(name)
        return []

    def look(self, name):
        base = f"/v1/incidents/{self.numbers[name]}"
        text = {kind: self.muster.text(f"{base}/review.{kind}") for kind in ("json", "md", "html")}
        self.papers[name] = {
            "json": json.loads(text["json"]),
            "md": text["md"],
            "html": text["html"].replace("\u00a0", " "),
            "public": self.muster.text(f"{base}/review.public.md"),
            "tables": review_texts.tables(text["md"]),
            "page": review_texts.Page(text["html"].replace("\u00a0", " ")),
            "incident": self.muster.ask("GET", base),
            "timeline": self.timeline(base),
        }

    def timeline(self, base):
        entries, path = [], f"{base}/timeline?limit=200"
        while True:
            page = self.muster.ask("GET", path)
            entries += page["items"]
            if not page["next_cursor"]:
                return entries
            path = f"{base}/timeline?limit=200&cursor={page['next_cursor']}"

    def need(self):
        """Enters them once, whatever comes of it."""
        if not self.stories:
            self.enter()
        if len(self.papers) < len(NAMES):
            raise RuntimeError("they could not be entered")

    def each(self, check):
        """The check of each incident, with its name before what is wrong."""
        self.need()
        found = []
        for name in NAMES:
            wrong = Wrong()
            check(name, self.papers[name], wrong)
            found += [f"{name}: {text}" for text in wrong]
        return found

    def slug(self, cell):
        """The slug in `Name (slug)`."""
        match = re.search(r"\(([a-z0-9._-]+)\)", cell)
        return match.group(1) if match else cell

    # MARK: W1 to W6

    def W1_impact_is_a_level_over_time(self):
        def check(name, paper, wrong):
            components = {item["component"]: item for item in paper["json"]["impact"]["components"]}
            rows = {self.slug(row["Component"]): row for row in paper["tables"]["Components"][0]}
            for slug, wanted in LEVELS[name].items():
                sums = {}
                for level in components[slug]["levels"]:
                    sums[level["level"]] = round(sums.get(level["level"], 0) + level["seconds"], 3)
                wrong.equal(f"{slug}, sums", sums, wanted)
                whole = round(sum(wanted.values()), 3)
                wrong.equal(f"{slug}, in all", components[slug]["in_all"], {"seconds": whole, "ongoing": False})
                worst = next(level for level in ("major_outage", "partial_outage", "degraded") if level in wanted)
                wrong.equal(f"{slug}, worst", components[slug]["worst"], worst)
                wrong.equal(f"{slug}, worst in the table", rows[slug]["Worst"], worst.replace("_", " "))
                wrong.equal(f"{slug}, its length", rows[slug]["For"], words(wanted[worst]))
                wrong.equal(f"{slug}, the whole", rows[slug]["In all"], words(whole))

        found = self.each(check)
        # The site was well from 22:00 to 23:27: nothing of that is in its levels.
        site = next(
            item for item in self.papers["gitlab-2017"]["json"]["impact"]["components"] if item["component"] == "site"
        )
        for level in site["levels"]:
            well = level["started_at"] < "2017-01-31T23:27" and level["ended_at"] > "2017-01-31T22:00:00.000Z"
            if well:
                found.append(f"gitlab-2017: a healthy hour counts: {level}")
        return found

    def W2_cause_by_role_and_severity_by_time(self):
        def check(name, paper, wrong):
            subcategory, title = CAUSES[name]
            for where, cause in (("incident", paper["incident"]["cause"]), ("review.json", paper["json"]["causes"][0])):
                wrong.equal(
                    f"cause of {where}",
                    (cause["subcategory"], cause["role"], cause["confidence"]),
                    (subcategory, "root", "confirmed"),
                )
            wrong.expect(f"**Root cause: {title}**" in paper["md"], f"the page has no root cause {title}")
            wrong.expect(f"- **Cause:** {title}, confirmed" in paper["md"], f"the summary's cause is not {title}")
            wrong.equal("severity", paper["incident"]["severity"], "sev1")
            wrong.expect(
                f"- **Severity:** {SEVERITIES[name]}\n" in paper["md"], f"the severity does not read {SEVERITIES[name]}"
            )

        found = self.each(check)
        # Refuted at 14:00, so the attack is no cause any more.
        cloud = self.papers["cloudflare-2019"]["json"]["causes"]
        if any(cause["category"] == "attack" for cause in cloud):
            found.append("cloudflare-2019: the refuted attack is among the causes")
        return found

    def W3_what_was_waived_is_not_back(self):
        def check(name, paper, wrong):
            wrong.equal("restored_at", paper["json"]["times"]["restored_at"], RESTORED[name])
            rows = {self.slug(row["Component"]): row for row in paper["tables"]["Restoration"][0]}
            waived = WAIVED[name]
            for step in paper["json"]["steps"]:
                is_waived = step["component"] == waived
                wrong.equal(f"{step['component']}, state", step["state"], "waived" if is_waived else "restored")
                wrong.equal(f"{step['component']}, back at all", step["restored_at"] is None, is_waived)
            if waived:
                wrong.equal(
                    f"{waived} in the table",
                    (rows[waived]["No."], rows[waived]["Took"], rows[waived]["State"]),
                    ("–", "–", "waived"),
                )
                wrong.expect(
                    "1 waived, which this leaves out." in paper["md"],
                    "planned against actual does not say what it leaves out",
                )
            finish, late = PLANNED[name]
            line = next((line for line in paper["md"].splitlines() if line.startswith("Plan as of")), "")
            wanted = f"Planned finish {finish} UTC. Actual finish {read(RESTORED[name])} UTC, {late}."
            wrong.expect(wanted in line, f"planned against actual: {line!r} has not {wanted!r}")

        return self.each(check)

    def W4_ties_in_the_order_of_dependencies(self):
        def check(name, paper, wrong):
            restored = [entry["data"]["component"] for entry in paper["timeline"] if entry["kind"] == "step_restored"]
            rows = [self.slug(row["Component"]) for row in paper["tables"]["Restoration"][0] if row["No."] != "–"]
            html = [self.slug(row["Component"]) for row in paper["page"].tables["Restoration"][0] if row["No."] != "–"]
            story = paper["tables"]["Timeline"] if "Timeline" in paper["tables"] else []
            lines = [row["What"] for table in story or paper["tables"]["Lead-up"] for row in table]
            told = [self.slug(found[1]) for found in (re.match(r"(.*?) restored\.", line) for line in lines) if found]
            for where, order in (("entries", restored), ("table", rows), ("page", html), ("timeline", told)):
                rest = list(order)
                for group in ORDER[name]:
                    here, rest = set(rest[: len(group)]), rest[len(group) :]
                    wrong.expect(here == group, f"{where}: {sorted(here)} where {sorted(group)} came back, in {order}")

        return self.each(check)

    def W5_one_length_of_a_step(self):
        def check(name, paper, wrong):
            rows = {self.slug(row["Component"]): row for row in paper["tables"]["Restoration"][0]}
            plan = {self.slug(row["Component"]): row for row in paper["tables"]["Planned and actual"][0]}
            actual = {step["component"]: step for step in paper["json"]["steps"]}
            for slug, length in TOOK[name].items():
                wrong.equal(f"{slug}, took", rows[slug]["Took"], words(length))
                wrong.expect(
                    plan[slug]["Actual (UTC)"].endswith(f" for {words(length)}"),
                    f"{slug}, in planned and actual: {plan[slug]}",
                )
                step = actual[slug]
                wrong.equal(
                    f"{slug}, in review.json", seconds(step["restored_at"]) - seconds(step["started_at"]), length
                )

        found = self.each(check)
        paper = self.papers["github-2018"]
        hooks = next(step for step in paper["json"]["steps"] if step["component"] == "webhooks")
        if (hooks["attempts"], hooks["failures"]) != (2, 1):
            found.append(f"github-2018: webhooks had two attempts, of which one failed: {hooks}")
        # 16:45 to 17:00, and 17:00 to 23:03.
        wanted = "2018-10-22 16:45:00 failed after 15 min → 2018-10-22 17:00:00 restored after 6 h 3 min"
        if wanted not in paper["md"] or wanted not in paper["html"]:
            found.append("github-2018: the attempts of webhooks are not listed")
        return found

    def W6_mitigated_is_when_the_worst_was_over(self):
        def check(name, paper, wrong):
            wanted, first = MITIGATED[name]
            wrong.equal("mitigated_at", paper["json"]["times"]["mitigated_at"], wanted)
            ended = sorted(item["ended_at"] for item in paper["json"]["mitigations"] if item["state"] == "succeeded")
            wrong.equal("the first measure", ended[0], first)
            row = next(row for row in paper["tables"]["Durations"][0] if row["Milestone"] == "mitigated")
            wrong.equal("the table", row["Reached (UTC)"], read(wanted))
            wrong.expect(
                f"Mitigated {read(wanted)} UTC: that is when nothing was at the worst level" in paper["md"],
                "the section does not say so",
            )

        return self.each(check)

    # MARK: W7 to W12

    def W7_the_headline_is_the_worst_and_its_length(self):
        def check(name, paper, wrong):
            worst, whole, line = WHOLE[name]
            wrong.expect(f"- **Impact:** {line}\n" in paper["md"], f"review.md has not {line!r}")
            wrong.equal("review.html", paper["page"].classes.get("worst"), [line])
            impact = paper["json"]["impact"]
            wrong.equal("worst", impact["worst"], "major_outage")
            wrong.equal("at_worst", impact["at_worst"], {"seconds": worst, "ongoing": False})
            # The page says one length for the whole, so review.json says the same.
            wrong.equal("in_all, in seconds", impact["in_all"]["seconds"], whole)

        return self.each(check)

    def W8_picture_and_table_say_the_same(self):
        def check(name, paper, wrong):
            picture = paper["page"].picture("phases")
            for phase in paper["json"]["phases"]:
                if phase["phase"] == "closed":
                    continue
                start, end = read(phase["started_at"]), phase["ended_at"]
                titles = [
                    title for title in picture["titles"] if title.startswith(f"{phase['phase']}, {start} UTC to ")
                ]
                wrong.equal(f"bars of {phase['phase']} from {start}", len(titles), 1)
                if end and titles:
                    wanted = f"{phase['phase']}, {start} UTC to {read(end)} UTC, {words(phase['seconds'])}"
                    wrong.equal(f"bar of {phase['phase']}", titles[0], wanted)
            # The clocks: `2018-10-21 22:54:00` stands as `21 Oct 22:54`.
            texts = [text for text in picture["texts"] if re.search(r" \d\d:\d\d$", text)]
            for row in paper["tables"]["Durations"][0]:
                told = [text for text in texts if row["Milestone"] in text.lower()]
                wrong.expect(
                    any(text.endswith(row["Reached (UTC)"][11:16]) for text in told),
                    f"{row['Milestone']} at {row['Reached (UTC)']} in the table, and {told} in the picture",
                )
            # What the head calls the whole is as long as the bars of impact together.
            bars = [
                title for title in picture["titles"] if re.match(r"(major outage|partial outage|degraded), ", title)
            ]
            spans = [re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", bar) for bar in bars]
            length = sum(seconds(end) - seconds(start) for start, end in spans)
            wrong.expect(
                abs(length - WHOLE[name][1]) < 1,
                f"the bars of impact are {words(length)} long, and the head says {words(WHOLE[name][1])}: {bars}",
            )
            gantt = paper["page"].picture("gantt") or next(
                item for item in paper["page"].pictures if "restored" in item["desc"]
            )
            for row in paper["tables"]["Restoration"][0]:
                if row["No."] != "–":
                    wanted = f"{self.slug(row['Component'])}: started {row['Started (UTC)']} UTC, restored {row['Restored (UTC)']} UTC"
                    wrong.expect(wanted in gantt["desc"], f"the picture of steps has not {wanted!r}")

        return self.each(check)

    def W9_one_count_of_entries(self):
        def check(name, paper, wrong):
            for where, text, tables in (
                ("md", paper["md"], paper["tables"]),
                ("html", paper["html"], paper["page"].tables),
            ):
                counts = re.findall(r"Key moments: (\d+)", text) + re.findall(r"(\d+) (?:of \d+ )?key moments", text)
                wrong.equal(f"counts of key moments in {where}", len(set(counts)), 1)
                # Entries are all of the timeline's, wherever a page counts them.
                entries = {int(number) for number in re.findall(r"(\d+) entries", text)}
                wrong.expect(entries <= {paper["json"]["timeline_entries"]}, f"entries in {where}: {entries}")
                # The table of the lead-up stands under a heading of its own; then comes that of the moments.
                found = tables.get("Timeline", []) + tables.get("Lead-up", [])
                rows = [table for table in found if "No." not in table[0]][-1]
                wrong.equal(f"lines in {where}", str(len(rows)), counts[0])
                # The page has the whole timeline as well, folded.
                whole = [len(table) for table in found if "No." in table[0]]
                wrong.equal(f"entries in {where}", whole, [len(paper["timeline"])] if where == "html" else [])
            wrong.equal("timeline_entries", paper["json"]["timeline_entries"], len(paper["timeline"]))

        return self.each(check)

    def W10_ended_phases_end(self):
        """Approves and closes them, and looks again."""

        def check(name, paper, wrong):
            running = [phase["phase"] for phase in paper["json"]["phases"] if phase["ended_at"] is None]
            wrong.equal("phases that go on", running, ["review"])
            base, at = f"/v1/incidents/{self.numbers[name]}", {"occurred_at": self.stories[name]["reviewed_at"]}
            self.muster.ask("POST", base + "/review/approve", at)
            self.muster.ask("POST", base + "/advance", at)
            self.look(name)
            paper = self.papers[name]
            for phase in paper["json"]["phases"]:
                is_over = phase["ended_at"] and phase["seconds"] is not None
                wrong.expect(is_over or phase["phase"] == "closed", f"after closing: {phase}")
            for phase in paper["json"]["durations"]["phases"]:
                wrong.expect(phase["since"] is None, f"after closing: {phase}")
            wrong.expect(
                not any("since" in row["Time"] for row in paper["tables"]["Time per phase"][0]),
                "the table of phases says since",
            )
            wrong.expect(
                not any("so far" in text for text in paper["page"].picture("phases")["texts"]),
                "the picture says so far",
            )
            last = seconds(paper["json"]["times"]["closed_at"])
            phases = {phase["phase"] for phase in paper["json"]["phases"]}
            for title in paper["page"].picture("phases")["titles"]:
                if title.split(",")[0] not in phases:
                    continue
                ends = [seconds(text) for text in re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", title)]
                wrong.expect(not ends or max(ends) <= last, f"a bar goes on after closing: {title}")

        return self.each(check)

    def W11_plans_only_while_restoring_and_old_names(self):
        def check(name, paper, wrong):
            at = {
                entry["data"]["phase"]: entry["occurred_at"]
                for entry in paper["timeline"]
                if entry["kind"] == "phase_entered"
            }
            number, before = 0, None
            for entry in paper["timeline"]:
                if entry["kind"] == "plan_revised":
                    number += 1
                    inside = at["restore"] <= entry["occurred_at"] <= at["review"]
                    wrong.expect(
                        inside,
                        f"revision {number} of the plan is of {entry['occurred_at']}; restoring was from {at['restore']} to {at['review']}",
                    )
                    wrong.expect(
                        before in ("phase_entered", "impact_set") or before.startswith("step_"),
                        f"revision {number} comes after {before}",
                    )
                before = entry["kind"]
            for kind in ("md", "html", "public"):
                wrong.expect("Renamed afterwards" not in paper[kind], f"review.{kind} has the name of afterwards")
            after = self.stories[name]["after"]
            old = next(item for item in self.stories[name]["catalog"] if item["slug"] == after["slug"])
            for heading in ("Components", "Restoration"):
                row = next(row for row in paper["tables"][heading][0] if self.slug(row["Component"]) == after["slug"])
                wrong.equal(f"tier under {heading}", row["Tier"], str(old["tier"]))
                wrong.expect(row["Component"].startswith(old["name"]), f"name under {heading}: {row['Component']}")

        return self.each(check)

    def W12_numbers_for_people(self):
        def check(name, paper, wrong):
            page = re.sub(r"(?s)<style>.*?</style>|<svg.*?</svg>", "", paper["html"])
            for where, text in (("md", paper["md"]), ("html", re.sub(r"<[^>]+>", " ", page))):
                odd = re.findall(r"\d+\.\d{4,}", text) + re.findall(r"\b\d+(?:\.\d+)?e[+-]?\d+\b", text)
                wrong.expect(not odd, f"numbers in {where}: {odd}")
                lengths = [value for value in re.findall(r"\b\d+\.\d+ (?:s|min|h|d)\b", text) if value != "2.29 s"]
                wrong.expect(not lengths, f"lengths in {where}: {lengths}")
            for title in paper["page"].picture("phases")["titles"]:
                wrong.expect(not re.search(r"\.\d", title), f"in the picture: {title}")

        found = self.each(check)
        # A number as it was told; thousands are set apart. The switch took 2.290 s, which is 2 s.
        for name, texts in {
            "github-2018": ["| 5,000,000 events |", "| 954 writes |"],
            "gitlab-2017": ["| 4.5 GB |", "| 310 GB |"],
            "cloudflare-2019": ["| 2.29 s |", "| 3,868 rules |", "| succeeded | 2 s |"],
        }.items():
            found += [f"{name}: review.md has not {text!r}" for text in texts if text not in self.papers[name]["md"]]
        return found

    # MARK: What was found beside them

    def X1_lifted_measures_say_when(self):
        """Hooks were paused from 23:19 to 16:45; rules were off from 14:07:02 to 14:52."""

        def check(name, paper, wrong):
            lifted = {"github-2018": "16:45:00", "cloudflare-2019": "14:52:00"}.get(name)
            if lifted:
                row = next(row for row in paper["tables"]["Mitigations"][0] if row["No."] == "2")
                wrong.expect(
                    "lifted" in row["History (UTC)"] and lifted in row["History (UTC)"],
                    f"its history does not say that it was lifted at {lifted}: {row}",
                )

        return self.each(check)

    def X2_updates_in_the_order_of_their_times(self):
        def check(name, paper, wrong):
            times = [row["Published (UTC)"] for row in paper["tables"]["Communication"][0]]
            wrong.equal("times of the updates", times, sorted(times))

        return self.each(check)

    def X3_plans_are_told_in_their_order(self):
        """A revision stands in the timeline after those that came before it, and none is made after the end.

        At the end itself one may be: of two that came back in the same minute one is entered first.
        """

        def check(name, paper, wrong):
            by_time = sorted(paper["timeline"], key=lambda entry: entry["occurred_at"])
            numbers = [entry["data"]["revision"] for entry in by_time if entry["kind"] == "plan_revised"]
            wrong.equal("revisions", numbers, list(range(1, len(numbers) + 1)))
            for entry in paper["timeline"]:
                if entry["kind"] == "plan_revised":
                    wrong.expect(
                        entry["occurred_at"] <= RESTORED[name], f"a plan is made anew after the end: {entry['text']}"
                    )

        return self.each(check)

    def X4_nothing_is_planned_that_was_back(self):
        """The link was back at 22:52:43, so the plan of 00:05 has no step for it."""

        def check(name, paper, wrong):
            for row in paper["tables"]["Planned and actual"][0]:
                planned = re.match(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) for", row["Planned (UTC)"])
                slug = self.slug(row["Component"])
                back = next(step["restored_at"] for step in paper["json"]["steps"] if step["component"] == slug)
                if planned and back:
                    began = next(entry["occurred_at"] for entry in paper["timeline"] if entry["kind"] == "plan_revised")
                    wrong.expect(
                        back > began,
                        f"{slug} was back at {back}, and is planned for {planned.group(1)}: {row['Difference']}",
                    )

        return self.each(check)

    def X5_the_public_reads_what_was_said(self):
        """The word `pages` is no component of Cloudflare's, and the firewall is nobody's name."""

        def check(name, paper, wrong):
            if self.stories[name].get("public"):
                title = self.stories[name]["open"]["title"]
                wrong.expect(
                    paper["public"].startswith(f"# {title}\n"), f"its title is {paper['public'].splitlines()[0]!r}"
                )
                wrong.expect(
                    "in pages" in paper["public"], "scripts in pages are scripts in another incident's component"
                )

        return self.each(check)

    def X6_other_clocks_and_words(self):
        """By the clocks of Berlin every time is as much later, lengths are the same, and so they are in German."""

        def check(name, paper, wrong):
            # Two hours before clocks were put back, one hour after; in January it is winter.
            back = {"github-2018": "2018-10-28 01", "gitlab-2017": "2017-01-01", "cloudflare-2019": "2019-10-27 01"}[name]
            base = f"/v1/incidents/{self.numbers[name]}/review.md"
            there = review_texts.tables(self.muster.text(base + "?tz=Europe/Berlin"))["Durations"][0]
            here = paper["tables"]["Durations"][0]
            wrong.equal("milestones", [row["Milestone"] for row in there], [row["Milestone"] for row in here])
            moment = lambda row: next(cell for column, cell in row.items() if column.startswith("Reached"))
            for mine, other in zip(here, there):
                shift = seconds(moment(other)[:19]) - seconds(moment(mine)[:19])
                later = 7200 if moment(mine) < back else 3600
                wrong.equal(f"{mine['Milestone']} in Berlin is later by", shift, later)
                wrong.equal(f"{mine['Milestone']}, seconds", other["Seconds"], mine["Seconds"])
            german = self.muster.text(base + "?lang=de")
            count = lambda text: [len(table) for rows in review_texts.tables(text).values() for table in rows]
            wrong.equal("rows of the tables in German", count(german), count(self.muster.text(base + "?lang=en")))

        return self.each(check)

    # MARK: What cannot be said

    def unsayable(self):
        """What the publications say and the API refuses, with its answer; and what it took and does not have."""
        opened = {"title": "Of 2018", "occurred_at": "2018-10-21T22:54:00Z", "severity": "sev1", "precision": "minute"}
        opened["components"] = [{"component": "of-2018", "impact": "degraded"}]
        self.muster.ask("PUT", "/v1/components/of-2018", {"tier": 0})
        base = f"/v1/incidents/{self.muster.ask('POST', '/v1/incidents', opened)['number']}"
        found = []

        def say(what, method, path, body, of=None):
            at = {"occurred_at": f"{of or '2018-10-22T06:51'}:00Z"}
            status, data = self.muster.send(method, base + path, body | at)
            if status >= 300:
                found.append(f"{what}: {status} {json.loads(data).get('detail')}")

        say(
            "Promised at 23:13: the next update comes within the hour",
            "POST",
            "/updates",
            {"audience": "users", "body": "We go on.", "next_update_at": "2018-10-22T00:13:00Z"},
            "2018-10-21T23:13",
        )
        say(
            "Said with an update at 23:20: over at 01:00",
            "POST",
            "/updates",
            {"audience": "users", "body": "We copy.", "eta": "2018-10-22T01:00:00Z"},
            "2018-10-21T23:20",
        )
        for at, eta in {"06:51": "08:51", "08:30": "09:50"}.items():
            body = {"eta": f"2018-10-22T{eta}:00Z", "reason": "A straight line through the lag"}
            say(f"Said at {at}: over at {eta}", "POST", "/eta", body, f"2018-10-22T{at}")
        for what, body in {
            "Related: an outage that is not in Muster": {
                "kind": "related",
                "text": "An outage of a carrier a week before",
                "source": "https://status.example/2018-10-14",
            },
            "An alert that told too late": {"kind": "alert", "text": "The lag is high", "detection": "late"},
        }.items():
            say(what, "POST", "/facts", body)
        for category, subcategory in {"maintenance": "operator_error", "attack": "abuse"}.items():
            body = {"category": category, "subcategory": subcategory, "confidence": "confirmed", "evidence": "Told"}
            say(f"The cause {subcategory}", "PUT", "/cause", body)
        about = {"precision": "hour"}
        for method, path, body in [
            ("POST", "/acknowledge", {}),
            ("PATCH", "", {"severity": "sev2"}),
            ("PUT", "/roles/commander", {"person": "Somebody"}),
            ("PUT", "/impacts/of-2018", {"impact": "partial_outage"}),
            ("PUT", "/audiences/users", {"description": "Pages are old"}),
            ("POST", "/notes", {"text": "A note"}),
            ("POST", "/tasks", {"text": "A task"}),
            ("POST", "/updates", {"audience": "staff", "body": "An update"}),
            ("POST", "/eta", {"eta": "2018-10-22T11:30:00Z", "reason": "As it looks"}),
            ("POST", "/mitigations", {"description": "A measure", "state": "running"}),
            ("PATCH", "/mitigations/1", {"state": "succeeded"}),
            ("POST", "/advance", {}),
            ("POST", "/advance", {}),
            ("POST", "/advance", {}),
            ("POST", "/restoration/of-2018/start", {}),
            ("POST", "/restoration/of-2018/verify", {}),
            ("POST", "/advance", {}),
            ("POST", "/actions", {"title": "An action", "kind": "preventive"}),
            ("POST", "/review", {}),
            ("POST", "/review/comments", {"text": "A comment"}),
            ("POST", "/review/sign", {}),
            ("PUT", "/review/reviewers", {"reviewers": ["Ada"]}),
            ("PUT", "/review", {"sections": [{"id": "lessons", "markdown": "One."}], "hidden": ["overrides"]}),
        ]:
            say(f"About an hour: {method} {path}", method, path, body | about, "2018-10-22T11:00")
        return found + self.is_said(base)

    def is_said(self, base):
        """What was taken stands where people look for it."""
        review, markdown = json.loads(self.muster.text(base + "/review.json")), self.muster.text(base + "/review.md")
        said = review_texts.tables(markdown).get("ETAs set", [[]])[0]
        etas = [cell for row in said for column, cell in row.items() if "ETA" in column or "xpected" in column]
        wrong = Wrong()
        promised = json.loads(self.muster.text(base + "/updates/1"))["next_update_at"]
        wrong.equal("the promise of 23:13", promised, "2018-10-22T00:13:00.000Z")
        # Of an update, two of calls, and the one of about 11:00.
        for eta in ("01:00:00", "08:51:00", "09:50:00", "11:30:00"):
            wrong.expect(any(eta in cell for cell in etas), f"the table of ETAs has none of {eta}: {said}")
        facts = {fact["kind"]: fact for fact in review["facts"]}
        wrong.equal("source of what is related", facts["related"].get("source"), "https://status.example/2018-10-14")
        wrong.equal("detection of the alert", facts["alert"].get("detection"), "late")
        causes = {cause["subcategory"] for cause in review["causes"]}
        wrong.expect(causes >= {"operator_error", "abuse"}, f"the causes are {causes}")
        loose = [
            entry
            for entry in self.timeline(base)
            if entry["occurred_at"] == "2018-10-22T11:00:00.000Z"
            and "hour" not in (entry.get("precision"), entry["data"].get("precision"))
        ]
        # What an entry brings about has no precision of its own.
        loose = [entry["kind"] for entry in loose if entry["kind"] not in ("plan_revised", "self_recovered")]
        wrong.expect(not loose, f"entries of about 11:00 that are exact: {loose}")
        return wrong


CHECKS = ["enter", "unsayable"] + [name for name in vars(PostMortems) if re.match(r"[WX]\d", name)]

if __name__ == "__main__":
    if len(sys.argv) == 3:
        sys.argv += CHECKS
    steps.run(PostMortems)
