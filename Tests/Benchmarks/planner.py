#!/usr/bin/env python3
"""The planner's part of `make bench`: random platforms in which everything is down, planned by the daemon's own code.

What it says is checked by a simulation that is written here and shares nothing with it: every step begins when what it needs is
back. Carried out with the middle times it must end when the plan does, and many times with random ones as the forecast says.
Networkx does the work of the deterministic part on the same graph, for its speed.

Two shapes: `products`, as catalogs are, is what is judged; `uniform`, in which nearly everything needs everything, shows
what the worst of graphs costs. Settings, by environment:
    BENCH_PLANNER=...  another planner-bench than the release build      BENCH_STRICT=1  exit with 1 when a limit is missed
Every measurement also goes as a line of JSON to .build/bench/planner.jsonl.
"""

import heapq
import json
import math
import os
import random
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

# Of a night that people have, in which the forecast draws as often as it ever does.
NIGHT = 300
DRAWS = 4000

# The limits of "Done when" in the issue.
LIMIT_MS = 20
FORECAST_MS = 50
TIMES_NETWORKX = 20
# Of a time: the middle of a few thousand draws is known to about one percent.
TOLERANCE = 0.03

# The planner's model of times: nine of ten steps take no longer than twice the middle, and one night's steps share a factor.
SIGMA = math.log(2) / statistics.NormalDist().inv_cdf(0.9)
SHARED_SIGMA = 0.2


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
    """The platform that planner-bench shows, with the time that each step soaks."""

    def __init__(self, shape, size, soaks):
        self.components = {component["slug"]: component for component in map(json.loads, run("show", shape, size).splitlines())}
        self.dependents = {slug: [] for slug in self.components}
        for slug, component in self.components.items():
            for needed in component["needs"]:
                self.dependents[needed].append(slug)
        # Criticality is inherited: from what needs to what is needed.
        tiers = {slug: component["tier"] for slug, component in self.components.items()}
        pending = list(tiers)
        while pending:
            slug = pending.pop()
            for needed in self.components[slug]["needs"]:
                if tiers[needed] > tiers[slug]:
                    tiers[needed] = tiers[slug]
                    pending.append(needed)
        self.soaks = {slug: soaks[tier] for slug, tier in tiers.items()}

    def simulate(self, times):
        """Carries out the restoration, from one event to the next; returns when the last step is back.

        times: how long the work on each step takes, in seconds.
        """
        missing = {slug: len(component["needs"]) for slug, component in self.components.items()}
        events = [(times[slug] + self.soaks[slug], slug) for slug, count in missing.items() if count == 0]
        heapq.heapify(events)
        now = 0
        back = 0
        while events:
            now, slug = heapq.heappop(events)
            back += 1
            for dependent in self.dependents[slug]:
                missing[dependent] -= 1
                if missing[dependent] == 0:
                    heapq.heappush(events, (now + times[dependent] + self.soaks[dependent], dependent))
        assert back == len(self.components)
        return now

    def expected(self):
        return self.simulate({slug: component["restore_seconds"] for slug, component in self.components.items()})

    def quantiles(self, draws, seed=2026):
        """When 50, 80 and 90 % of many nights are over."""
        luck = random.Random(seed)
        ends = []
        for _ in range(draws):
            shared = luck.lognormvariate(0, SHARED_SIGMA)
            ends.append(self.simulate({
                slug: component["restore_seconds"] * shared * luck.lognormvariate(0, SIGMA)
                for slug, component in self.components.items()
            }))
        ends.sort()
        return [ends[int(draws * part)] for part in (0.5, 0.8, 0.9)]

    def graph(self, networkx):
        graph = networkx.DiGraph()
        for slug, component in self.components.items():
            duration = component["restore_seconds"] + self.soaks[slug]
            for dependent in self.dependents[slug]:
                graph.add_edge(slug, dependent, weight=duration)
            graph.add_edge(slug, "the end", weight=duration)
        return graph


def with_graph(networkx, graph):
    """The same work: what can be done at the same time, and the longest path through it. Milliseconds, and seconds."""
    began = time.perf_counter()
    generations = list(networkx.topological_generations(graph))
    path = networkx.dag_longest_path(graph)
    took = time.perf_counter() - began
    assert generations
    return took * 1000, sum(graph[a][b]["weight"] for a, b in zip(path, path[1:]))


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


def forecasts(report, soaks):
    """The Monte Carlo: how long it takes, and whether the simulation agrees with it."""
    print("Forecasts", flush=True)
    for size in (NIGHT, LARGE):
        found = json.loads(run("draw", "products", size, PLATFORMS.get(size, 5), ROUNDS))
        report.record(shape="products", forecast=True, **found)
        print(f"  {'products':9} {size:6} components   median {found['median_ms']:7.2f} ms   p90 {found['p90_ms']:7.2f} ms", flush=True)
        if size > NIGHT:
            continue
        report.judge(f"{size} components in {found['median_ms']:.1f} ms, under {FORECAST_MS} ms", found["median_ms"] < FORECAST_MS)
        simulated = Platform("products", size, soaks).quantiles(DRAWS)
        said = [found[name] for name in ("p50", "p80", "p90")]
        apart = max(abs(one / other - 1) for one, other in zip(said, simulated))
        text = ", ".join(f"{one:.0f} and {other:.0f} s" for one, other in zip(said, simulated))
        report.judge(f"50, 80 and 90 % beside {DRAWS} simulated nights: {text}; {apart:.1%} apart, at most {TOLERANCE:.0%}",
                     apart <= TOLERANCE)


def growth(small, large):
    """How the time grew, in parts of what n log n would."""
    return (large["median_ms"] / small["median_ms"]) / (LARGE * math.log(LARGE) / (SMALL * math.log(SMALL)))


def main():
    networkx = with_networkx()
    report = Report()
    print("Plans of platforms in which everything is down", flush=True)
    small, large = measure(report, "products", SMALL), measure(report, "products", LARGE)
    worst = measure(report, "uniform", SMALL), measure(report, "uniform", LARGE)
    platform = Platform("products", LARGE, large["soaks"])
    graph = platform.graph(networkx)
    plans = [with_graph(networkx, graph) for _ in range(NETWORKX_ROUNDS)]
    networkx_ms = statistics.median(took for took, _ in plans)
    times = networkx_ms / large["median_ms"]
    report.record(shape="products", components=LARGE, side="networkx", version=networkx.__version__, median_ms=networkx_ms)
    print(f"  networkx {networkx.__version__}: topological generations and longest path in {networkx_ms:.1f} ms")
    ends = [large["seconds"], platform.expected(), plans[0][1]]
    report.judge(f"plan, simulation and networkx find the same expected time: {ends}", len(set(ends)) == 1)
    report.judge(f"{LARGE} components in {large['median_ms']:.2f} ms, under {LIMIT_MS} ms", large["median_ms"] < LIMIT_MS)
    report.judge(f"the worst shape in {worst[1]['median_ms']:.2f} ms, under {LIMIT_MS} ms", worst[1]["median_ms"] < LIMIT_MS)
    grown = growth(small, large)
    report.judge(f"growth from {SMALL} to {LARGE}: {grown:.2f} of n log n, no more than 1", grown <= 1)
    print(f"        (the worst shape: {growth(*worst):.2f})")
    report.judge(f"networkx takes {times:.0f} times as long, at least {TIMES_NETWORKX}", times >= TIMES_NETWORKX)
    forecasts(report, large["soaks"])
    return 1 if report.failures and os.environ.get("BENCH_STRICT") == "1" else 0


if __name__ == "__main__":
    sys.exit(main())
