#!/usr/bin/env python3
"""`make bench`: searching incidents by words, among 170,000 of them, through HTTP by one client.

The words stand in different parts of the incidents: a search may not be slow because a word is common, or rare, or old.
Settings, by environment: BENCH_WORDS_INCIDENTS=170000, BENCH_WORDS_ROUNDS=30, BENCH_STRICT=1, BENCH_DAEMON=...
"""

import os
import statistics
import sys
import time

from machine import exit_status, serving

INCIDENTS = int(os.environ.get("BENCH_WORDS_INCIDENTS", 170_000))
ROUNDS = int(os.environ.get("BENCH_WORDS_ROUNDS", 30))
# The word, where it stands, and by when half of the searches should be answered.
WORDS = [
    ("database", "in all", 20), ("video", "in a third", 20), ("twelfth", "in a twelfth", 20),
    ("fiftieth7", "in a fiftieth", 20), ("rare7", "in one of a thousand", 20), ("nowhere", "in none", 20),
    # Nothing is promised of these; they are here so that nobody makes them worse unseen.
    ("old", "in the oldest third only", None),
]
TITLE = """concat_ws(' ', 'The database of region', n % 50, CASE WHEN n % 3 = 0 THEN 'video' END,
    CASE WHEN n % 12 = 0 THEN 'twelfth' END, 'fiftieth' || n % 50, 'rare' || n % 1000, CASE WHEN n < {old} THEN 'old' END)"""


def main():
    failures = []
    with serving("words") as (cluster, daemon):
        number = daemon.ask("POST", "/v1/incidents", {"title": "The first", "summary": "x " * 200})["number"]
        columns = cluster.sql(
            "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute "
            "WHERE attrelid = 'incident'::regclass AND attnum > 0 AND NOT attisdropped AND attname NOT IN ('number', 'title')")
        cluster.sql(
            f"INSERT INTO incident (number, title, {columns}) SELECT {number} + n, "
            f"{TITLE.format(old=INCIDENTS // 3)}, {columns} FROM incident, generate_series(1, {INCIDENTS}) AS n "
            f"WHERE number = {number}")
        cluster.sql("VACUUM ANALYZE")
        print(f"\nSearching {INCIDENTS} incidents by a word, one client, a page of 50")
        print(f"{'':40}{'p50 ms':>10}{'worst ms':>10}")
        connection = daemon.connection()
        for word, where, limit in WORDS:
            taken = []
            for _ in range(ROUNDS):
                began = time.perf_counter()
                daemon.ask("GET", f"/v1/incidents?q={word}", connection=connection)
                taken.append((time.perf_counter() - began) * 1000)
            middle = statistics.median(taken)
            verdict = ""
            if limit:
                verdict = f"  under {limit}: {'PASS' if middle < limit else 'FAIL'}"
                if middle >= limit:
                    failures.append(f"a word {where}: {middle:.1f} ms, under {limit}")
            print(f"{f'a word {where}':40}{middle:10.1f}{max(taken):10.1f}{verdict}", flush=True)
    return exit_status(failures)


if __name__ == "__main__":
    sys.exit(main())
