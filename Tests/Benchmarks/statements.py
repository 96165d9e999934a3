"""The daemon's own SQL, for pgbench: read from the server's log, so that the reference can never drift from it.

The server logs each statement with its parameters (`log_statement`) and, when it is parsed, the parameters' types
(`debug_print_parse`). Of that a pgbench script is made: constants stay what the daemon sent, and what has to differ
from run to run (a number, a version, an identity) is found by its value and replaced.
"""

import csv
import re
import secrets


class Statement:
    def __init__(self, sql, values, types):
        self.sql, self.values, self.types = sql, values, types

    def script(self, prefix, replace):
        """The statement for pgbench, and the variables that it needs.

        `replace(value, type)` gives an SQL expression for a parameter, or None to send what the daemon sent.
        """
        variables = {}

        def parameter(match):
            number = int(match[1])
            value, kind = self.values[number], self.types[number]
            expression = replace(value, kind)
            if expression is not None:
                return f"({expression})::{kind}"
            if value is None:
                return f"NULL::{kind}"
            variables[f"{prefix}{number}"] = value
            return f":{prefix}{number}::{kind}"

        return re.sub(r"\$(\d+)", parameter, self.sql).strip(), variables


class StatementLog:
    """The server's csvlog, read from where the last reading ended."""

    COLUMNS = {"message": 13, "detail": 14, "query": 19}

    def __init__(self, cluster):
        self.cluster, self.position, self.types = cluster, 0, {}
        rows = cluster.sql("SELECT oid, format_type(oid, NULL) FROM pg_type WHERE oid < 16384").splitlines()
        self.type_names = {int(oid): name for oid, name in (row.split("|") for row in rows)}

    def read(self):
        """What was logged since the last call. The server writes its log behind, so a mark of our own ends it."""
        mark = secrets.token_hex(16)
        self.cluster.sql(f"SELECT '{mark}'")
        text = ""
        while f"'{mark}'" not in text or not text.endswith("\n"):
            with open(f"{self.cluster.data}/log/server.csv", newline="", encoding="utf-8", errors="replace") as log:
                log.seek(self.position)
                text = log.read()
                end = log.tell()
        self.position = end
        return text

    def statements(self):
        """What was executed since the last call."""
        text = self.read()
        executed = []
        for row in csv.reader(text.splitlines(keepends=True)):
            if len(row) <= max(self.COLUMNS.values()):
                continue
            message, detail, query = (row[self.COLUMNS[name]] for name in ("message", "detail", "query"))
            if message == "parse tree:":
                if query.strip() in self.types:
                    continue  # A statement that the server runs within this one, such as a foreign key's check.
                found = re.findall(r":paramkind\s+0\s+:paramid\s+(\d+)\s+:paramtype\s+(\d+)", detail)
                self.types[query.strip()] = {int(number): int(oid) for number, oid in found}
            elif match := re.match(r"execute [^:]*: (.*)", message, re.S):
                executed.append((match[1], detail))
        return [self.statement(sql, detail) for sql, detail in executed]

    def statement(self, sql, detail):
        values = {
            int(number): None if quoted == "NULL" else quoted[1:-1].replace("''", "'")
            for number, quoted in re.findall(r"\$(\d+) = (NULL|'(?:[^']|'')*')", detail)
        }
        oids = self.types.get(sql.strip(), {})
        return Statement(sql, values, {number: self.type_names.get(oids.get(number), "text") for number in values})


def the_one(statements, *words):
    """The statement that has all these words in it."""
    found = {}
    for statement in statements:
        flat = " ".join(statement.sql.split())
        if all(word in flat for word in words):
            found[statement.sql] = statement
    if len(found) != 1:
        seen = "\n  ".join(sorted({" ".join(s.sql.split())[:150] for s in statements})) or "nothing"
        raise SystemExit(
            f"bench: {len(found)} statements of the daemon contain {words}; one was expected. The stores' SQL has changed: "
            f"adapt the words in bench.py. Seen:\n  {seen}")
    return next(iter(found.values()))
