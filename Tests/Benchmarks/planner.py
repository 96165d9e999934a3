#!/usr/bin/env python3
"""The planner's part of `make bench`: random platforms in which everything is down, planned by the daemon's own code and
by Python's networkx, which must find the same expected time.

Two shapes: `products`, as catalogs are, is what is judged; `uniform`, in which nearly everything needs everything, shows
what the worst of graphs costs. Settings, by environment:
    BENCH_PLANNER=...  another planner-bench than the release build      BENCH_STRICT=1  exit with 1 when a limit is missed
Every measurement also goes as a line of JSON to .build/bench/planner.jsonl.
"""

import json
import math
import os
import statistics
import subprocess
import sys
import time
import venv

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUTPUT = f"{ROOT}/.build/bench"
PROGRAM = os.environ.get("BENCH_PLANNER", f"{ROOT}/.build/release/planner-bench")
SMALL, LARGE = 1000, 10_000
# As many components for both sizes, so that caches and branch prediction know neither by heart.
PLATFORMS = {SMALL: 20, LARGE: 2}
ROUNDS = 20
NETWORKX_ROUNDS = 5

# The limits of "Done when" in the issue.
LIMIT_MS = 20
TIMES_NETWORKX = 20


def with_networkx():
    """Starts this script again in an environment of its own that has networkx, unless it runs there already."""
    try:
        import networkx
        return networkx
    except ImportError:
        pass
    directory = f"{OUTPUT}/venv"
    python = f"{directory}/bin/python"
    if os.path.realpath(sys.prefix) == os.path.realpath(directory):
        raise SystemExit(f"bench: networkx could not be installed into {directory}")
    if not os.path.exists(f"{directory}/networkx-is-there"):
        venv.create(directory, clear=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "networkx"], check=True)
        open(f"{directory}/networkx-is-there", "w").close()
    os.execv(python, [python, "-B"] + sys.argv)


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], check=True, capture_output=True, text=True).stdout


class Platform:
    """The platform that planner-bench shows, as a graph of networkx in which every wave has to end before the next."""

    def __init__(self, networkx, shape, size, soaks):
        self.networkx = networkx
        components = {component["slug"]: component for component in map(json.loads, run("show", shape, size).splitlines())}
        needs = networkx.DiGraph()
        needs.add_nodes_from(components)
        for slug, component in components.items():
            needs.add_edges_from((needed, slug) for needed in component["needs"])
        # Criticality is inherited: from what needs to what is needed.
        tiers = {slug: component["tier"] for slug, component in components.items()}
        for slug in reversed(list(networkx.topological_sort(needs))):
            tiers[slug] = min([tiers[slug]] + [tiers[dependent] for dependent in needs[slug]])
        waves = sorted(set(tiers.values()))
        self.graph = networkx.DiGraph()
        for slug, component in components.items():
            duration = component["restore_seconds"] + soaks[tiers[slug]]
            for dependent in needs[slug]:
                self.graph.add_edge(slug, dependent, weight=duration)
            self.graph.add_edge(slug, ("stable", tiers[slug]), weight=duration)
            wave = waves.index(tiers[slug])
            if wave > 0:
                self.graph.add_edge(("stable", waves[wave - 1]), slug, weight=0)

    def plan(self):
        """The same work: what can be done at the same time, and the longest path through it."""
        began = time.perf_counter()
        generations = list(self.networkx.topological_generations(self.graph))
        path = self.networkx.dag_longest_path(self.graph)
        took = time.perf_counter() - began
        assert generations
        return took * 1000, sum(self.graph[a][b]["weight"] for a, b in zip(path, path[1:]))


class Report:
    def __init__(self):
        os.makedirs(OUTPUT, exist_ok=True)
        self.results = open(f"{OUTPUT}/planner.jsonl", "a")
        self.failures = 0

    def record(self, **fields):
        self.results.write(json.dumps(fields) + "\n")
        self.results.flush()

    def judge(self, text, passed):
        self.failures += not passed
        print(f"  {'PASS' if passed else 'FAIL'}  {text}", flush=True)


def measure(report, shape, size):
    found = json.loads(run("time", shape, size, PLATFORMS[size], ROUNDS))
    report.record(shape=shape, **found)
    print(f"  {shape:9} {found['components']:6} components  {found['edges']:6} edges   median {found['median_ms']:7.2f} ms   "
          f"p90 {found['p90_ms']:7.2f} ms", flush=True)
    return found


def growth(small, large):
    """How the time grew, in parts of what n log n would."""
    return (large["median_ms"] / small["median_ms"]) / (LARGE * math.log(LARGE) / (SMALL * math.log(SMALL)))


def main():
    networkx = with_networkx()
    report = Report()
    print("Plans of platforms in which everything is down", flush=True)
    small, large = measure(report, "products", SMALL), measure(report, "products", LARGE)
    worst = measure(report, "uniform", SMALL), measure(report, "uniform", LARGE)
    platform = Platform(networkx, "products", LARGE, large["soaks"])
    plans = [platform.plan() for _ in range(NETWORKX_ROUNDS)]
    networkx_ms = statistics.median(took for took, _ in plans)
    times = networkx_ms / large["median_ms"]
    report.record(shape="products", components=LARGE, side="networkx", version=networkx.__version__, median_ms=networkx_ms)
    print(f"  networkx {networkx.__version__}: topological generations and longest path in {networkx_ms:.1f} ms")
    report.judge(f"both find the same expected time: {large['seconds']} s and {plans[0][1]} s", large["seconds"] == plans[0][1])
    report.judge(f"{LARGE} components in {large['median_ms']:.2f} ms, under {LIMIT_MS} ms", large["median_ms"] < LIMIT_MS)
    report.judge(f"the worst shape in {worst[1]['median_ms']:.2f} ms, under {LIMIT_MS} ms", worst[1]["median_ms"] < LIMIT_MS)
    grown = growth(small, large)
    report.judge(f"growth from {SMALL} to {LARGE}: {grown:.2f} of n log n, no more than 1", grown <= 1)
    print(f"        (the worst shape: {growth(*worst):.2f})")
    report.judge(f"networkx takes {times:.0f} times as long, at least {TIMES_NETWORKX}", times >= TIMES_NETWORKX)
    return 1 if report.failures and os.environ.get("BENCH_STRICT") == "1" else 0


if __name__ == "__main__":
    sys.exit(main())
