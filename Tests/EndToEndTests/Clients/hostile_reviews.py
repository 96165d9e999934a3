"""Reviews of random incidents whose every text is hostile: what the daemon makes of them is still a document of ours.

`hostile_reviews.py URL KEY [STEP...] [--lang en,de]`: a step is `hostile=N,SEED`, by default `hostile=500,1`; `hostile=N,SEED,en,de`
has languages of its own. Where there is a language, German is with the clocks of Berlin. Progress goes to standard error; `value`
has what was done, and what is wrong. An incident is made again by the seed that stands before what is wrong: `hostile=1,SEED` makes
it alone.
"""

import json
import os
import re
import shutil
import sys

import html5lib
import jsonschema
import markdown_it

import hostile_texts
import past_incidents
import random_life
import review_texts
import steps

HERE = os.path.dirname(os.path.abspath(__file__))
SCHEMA = os.path.join(HERE, "..", "..", "..", "docs", "review.schema.json")
HTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"
# What our pages are made of, and what typed Markdown may become.
ELEMENTS = {
    HTML: set(
        "html head meta title style body header main section nav footer figure figcaption h1 h2 h3 h4 h5 h6 p span strong em"
        " code pre blockquote ul ol li dl dt dd div small table thead tbody tr th td a br hr del s img details summary".split()
    ),
    SVG: set("svg title desc g line rect circle path polyline polygon text tspan".split()),
}
ATTRIBUTES = set(
    "lang dir charset http-equiv content name class id href scope aria-label aria-labelledby role start rel viewBox xmlns x y"
    " x1 y1 x2 y2 cx cy r rx d points width height fill stroke stroke-width stroke-dasharray fill-opacity opacity font-size"
    " font-weight font-style text-anchor transform align style src alt".split()
)
# What a page of HTML must not have: control characters, and those that are none.
NO_CHARACTERS = re.compile(
    "[\\x00-\\x08\\x0b\\x0e-\\x1f\\x7f-\\x9f\\ufdd0-\\ufdef\\ufffe\\uffff\\U0001fffe\\U0001ffff]"
)
NO_CONTROLS = re.compile("[\\x00-\\x1f]")
LINKS = re.compile(r"^(https?://|mailto:|#|/v1/incidents/\d+/attachments/\d+$)", re.I)
# Only pictures that were attached, and they stand in the page.
PICTURES = re.compile(r"^data:image/(png|gif|jpeg|webp);base64,[A-Za-z0-9+/=]+$")
# The headings that the daemon writes below a section's own; others can only come from a text.
HEADINGS = {
    "Components", "Audiences", "Measures", "What else took part", "Why it happened", "Changes",
    "How it was found", "Lead-up", "Time per phase",
    "What the mitigations changed", "Decisions", "Attempts", "Planned and actual", "Deviations from the plan", "Tasks",
    "Related incidents",
    "ETAs set", "Corrections", "Drafts that were not published", "Clocks to check", "Corrected clocks", "Struck out",
    "Dependencies to look at", "Reverted phases",
    "Written in merged incidents",
}  # fmt: skip

# What is wrong and not mended yet; printed apart as `known`.
KNOWN = [
    # Restoring was left by an override while something was at the worst level.
    r"review\.json: mitigated at \S+ in (review|closed), and at the worst level until",
]


def problems(text, kind):
    """What is wrong with a page of HTML."""
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"))
    tree = parser.parse(text)
    found = [f"{kind}: parse error {name}" for _, name, _ in parser.errors]
    found += [f"{kind}: the character {character!r}" for character in sorted(set(NO_CHARACTERS.findall(text)))]
    for element in tree.iter():
        if not isinstance(element.tag, str):
            found.append(f"{kind}: a comment or the like: {element.text!r:.80}")
            continue
        space, name = element.tag[: element.tag.index("}") + 1], element.tag[element.tag.index("}") + 1 :]
        if name not in ELEMENTS.get(space, ()):
            found.append(f"{kind}: element {element.tag}")
        for attribute, value in element.attrib.items():
            attribute = attribute[attribute.rfind("}") + 1 :]
            if attribute not in ATTRIBUTES or attribute.lower().startswith("on"):
                found.append(f"{kind}: attribute {attribute} of {name}")
            if attribute == "href" and not LINKS.match(value):
                found.append(f"{kind}: link to {value!r:.80}")
            if attribute == "src" and not (name == "img" and PICTURES.match(value)):
                found.append(f"{kind}: source {value!r:.80} of {name}")
            if attribute == "style" and not re.fullmatch(r"text-align: ?(left|right|center);?", value):
                found.append(f"{kind}: style {value!r:.80}")
    return found


class Reviews:
    def __init__(self, url, key):
        self.muster = past_incidents.Muster(url, key)
        self.languages = [None]
        self.markdown = markdown_it.MarkdownIt("commonmark").enable("table")
        self.has_printer = shutil.which("weasyprint") is not None
        self.counts, self.wrong = {}, []

    def __getattr__(self, name):
        """`hostile=N,SEED,LANGUAGE...`."""
        step, is_there, argument = name.partition("=")
        if step != "hostile" or not is_there:
            raise AttributeError(name)
        count, *more = argument.split(",")
        return lambda: self.hostile(int(count), int(more[0] if more else 1), more[1:] or self.languages)

    def hostile(self, count, seed, languages):
        self.languages, self.counts, self.wrong = languages, {}, []
        self.schema = self.review_schema()
        made = {"name": f"hostile-{os.getpid()}", "kind": "alertmanager"}
        self.hook = self.muster.ask("POST", "/v1/sources", made)["key"]
        before = None
        for place in range(count):
            before = self.one(seed + place, place, before)
            if (place + 1) % 25 == 0:
                # Five hundred take minutes: whoever waits sees that it goes on. Standard output has the steps' answers only.
                print(f"{place + 1} of {count}, {len(self.wrong)} wrong, {self.counts}", file=sys.stderr, flush=True)
        known = [text for text in self.wrong if any(re.search(pattern, text) for pattern in KNOWN)]
        return self.counts | {
            "wrong": self.examples([text for text in self.wrong if text not in known]),
            "wrong_in_all": len(self.wrong) - len(known),
            "known": self.examples(known),
        }

    def examples(self, wrong):
        """Of each kind, with how often it is."""
        kinds = {}
        for text in wrong:
            kind = re.sub(r"\d+", "0", text.partition(": ")[2])[:50]
            kinds.setdefault(kind, [0, text])[0] += 1
        return [f"{number} times, as {text}" for number, text in sorted(kinds.values(), reverse=True)[:100]]

    def review_schema(self):
        with open(SCHEMA, encoding="utf-8") as file:
            return jsonschema.Draft202012Validator(json.load(file))

    def count(self, what, number=1):
        self.counts[what] = self.counts.get(what, 0) + number

    def one(self, seed, place, before):
        """Its life, and what its review is like. Now and then it is merged into the one before, which then is looked at again."""
        hostile = hostile_texts.Hostile(seed)
        life = random_life.Life(self.muster, hostile, f"h{seed}", self.hook)
        found = []
        if life.live():
            self.count("incidents")
            self.count(f"in {life.phase()}")
            found = self.look(life, is_printed=place % 25 == 0)
            life.end()
            if before and hostile.maybe(0.1):
                life.merge(before.number)
                found += self.look(before, is_printed=False)
        for status, number in life.answers.items():
            self.count(str(status), number)
        self.wrong += [f"seed {seed}, INC-{life.number}: {text}" for text in life.failures + found]
        return life if life.base else None

    # MARK: Looking

    def get(self, path, found, wanted=(200,)):
        status, data = self.muster.send("GET", path)
        if status not in wanted:
            found.append(f"GET {path}: {status} {data[:200]!r}")
            return None
        return data

    def look(self, life, is_printed):
        found, base = [], life.base
        for path in ("/review/revisions", "/review/diff", "/review/diff?from=0", "/attachments"):
            # A review that nobody has begun has no revisions to compare.
            data = self.get(base + path, found, (200, 404) if "diff" in path else (200,))
            if data is not None and NO_CONTROLS.search(data.decode()):
                found.append(f"{path}: a control character stands in it unescaped")
        for item in json.loads(data)["items"] if data else []:
            # What its name is goes into a header.
            file = self.get(item["url"], found)
            self.count("attachments")
            if file is not None and len(file) != item["bytes"]:
                found.append(f"{item['url']}: {len(file)} bytes, and not {item['bytes']}")
        data = self.get(base + "/review.json", found)
        if data is None:
            return found
        review = json.loads(data)
        found += [
            f"review.json: {'/'.join(map(str, error.path))}: {error.message:.200}"
            for error in self.schema.iter_errors(review)
        ]
        corrected = json.loads(self.get(base, found) or "{}").get("corrected_times", ())
        if all(item["clock"] != "mitigated_at" for item in corrected):
            found += self.mitigated(review)
        public = self.get(base + "/review.public.json", found)
        public = public and json.loads(public)
        for language in self.languages:
            query = f"?lang={language}" if language else ""
            query += "&tz=Europe/Berlin" if language == "de" else ""
            for name, document in (("review", review), ("review.public", public)):
                for kind in ("md", "html"):
                    data = self.get(f"{base}/{name}.{kind}{query}", found)
                    if data is None or document is None:
                        continue
                    self.count(f"{name}.{kind}")
                    try:
                        text = data.decode()
                    except UnicodeDecodeError as error:
                        found.append(f"{name}.{kind}: {error}")
                        continue
                    if name == "review" and language in (None, "en"):
                        found += self.agree(text, review, kind)
                    if kind == "md":
                        found += self.structure(text, document, f"{name}.md{query}", language in (None, "en"))
                    else:
                        found += problems(text, f"{name}.html{query}")
            if is_printed:
                self.look_at_pdf(base + "/review.pdf" + query, found)
        return found

    def mitigated(self, review):
        """Nothing is at the worst level after `mitigated_at`, unless somebody corrected that."""
        at, worst = review["times"]["mitigated_at"], review["impact"]["worst"]
        if at is None:
            return []
        # What was waived does not count for this clock, however long it was harmed until then.
        waived = {step["component"].partition("@")[0] for step in review["steps"] if step["state"] == "waived"}
        harmed = [item for item in review["impact"]["components"] if item["component"] not in waived]
        levels = [level for item in harmed for level in item["levels"]]
        ends = [level["ended_at"] or "now" for level in levels if level["level"] == worst]
        phase = review["phases"][-1]["phase"]
        last = max(ends, default="")
        return [f"review.json: mitigated at {at} in {phase}, and at the worst level until {last}"] if last > at else []

    def agree(self, text, review, kind):
        """The head and the picture have the length of review.json, for harm that is over."""
        whole = review["impact"]["in_all"]
        if not whole or whole["ongoing"] or not review["sections"]:
            return []
        if kind == "md":
            head = next((line for line in text.splitlines() if line.startswith("- **Impact:**")), "")
            length = "under 1 s" if whole["seconds"] < 1 else review_texts.words(whole["seconds"])
            is_told = f"for {length}" in head
            return [] if is_told else [f"review.md: the head has no {length}: {head!r:.200}"]
        picture = review_texts.Page(text.replace("\u00a0", " ")).picture("phases")
        titles = [
            title
            for title in (picture["titles"] if picture else [])
            if re.match(r"(major outage|partial outage|degraded), ", title)
        ]
        spans = [re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", title) for title in titles]
        length = sum(review_texts.seconds(end) - review_texts.seconds(start) for start, end in spans)
        is_same = abs(length - whole["seconds"]) <= len(spans) + 1
        return [] if is_same else [f"review.html: bars of {length} s for {whole['seconds']} s: {titles!r:.300}"]

    def look_at_pdf(self, path, found):
        """501 says that nothing is installed that prints."""
        data = self.get(path, found, (200,) if self.has_printer else (200, 501))
        if data and data[:5] == b"%PDF-":
            self.count("review.pdf")
        elif data and self.has_printer:
            found.append(f"{path} is no PDF: {data[:60]!r}")

    def structure(self, text, document, kind, is_english):
        """The headings and tables of Markdown: as many as there are sections, and only what the daemon writes or a person wrote."""
        found = []
        tokens = self.markdown.parse(text)
        found += [f"{kind}: the character {character!r}" for character in sorted(set(NO_CHARACTERS.findall(text)))]
        ranks = [token.tag for token in tokens if token.type == "heading_open"]
        if ranks.count("h1") != 1 or tokens[0].tag != "h1":
            found.append(f"{kind}: {ranks.count('h1')} headings of level 1")
        # What was attached stands behind the sections, under a heading of its own.
        sections = self.shown(document) + [{"id": "attachments"}] * bool(document.get("attachments"))
        if ranks.count("h2") != len(sections):
            found.append(f"{kind}: {ranks.count('h2')} headings of level 2 for {len(sections)} sections")
            return found
        section, heading, place = None, "", -1
        for index, token in enumerate(tokens):
            if token.type in ("html_block",) or any(child.type == "html_inline" for child in token.children or []):
                found.append(f"{kind}: HTML in it: {token.content!r:.80}")
            for child in token.children or []:
                if child.type == "image":
                    found.append(f"{kind}: a picture {child.attrs!r:.80}")
                if child.type == "link_open" and not LINKS.match(child.attrs.get("href", "")):
                    found.append(f"{kind}: link to {child.attrs!r:.80}")
            if token.type == "heading_open" and token.tag == "h2":
                place += 1
                section = sections[place]
            elif (
                token.type == "heading_open"
                and token.tag != "h1"
                and section
                and section.get("generated")
                and is_english
            ):
                title = tokens[index + 1].content
                if token.tag != "h3" or title not in HEADINGS:
                    found.append(f"{kind}: heading {title!r:.80} in {section['id']}")
        return found + self.rows(text, document, kind)

    def shown(self, document):
        """The sections that were not hidden."""
        return [section for section in document["sections"] if not section.get("hidden")]

    def rows(self, text, document, kind):
        """Each line of a table has the columns of its head, and each list of review.json as many lines as it has items."""
        found, columns, lines, section = [], None, 0, -1
        counts, heads, is_fenced = {}, {}, None
        for line in text.split("\n"):
            fence = re.match(r"[ >*+\-\d.)]*(`{3,}|~{3,})", line)
            if is_fenced:
                is_fenced = None if line.strip(" >").startswith(is_fenced) and not line.strip(" >`~") else is_fenced
                continue
            if fence and "`" not in line[fence.end() :]:
                is_fenced = fence.group(1)
                continue
            if line.startswith("## "):
                section += 1
            if line.startswith("|"):
                width = len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) - 1
                if columns is None:
                    columns, lines = width, -1
                    heads.setdefault(section, []).append(line)
                    counts.setdefault(section, []).append(0)
                elif width != columns:
                    found.append(f"{kind}: {width} columns where the table has {columns}: {line!r:.120}")
                else:
                    lines += 1
                    counts[section][-1] = lines
            else:
                columns = None
        wanted = {"mitigations": "mitigations", "actions": "actions", "restoration": "steps"}
        for place, part in enumerate(self.shown(document)):
            name = wanted.get(part["id"])
            if name and part.get("generated") and name in document and document[name]:
                # What was struck out stays in its table.
                if counts.get(place, [0])[0] != len(document[name]):
                    found.append(f"{kind}: {counts.get(place)} lines of {part['id']} for {len(document[name])}")
        return found


if __name__ == "__main__":
    languages = [None]
    if "--lang" in sys.argv:
        place = sys.argv.index("--lang")
        languages = sys.argv[place + 1].split(",")
        del sys.argv[place : place + 2]
    if len(sys.argv) == 3:
        sys.argv.append("hostile=500,1")

    def make(url, key):
        reviews = Reviews(url, key)
        reviews.languages = languages
        return reviews

    steps.run(make)
