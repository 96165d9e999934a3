"""Looks at the pages for engineers on the demonstration catalog: every phase, every list, at a desk, on a phone and in the dark. Nothing is
wider than its window, axe-core finds nothing, and no page is slow.

`room_looks.py URL TOKEN STEP...`; the token is an administrator's. With `MUSTER_SCREENS` in the environment, pictures of all that is looked at
are written into that directory, among them `board.png` and `room.png`, which the README shows (docs/pictures).
"""

import json
import os
import pathlib
import time
import urllib.error
import urllib.request

import axe_playwright_python.sync_playwright
import playwright.sync_api

import room_browser
import steps

CATALOG = pathlib.Path(__file__).parents[3] / "deploy" / "demo" / "catalog.json"
LISTS = ["alerts", "silences", "maintenance", "components", "sources", "rules", "endpoints", "heartbeats", "probes"]
WINDOWS = {
    "desk": {"viewport": {"width": 1280, "height": 900}},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
}
# A page is there within a second, as somebody at a browser sees it.
SECONDS_MAX = float(os.environ.get("MUSTER_LOOK_SECONDS", "3"))


class Looks:
    def __init__(self, url, token):
        self.url, self.api, self.token = url, steps.API(url, token), token
        self.driver = playwright.sync_api.sync_playwright().start()
        self.browser = self.driver.chromium.launch(executable_path=room_browser.CHROMIUM, args=["--no-sandbox"])
        self.pages = {name: self.browser.new_context(timezone_id="UTC", **window).new_page() for name, window in WINDOWS.items()}
        self.wrong = []

    def ask(self, method, path, body=None):
        try:
            return self.api.ask(method, path, body)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.read()[:600].decode()}") from error

    def open(self, title, severity, hit, summary=None):
        body = {"title": title, "severity": severity, "components": [{"component": c, "impact": i} for c, i in hit.items()]}
        made = self.ask("POST", "/v1/incidents", {**body, **({"summary": summary} if summary else {})})
        return f"/v1/incidents/{made['number']}"

    def advance(self, path, times=1):
        for _ in range(times):
            self.ask("POST", f"{path}/advance", {"override": True, "reason": "It burns"})

    # MARK: Steps

    def prepare(self):
        """A database with something of everything."""
        ask = self.ask
        catalog = json.loads(CATALOG.read_text())
        ask("PUT", "/v1/components", catalog)
        names = [component["slug"] for component in catalog["components"]]
        source = ask("POST", "/v1/sources", {"name": "prometheus", "kind": "alertmanager"})
        matcher = {"label": "team", "operator": "=", "value": "video"}
        ask("POST", "/v1/silences", {"matchers": [matcher], "duration_seconds": 7200, "comment": "The encoder is replaced tonight"})
        ask("POST", "/v1/rules", {"name": "Video is sev2", "matchers": [matcher], "then": {"severity": "sev2"}})
        ask("POST", "/v1/endpoints", {"name": "on call", "format": "standard-webhooks", "url": "https://hook.example/a"})
        ask("PUT", "/v1/heartbeats/backup", {"interval_seconds": 86400, "component": "user-db", "description": "The nightly backup"})
        ask("PUT", "/v1/probes/login", {"kind": "http", "url": "http://127.0.0.1:1/login", "component": "auth"})
        window = {"title": "New switches in us-east", "components": ["cdn"], "local_start": room_browser.moment(2880)[:16], "time_zone": "UTC", "duration_seconds": 3600}
        ask("POST", "/v1/maintenance", window)
        # One incident for each phase, the worst of them being restored.
        self.rooms = {"detect": self.open("Search is slow in ap-south", "sev3", {"search": "degraded"})}
        for place, phase in enumerate(["assess", "mitigate"], 1):
            title = {"assess": "Payments fail for some cards", "mitigate": "Comments are not shown"}[phase]
            self.rooms[phase] = self.open(title, "sev2", {{"assess": "payments", "mitigate": "comments"}[phase]: "partial_outage"})
            ask("POST", f"{self.rooms[phase]}/acknowledge")
            self.advance(self.rooms[phase], place)
        hit = {name: "major_outage" if place < 12 else "partial_outage" for place, name in enumerate(names)}
        big = self.rooms["restore"] = self.open("Nobody can sign in: the platform is down", "sev1", hit, "The upgrade of the database of users went wrong at 03:10, and took everything with it that asks it.")
        ask("POST", f"{big}/acknowledge")
        ask("PUT", f"{big}/roles/commander", {"person": "Amara"})
        ask("PUT", f"{big}/roles/scribe", {"person": "Jonas"})
        ask("PUT", f"{big}/cause", {"category": "technical", "subcategory": "database_fault", "confidence": "confirmed", "component": "user-db", "evidence": "The log of the upgrade"})
        self.advance(big, 2)
        ask("POST", f"{big}/mitigations", {"description": "Fail over to the replica in us-east", "state": "running", "owner": "Jonas"})
        ask("PATCH", f"{big}/mitigations/1", {"state": "succeeded"})
        ask("POST", f"{big}/notes", {"text": "Errors fall since the failover", "key": True})
        ask("POST", f"{big}/tasks", {"text": "Tell support what to answer", "owner": "Mia"})
        ask("POST", f"{big}/updates", {"audience": "users", "body": "Signing in fails at present. We are bringing everything back, sign-in first."})
        self.advance(big)
        for step, name in [("start", "dns"), ("verify", "dns"), ("start", "object-storage"), ("verify", "object-storage"), ("start", "user-db"), ("verify", "user-db"), ("start", "edge"), ("start", "session-cache"), ("start", "video-db")]:
            try:
                ask("POST", f"{big}/restoration/{name}/{step}")
            except urllib.error.HTTPError as error:
                self.wrong.append(f"{name}/{step}: {error.read()[:300]}")
        for phase in ["review", "closed"]:
            title = {"review": "Uploads stop at 99 %", "closed": "Thumbnails are grey"}[phase]
            path = self.rooms[phase] = self.open(title, "sev3", {"upload": "degraded"})
            ask("POST", f"{path}/acknowledge")
            self.advance(path, 3)
            ask("POST", f"{path}/restoration/upload/waive", {"reason": "It came back by itself"})
            self.advance(path, 1)
            ask("POST", f"{path}/review")
            if phase == "closed":
                self.advance(path)
        self.alert(source, "DiskFull", {"component": "nowhere", "severity": "warning", "team": "storage"}, "Disk of a host that nobody knows is full")
        self.alert(source, "SignInFails", {"component": "auth", "severity": "critical"}, "Nobody can sign in")
        for page in self.pages.values():
            page.goto(self.url + "/sign-in")
            page.fill("#token", self.token)
            page.click("button")
            page.wait_for_url(self.url + "/")
        return self.done()

    def alert(self, source, name, labels, summary):
        labels = {"alertname": name, **labels}
        alert = {"status": "firing", "labels": labels, "annotations": {"summary": summary}, "startsAt": room_browser.moment(-8), "fingerprint": name}
        message = {"version": "4", "groupKey": name, "status": "firing", "receiver": "muster", "groupLabels": labels, "commonLabels": labels, "commonAnnotations": {}, "externalURL": "", "alerts": [alert]}
        request = urllib.request.Request(f"{self.url}/hooks/{source['key']}", data=json.dumps(message).encode(), headers={"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=30).read()

    def board(self):
        for name in WINDOWS:
            self.look("board", "/", name)
            self.look("wall", "/?view=wall", name)
        return self.done()

    def phases(self):
        for phase, path in self.rooms.items():
            for name in WINDOWS if phase == "restore" else ["desk", "phone"]:
                self.look(f"room-{phase}", path.removeprefix("/v1"), name)
        self.look("review", self.rooms["review"].removeprefix("/v1") + "/review", "desk")
        self.look("review", self.rooms["review"].removeprefix("/v1") + "/review", "phone")
        return self.done()

    def picture(self):
        """The picture of what comes back, unfolded."""
        page = self.pages["desk"]
        page.goto(self.url + self.rooms["restore"].removeprefix("/v1"))
        page.locator(".picture summary").click()
        page.locator('.picture img').evaluate('image => image.decode()')
        self.shoot("room-picture", "desk")
        return self.done()

    def lists(self):
        for name in LISTS:
            for window in ["desk", "phone"]:
                self.look(name, f"/lists/{name}", window)
            link = self.pages["desk"].locator("#list .line > p a").first
            if name not in ("alerts",) or link.count():
                link = link.get_attribute("href") if link.count() else None
                if link:
                    self.look(f"{name}-one", link, "desk")
                    self.look(f"{name}-one", link, "phone")
        self.look("alerts-all", "/lists/alerts?show=all", "dark")
        return self.done()

    def paper(self):
        page = self.pages["desk"]
        page.emulate_media(media="print")
        for what, path in [("room", self.rooms["restore"].removeprefix("/v1")), ("board", "/")]:
            page.goto(self.url + path)
            self.shoot(f"print-{what}", "desk")
        page.emulate_media(media="screen")
        return self.done()

    def end(self):
        self.browser.close()
        self.driver.stop()
        return self.done()

    # MARK: Looking

    def look(self, what, path, name):
        page = self.pages[name]
        begun = time.monotonic()
        page.goto(self.url + path)
        seconds = time.monotonic() - begun
        if seconds > SECONDS_MAX:
            self.wrong.append(f"{what}: {seconds:.1f} s")
        self.shoot(what, name)
        # A phone makes its window as wide as what is too wide for it.
        width, window = page.evaluate("document.documentElement.scrollWidth"), WINDOWS[name]["viewport"]["width"]
        if width > window:
            self.wrong.append(f"{what} on {name}: {width} wide in {window}")
        found = axe_playwright_python.sync_playwright.Axe().run(page)
        for rule in found.response["violations"]:
            nodes = [node["html"] for node in rule["nodes"]][:3]
            self.wrong.append(f"{what} on {name}: axe {rule['id']} ({rule['impact']}): {rule['help']}: {nodes!r:.300}")

    def shoot(self, what, name):
        directory = os.environ.get("MUSTER_SCREENS")
        if not directory:
            return
        self.pages[name].screenshot(path=f"{directory}/{what}-{name}.png", full_page=True)
        if name == "desk" and what in ("board", "room-restore"):
            if what != "board":
                top = "e => window.scrollTo(0, e.getBoundingClientRect().top + scrollY - 110)"
                self.pages[name].locator("#restoration h2").evaluate(top)
            self.pages[name].screenshot(path=f"{directory}/{what.removesuffix('-restore')}.png")

    def done(self):
        """What was wrong in this step; nothing where all was as it should be."""
        wrong, self.wrong = self.wrong, []
        return wrong


if __name__ == "__main__":
    steps.run(Looks)
