"""python-dateutil works out random recurrence rules in random time zones; what RFC 5545 wants otherwise is done here.

`recurrence_oracle.py SEED COUNT cases`: so many cases, each with its zone, the changes of its clocks, and its moments.
"""

import random
from datetime import datetime, timedelta, timezone
from itertools import islice
from zoneinfo import ZoneInfo

from dateutil import tz
from dateutil.rrule import rrulestr

import steps

ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Africa/Casablanca",
    "UTC",
]
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
FIRST = datetime(2025, 12, 1, tzinfo=timezone.utc)
LAST = datetime(2030, 6, 1, tzinfo=timezone.utc)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def seconds(moment):
    return int((moment - EPOCH).total_seconds())


def ahead(zone, moment):
    return int(moment.astimezone(zone).utcoffset().total_seconds())


def changes(zone):
    """When the clocks are set, found by looking once an hour."""
    found, moment, before = [], FIRST, ahead(zone, FIRST)
    while moment < LAST:
        moment += timedelta(hours=1)
        now = ahead(zone, moment)
        if now != before:
            low = moment - timedelta(hours=1)
            while moment - low > timedelta(minutes=1):
                middle = low + (moment - low) / 2
                middle -= timedelta(seconds=middle.second, microseconds=middle.microsecond)
                middle = max(middle, low + timedelta(minutes=1))
                if ahead(zone, middle) == now:
                    moment = middle
                else:
                    low = middle
            found.append([seconds(moment), now])
            before = now
    return found


def some(rng, values, most):
    return ",".join(str(value) for value in sorted(rng.sample(values, rng.randint(1, most))))


def rule(rng):
    """A rule that comes now and then: for one that never does, dateutil looks until the year 9999."""
    kind = rng.choice(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
    parts = [f"FREQ={kind}"]
    if rng.random() < 0.5:
        parts.append(f"INTERVAL={rng.randint(2, 5)}")
    has_months = rng.random() < 0.3
    if has_months:
        parts.append(f"BYMONTH={some(rng, list(range(1, 13)), 4)}")
    has_month_days = kind != "WEEKLY" and rng.random() < 0.4
    if has_month_days:
        days = {rng.choice([-1, 1]) * rng.randint(1, 28)}
        days.update(rng.sample([-31, -30, -29, -1, 1, 13, 28, 29, 30, 31], rng.randint(0, 4)))
        parts.append(f"BYMONTHDAY={','.join(map(str, sorted(days)))}")
    has_days = rng.random() < 0.6
    if has_days:
        most = {"MONTHLY": 5, "YEARLY": 5 if has_months else 52}.get(kind)
        days = []
        for day in rng.sample(DAYS, rng.randint(1, 4)):
            is_numbered = most and not has_month_days and rng.random() < 0.5
            days.append(f"{rng.choice([-1, 1]) * rng.randint(1, most) if is_numbered else ''}{day}")
        parts.append(f"BYDAY={','.join(days)}")
    # Of a first week, dateutil looks at the days from the start on only, so that positions are others there.
    if kind != "WEEKLY" and (has_months or has_month_days or has_days) and rng.random() < 0.3:
        are_many = has_days and not has_month_days and kind in ("MONTHLY", "YEARLY")
        parts.append(f"BYSETPOS={some(rng, [-3, -2, -1, 1, 2, 3] if are_many else [-1, 1], 2)}")
    if rng.random() < 0.3:
        parts.append(f"WKST={rng.choice(DAYS)}")
    return ";".join(parts)


def near(rng, zone, clock_changes):
    """A time of day, mostly one at which clocks are set."""
    if clock_changes and rng.random() < 0.7:
        moment, _ = rng.choice(clock_changes)
        local = (EPOCH + timedelta(seconds=moment - 1)).astimezone(zone)
        minutes = local.hour * 60 + local.minute + rng.randint(-90, 90)
        return minutes % 1440
    return rng.randint(0, 1439)


def make(rng, zones):
    name = rng.choice(ZONES)
    zone, clock_changes = zones[name]
    text = rule(rng)
    day = datetime(2026, 1, 1) + timedelta(days=rng.randint(0, 700))
    base = day + timedelta(minutes=near(rng, zone, clock_changes))
    start = next(iter(rrulestr(text, dtstart=base).xafter(base - timedelta(seconds=1), 1)), None)
    if start is None or start > datetime(2028, 6, 1) or not tz.datetime_exists(start, zone):
        return None
    end = min(LAST - timedelta(days=30), (start + timedelta(days=730)).replace(tzinfo=timezone.utc))
    moments = []
    for local in islice(rrulestr(text, dtstart=start), 2000):
        if local > end.replace(tzinfo=None) + timedelta(days=2):
            break
        # RFC 5545: what the clocks skip is left out and not counted, and of what they show twice the first counts.
        if tz.datetime_exists(local, zone):
            moments.append(seconds(local.replace(tzinfo=zone, fold=0).astimezone(timezone.utc)))
    if not moments or moments[0] != seconds(start.replace(tzinfo=zone, fold=0).astimezone(timezone.utc)):
        return None
    moments = [moment for moment in moments if moment <= seconds(end)]
    bound = rng.random()
    if bound < 0.4:
        count = rng.randint(1, 40)
        text, moments = f"{text};COUNT={count}", moments[:count]
    elif bound < 0.7:
        until = rng.choice(moments) + rng.choice([-1, 0, 1])
        if until < moments[0]:
            until = moments[0]
        text = f"{text};UNTIL={(EPOCH + timedelta(seconds=until)).strftime('%Y%m%dT%H%M%SZ')}"
        moments = [moment for moment in moments if moment <= until]
    return {
        "zone": name,
        "ahead": ahead(zone, FIRST),
        "changes": clock_changes,
        "start": start.isoformat(),
        "rule": text,
        "through": seconds(end),
        "moments": moments,
    }


class Oracle:
    def __init__(self, seed, count):
        self.rng = random.Random(seed)
        self.count = int(count)

    def cases(self):
        zones = {name: (ZoneInfo(name), changes(ZoneInfo(name))) for name in ZONES}
        cases = []
        while len(cases) < self.count:
            case = make(self.rng, zones)
            if case:
                cases.append(case)
        return cases


steps.run(Oracle)
