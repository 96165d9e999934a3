"""Which rule finds the broken component? The figures in docs/assessing.md.

Breaks components of random graphs and of the demonstration catalog, lets a part of what needs them fire, adds some stray
alerts, and asks each rule for as many roots as were broken. Sets of components are the bits of an integer.

    python3 Tests/Benchmarks/roots.py [SEED]
"""

import itertools
import json
import pathlib
import random
import sys

DEMO = pathlib.Path(__file__).parents[2] / "deploy/demo/catalog.json"
FIRING_SHARES = (1, 0.8, 0.6, 0.4)
STRAY_ALERTS = (0, 1, 2)

# Each rule gives what is to be least: for the explained symptoms, what needs the component and is quiet, and all symptoms.
RULES = {
    "most explained, then fewest not hit": lambda explained, quiet, symptoms: (-explained, quiet),
    "match, not hit by half": lambda explained, quiet, symptoms: (-explained / (symptoms + quiet / 2),),
    "match, not hit in full": lambda explained, quiet, symptoms: (-explained / (symptoms + quiet),),
}


def random_platform(size, rng):
    """The hard dependencies of each component: on few that nearly all need, and on many others."""
    needs = [[] for _ in range(size)]
    popularity = [1] * size
    for component in range(max(2, size // 20), size):
        for _ in range(1 + min(int(rng.expovariate(0.5)), 6)):
            popular = rng.random() < 0.6
            other = rng.choices(range(component), weights=popularity[:component])[0] if popular else rng.randrange(component)
            if other not in needs[component]:
                needs[component].append(other)
                popularity[other] += 1
    return needs


def demonstration():
    components = json.loads(DEMO.read_text())["components"]
    numbers = {component["slug"]: number for number, component in enumerate(components)}
    return [
        [numbers[other["component"]] for other in component["depends_on"] if other["kind"] == "hard"]
        for component in components
    ]


def dependents(needs):
    """What cannot work without each component, itself included."""
    found = [1 << component for component in range(len(needs))]
    changed = True
    while changed:
        changed = False
        for component, others in enumerate(needs):
            for other in others:
                wider = found[other] | found[component]
                changed |= wider != found[other]
                found[other] = wider
    return found


def roots(needed_by, firing, rule, count):
    """The best explanation, then the best of what that does not explain, and so on."""
    found, left = [], firing
    while left and len(found) < count:
        symptoms = left.bit_count()

        def place(component):
            explained = (needed_by[component] & left).bit_count()
            quiet = (needed_by[component] & ~firing).bit_count()
            return rule(explained, quiet, symptoms) + (-(firing >> component & 1), component)

        found.append(min((c for c in range(len(needed_by)) if needed_by[c] & left), key=place))
        left &= ~needed_by[found[-1]]
    return found


def outage(needed_by, breaks, share, strays, rng):
    """Components that break, none because of another, and what fires then."""
    size = len(needed_by)
    while True:
        broken = rng.sample(range(size), breaks)
        if not all(4 <= needed_by[b].bit_count() <= 0.7 * size for b in broken):
            continue
        if any(needed_by[a] >> b & 1 for a, b in itertools.permutations(broken, 2)):
            continue
        hit = [c for c in range(size) if any(needed_by[b] >> c & 1 for b in broken) and rng.random() < share]
        hit += [rng.randrange(size) for _ in range(strays)]
        if len(hit) >= 2:
            return broken, sum(1 << c for c in set(hit))


def main():
    rng = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    platforms = {
        "random, 30": [dependents(random_platform(30, rng)) for _ in range(6)],
        "random, 300": [dependents(random_platform(300, rng)) for _ in range(6)],
        "demonstration": [dependents(demonstration())],
    }
    for name, graphs in platforms.items():
        right = dict.fromkeys(RULES, 0.0)
        rounds = 0
        for breaks, share, strays in itertools.product((1, 2), FIRING_SHARES, STRAY_ALERTS):
            for _ in range(100):
                graph = rng.choice(graphs)
                broken, firing = outage(graph, breaks, share, strays, rng)
                rounds += 1
                for rule in RULES:
                    right[rule] += len(set(roots(graph, firing, RULES[rule], breaks)) & set(broken)) / breaks
        print(name + ": " + ", ".join(f"{rule} {100 * right[rule] / rounds:.0f} %" for rule in RULES))


if __name__ == "__main__":
    main()
