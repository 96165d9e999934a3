"""Reads what a review says: the tables and lines of its Markdown, the tables and pictures of its page."""

import datetime
import html.parser
import re


def cells(line):
    """The cells of a line of a table; a pipe after a backslash belongs to its cell."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


def tables(markdown):
    """All tables, by the heading above them: lists of {column: cell}. A heading's tables stand one after the other."""
    found, heading, columns = {}, "", None
    for line in markdown.splitlines():
        if line.startswith("#"):
            heading, columns = line.lstrip("#").strip(), None
        elif not line.startswith("|"):
            columns = None
        elif columns is None:
            columns = cells(line)
            found.setdefault(heading, []).append([])
        elif not set(line) <= set("|-: "):
            found[heading][-1].append(dict(zip(columns, cells(line))))
    return found


def section(markdown, title):
    """What stands below a heading of level two."""
    parts = re.split(r"^## ", markdown, flags=re.M)
    return next((part.split("\n", 1)[1] for part in parts if part.split("\n", 1)[0].strip() == title), "")


class Page(html.parser.HTMLParser):
    """The tables of a page by their heading, the titles and texts of its pictures, and the paragraphs of a class."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.pictures, self.classes = {}, [], {}
        self.heading, self.stack, self.text = "", [], []
        self.columns, self.row = None, None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag in ("meta", "line", "rect", "path", "circle", "polyline", "br", "hr", "img"):
            return
        self.stack.append((tag, dict(attributes).get("class") or "", len(self.text)))
        if tag == "table":
            self.tables.setdefault(self.heading, []).append([])
            self.columns = []
        elif tag == "tr":
            self.row = []
        elif tag == "svg":
            self.pictures.append({"class": dict(attributes).get("class"), "titles": [], "texts": [], "desc": ""})

    def handle_data(self, data):
        self.text.append(data)

    def handle_endtag(self, tag):
        if not self.stack or self.stack[-1][0] != tag:
            return
        _, name, start = self.stack.pop()
        said = "".join(self.text[start:])
        if tag in ("h2", "h3"):
            self.heading = re.sub(r" (from the timeline|written.*)$", "", said.strip())
        elif tag == "th":
            self.columns.append(said)
        elif tag == "td":
            self.row.append(said)
        elif tag == "tr" and self.row:
            self.tables[self.heading][-1].append(dict(zip(self.columns, self.row)))
        elif tag == "title" and self.pictures:
            self.pictures[-1]["titles"].append(said)
        elif tag == "text" and self.pictures:
            self.pictures[-1]["texts"].append(said)
        elif tag == "desc" and self.pictures:
            self.pictures[-1]["desc"] = said
        if tag == "p":
            self.classes.setdefault(name, []).append(said)

    def picture(self, name):
        return next((picture for picture in self.pictures if picture["class"] == name), None)


def words(seconds):
    """A length as people read it: the largest unit that it has, and down to seconds; a day has no seconds."""
    left = int(seconds)
    parts = [(left // 86400, "d"), (left // 3600 % 24, "h"), (left // 60 % 60, "min"), (left % 60, "s")]
    if parts[0][0]:
        parts = parts[:3]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"


def seconds(text):
    """Since 1970, of a timestamp as the API or as a page writes it."""
    text = text.replace(" UTC", "").replace(" ", "T").replace("Z", "")
    return datetime.datetime.fromisoformat(text + "+00:00").timestamp()


def read(moment):
    """As a page writes it."""
    return moment[:19].replace("T", " ")


class Wrong(list):
    """What is wrong, as sentences."""

    def expect(self, is_right, text):
        if not is_right:
            self.append(text)

    def equal(self, what, found, wanted):
        self.expect(found == wanted, f"{what}: {found!r}, and not {wanted!r}")
