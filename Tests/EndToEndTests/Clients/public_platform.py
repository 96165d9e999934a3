"""The platform of the demonstration as the public page shows it, and what happens to it: every scene is made by calls of Muster's API."""

import datetime
import json
import os
import time
import urllib.error
import urllib.request

import past_incidents

HERE = os.path.dirname(os.path.abspath(__file__))
CATALOG = os.path.join(HERE, "..", "..", "..", "deploy", "demo", "catalog.json")

# What the outside calls them: 25 of the 26; content moderation is nobody's business.
LISTINGS = {
    "playback": ("Watch", "Video playback", "Watching videos on the web, in the apps and on television"),
    "feed": ("Watch", "Home feed", None),
    "search": ("Watch", "Search", None),
    "recommendations": ("Watch", "Recommendations", None),
    "comments": ("Watch", "Comments", None),
    "live-playback": ("Watch", "Live streams", None),
    "live-chat": ("Watch", "Live chat", None),
    "auth": ("Account", "Sign-in", "Signing in and staying signed in"),
    "payments": ("Account", "Payments and payouts", None),
    "notifications": ("Account", "Notifications and mail", None),
    "upload": ("Create", "Uploads", None),
    "transcode": ("Create", "Processing of new videos", None),
    "live-ingest": ("Create", "Going live", None),
    "creator-studio": ("Create", "Creator studio", None),
    "analytics": ("Create", "Statistics for creators", None),
    "ads": ("Create", "Advertising", None),
    "api-gateway": ("Platform", "API for developers", None),
    "cdn": ("Platform", "Content delivery", None),
    "edge": ("Platform", "Web and app gateway", None),
    "dns": ("Platform", "Names (DNS)", None),
    "object-storage": ("Platform", "Video storage", None),
    "user-db": ("Platform", "Accounts database", None),
    "video-db": ("Platform", "Videos database", None),
    "session-cache": ("Platform", "Sessions", None),
    "event-bus": ("Platform", "Event delivery", None),
}
# What users ask for first.
FIRST = ("dns", "edge", "user-db", "session-cache", "auth", "video-db", "object-storage", "cdn", "api-gateway", "event-bus", "playback", "feed")


def moment(seconds=0):
    """So many seconds from now."""
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def fetch(url, headers=None, method="GET", data=None, timeout=30):
    """(status, header fields, bytes) of a call without a token."""
    request = urllib.request.Request(url, method=method, headers=headers or {}, data=data)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


class Platform:
    def __init__(self, url, token):
        self.url, self.muster = url, past_incidents.Muster(url, token)

    # Looking

    def page(self, path="/status", headers=None):
        status, _, data = fetch(self.url + path, headers)
        return data.decode() if status == 200 else f"{status}"

    def document(self, name):
        status, _, data = fetch(f"{self.url}/api/v2/{name}.json")
        if status != 200:
            raise AssertionError(f"{name}: {status}")
        return json.loads(data)

    def wait(self, is_so, what, limit=20):
        """Until the public page has followed."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if is_so():
                return
            time.sleep(0.05)
        raise AssertionError(f"not within {limit} s: {what}")

    def wait_for(self, words, path="/status"):
        self.wait(lambda: words in self.page(path), words)

    # Doing

    def catalog(self):
        with open(CATALOG, encoding="utf-8") as file:
            components = json.load(file)["components"]
        for component in components:
            listing = LISTINGS.get(component["slug"])
            if listing:
                group, name, description = listing
                order = list(LISTINGS).index(component["slug"]) + 1
                component["public"] = {"name": name, "group": group, "order": order}
                if description:
                    component["public"]["description"] = description
        self.muster.ask("PUT", "/v1/components", {"components": components})
        self.wait(lambda: len(self.document("components")["components"]) == 29, "the components")

    def open(self, title, impacts, severity, **more):
        """The incident's path; `impacts` by slug."""
        components = [{"component": slug, "impact": impact} for slug, impact in impacts.items()]
        body = {"title": title, "severity": severity, "components": components} | more
        return f"/v1/incidents/{self.muster.ask('POST', '/v1/incidents', body)['number']}"

    def tell(self, path, body, **more):
        return self.muster.ask("POST", path + "/updates", {"audience": "users", "body": body} | more)

    def lead(self, path, to, at=None):
        """Forwards phase by phase, doing the least that each asks for."""
        when = {"occurred_at": at} if at else {}
        while (phase := self.muster.ask("GET", path)["phase"]) != to:
            if phase == "detect":
                self.muster.ask("POST", path + "/acknowledge", when)
            if phase == "assess":
                self.muster.ask("PUT", path + "/roles/commander", {"person": "Amara"} | when)
                cause = {"category": "unknown", "evidence": "Nobody knows yet", "confidence": "suspected"}
                self.muster.ask("PUT", path + "/cause", cause | when)
            if phase == "mitigate":
                self.muster.ask("POST", path + "/mitigations", {"description": "Done", "state": "succeeded"} | when)
            if phase == "restore":
                for step in self.steps(path):
                    if step["state"] not in ("restored", "waived"):
                        self.restore(path, step["component"], at)
            if phase == "review":
                self.muster.ask("POST", path + "/review", when)
                texts = [{"id": key, "markdown": "Nothing."} for key in ("what_went_well", "what_went_wrong", "lessons")]
                self.muster.ask("PUT", path + "/review", {"sections": texts} | when)
                self.muster.ask("POST", path + "/review/approve", when)
            self.muster.ask("POST", path + "/advance", when)

    def steps(self, path):
        plan = self.muster.ask("GET", path + "/restoration?limit=200")
        return [step for wave in plan["waves"] for step in wave["steps"]]

    def restore(self, path, slug, at=None):
        when = {"occurred_at": at} if at else {}
        self.muster.ask("POST", f"{path}/restoration/{slug}/start", when)
        self.muster.ask("POST", f"{path}/restoration/{slug}/verify", when)

    # Scenes

    def degrade(self):
        path = self.open("Search replicas lag behind shard 7", {"search": "degraded"}, "sev3", started_at=moment(-12_000))
        self.tell(
            path,
            "Search is slow, and new videos are found late. All else works.",
            eta=moment(3600),
            steps=["Open a channel's page to find its newest videos."],
            occurred_at=moment(-11_700),
        )
        return path

    def mend(self, path):
        """What was degraded was well before everything else broke down."""
        at = moment(-8_000)
        self.lead(path, "restore", at)
        self.tell(path, "Search is as fast as always.", occurred_at=at)
        self.lead(path, "review", at)

    def break_down(self):
        """Everything but the names is away; people were told three times."""
        impacts = {slug: "major_outage" for slug in LISTINGS} | {"analytics": "degraded", "ads": "partial_outage"}
        path = self.open("Core switches in all regions rejected their configuration", impacts, "sev1", started_at=moment(-7200))
        self.tell(
            path,
            "Nothing of Vidara can be reached at the moment. We know, and all hands are on it.",
            steps=["You need not restart your router or your app: it is us.", "Videos that you downloaded still play."],
            occurred_at=moment(-6900),
        )
        self.lead(path, "mitigate", moment(-6600))
        self.tell(
            path,
            "We found the cause: a change to our network was wrong in all regions. We are taking it back.",
            eta=moment(1200),
            occurred_at=moment(-5400),
        )
        self.lead(path, "restore", moment(-3600))
        return path

    def bring_back(self, path):
        """Twelve of 25, and the fourth update, in two languages."""
        for slug in FIRST:
            self.restore(path, slug)
        words = "You can sign in again, and the home feed and videos are back for most of you. Uploads come next; please wait with new videos."
        self.tell(path, words, eta=moment(2400), steps=["If the app still shows an error, close it and open it again."])
        self.tell(
            path,
            "Die Anmeldung geht wieder, und Startseite und Videos sind für die meisten zurück. Als Nächstes kommen die Uploads.",
            language="de",
            eta=moment(2400),
            steps=["Zeigt die App noch einen Fehler, bitte schließen und neu öffnen."],
        )

    def maintain(self, minutes=-20, length=7200, components=("upload", "transcode"), title="Racks of row 9"):
        start = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
        window = {
            "title": title,
            "description": "Inside only",
            "components": list(components),
            "local_start": start.strftime("%Y-%m-%dT%H:%M"),
            "time_zone": "Etc/UTC",
            "duration_seconds": length,
        }
        return self.muster.ask("POST", "/v1/maintenance", window)["id"]

    def past(self, days, impacts, minutes, severity, *updates):
        """An incident that was over after some minutes, so many days ago; updates are told at equal distances."""
        start = -days * 86_400
        path = self.open("Past", impacts, severity, started_at=moment(start), occurred_at=moment(start + 60))
        for place, text in enumerate(updates):
            self.tell(path, text, occurred_at=moment(start + 120 + place * minutes * 60 // len(updates)))
        self.lead(path, "review", moment(start + minutes * 60))
        return path
