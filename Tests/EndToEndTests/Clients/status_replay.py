"""Seven weeks of a real provider's history, replayed with their times, and compared with the public page, its JSON and its feeds.

`status_replay.py URL KEY STEP...`: the step `history=FILE` reads the provider's Atom feed, enters every incident of it by calls of the API, and returns what is
`wrong`; or `skipped`, where the file is not on this machine. `compared` says how much was looked at.

The feed has the times and the words of every update, and its state (`Update` goes on with the state before). It does not have what was hit and how badly, so
that is taken from its words by `Recorded`, and both sides have it from there. Harm ends with the first `Monitoring`, else with `Resolved`. All times are moved
by whole days, so that the newest incident was yesterday and all of them are within the 90 days of the page. The feed has whole minutes: of updates of the
same minute each is taken to be a second after the one before. Uptime is worked out here a second time, from the record alone.
"""

import calendar
import datetime
import html
import json
import os
import re
import time

import feedparser
import html5lib

import public_platform
import steps

DAY = 86_400
SPANS = (1, 7, 30, 90, 365)
SHOWN = 90
# What the provider calls its services, and what its words may also say for one.
SERVICES = {
    "Git Operations": ("Git Operations",),
    "API Requests": ("API Requests", "GraphQL", "REST API"),
    "Issues": ("Issues",),
    "Pull Requests": ("Pull Requests",),
    "Actions": ("Actions", "runner"),
    "Webhooks": ("Webhooks",),
    "Pages": ("Pages -", "Pages "),
    "Copilot": ("Copilot", "agent tasks", "GPT"),
    "GitHub.com": ("GitHub.com", "Login", "access tokens", "Team Sync"),
    "Packages": ("Packages",),
}
LEVELS = {"degraded": 1, "partial_outage": 2, "major_outage": 3}
# How much of a second at a level counts as down.
DOWN = {0: 0, 1: 0, 2: 0.3, 3: 1}
BARS = {"degraded": 1, "partial": 2, "major": 3}
NAMES = {"degraded performance": 1, "partial outage": 2, "major outage": 3}


def stamp(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of(text):
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))


class Recorded:
    """An incident of the feed, with the oldest update first: (seconds, state, text)."""

    def __init__(self, entry):
        self.id, self.title = entry.id.rpartition("/")[2], entry.title
        year = entry.published_parsed.tm_year
        self.updates = []
        content = entry.content[0].value
        for when, said, body in re.findall(r"<p>\s*<small>(.*?)</small><br\s*/?>\s*<strong>(.*?)</strong> - (.*?)</p>", content, re.S):
            day = " ".join(re.sub("<[^>]*>", "", when).split())
            at = calendar.timegm(time.strptime(f"{year} {day}", "%Y %b %d, %H:%M UTC"))
            text = html.unescape(re.sub("<[^>]*>", "", re.sub(r"<br\s*/?>", "\n", body))).strip()
            self.updates.append([at, said.lower(), text])
        self.updates.reverse()
        for place, update in enumerate(self.updates):
            if update[1] == "update":
                update[1] = self.updates[place - 1][1]
            if place and update[0] <= self.updates[place - 1][0]:
                update[0] = self.updates[place - 1][0] + 1
        self.last_word = self.updates[-1][0]

    def move(self, seconds):
        self.last_word += seconds
        for update in self.updates:
            update[0] += seconds

    @property
    def started_at(self):
        return self.updates[0][0]

    @property
    def harm_ended_at(self):
        return next((at for at, state, _ in self.updates if state == "monitoring"), self.updates[-1][0])

    @property
    def services(self):
        words = f"{self.title} {self.updates[0][2]}"
        found = [name for name, signs in SERVICES.items() if any(sign in words for sign in signs)]
        return found or ["GitHub.com"]

    @property
    def level(self):
        words = " ".join(text for _, _, text in self.updates)
        if re.search(r"outage|unavailable|elevated errors", words):
            return "major_outage"
        return "partial_outage" if re.search(r"availability|fail", words) else "degraded"


def recorded(path):
    """All of a feed, moved so that the last word of the newest was said yesterday."""
    with open(path, "rb") as file:
        feed = feedparser.parse(file.read())
    incidents = [Recorded(entry) for entry in feed.entries]
    days = (int(time.time()) // DAY - 1) - max(incident.last_word for incident in incidents) // DAY
    for incident in incidents:
        incident.move(days * DAY)
    return incidents


class Expected:
    """What is to be seen, worked out from the record alone."""

    def __init__(self, incidents):
        self.harms = {}
        for incident in incidents:
            for name in incident.services:
                self.harms.setdefault(name, []).append(
                    (incident.started_at, incident.harm_ended_at, LEVELS[incident.level])
                )

    def level(self, name, second):
        return max((level for begin, end, level in self.harms.get(name, ()) if begin <= second < end), default=0)

    def spent(self, name, begin, end):
        """Seconds at each level: nothing changes between two moments of the record."""
        moments = {moment for harm in self.harms.get(name, ()) for moment in harm[:2] if begin < moment < end}
        spent, edges = {0: 0, 1: 0, 2: 0, 3: 0}, sorted(moments | {begin, max(begin, end)})
        for edge, following in zip(edges, edges[1:]):
            spent[self.level(name, edge)] += following - edge
        return spent

    def share(self, name, days, since, now):
        """As the page writes it, in hundredths of a percent; None where too little is known."""
        begin = max(since, now - days * DAY)
        if now - begin < days * DAY * 0.1 or now <= begin:
            return None
        spent = self.spent(name, begin, now)
        down = sum(DOWN[level] * seconds for level, seconds in spent.items())
        return int((1 - down / (now - begin)) * 10_000 + 1e-6)


class Replay:
    def __init__(self, url, key):
        self.url, self.platform = url, public_platform.Platform(url, key)
        self.wrong, self.compared = [], {}

    def __getattr__(self, name):
        verb, _, path = name.partition("=")
        if verb != "history":
            raise AttributeError(name)
        return lambda: self.run(path)

    def run(self, path):
        if not os.path.exists(path):
            return {"skipped": f"{os.path.basename(path)} is not on this machine", "wrong": []}
        incidents = recorded(path)
        self.enter(sorted(incidents, key=lambda incident: incident.started_at))
        self.platform.wait(lambda: self.is_whole(incidents), "all incidents are public")
        self.compare_timeline(incidents)
        self.compare_pages(incidents)
        self.compare_feeds(incidents)
        self.compare_uptime(Expected(incidents))
        return {"wrong": self.wrong[:40], "compared": self.compared}

    def is_whole(self, incidents):
        found = self.platform.document("incidents")["incidents"]
        updates = sum(len(incident["incident_updates"]) for incident in found)
        return updates == sum(len(incident.updates) for incident in incidents)

    def expect(self, found, wanted, words):
        self.compared[words.split(":")[0]] = self.compared.get(words.split(":")[0], 0) + 1
        if found != wanted:
            self.wrong.append(f"{words}: {found!r:.200}, not {wanted!r:.200}")

    # MARK: Entering

    def slug(self, name):
        return re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")

    def enter(self, incidents):
        components = [
            {"slug": self.slug(name), "tier": 1, "soak_seconds": 0, "public": {"name": name, "order": order + 1}}
            for order, name in enumerate(SERVICES)
        ]
        self.platform.muster.ask("PUT", "/v1/components", {"components": components})
        self.numbers = {}
        for incident in incidents:
            start = stamp(incident.started_at)
            impacts = {self.slug(name): incident.level for name in incident.services}
            path = self.platform.open(incident.title, impacts, "sev2", started_at=start, occurred_at=start)
            self.numbers[incident.id] = int(path.rpartition("/")[2])
            is_back = False
            for at, state, text in incident.updates:
                if state in ("monitoring", "resolved") and not is_back:
                    is_back = True
                    self.platform.lead(path, "restore", stamp(at))
                    for slug in impacts:
                        self.platform.restore(path, slug, stamp(at))
                if state == "resolved":
                    self.platform.muster.ask("POST", path + "/advance", {"occurred_at": stamp(at)})
                self.platform.tell(path, text, occurred_at=stamp(at))

    # MARK: Comparing

    def compare_timeline(self, incidents):
        """The JSON of Statuspage: every incident and every update of it."""
        found = {int(item["id"]): item for item in self.platform.document("incidents")["incidents"]}
        by_start = sorted(incidents, key=lambda incident: -incident.started_at)
        self.expect([int(number) for number in found], [self.numbers[item.id] for item in by_start], "order of incidents.json")
        self.expect(self.platform.document("incidents/unresolved")["incidents"], [], "unresolved.json")
        for incident in incidents:
            item = found[self.numbers[incident.id]]
            said = [
                (seconds_of(update["display_at"]), update["status"], update["body"])
                for update in reversed(item["incident_updates"])
            ]
            self.expect(len(said), len(incident.updates), f"count of updates: {incident.title}")
            for update, wanted in zip(said, incident.updates):
                self.expect(update[0], wanted[0], f"time of update: {incident.title}")
                self.expect(update[1], wanted[1], f"status of update: {incident.title} at {stamp(wanted[0])}")
                self.expect(update[2], wanted[2], f"words of update: {incident.title} at {stamp(wanted[0])}")
            self.expect(seconds_of(item["started_at"]), incident.started_at, f"start: {incident.title}")
            self.expect(seconds_of(item["created_at"]), incident.started_at, f"publication: {incident.title}")
            self.expect(item["status"], "resolved", f"status: {incident.title}")
            self.expect(seconds_of(item["resolved_at"] or stamp(0)), incident.last_word, f"end: {incident.title}")
            watched = next((at for at, state, _ in incident.updates if state == "monitoring"), None)
            if watched:
                self.expect(seconds_of(item["monitoring_at"] or stamp(0)), watched, f"monitoring: {incident.title}")
            names = [component["name"] for component in item["components"]]
            self.expect(sorted(names), sorted(incident.services), f"components: {incident.title}")

    def compare_pages(self, incidents):
        """The pages for people: each incident's, and each month's."""
        for incident in incidents:
            page = self.tree(f"/status/incidents/{self.numbers[incident.id]}")
            updates = next(node for node in page.iter("section") if "updates" in (node.get("class") or ""))
            times = [
                seconds_of(node.find("time").get("datetime"))
                for node in updates.iter("p")
                if node.get("class") == "when"
            ]
            self.expect(times, [at for at, _, _ in reversed(incident.updates)], f"times of the page: {incident.title}")
        months = {}
        for incident in sorted(incidents, key=lambda incident: -incident.started_at):
            months.setdefault(stamp(incident.started_at)[:7], []).append(self.numbers[incident.id])
        for month, numbers in months.items():
            page = self.tree(f"/status/history/{month}")
            links = [node.get("href") for node in page.iter("a")]
            found = [int(link.rpartition("/")[2]) for link in links if link and link.startswith("/status/incidents/")]
            self.expect(found, numbers, f"order of a month: {month}")

    def compare_feeds(self, incidents):
        """Feeds are in the order of the original, which is that of the last word."""
        original = [self.numbers[item.id] for item in sorted(incidents, key=lambda incident: -incident.last_word)]
        for path in ("/status.atom", "/status.rss"):
            feed = feedparser.parse(public_platform.fetch(self.url + path)[2])
            numbers = [int(entry.link.rpartition("/")[2]) for entry in feed.entries]
            self.expect(numbers, original, f"order of a feed: {path}")

    def tree(self, path):
        return html5lib.parse(self.platform.page(path), namespaceHTMLElements=False)

    def compare_uptime(self, expected):
        """Each of the 90 bars of each component, what is said of a bar, and the figures below them."""
        # The page is of a whole minute. A busy daemon makes it some seconds after the minute began, and it may change while it is read.
        for _ in range(30):
            second, before = time.time() % 60, self.platform.page()
            if 5 <= second < 50 and before == self.platform.page():
                break
            time.sleep(1)
        now = int(time.time()) // 60 * 60
        made = {item["name"]: seconds_of(item["created_at"]) for item in self.platform.document("components")["components"]}
        rows = re.findall(
            r'<span class="name">(.*?)</span>.*?(<svg class="bars".*?</svg>).*?<p class="figures">(.*?)</p>', before, re.S
        )
        self.expect([html.unescape(name) for name, _, _ in rows], list(SERVICES), "components of the page")
        for name, bars, figures in rows:
            since = min([made[name]] + [begin for begin, _, _ in expected.harms.get(name, ())])
            self.compare_bars(name, bars, since, now, expected)
            said = {}
            for span, whole, rest in re.findall(r"(24 h|\d+ days) (\d+)(?:\.(\d\d))?\s%", figures.replace("\u00a0", " ")):
                said[1 if span == "24 h" else int(span.split()[0])] = int(whole) * 100 + int(rest or 0)
            wanted = {days: share for days in SPANS if (share := expected.share(name, days, since, now)) is not None}
            self.expect(said, wanted, f"uptime: {name}")

    def compare_bars(self, name, bars, since, now, expected):
        today = now // DAY
        shown = {}
        for style, line in re.findall(r'<path class="(degraded|partial|major)" d="([^"]*)"', bars):
            for place in re.findall(r"M([\d.]+) ", line):
                shown[int(float(place) // 4)] = BARS[style]
        unknown = re.search(r'class="run unknown" d="M0 18H(\d+)"', bars)
        first = int(unknown.group(1)) // 4 if unknown else 0
        wanted = sum(min((day + 1) * DAY, now) <= since for day in range(today - SHOWN + 1, today + 1))
        self.expect(first, wanted, f"first day known: {name}")
        titles = dict(
            (day, spent) for day, spent in re.findall(r"<title>(\d{4}-\d\d-\d\d): (.*?)</title>", html.unescape(bars))
        )
        for place in range(SHOWN):
            day = today - SHOWN + 1 + place
            spent = expected.spent(name, day * DAY, min((day + 1) * DAY, now))
            worst = max((level for level in (1, 2, 3) if spent[level]), default=0)
            self.expect(shown.get(place, 0), worst, f"day: {name} on {stamp(day * DAY)[:10]}")
            if title := titles.get(stamp(day * DAY)[:10]):
                parts = {}
                for part in title.split(", "):
                    level = next(level for words, level in NAMES.items() if part.startswith(words))
                    units = {"h": 3600, "min": 60, "s": 1}
                    parts[level] = sum(int(count) * units[unit] for count, unit in re.findall(r"(\d+)\s(h|min|s)\b", part))
                wanted = {level: spent[level] for level in (1, 2, 3) if spent[level]}
                self.expect(parts, wanted, f"length of a day: {name} on {stamp(day * DAY)[:10]}")


if __name__ == "__main__":
    steps.run(Replay)
