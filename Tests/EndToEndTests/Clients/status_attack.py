"""The public page under people who want more of it than is theirs.

`status_attack.py URL KEY STEP...`: `leaks` plants a word of its own in every field that people and tools fill, takes the incidents through their whole life, and reads
every public byte after each part of it; `hostile=N,SEED` publishes N incidents in texts that try to break out, and has every form of them parsed; `tricks` plays
with paths, header fields, methods and bodies; `flood=N` asks N times, quickly. `value` has what is `wrong`;
of `leaks` also how many fields were `planted`. MUSTER_STATUS_SNAPSHOT names the daemon's file, which is read as well.
"""

import asyncio
import gzip
import http.client
import json
import os
import random
import re
import time
import urllib.parse
import xml.etree.ElementTree

import feedparser
import html5lib
import icalendar

import hostile_reviews
import hostile_texts
import past_incidents
import public_platform
import steps

WORD = "qzxleak"
PAGES = ["/status", "/status/history", "/status/incidents/999999", "/status/history/1999-01"]
DOCUMENTS = [
    f"/api/v2/{name}.json"
    for name in (
        "summary", "status", "components", "incidents", "incidents/unresolved", "scheduled-maintenances",
        "scheduled-maintenances/upcoming", "scheduled-maintenances/active",
    )
] + ["/status.atom", "/status.rss", "/status.ics", "/status/badge.svg", "/status/embed.json"]
# Asked without a token as well; what they say is not about incidents.
BESIDE = ["/healthz", "/readyz", "/metrics", "/openapi.yaml", "/", "/favicon.ico", "/robots.txt", "/v1/incidents", "/v1/incidents/1"]

# Typed into the section of the review that a commander read and approved for everybody; names, tools and people are not.
APPROVED = ("audience.description", "fact.measure.text", "fact.unit")


class Attack:
    def __init__(self, url, key):
        self.url, self.key = url, key
        self.platform = public_platform.Platform(url, key)
        self.muster = self.platform.muster
        parts = urllib.parse.urlsplit(url)
        self.host, self.port = parts.hostname, parts.port
        self.wrong, self.fields = [], {}

    def __getattr__(self, name):
        verb, _, count = name.partition("=")
        if verb not in ("flood", "hostile"):
            raise AttributeError(name)
        numbers = [int(number) for number in count.split(",")]
        return lambda: getattr(self, f"{verb}_with")(*numbers)

    # MARK: Leaks

    def word(self, field):
        """A word that names its field when it is found."""
        word = f"{WORD}{len(self.fields):04}"
        self.fields[word] = field
        return word

    def text(self, field):
        return f"{self.word(field)} and more"

    def plant(self, method, path, body, muster=None):
        """Every call has to be taken, else nothing was planted."""
        status, data = (muster or self.muster).send(method, path, body)
        if status >= 300:
            self.wrong.append(f"not planted: {method} {path}: {status} {data.decode()[:300]}")
            return None
        return json.loads(data) if data else None

    def read(self, scene):
        """Every public byte that there is now, in every form."""
        time.sleep(1.5)
        numbers = range(1, 1 + max(self.incidents, default=1))
        paths = PAGES + [f"/status/incidents/{number}" for number in numbers] + [f"/status/incidents/{WORD}", f"/status/{WORD}"]
        paths += re.findall(r'href="(/status/history/\d{4}-\d\d)"', self.platform.page("/status/history"))
        asked = [f"{path}?lang={language}" for path in paths for language in ("en", "de", WORD)]
        names = [component["id"] for component in self.platform.document("components")["components"]][:3]
        helps = ["/help", f"/help?symptom={WORD}", f"/help?component={WORD}-feed", f"/help?platform={WORD}"]
        helps += [f"/help?symptom=slow&component={name}&lang=de" for name in names]
        for path in asked + DOCUMENTS + BESIDE + helps:
            for coding in ("identity", "gzip"):
                for method in ("GET", "HEAD", "POST", "OPTIONS"):
                    if method in ("POST", "OPTIONS") and coding == "gzip":
                        continue
                    status, headers, data = public_platform.fetch(self.url + path, {"Accept-Encoding": coding, "Accept": "text/html" if coding == "gzip" else "*/*"}, method)
                    if headers["Content-Encoding"] == "gzip" and data:
                        data = gzip.decompress(data)
                    # A problem may say what it was asked for.
                    echoed = path.replace(f"lang={WORD}", "").count(WORD) * (2 if status >= 400 else 0)
                    self.find(f"{scene}: {method} {path} ({coding}, {status})", str(headers).encode() + data, echoed)
        file = os.environ.get("MUSTER_STATUS_SNAPSHOT")
        if file:
            time.sleep(2.5)
            with open(file, "rb") as snapshot:
                self.find(f"{scene}: the file", snapshot.read(), 0)

    def find(self, place, data, echoed):
        text = data.decode("utf-8", "replace").lower()
        found = sorted(set(re.findall(WORD + r"\d{4}", text)))
        for word in found:
            if not (place.startswith("reviewed") and self.fields.get(word) in APPROVED):
                self.wrong.append(f"{place}: {self.fields.get(word, word)}")
        # Slugs and regions have the word alone.
        rest = re.sub(WORD + r"\d{4}", "", text)
        if rest.count(WORD) > echoed:
            self.wrong.append(f"{place}: {rest[max(0, rest.rindex(WORD) - 60) : rest.rindex(WORD) + 60]!r}")

    def leaks(self):
        self.incidents = []
        self.plant_catalog()
        token = self.plant("POST", "/v1/tokens", {"name": self.word("token.name"), "role": "commander", "person": self.word("token.person")})
        other = past_incidents.Muster(self.url, token["token"]) if token else self.muster
        path = self.plant_incident(other)
        self.plant_others()
        self.plant_beside()
        self.platform.wait_for("Feed is down.")
        self.read("open")
        self.go_on(path)
        self.platform.wait_for("The feed is back for some.")
        self.read("restoring")
        self.review(path)
        self.read("reviewed")
        if "Feed: major outage" not in self.platform.page("/status/history"):
            self.wrong.append("the incident itself is not public, so nothing was tested")
        if "What happened to the feed" not in self.platform.page(f"/status/incidents/{self.incidents[0]}"):
            self.wrong.append("the public review is not public, so it was not tested")
        return {"wrong": self.wrong[:60], "planted": len(self.fields)}

    def component(self, slug, **more):
        return {
            "slug": f"{WORD}-{slug}", "name": self.text(f"{slug}.name"), "tier": 1, "owner": self.word(f"{slug}.owner"),
            "regions": [f"{WORD}-eu", f"{WORD}-us"], "soak_seconds": 0,
            "labels": {self.word(f"{slug}.labels.name"): self.word(f"{slug}.labels.value")},
        } | more

    def plant_catalog(self):
        components = [
            self.component("db"),
            self.component("tool"),
            self.component(
                "feed",
                depends_on=[
                    {"component": f"{WORD}-db", "kind": "hard"},
                    {"component": f"{WORD}-tool", "kind": "restore", "otherwise": self.text("depends_on.otherwise")},
                ],
                public={"name": "Feed", "group": "Apps", "description": "Videos"},
            ),
            self.component("search", public={"name": "Search", "group": "Apps"}),
        ]
        self.plant("PUT", "/v1/components", {"components": components})

    def plant_incident(self, other):
        opened = self.plant(
            "POST",
            "/v1/incidents",
            {
                "title": self.text("title"),
                "summary": self.text("summary"),
                "severity": "sev2",
                "on_behalf_of": self.word("on_behalf_of"),
                "labels": {self.word("labels.name"): self.word("labels.value")},
                "components": [
                    {"component": f"{WORD}-feed", "impact": "major_outage"},
                    {"component": f"{WORD}-db", "impact": "major_outage", "regions": [f"{WORD}-eu"]},
                ],
                "cause": {"category": "unknown", "evidence": self.text("cause.evidence")},
            },
            other,
        )
        number = opened["number"]
        self.incidents.append(number)
        path = f"/v1/incidents/{number}"
        calls = [
            ("POST", "/acknowledge", {"note": self.text("acknowledge.note")}),
            ("PUT", "/roles/commander", {"person": self.word("role.person")}),
            ("POST", "/notes", {"text": self.text("note.text"), "by": self.word("note.by"), "key": True}),
            ("PUT", "/audiences/creators", {"description": self.text("audience.description"), "people": 7}),
            ("PUT", "/cause", {
                "category": "technical", "subcategory": "database_fault", "confidence": "suspected", "role": "root",
                "evidence": self.text("cause.evidence again"), "component": f"{WORD}-db", "change": self.word("cause.change"),
            }),
            ("POST", "/eta", {"eta": public_platform.moment(7200), "reason": self.text("eta.reason")}),
            ("POST", "/eta", {"eta": None, "reason": self.text("eta.reason of taking it back")}),
            ("POST", "/tasks", {"text": self.text("task.text"), "owner": self.word("task.owner")}),
            ("POST", "/mitigations", {
                "description": self.text("mitigation.description"), "owner": self.word("mitigation.owner"), "state": "rejected",
                "reason": self.text("mitigation.reason"),
            }),
            ("PATCH", "/times", {"detected_at": opened["times"]["detected_at"], "reason": self.text("times.reason")}),
        ]
        for kind in ("measure", "alert", "report", "decision", "change", "related", "why"):
            fact = {
                "kind": kind, "text": self.text(f"fact.{kind}.text"), "by": self.word(f"fact.{kind}.by"),
                "source": self.word(f"fact.{kind}.source"), "component": f"{WORD}-db",
            }
            fact |= {"value": 1, "unit": self.word("fact.unit")} if kind == "measure" else {}
            fact |= {"reason": self.text("fact.decision.reason")} if kind == "decision" else {}
            calls.append(("POST", "/facts", fact))
        for audience in ("users", "creators", "businesses", "staff", "regulators"):
            body = {"audience": audience, "public": False, "body": self.text(f"update.{audience}"), "steps": [self.text(f"update.{audience}.steps")]}
            calls.append(("POST", "/updates", body))
        draft = {"audience": "users", "body": self.text("draft.body"), "steps": [self.text("draft.steps")], "publish_at": public_platform.moment(86_400)}
        calls.append(("POST", "/updates/draft", draft))
        for method, place, body in calls:
            self.plant(method, path + place, body, other)
        self.attach(path)
        # What was said wrongly, and corrected; what was said and redacted.
        body = self.text("update before its correction")
        self.plant("POST", path + "/updates", {"audience": "users", "body": body, "steps": [self.text("steps before")]}, other)
        wrong = next(item["id"] for item in self.muster.ask("GET", path + "/updates")["items"] if item["body"] == body)
        self.plant("POST", f"{path}/updates/{wrong}/correct", {"body": "Feed is slow.", "steps": [], "reason": self.text("correction.reason")}, other)
        body = self.text("update that is redacted")
        self.plant("POST", path + "/updates", {"audience": "users", "body": body}, other)
        entry = next(
            item["sequence"] for item in self.muster.ask("GET", path + "/timeline?order=desc&limit=50")["items"]
            if item["kind"] == "update_posted" and item["data"]["body"] == body
        )
        self.plant("POST", f"{path}/timeline/{entry}/redact", {"reason": self.text("redaction.reason")})
        self.plant("POST", path + "/updates", {"audience": "users", "body": "Feed is down.", "on_behalf_of": self.word("update.on_behalf_of")}, other)
        return path

    def attach(self, path):
        name, caption = self.word("attachment.name"), self.word("attachment.caption")
        status, data = self.muster.upload(
            f"{path}/attachments?name={name}.txt&caption={caption}", "text/plain", self.text("attachment.text").encode()
        )
        if status >= 300:
            self.wrong.append(f"not planted: an attachment: {status} {data[:200]}")

    def plant_others(self):
        """Incidents that are not public, are so no longer, or went on as another."""
        feed = [{"component": f"{WORD}-feed", "impact": "degraded"}]
        ends = {
            "private": ({"labels": {"private": "true"}}, None),
            "of staff only": ({}, None),
            "made private": ({}, ("PATCH", "", {"labels": {"private": "true"}})),
            "dismissed": ({}, ("POST", "/dismiss", {"reason": self.text("dismissal.reason")})),
            "merged": ({}, ("POST", "/merge", {"into": self.incidents[0], "reason": self.text("merge.reason")})),
            "without a public component": ({"components": [{"component": f"{WORD}-db", "impact": "major_outage"}]}, None),
        }
        for name, (more, end) in ends.items():
            body = {"title": self.text(f"title of one {name}"), "severity": "sev1", "components": feed} | more
            number = self.plant("POST", "/v1/incidents", body)["number"]
            self.incidents.append(number)
            path = f"/v1/incidents/{number}"
            self.plant("POST", path + "/notes", {"text": self.text(f"note of one {name}")})
            if name == "without a public component":
                self.plant("POST", path + "/updates", {"audience": "users", "body": "Something is wrong."})
                continue
            audience = "staff" if name == "of staff only" else "users"
            self.plant("POST", path + "/updates", {"audience": audience, "body": self.text(f"update of one {name}")})
            if end:
                self.plant(end[0], path + end[1], end[2])

    def plant_beside(self):
        source = self.plant("POST", "/v1/sources", {"name": self.word("source.name"), "kind": "alertmanager"})
        alert = {
            "status": "firing", "fingerprint": self.word("alert.fingerprint"), "startsAt": public_platform.moment(), "endsAt": "0001-01-01T00:00:00Z",
            "labels": {"alertname": self.word("alertname"), "component": f"{WORD}-feed", "instance": self.word("alert.instance"), self.word("alert.label"): self.word("alert.label.value")},
            "annotations": {"summary": self.text("alert.summary"), "description": self.text("alert.description")},
            "generatorURL": f"https://{self.word('alert.url')}.example.net/",
        }
        message = {
            "version": "4", "groupKey": self.word("alert.groupKey"), "status": "firing", "receiver": self.word("alert.receiver"), "groupLabels": {},
            "commonLabels": {}, "commonAnnotations": {}, "externalURL": "https://alerts.example.net", "alerts": [alert],
        }
        if source:
            self.plant("POST", f"/hooks/{source['key']}", message)
        matcher = [{"label": "rack", "value": self.word("matcher.value")}]
        self.plant("POST", "/v1/silences", {"matchers": matcher, "duration_seconds": 3600, "comment": self.text("silence.comment")})
        self.plant("POST", "/v1/rules", {"name": self.word("rule.name"), "matchers": matcher, "then": {"severity": "sev3"}})
        self.plant("PUT", f"/v1/heartbeats/{WORD}-beat", {"interval_seconds": 3600, "component": f"{WORD}-feed", "description": self.text("heartbeat.description")})
        self.plant("PUT", f"/v1/probes/{WORD}-probe", {
            "kind": "http", "url": f"https://{self.word('probe.url')}.example.net/", "enabled": False, "component": f"{WORD}-feed",
            "description": self.text("probe.description"), "body_contains": self.word("probe.body"),
        })
        self.plant("POST", "/v1/endpoints", {"name": self.word("endpoint.name"), "format": "standard-webhooks", "url": f"https://{self.word('endpoint.url')}.example.net/", "enabled": False})
        for minutes in (-10, 600):
            start = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() + minutes * 60))
            self.plant("POST", "/v1/maintenance", {
                "title": self.text("maintenance.title"), "description": self.text("maintenance.description"),
                "components": [f"{WORD}-search", f"{WORD}-db"], "regions": [f"{WORD}-eu"], "local_start": start, "time_zone": "Etc/UTC", "duration_seconds": 3600,
            })
        for field in ("component", "area", "region", "app_version", "platform"):
            report = {"symptom": "slow", field: self.word(f"report.{field}")}
            status, _, data = public_platform.fetch(self.url + "/reports", {"Content-Type": "application/json"}, "POST", json.dumps(report).encode())
            if status != 202:
                self.wrong.append(f"not planted: a report: {status} {data[:200]}")

    def go_on(self, path):
        self.plant("POST", path + "/advance", {"to": "assess"})
        self.plant("POST", path + "/advance", {"to": "mitigate", "override": True, "reason": self.text("override.reason")})
        self.plant("POST", path + "/mitigations", {"description": self.text("mitigation.description again"), "state": "succeeded"})
        self.plant("POST", path + "/advance", {"to": "restore", "override": True, "reason": self.text("override.reason again")})
        self.plant("PUT", f"{path}/impacts/{WORD}-tool", {"impact": "degraded"})
        self.plant("PUT", f"{path}/restoration/{WORD}-feed/needs", {"components": [f"{WORD}-tool"], "reason": self.text("needs.reason")})
        self.plant("PUT", f"{path}/restoration/{WORD}-feed/needs", {"components": [], "reason": self.text("needs.reason of taking it back")})
        for step in self.platform.steps(path):
            if step["component"].startswith(f"{WORD}-db"):
                self.plant("POST", f"{path}/restoration/{step['component']}/start", {})
                self.plant("POST", f"{path}/restoration/{step['component']}/fail", {"reason": self.text("step.fail.reason")})
                self.plant("POST", f"{path}/restoration/{step['component']}/waive", {"reason": self.text("step.waive.reason")})
        self.plant("POST", path + "/updates", {"audience": "users", "body": "The feed is back for some."})

    def review(self, path):
        alerts = self.muster.ask("GET", "/v1/alerts?limit=50")["items"]
        for alert in alerts:
            if alert["status"] == "firing":
                self.plant("POST", f"/v1/alerts/{alert['id']}/resolve", {})
        without = {"without": [f"{WORD}-db"], "reason": self.text("start.reason")}
        for step in self.platform.steps(path):
            if step["state"] not in ("restored", "waived"):
                self.plant("POST", f"{path}/restoration/{step['component']}/start", without if "-feed" in step["component"] else {})
                self.plant("POST", f"{path}/restoration/{step['component']}/verify", {})
        self.plant("POST", path + "/advance", {"to": "review"})
        self.plant("POST", path + "/review", {})
        texts = [{"id": key, "markdown": self.text(f"review.{key}")} for key in ("what_went_well", "what_went_wrong", "lessons")]
        self.plant("PUT", path + "/review", {"sections": texts})
        self.plant("POST", path + "/review/comments", {"text": self.text("review.comment"), "section": "lessons"})
        self.plant("PUT", path + "/review/reviewers", {"reviewers": [self.word("reviewer")]})
        self.plant("POST", path + "/actions", {"title": self.text("action.title"), "kind": "preventive", "owner": self.word("action.owner"), "link": f"https://{self.word('action.link')}.example.net/"})
        self.plant("POST", path + "/review/approve", {})
        self.plant("PUT", path + "/review/public", {"title": "What happened to the feed", "sections": ["impact"]})
        self.plant("POST", path + "/review/public/approve", {})
        self.plant("POST", path + "/updates", {"audience": "users", "body": "The feed is back."})

    # MARK: Hostile texts

    def hostile_with(self, count, seed):
        """What people published says the same in every form, and is nothing but text in all of them."""
        self.wrong, chance, hostile = [], random.Random(seed), hostile_texts.Hostile(seed)
        listings = [
            {"name": hostile.line(60), "group": hostile.line(40), "description": hostile.line(), "order": place} for place in range(12)
        ]
        components = []
        for place, listing in enumerate(listings):
            component = {"slug": f"c{place}", "tier": 1, "public": listing}
            status, data = self.muster.send("PUT", f"/v1/components/c{place}", component)
            if status >= 500:
                self.wrong.append(f"{status} for {listing!r:.200}")
            if status < 300:
                components.append(f"c{place}")
        bodies = self.count_updates()
        for _ in range(count):
            impacts = {slug: chance.choice(["degraded", "major_outage"]) for slug in chance.sample(components, 2)}
            path = self.platform.open("Inside", impacts, "sev3")
            for _ in range(3):
                said = {"body": hostile.text(3_000, 8), "steps": [hostile.text(500) for _ in range(2)]}
                body = said | {"audience": "users", "language": chance.choice(["en", "de", "pt-BR"])}
                status, data = self.muster.send("POST", path + "/updates", body)
                bodies += status < 300
                if status >= 500:
                    self.wrong.append(f"{status} for {body!r:.200}")
        self.platform.wait(lambda: self.count_updates() == bodies, "all of it")
        self.look_at_hostile_pages()
        self.look_at_hostile_documents()
        return {"wrong": self.wrong[:40], "updates": bodies, "components": len(components)}

    def count_updates(self):
        return sum(len(item["incident_updates"]) for item in self.platform.document("incidents")["incidents"])

    def look_at_hostile_pages(self):
        """Made of what our templates have, and of nothing else."""
        hostile_reviews.ELEMENTS[hostile_reviews.HTML].update(("article", "link", "time"))
        hostile_reviews.ATTRIBUTES.update(("aria-hidden", "datetime", "hreflang", "preserveAspectRatio", "type", "title", "colspan"))
        hostile_reviews.LINKS = re.compile(r"^(/status([/.?][a-z0-9/=?.-]*)?|#content)$")
        numbers = [item["id"] for item in self.platform.document("incidents")["incidents"]]
        for path in ["/status", "/status/history"] + [f"/status/incidents/{number}" for number in numbers]:
            for language in ("en", "de"):
                page = self.platform.page(f"{path}?lang={language}")
                self.wrong += hostile_reviews.problems(page, f"{path} ({language})")[:5]

    def look_at_hostile_documents(self):
        incidents = self.platform.document("incidents")["incidents"]
        for path in ("/status.atom", "/status.rss"):
            _, headers, data = public_platform.fetch(self.url + path)
            feed = feedparser.parse(data, response_headers={"content-type": headers["Content-Type"]}, sanitize_html=False)
            self.expect(not feed.bozo, f"{path}: {feed.get('bozo_exception')}")
            self.expect(len(feed.entries) == len(incidents), f"{path} has {len(feed.entries)} entries")
            for entry in feed.entries:
                html = entry.content[0].value if "content" in entry else entry.summary
                tree = html5lib.parseFragment(html, namespaceHTMLElements=False)
                found = {node.tag for node in tree.iter() if isinstance(node.tag, str)} - {"DOCUMENT_FRAGMENT", "p", "small", "br", "strong", "ul", "li"}
                self.expect(not found, f"{path}: {found} in {entry.link}")
                self.expect(not any(node.attrib for node in tree.iter()), f"{path}: attributes in {entry.link}")
        calendar = icalendar.Calendar.from_ical(public_platform.fetch(self.url + "/status.ics")[2])
        self.expect(not calendar.errors, f"/status.ics: {calendar.errors}")
        xml.etree.ElementTree.fromstring(public_platform.fetch(self.url + "/status/badge.svg")[2])
        for path in DOCUMENTS[:8] + ["/status/embed.json"]:
            json.loads(public_platform.fetch(self.url + path)[2])

    # MARK: Tricks

    def ask(self, method, target, headers=None, body=None):
        """(status, header fields by lower-case name, bytes), with the target as it is."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        try:
            connection.putrequest(method, target, skip_host="Host" in (headers or {}), skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            try:
                connection.endheaders(body)
            except (BrokenPipeError, ConnectionResetError):
                pass  # It was refused before it was whole.
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        except (http.client.HTTPException, ConnectionError, ValueError) as error:
            return 0, {}, repr(error).encode()
        finally:
            connection.close()

    def tricks(self):
        self.wrong = []
        self.paths()
        self.fields_of_requests()
        self.methods()
        self.bodies()
        return {"wrong": self.wrong[:60]}

    def expect(self, is_so, words):
        if not is_so:
            self.wrong.append(words)

    def paths(self):
        """Nothing but what is public has an answer, whatever the path looks like, and nothing is a fault of the daemon."""
        for target in (
            "/status/", "//status", "/status//history", "/status/../v1/incidents", "/status/%2e%2e/v1/incidents", "/status/..%2fv1/incidents", "/status/incidents/..",
            "/status/incidents/../../v1/incidents/1", "/status/incidents/%31", "/status/incidents/01", "/status/incidents/+1", "/status/incidents/-1", "/status/incidents/1.0",
            "/status/incidents/1%00", "/status/incidents/1%0d%0aX-Evil:%201", "/status/incidents/99999999999999999999999999", "/status/incidents/1/", "/status/incidents/1/timeline",
            "/status/incidents/missing", "/status/missing", "/status/history/2026-13", "/status/history/..%2f..%2fetc%2fpasswd", "/status/history/%C3%28", "/status/history/" + "9" * 5000,
            "/status.json", "/status.atom/", "/status.ATOM", "/STATUS", "/api/v2/", "/api/v2/summary", "/api/v2/summary.json/", "/api/v2/..%2f..%2fv1/incidents", "/api/v2/incidents/1.json",
            "/api/v2/components/1.json", "/status?" + "a=1&" * 3000, "/status?lang=%00", "/status?lang=de&lang=en", "/status?lang", "/status?=&&&", "/status?%", "/status;jsessionid=1", "/status#x",
        ):  # fmt: skip
            status, headers, data = self.ask("GET", target)
            self.expect(status in (200, 301, 308, 400, 401, 404, 405, 414, 431), f"{target[:60]}: {status} {data[:100]!r}")
            self.expect("x-evil" not in headers, f"{target[:60]}: header fields can be put in")
            self.expect(b"root:" not in data and b'"phase"' not in data and b'"items"' not in data, f"{target[:60]}: {data[:100]!r}")
        status, headers, _ = self.ask("GET", f"http://evil.example.net:{self.port}/status", {"Host": "evil.example.net"})
        self.expect(status in (200, 400, 404), f"an absolute target: {status}")

    def fields_of_requests(self):
        _, plain, page = self.ask("GET", "/status", {"Accept-Encoding": "identity", "Accept-Language": "en"})
        _, packed, _ = self.ask("GET", "/status", {"Accept-Encoding": "gzip", "Accept-Language": "en"})
        _, german, _ = self.ask("GET", "/status", {"Accept-Language": "de"})
        tags = {plain["etag"], packed["etag"], german["etag"]}
        self.expect(len(tags) == 3, f"forms share a tag: {tags}")
        for host in ("evil.example.net", "evil.example.net:1", "a" * 250, "[::1]", "127.0.0.1"):
            for path in ["/status"] + DOCUMENTS:
                status, headers, data = self.ask("GET", path, {"Host": host})
                self.expect(status in (200, 400), f"Host {host[:30]}: {path}: {status}")
                self.expect(b"evil.example.net" not in data and "evil" not in str(headers), f"Host {host[:30]} stands in {path}")
        for name in ("X-Forwarded-Host", "X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override", "Forwarded", "X-Forwarded-Proto"):
            status, headers, data = self.ask("GET", "/status", {name: "/v1/incidents;host=evil.example.net"})
            self.expect(status == 200 and b"evil.example" not in data, f"{name}: {status}")
        for value in ("de", "de-DE,de;q=0.9,en;q=0.8", "fr, de;q=0.1", "DE"):
            status, headers, data = self.ask("GET", "/status", {"Accept-Language": value})
            self.expect(b'<html lang="de"' in data, f"Accept-Language {value} is not German")
        for value in ("en", "fr", "*", "", "de;q=0", "de;q=0.1, en", ",,,", "de;q=x, en;q=1", "x" * 3000, "de-" * 500, "en, de;q=nan", ";q=1", "\xff\xfe"):
            status, headers, data = self.ask("GET", "/status", {"Accept-Language": value})
            self.expect(status == 200 and b"<html lang=" in data, f"Accept-Language {value[:40]!r}: {status}")
            if value in ("de;q=0", "de;q=0.1, en", "en"):
                self.expect(b'<html lang="en"' in data, f"Accept-Language {value!r} is German")
        for value in ("text/html", "application/json", "image/*", "nonsense", "*/*;q=0", "x" * 3000):
            self.expect(self.ask("GET", "/status", {"Accept": value})[0] == 200, f"Accept {value[:40]}")
        for value, is_packed in (("gzip", True), ("gzip;q=0", False), ("br, gzip;q=0.5", True), ("*", True), ("identity;q=0, *;q=0", None), ("gzip;q=0, *", False), ("GZIP", True), ("", False)):
            status, headers, _ = self.ask("GET", "/status", {"Accept-Encoding": value})
            self.expect(status in (200, 406), f"Accept-Encoding {value!r}: {status}")
            if is_packed is not None:
                self.expect((headers.get("content-encoding") == "gzip") == is_packed, f"Accept-Encoding {value!r}: {headers.get('content-encoding')}")
        tag = plain["etag"]
        for value, wanted in ((tag, 304), (f"W/{tag}", 304), (f'"x", {tag}', 304), ("*", 304), ('"x"', 200), (tag[:-1], 200), ("", 200), (packed["etag"], 200), ('"' + "x" * 3000 + '"', 200)):
            status, headers, data = self.ask("GET", "/status", {"If-None-Match": value, "Accept-Encoding": "identity", "Accept-Language": "en"})
            self.expect(status == wanted or status == 200 and headers["etag"] != tag, f"If-None-Match {value[:40]}: {status}, not {wanted}")
            self.expect(status != 304 or not data and "vary" in headers and "cache-control" in headers, f"a 304 lacks header fields: {headers}")
        # As of a 304, the tag goes before the time.
        later = "Fri, 01 Jan 2100 00:00:00 GMT"
        self.expect(self.ask("GET", "/status", {"If-None-Match": '"x"', "If-Modified-Since": later})[0] == 200, "the time goes before the tag")
        self.expect(self.ask("GET", "/status", {"If-Modified-Since": later})[0] == 304, "If-Modified-Since is not heard")
        for value in ("yesterday", "", "0", "Thu, 01 Jan 1970 00:00:00 GMT"):
            self.expect(self.ask("GET", "/status", {"If-Modified-Since": value})[0] == 200, f"If-Modified-Since {value!r}")
        for value in ("bytes=0-9", "bytes=-5", "bytes=5-1", "bytes=0-0," * 1000, "bytes=99999999-", "lines=1-2", "bytes=0-18446744073709551616"):
            status, _, data = self.ask("GET", "/status", {"Range": value, "Accept-Encoding": "identity", "Accept-Language": "en"})
            self.expect(status in (200, 206, 416), f"Range {value[:30]}: {status}")
            self.expect(status != 200 or len(data) > 1000, f"Range {value[:30]}: 200 with {len(data)} bytes")
        for headers in ({"Cookie": "a=" + "b" * 4000}, {"Authorization": "Bearer nonsense"}, {"Authorization": f"Bearer {self.key}"}, {"Origin": "https://evil.example.net"}):
            status, answered, data = self.ask("GET", "/status", headers | {"Accept-Language": "en", "Accept-Encoding": "identity"})
            self.expect(status == 200 and "set-cookie" not in answered, f"{list(headers)}: {status}")
        status, answered, _ = self.ask("GET", "/api/v2/summary.json", {"Origin": "https://widget.example.net"})
        self.expect(answered.get("access-control-allow-origin") == "*", "widgets may not read the JSON")
        self.expect("access-control-allow-credentials" not in answered, "widgets read with credentials")

    def methods(self):
        for path in PAGES[:2] + DOCUMENTS:
            for method in ("POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "QUERY"):
                status, headers, data = self.ask(method, path, {}, b"" if method in ("POST", "PUT", "PATCH") else None)
                self.expect(status in (0, 400, 401, 404, 405, 501), f"{method} {path}: {status}")
            status, _, data = self.ask("HEAD", path)
            self.expect(status == 200 and not data, f"HEAD {path}: {status} {len(data)}")

    def bodies(self):
        """Ten megabytes for a page: refused or passed over, and no memory is taken for it."""
        large = b"x" * (10 << 20)
        for method in ("GET", "POST"):
            for path in ("/status", "/api/v2/summary.json", "/reports"):
                begin = time.monotonic()
                status, _, data = self.ask(method, path, {"Content-Type": "application/json"}, large)
                self.expect(status in (0, 200, 400, 404, 405, 413, 415), f"{method} {path} with 10 MB: {status} {data[:100]!r}")
                self.expect(time.monotonic() - begin < 10, f"{method} {path} with 10 MB takes {time.monotonic() - begin:.1f} s")
        self.expect(self.ask("GET", "/status")[0] == 200, "afterwards the page is gone")

    # MARK: Flood

    def flood_with(self, count):
        """As quickly as one process can ask, by 64 connections. Every answer has to be whole and of the page."""
        return asyncio.run(self.flood_by(count, 64))

    async def flood_by(self, count, connections):
        targets = ["/status", "/api/v2/summary.json", "/status.atom", "/status?lang=de", "/status/history", "/status/incidents/999999", "/status/badge.svg", "/status.ics"]
        answers, failed, times = {}, [], []

        async def ask_many(number, share):
            reader, writer = await asyncio.open_connection(self.host, self.port)
            try:
                for place in range(share):
                    target = targets[(number + place) % len(targets)]
                    begin = time.monotonic()
                    coding = "gzip" if place % 2 else "identity"
                    writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: {coding}\r\n\r\n".encode())
                    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                    status = int(head[9:12])
                    length = int(re.search(r"(?i)\r\ncontent-length: (\d+)", head).group(1))
                    await reader.readexactly(length)
                    times.append(time.monotonic() - begin)
                    wanted = 404 if target.endswith("999999") else 200
                    answers[status] = answers.get(status, 0) + 1
                    if status != wanted or length < 20:
                        failed.append(f"{target}: {status}, {length} bytes")
            except (OSError, asyncio.IncompleteReadError, AttributeError) as error:
                failed.append(f"connection {number}: {error!r}")
            finally:
                writer.close()

        begin = time.monotonic()
        await asyncio.gather(*(ask_many(number, count // connections) for number in range(connections)))
        seconds = time.monotonic() - begin
        times.sort()
        return {
            "wrong": failed[:20], "failed": len(failed), "answers": answers, "a_second": round(len(times) / seconds),
            "p99_ms": round(times[len(times) * 99 // 100] * 1000, 1), "longest_ms": round(times[-1] * 1000, 1),
        }


if __name__ == "__main__":
    steps.run(Attack)
