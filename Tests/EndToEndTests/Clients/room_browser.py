"""Plays an outage in browsers alone, from an alert to the closed incident: Ana at a desk, Bo on a phone in the dark, Cy without JavaScript.

`room_browser.py URL TOKEN STEP...`; the token is an administrator's. With `MUSTER_SCREENS` in the environment, pictures of each page are
written into that directory.
"""

import datetime
import json
import os
import shutil
import urllib.request

import axe_playwright_python.sync_playwright
import playwright.sync_api

import steps

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WINDOWS = {
    "ana": {"viewport": {"width": 1280, "height": 900}, "timezone_id": "Europe/Berlin"},
    "bo": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "is_mobile": True, "has_touch": True, "timezone_id": "America/New_York"},
    "cy": {"viewport": {"width": 1280, "height": 900}, "java_script_enabled": False},
}
CATALOG = [
    {"slug": "db", "name": "Database", "tier": 0, "expected_restore_seconds": 600},
    {"slug": "auth", "name": "Sign-in", "tier": 0, "depends_on": [{"component": "db"}]},
    {"slug": "feed", "name": "Feed", "tier": 1, "depends_on": [{"component": "auth"}]},
]


def moment(minutes):
    """So many minutes from now."""
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Outage:
    def __init__(self, url, key):
        self.url, self.api = url, steps.API(url, key)
        self.driver = playwright.sync_api.sync_playwright().start()
        self.browser = self.driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        self.wrong, self.screens = [], 0
        self.pages = {name: self.page(name) for name in WINDOWS}
        self.room = None

    def page(self, name):
        page = self.browser.new_context(**WINDOWS[name]).new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda message: self.note(name, message))
        # Leaving a page with something half written is asked about; these people mean it.
        page.on("dialog", lambda dialog: dialog.accept())
        page.on("pageerror", lambda error: self.wrong.append(f"{name}: {error}"))
        return page

    def note(self, name, message):
        # What is refused has a status of its own, which is no fault of the page.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.wrong.append(f"{name}: the browser says {message.text:.200}")

    def expect(self, holds, text):
        if not holds:
            self.wrong.append(text)

    # MARK: What people do

    def send(self, name, operation, fields=None, subject=None):
        """Fills in the form of an operation on the page that somebody looks at, and sends it."""
        page = self.pages[name]
        selector = f'form[action$="/calls/{operation}"]'
        if subject:
            selector += "".join(f':has(input[name="{field}"][value="{value}"])' for field, value in subject.items())
        for field in fields or {}:
            selector += f':has([name="{field}"]:not([type="hidden"]))'
        form = page.locator(selector).first
        details = form.locator("xpath=ancestor::details[1]")
        if details.count() and details.get_attribute("open") is None:
            details.locator("summary").first.click()
        for field, value in (fields or {}).items():
            control = form.locator(f'[name="{field}"]')
            kind = control.evaluate("e => e.type") if WINDOWS[name].get("java_script_enabled", True) else self.kind(control)
            if kind == "select-one" or kind == "select":
                control.select_option(value)
            elif kind == "checkbox":
                control.check()
            else:
                control.fill(value)
        with page.expect_navigation():
            form.locator("button").click()
        return page

    @staticmethod
    def kind(control):
        """Playwright evaluates in pages without scripts as well; but what kind a control is, its tag and type say."""
        return control.evaluate("e => e.tagName === 'SELECT' ? 'select' : e.type")

    def heading(self, name):
        return self.pages[name].inner_text("h1")

    # MARK: Steps

    def sign_in(self):
        self.api.ask("PUT", "/v1/components", {"components": CATALOG})
        for name, page in self.pages.items():
            token = self.api.ask("POST", "/v1/tokens", {"name": f"{name}-browser", "person": name.capitalize(), "role": "commander"})
            page.goto(self.url + "/")
            self.expect(page.url.endswith("/sign-in"), f"{name} is at {page.url}")
            self.shoot("sign-in", name)
            page.fill("#token", "muster_wrong")
            page.click("button")
            self.expect("No such token" in page.inner_text("main"), f"{name}: a wrong token is taken")
            page.fill("#token", token["token"])
            page.click("button")
            page.wait_for_url(self.url + "/")
            self.expect("No incident is open" in page.inner_text("main"), f"{name}: the empty board says something else")
            self.look("board-empty", name)
        return self.done()

    def alert_comes(self):
        """An alert comes in, and stands on the boards of those who look, without their doing."""
        source = self.api.ask("POST", "/v1/sources", {"name": "prometheus", "kind": "alertmanager"})
        labels = {"alertname": "SignInFails", "component": "auth", "severity": "critical"}
        alert = {"status": "firing", "labels": labels, "annotations": {"summary": "Nobody can sign in"}, "startsAt": moment(-3), "fingerprint": "a1"}
        message = {"version": "4", "groupKey": "g", "status": "firing", "receiver": "muster", "groupLabels": labels, "commonLabels": labels, "commonAnnotations": {}, "externalURL": "", "alerts": [alert]}
        self.hook = f"{self.url}/hooks/{source['key']}"
        self.tell(message)
        for name in ("ana", "bo"):
            link = self.pages[name].locator(".rows .row .head a").first
            link.wait_for()
            self.look("board", name)
            link.click()
            self.pages[name].wait_for_url("**/incidents/*")
        self.room = self.pages["ana"].url
        self.pages["cy"].goto(self.room)
        self.alert = (message, alert)
        return self.done()

    def tell(self, message):
        request = urllib.request.Request(self.hook, data=json.dumps(message).encode(), headers={"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=30).read()

    def assess(self):
        ana, bo = self.pages["ana"], self.pages["bo"]
        bo.get_by_text("Live", exact=True).wait_for()
        ana.keyboard.press("a")
        ana.wait_for_timeout(300)
        self.expect(ana.locator("#timeline", has_text="Acknowledged").count() == 0, "the key alone has acknowledged")
        with ana.expect_navigation():
            ana.keyboard.press("Enter")
        # Bo's phone shows it without his doing.
        bo.locator("#next", has_text="Mitigation").or_(bo.locator("#next", has_text="Assessment")).first.wait_for()
        bo.locator("#timeline", has_text="Acknowledged").wait_for()
        self.look("room-assess", "bo")
        if ana.locator("#next h2").inner_text().startswith("Next: Assessment"):
            self.send("ana", "advanceIncident")
        self.send("ana", "putRole", {"role": "commander", "person": "Ana"})
        self.send("ana", "amendIncident", {"severity": "sev1"})
        self.send("bo", "addNote", {"text": "Errors since the deploy of noon"})
        self.send("bo", "putImpact", {"component": "auth", "impact": "major_outage"})
        self.send("bo", "putImpact", {"component": "db", "impact": "partial_outage"})
        self.send("bo", "putImpact", {"component": "feed", "impact": "degraded"})
        return self.done()

    def two_at_once(self):
        """Cy's page is old by now: what he decides is refused, he sees what happened meanwhile, and sends again."""
        self.pages["cy"].goto(self.room)
        self.pages["ana"].goto(self.room)
        self.send("ana", "putCause", {"category": "technical", "evidence": "The deploy of noon"})
        self.send("cy", "putCause", {"category": "attack", "evidence": "Odd traffic"})
        page = self.pages["cy"]
        self.expect("Somebody else changed it" in page.inner_text("h1"), f"Cy reads {page.inner_text('h1')}")
        self.expect("The deploy of noon" in page.inner_text("main"), "Cy is not shown what Ana did")
        self.look("conflict", "cy")
        self.send("cy", "putCause", {"category": "technical"})
        self.expect(page.url.startswith(self.room), f"Cy is at {page.url}")
        return self.done()

    def typing_is_kept(self):
        """What somebody is typing stays while the page renews itself."""
        bo = self.pages["bo"]
        bo.goto(self.room)
        bo.get_by_text("Live", exact=True).wait_for()
        bo.locator("#tasks summary", has_text="Add a task").click()
        field = bo.locator('#tasks form [name="text"]').first
        field.fill("Tell supp")
        self.send("cy", "addNote", {"text": "The traffic was a crawler"})
        bo.locator("#timeline", has_text="a crawler").wait_for()
        self.expect(field.input_value() == "Tell supp", "what Bo typed is gone")
        field.fill("Tell support")
        with bo.expect_navigation():
            bo.locator('#tasks form:has([name="text"]) button').first.click()
        return self.done()

    def focus_stays(self):
        """A part is replaced while the second of two buttons of the same name has the focus: it keeps it, and Enter does what it says."""
        ana, number = self.pages["ana"], self.room.split("/")[-1]
        for text in ("Call the vendor", "Watch the errors"):
            self.api.ask("POST", f"/v1/incidents/{number}/tasks", {"text": text})
        ana.goto(self.room)
        ana.get_by_text("Live", exact=True).wait_for()
        button = ana.get_by_role("button", name="Done: 3. Watch the errors")
        button.focus()
        details = ana.locator("#tasks details", has_text="Add a task")
        details.evaluate("e => e.open = true")
        self.api.ask("POST", f"/v1/incidents/{number}/tasks", {"text": "Write it down"})
        ana.locator("#tasks", has_text="Write it down").wait_for()
        about = ana.evaluate("document.activeElement.getAttribute('aria-label')")
        self.expect(about == "Done: 3. Watch the errors", f"the focus is on {about}")
        self.expect(details.evaluate("e => e.open"), "what was unfolded is folded again")
        with ana.expect_navigation():
            ana.keyboard.press("Enter")
        tasks = self.api.ask("GET", f"/v1/incidents/{number}")["tasks"]
        self.expect([task["id"] for task in tasks if task["done"]] == [3], f"done are {tasks}")
        return self.done()

    def drafts(self):
        """What is half written comes through another form, and is gone when it was sent itself."""
        bo = self.pages["bo"]
        bo.goto(self.room)
        bo.locator("#note summary").click()
        bo.locator("#note textarea").fill("Half a thought")
        with bo.expect_navigation():
            bo.get_by_role("button", name="Done: 2. Call the vendor").click()
        self.expect(bo.locator("#note textarea").input_value() == "Half a thought", "the draft is lost")
        with bo.expect_navigation():
            bo.locator("#note button").click()
        self.expect(bo.locator("#note textarea").input_value() == "", "the draft is there after it was sent")
        bo.locator("#timeline", has_text="Half a thought").wait_for()
        return self.done()

    def nothing_moves(self):
        """Nothing is replaced that says the same, nor while a form is on its way or a finger is down."""
        ana = self.pages["ana"]
        ana.goto(self.room)
        ana.get_by_text("Live", exact=True).wait_for()
        ana.evaluate("document.querySelector('#cause h2').dataset.mark = 'kept'")
        self.send("cy", "addNote", {"text": "One more crawler"})
        ana.locator("#timeline", has_text="One more crawler").wait_for()
        self.expect(ana.evaluate("document.querySelector('#cause h2').dataset.mark") == "kept", "a part that says the same was replaced")
        ana.evaluate("dispatchEvent(new PointerEvent('pointerdown'))")
        self.send("cy", "addNote", {"text": "Under the finger"})
        ana.wait_for_timeout(3000)
        self.expect(ana.locator("#timeline", has_text="Under the finger").count() == 0, "it changes under a finger")
        ana.evaluate("dispatchEvent(new PointerEvent('pointerup'))")
        ana.locator("#timeline", has_text="Under the finger").wait_for()
        return self.done()

    def stale(self):
        """A page that hears nothing says so, and catches up when it can."""
        bo = self.pages["bo"]
        bo.get_by_text("Live", exact=True).wait_for()
        bo.context.set_offline(True)
        # A stream that is open stays open in the emulation: the next look fails.
        bo.evaluate("renew()")
        bo.locator(".live.stale").wait_for()
        self.shoot("stale", "bo")
        self.send("cy", "addNote", {"text": "Said while Bo was away"})
        bo.context.set_offline(False)
        bo.locator("#timeline", has_text="while Bo was away").wait_for(timeout=30_000)
        bo.get_by_text("Live", exact=True).wait_for()
        return self.done()

    def mitigate(self):
        ana = self.pages["ana"]
        ana.goto(self.room)
        self.send("ana", "advanceIncident")
        self.send("ana", "addMitigation", {"description": "Roll back the deploy"})
        self.look("room-mitigate", "ana")
        self.send("ana", "changeMitigation", subject={"state": "succeeded"})
        self.send("ana", "draftUpdate", {"audience": "users", "eta": "30"})
        self.look("room-draft", "ana")
        self.send("ana", "publishUpdate")
        message, alert = self.alert
        self.tell({**message, "status": "resolved", "alerts": [{**alert, "status": "resolved", "endsAt": moment(0)}]})
        ana.locator("#alerts", has_text="No alert fires").wait_for()
        self.send("ana", "advanceIncident")
        return self.done()

    def restore(self):
        """Cy brings everything back without JavaScript; Bo looks on."""
        cy, bo = self.pages["cy"], self.pages["bo"]
        cy.goto(self.room)
        for component in ("db", "auth", "feed"):
            self.send("cy", "startRestoration", subject={"component": component})
            if component == "db":
                bo.locator("#restoration .restoring", has_text="db").wait_for()
                for name in ("ana", "bo"):
                    self.pages[name].goto(self.room)
                    self.look("room-restore", name)
            self.send("cy", "verifyRestoration", subject={"component": component})
        self.expect("3 of 3 restored" in cy.inner_text("#restoration"), "not all is restored")
        self.send("cy", "advanceIncident")
        return self.done()

    def review(self):
        ana = self.pages["ana"]
        ana.goto(self.room + "/review")
        self.send("ana", "startReview")
        while ana.locator("section.missing form").count():
            section = ana.locator("section.missing").first
            section.locator("summary").first.click()
            section.locator("textarea").first.fill("The rollback was **quick**.")
            with ana.expect_navigation():
                section.locator("button").first.click()
        self.send("ana", "addAction", {"title": "Canary deploys", "kind": "preventive", "owner": "Bo", "due": "2030-12-24"})
        self.look("review", "ana")
        self.send("ana", "approveReview")
        ana.goto(self.room)
        self.send("ana", "advanceIncident")
        self.expect("Closed" in ana.inner_text(".badges"), "it is not closed")
        self.look("room-closed", "ana")
        number = self.room.split("/")[-1]
        self.expect(self.api.ask("GET", f"/v1/incidents/{number}")["phase"] == "closed", "the API says something else")
        return self.done()

    def by_keyboard(self):
        """The board with keys alone: down, open."""
        self.api.ask("POST", "/v1/incidents", {"title": "A second one", "severity": "sev3"})
        ana = self.pages["ana"]
        ana.goto(self.url + "/")
        ana.get_by_role("button", name="Keys are on").click()
        ana.keyboard.press("j")
        self.expect(ana.evaluate("document.activeElement.tagName") == "BUTTON", "keys that are off move")
        ana.get_by_role("button", name="Keys are off").click()
        ana.keyboard.press("j")
        ana.keyboard.press("k")
        with ana.expect_navigation():
            ana.keyboard.press("o")
        self.expect("A second one" in self.heading("ana"), f"the key o leads to {ana.url}")
        ana.keyboard.press("n")
        ana.keyboard.type("By keys alone")
        ana.keyboard.press("Tab")
        text = ana.evaluate("document.activeElement.name")
        self.expect(text == "key", f"behind the note is {text}")
        ana.keyboard.press("Escape")
        return self.done()

    def sign_out(self):
        ana = self.pages["ana"]
        ana.goto(self.url + "/")
        other = ana.context.new_page()
        other.goto(self.room)
        other.get_by_text("Live", exact=True).wait_for(timeout=30_000)
        with ana.expect_navigation():
            ana.locator('form[action="/sign-out"] button').click()
        other.get_by_text("Signed out", exact=False).wait_for()
        ana.goto(self.room)
        self.expect("/sign-in" in ana.url, f"signed out, Ana is at {ana.url}")
        self.browser.close()
        self.driver.stop()
        return self.done()

    # MARK: Looking

    def look(self, what, name):
        """No wider than the window, nothing for axe-core to find, and a picture."""
        page = self.pages[name]
        self.shoot(what, name)
        if not WINDOWS[name].get("java_script_enabled", True):
            return
        width, window = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        self.expect(width <= window, f"{what} of {name}: {width} wide in {window}")
        found = axe_playwright_python.sync_playwright.Axe().run(page)
        for rule in found.response["violations"]:
            nodes = [node["html"] for node in rule["nodes"]][:3]
            self.wrong.append(f"{what} of {name}: axe {rule['id']} ({rule['impact']}): {rule['help']}: {nodes!r:.300}")

    def shoot(self, what, name):
        directory = os.environ.get("MUSTER_SCREENS")
        if directory:
            self.pages[name].screenshot(path=f"{directory}/{self.screens:02}-{what}-{name}.png", full_page=True)
            self.screens += 1

    def done(self):
        """What was wrong in this step; nothing where all was as it should be."""
        wrong, self.wrong = self.wrong, []
        return wrong


if __name__ == "__main__":
    steps.run(Outage)
