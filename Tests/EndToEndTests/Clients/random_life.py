"""A random legal life of an incident: every call that takes a text gets a hostile one."""

import base64
import datetime
import json
import urllib.parse

LEVELS = ["degraded", "partial_outage", "major_outage", "none", "maintenance"]
CAUSES = [
    ("technical", "software_bug"),
    ("technical", "capacity"),
    ("maintenance", "operator_error"),
    ("attack", "abuse"),
    ("maintenance", "change_gone_wrong"),
    ("attack", "ddos"),
    ("connectivity", "dns"),
    ("unknown", None),
]
# One pixel each.
IMAGES = {
    "image/gif": base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw=="),
    "image/png": base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    ),
}
SECTIONS = (
    "summary impact detection cause timeline durations mitigations restoration communication overrides what_went_well"
    " what_went_wrong lessons actions unmet attachments"
).split()
PHASES = ["detect", "assess", "mitigate", "restore", "review", "closed"]


class Life:
    """Writes down every answer's status; the caller looks for those of 500 and more."""

    def __init__(self, muster, hostile, name, hook):
        self.muster, self.hostile, self.rng = muster, hostile, hostile.rng
        self.hook = hook
        self.slugs = [f"{name}-{letter}" for letter in "abc"[: self.rng.randint(1, 3)]]
        self.now = datetime.datetime(2024, 1, 1) + datetime.timedelta(minutes=self.rng.randint(0, 900_000))
        self.answers, self.failures, self.base, self.number = {}, [], None, None
        # How many there are of what calls name by number, and the regions and owners of components.
        self.made, self.regions, self.owners, self.hit = {}, {}, [], []
        self.is_late = hostile.maybe(0.7)

    # MARK: Calls

    def send(self, method, path, body=None):
        return self.note(method, path, body, *self.muster.send(method, path, body))

    def note(self, method, path, body, status, data):
        """What was answered."""
        path = path.partition("?")[0]
        self.answers[status] = self.answers.get(status, 0) + 1
        if status == 201:
            self.made[path.rpartition("/")[2]] = self.made.get(path.rpartition("/")[2], 0) + 1
        if status >= 500:
            self.failures.append(f"{method} {path} {body!r:.3000}: {status} {data[:300]!r}")
        return status, data

    def call(self, method, path, body=None):
        """With a time of its own, and at times in somebody else's name."""
        body = dict(body or {})
        if path.startswith("/impacts/"):
            self.hit.append(path.rpartition("/")[2])
        if self.is_late:
            body["occurred_at"] = self.moment()
        if self.hostile.maybe(0.2):
            body["on_behalf_of"] = self.hostile.line()
        return self.send(method, self.base + path, body)[0]

    def moment(self, ahead=20):
        """Mostly later than before, now and then a little earlier."""
        self.now += datetime.timedelta(seconds=self.rng.randint(0, ahead * 60))
        at = self.now - datetime.timedelta(minutes=self.rng.choice([0, 0, 0, 0, 5, 30]))
        return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{self.rng.choice([0, 0, 171, 992]):03}Z"

    def catalog(self):
        for place, slug in enumerate(self.slugs):
            body = self.hostile.fields({"tier": self.rng.randint(0, 3)}, name=200, owner=200)
            body["regions"] = self.regions[slug] = list(
                {self.hostile.line(64).strip() or "x" for _ in range(self.rng.choice([0, 0, 2]))}
            )
            self.owners.append(body.get("owner", "nobody"))
            body["labels"] = {self.hostile.line(64): self.hostile.line(256)}
            body["expected_restore_seconds"] = self.rng.choice([0, 300, 7200])
            body["soak_seconds"] = 0
            body["goal"] = self.hostile.maybe(0.2)
            if place and self.hostile.maybe():
                body["depends_on"] = [{"component": self.slugs[place - 1], "kind": self.rng.choice(["hard", "soft"])}]
            self.send("PUT", f"/v1/components/{slug}", body)

    def open(self):
        body = self.hostile.fields({"title": self.hostile.text(300)}, summary=10_000)
        if self.hostile.maybe(0.6):
            body["severity"] = self.rng.choice(["sev1", "sev2", "sev3", "sev4"])
        body["components"] = [self.impact(slug) | {"component": slug} for slug in self.slugs if self.hostile.maybe(0.7)]
        self.hit = [component["component"] for component in body["components"]]
        body["labels"] = {self.hostile.line(64): self.hostile.text(256) for _ in range(self.rng.choice([0, 1, 3]))}
        if self.hostile.maybe(0.3):
            body["cause"] = self.cause()
        if self.is_late:
            body["started_at"], body["occurred_at"] = sorted([self.moment(), self.moment()])
        status, data = self.send("POST", "/v1/incidents", body)
        if status != 201:
            return False
        self.number = json.loads(data)["number"]
        self.base = f"/v1/incidents/{self.number}"
        return True

    def phase(self):
        return json.loads(self.muster.send("GET", self.base)[1])["phase"]

    # MARK: Bodies

    def one_of(self, kind):
        """The number of one that was made, or 1."""
        return self.rng.randint(1, max(1, self.made.get(kind, 0)))

    def impact(self, slug):
        body = {"impact": self.rng.choice(LEVELS[:3] if self.hostile.maybe(0.8) else LEVELS)}
        if self.hostile.maybe(0.2):
            body["deliberate"] = True
        if self.hostile.maybe(0.3):
            body["regions"] = self.regions.get(slug, [])[:1]
        return body

    def cause(self):
        category, subcategory = self.rng.choice(CAUSES)
        body = {"category": category, "subcategory": subcategory, "evidence": self.hostile.text(10_000)}
        body["confidence"] = self.rng.choice(["suspected", "confirmed"])
        body["role"] = self.rng.choice([None, "root", "trigger", "contributing", "process", "detection_gap"])
        if self.hostile.maybe():
            body["change"] = self.hostile.line()
        if self.hostile.maybe():
            body["component"] = self.rng.choice(self.slugs)
        return body

    def fact(self):
        kind = self.rng.choice(["measure", "alert", "report", "decision", "change", "related", "why"])
        body = self.hostile.fields({"kind": kind, "text": self.hostile.text()}, reason=2000, source=2000, by=200)
        if kind == "measure":
            body["value"] = self.rng.choice([0, 0.1 + 0.2, 37.992000000000004, -1, 1e15, 1e-9, 5_000_000, 12.5])
            body["unit"] = self.hostile.line(40)
        if kind in ("alert", "report") and self.hostile.maybe():
            body["detection"] = self.rng.choice(["detected", "unnoticed", "missing", "late"])
        if kind == "related":
            body["source"] = self.hostile.text()
        if self.hostile.maybe():
            body["component"] = self.rng.choice(self.slugs)
        body["precision"] = self.rng.choice(["exact", "minute", "hour", "day", "unknown"])
        return body

    def update(self):
        body = {"audience": self.rng.choice(["users", "creators", "businesses", "staff", "regulators"])}
        body["body"] = self.hostile.text(10_000)
        body["steps"] = [self.hostile.text(500) for _ in range(self.rng.choice([0, 0, 3]))]
        body["language"] = self.rng.choice(["en", "de", "pt-BR", "ar"])
        return body

    def action(self):
        body = {"title": self.hostile.text(500), "kind": self.rng.choice(["detective", "preventive", "corrective"])}
        body |= {"owner": self.hostile.line(), "due": "2027-01-01"}
        if self.hostile.maybe(0.3):
            body["link"] = self.rng.choice(
                ["https://x.example/a|b?c=\"d'&e=<f>", "http://x.example/`a`_*b*", "https://x.example/%22)%5D"]
            )
        body["priority"] = self.rng.choice([None, "urgent", "low"])
        return body

    # MARK: What people do

    def alert(self):
        """One that fires, on a component of the incident."""
        labels = {"alertname": self.hostile.line(), "component": self.rng.choice(self.slugs)}
        labels |= {
            "severity": self.rng.choice(["critical", "warning"]),
            "l|<b>": self.hostile.line(),
            "instance": self.hostile.line(),
        }
        alert = {
            "status": self.rng.choice(["firing", "firing", "resolved"]),
            "labels": labels,
            "annotations": {
                "summary": self.hostile.text(),
                "description": self.hostile.text(),
                "runbook_url": "https://x.example/?a|b",
            },
            "startsAt": "2026-11-01T00:00:00Z",
            "generatorURL": self.hostile.line(),
        }
        message = {
            "version": "4",
            "groupKey": self.hostile.line(),
            "status": "firing",
            "receiver": "m",
            "alerts": [alert],
        }
        message |= {
            "groupLabels": {"alertname": labels["alertname"]},
            "commonLabels": labels,
            "commonAnnotations": {},
            "externalURL": "",
        }
        self.send("POST", f"/hooks/{self.hook}", message)

    def merge(self, into):
        """Goes on as another incident."""
        self.call("POST", "/merge", {"into": into, "reason": self.hostile.text(2000)})

    def attach(self):
        """A picture or a text, whose name and caption are hostile."""
        texts = {kind: None for kind in ("text/plain", "text/markdown", "text/csv")}
        kind, data = self.rng.choice(list((IMAGES | texts).items()))
        data = data or self.hostile.markdown().encode()
        query = {"name": self.hostile.line()}
        if self.hostile.maybe(0.8):
            query["caption"] = self.hostile.text(1000)
        path = f"{self.base}/attachments?{urllib.parse.urlencode(query)}"
        self.note("POST", path, kind, *self.muster.upload(path, kind, data))

    def anything(self):
        """One call that any open phase takes."""
        text, line, pick = self.hostile.text, self.hostile.line, self.rng.choice
        slug, reason = pick(self.slugs), {"reason": self.hostile.text(2000)}
        updates = self.rng.randint(1, max(1, self.made.get("updates", 0) + self.made.get("draft", 0)))
        made = [
            (
                "POST",
                "/notes",
                lambda: self.hostile.fields({"text": text(10_000), "key": self.hostile.maybe(0.7)}, by=200),
            ),
            ("POST", "/notes", lambda: {"text": text(10_000), "key": True, "by": line()}),
            ("POST", "/facts", self.fact),
            ("POST", "/facts", self.fact),
            ("PATCH", "", lambda: self.hostile.fields({"title": text(300)}, summary=10_000)),
            ("PATCH", "", lambda: {"severity": pick(["sev1", "sev2", "sev3", "sev4"])}),
            ("PATCH", "", lambda: {"labels": {line(64): text(256)}}),
            ("PUT", f"/roles/{pick(['commander', 'operations', 'scribe', 'liaison'])}", lambda: {"person": line()}),
            ("PUT", "/cause", self.cause),
            ("PUT", f"/impacts/{slug}", lambda: self.impact(slug)),
            ("PUT", f"/impacts/{slug}", lambda: self.impact(slug)),
            (
                "PUT",
                f"/audiences/{pick(['users', 'creators', 'businesses', 'reputation'])}",
                lambda: {"description": text(5000), "people": pick([None, 0, 10**9]), "reports": pick([None, 7])},
            ),
            ("DELETE", f"/audiences/{pick(['users', 'creators'])}", lambda: reason),
            ("POST", "/updates", self.update),
            ("POST", "/updates/draft", self.update),
            ("PATCH", f"/updates/{updates}", lambda: {"body": text(10_000)}),
            ("POST", f"/updates/{updates}/approve", lambda: {"revision": 1}),
            ("POST", f"/updates/{updates}/publish", dict),
            ("POST", f"/updates/{updates}/withdraw", lambda: reason),
            ("POST", f"/updates/{updates}/correct", lambda: {"body": text(10_000)} | reason),
            ("POST", "/eta", lambda: {"eta": "2026-12-24T00:00:00Z"} | reason),
            (
                "POST",
                "/mitigations",
                lambda: self.hostile.fields(
                    {"description": text(), "state": pick(["planned", "running", "succeeded", "rejected"])} | reason,
                    kind=64,
                    owner=200,
                ),
            ),
            ("POST", "/mitigations", lambda: {"description": text(), "in_force": True, "owner": line()}),
            (
                "PATCH",
                f"/mitigations/{self.one_of('mitigations')}",
                lambda: {"description": text(), "owner": line(), "kind": line(64)},
            ),
            (
                "PATCH",
                f"/mitigations/{self.one_of('mitigations')}",
                lambda: {"state": pick(["running", "succeeded", "failed", "rolled_back", "abandoned"])} | reason,
            ),
            ("PATCH", f"/mitigations/{self.one_of('mitigations')}", lambda: {"in_force": False}),
            ("POST", "/tasks", lambda: {"text": text(), "owner": line()}),
            (
                "PATCH",
                f"/tasks/{self.one_of('tasks')}",
                lambda: {"text": text(), "owner": line(), "done": self.hostile.maybe()},
            ),
            ("POST", f"/timeline/{self.rng.randint(2, 12)}/strike", lambda: reason),
            ("POST", f"/timeline/{self.rng.randint(2, 12)}/redact", lambda: reason),
            ("PATCH", f"/timeline/{self.rng.randint(2, 12)}", lambda: {"key": True}),
            ("PATCH", "/times", lambda: {pick(["mitigated_at", "detected_at"]): self.moment(0)} | reason),
            ("POST", "/actions", self.action),
            ("DELETE", f"/attachments/{self.one_of('attachments')}", lambda: reason),
        ]
        method, path, body = pick(made)
        # What there is none of cannot be changed.
        named = {"updates": ["updates", "draft"]} | {
            name: [name] for name in ("mitigations", "tasks", "attachments")
        }
        kind = path.split("/")[1] if path.count("/") > 1 and path != "/updates/draft" else None
        if kind in named and not any(self.made.get(name) for name in named[kind]):
            return
        is_rare = path == "/times" or path.endswith("/redact")
        if is_rare and not self.hostile.maybe(0.3):
            return
        self.call(method, path, body())

    def restoring(self):
        """One call of restoring."""
        slug, reason = self.rng.choice(self.hit or self.slugs), {"reason": self.hostile.text(2000)}
        path, body = self.rng.choice(
            [
                ("/start", {}),
                ("/start", {}),
                ("/verify", {}),
                ("/verify", {}),
                ("/ramp", {"percent": self.rng.randint(0, 100), "backlog": 10**9}),
                ("/fail", reason),
                ("/waive", reason),
                ("/undo", reason),
                ("/needs", reason | {"components": self.slugs[:1]}),
            ]
        )
        self.call("PUT" if path == "/needs" else "POST", f"/restoration/{slug}{path}", body)
        if self.hostile.maybe(0.1):
            self.call("PUT", "/restoration/order", reason | {"components": [slug]})
            self.call("PUT", "/restoration/hands", reason | {"hands": {self.rng.choice(self.owners): 1, "default": 2}})
        if self.hostile.maybe(0.1):
            self.call("PATCH", f"/restoration/{slug}", reason | {"started_at": self.moment(0)})

    def leave(self):
        """On to the next phase, or back."""
        if self.hostile.maybe(0.1):
            self.call("POST", "/revert", {"to": self.rng.choice(PHASES[:4]), "reason": self.hostile.text(2000)})
            return
        self.call("POST", "/acknowledge", {"note": self.hostile.text(10_000)})
        body = {"override": True, "reason": self.hostile.text(2000)} if self.hostile.maybe(0.7) else {}
        self.call("POST", "/advance", body)

    def review(self):
        """Sections are written by hand, signed, shown to the public; then perhaps approved and closed."""
        self.call("POST", "/review")
        own = [
            {"id": name, "markdown": self.hostile.markdown()}
            for name in ("what_went_well", "what_went_wrong", "lessons")
        ]
        if self.hostile.maybe():
            name = self.rng.choice(["summary", "impact", "cause", "timeline", "actions", "durations"])
            own.append({"id": name, "markdown": self.hostile.markdown(), "title": self.hostile.line()})
        if self.hostile.maybe():
            own.append({"id": self.hostile.slug(), "markdown": self.hostile.markdown(), "title": self.hostile.line()})
        body = {"sections": own}
        if self.hostile.maybe():
            names = [section["id"] for section in own] + SECTIONS
            body["order"] = self.rng.sample(sorted(set(names)), self.rng.randint(0, 8))
            body["hidden"] = self.rng.sample(sorted(set(names)), self.rng.choice([0, 1, 3]))
        self.call("PUT", "/review", body)
        self.comments(own)
        asked = [self.hostile.line() for _ in range(self.rng.randint(0, 3))]
        self.call("PUT", "/review/reviewers", {"reviewers": asked})
        self.call("POST", "/review/sign", {"as": self.hostile.line(), "comment": self.hostile.text()})
        replaced = [{"text": self.hostile.line(), "with": self.hostile.line()} for _ in range(self.rng.randint(0, 5))]
        sections = ["summary", "impact", "cause", "timeline", "lessons", "actions"]
        self.call("PUT", "/review/public", {"title": self.hostile.line(300), "sections": sections, "replace": replaced})
        if self.hostile.maybe(0.6):
            self.call("POST", "/review/approve")
            self.call("POST", "/review/public/approve")

    def comments(self, sections):
        """On it, on a section, in reply; and a part of the text is written anew."""
        for place in range(self.rng.choice([0, 1, 4])):
            body = {"text": self.hostile.text(4000)}
            if self.hostile.maybe():
                body["section"] = self.rng.choice(sections)["id"]
            if place and self.hostile.maybe():
                body["reply_to"] = self.rng.randint(1, place)
            self.call("POST", "/review/comments", body)
            if self.hostile.maybe(0.3):
                self.call("PATCH", f"/review/comments/{place + 1}", {"resolved": self.hostile.maybe(0.7)})
        if self.hostile.maybe():
            changed = {"id": self.rng.choice(sections)["id"], "markdown": self.hostile.markdown()}
            self.call("PUT", "/review", {"sections": [changed]})

    def live(self):
        """False where it could not even be opened."""
        self.catalog()
        if not self.open():
            return False
        for _ in range(self.rng.randint(3, 45)):
            phase = self.phase()
            if phase not in PHASES[:5]:
                break
            if self.hostile.maybe(0.03):
                self.alert()
            if self.hostile.maybe(0.05):
                self.attach()
            if phase == "restore" and self.hostile.maybe(0.5):
                self.restoring()
            elif self.hostile.maybe(0.15):
                self.leave()
            else:
                self.anything()
        self.review()
        if self.hostile.maybe(0.3):
            self.leave()
        return True

    def end(self):
        """Nothing of it stays down: another incident would wait for it."""
        for slug in self.slugs:
            self.call("PUT", f"/impacts/{slug}", {"impact": "none"})
