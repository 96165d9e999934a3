"""What the reviews of `PostMortems` have to say, worked out by hand from their facts."""

# Seconds at each level, by component. A level ends where the next one begins.
LEVELS = {
    "github-2018": {
        "network-link": {"major_outage": 43},  # 22:52:00 to 22:52:43
        "mysql-primaries": {"major_outage": 44357},  # 22:52:43 to 11:12:00 = 12 h 19 min 17 s
        # 22:52:43 to 06:51:00 = 7 h 58 min 17 s; 06:51 to 16:24 = 9 h 33 min
        "mysql-replicas": {"major_outage": 28697, "partial_outage": 34380},
        "web-api": {"partial_outage": 44357, "degraded": 18720},  # 11:12 to 16:24 = 5 h 12 min
        "issues-pulls": {"partial_outage": 44357, "degraded": 18720},
        # 23:19 to 16:45 = 17 h 26 min; 16:45 to 23:03 = 6 h 18 min
        "webhooks": {"major_outage": 62760, "partial_outage": 22680},
        "pages": {"major_outage": 62760, "partial_outage": 22680},
        "lost-writes": {"degraded": 87017},  # 22:52:43 until it was waived at 23:03 = 24 h 10 min 17 s
    },
    "gitlab-2017": {
        # 19 to 21 h degraded, 21 to 22 h partly down, well until 23:27, then down until 18:14 = 18 h 47 min
        "site": {"degraded": 7200, "partial_outage": 3600, "major_outage": 67620},
        "repositories": {"major_outage": 67620},
        "db-primary": {"major_outage": 63180},  # 23:27 to 17:00 = 17 h 33 min
        # 22 to 23 h degraded; then partly down until it was waived at 18:14 = 19 h 14 min
        "db-standby": {"degraded": 3600, "partial_outage": 69240},
    },
    "cloudflare-2019": {
        "edge-proxy": {"major_outage": 1620},  # 13:42 to 14:09 = 27 min
        "dashboard-api": {"major_outage": 1620},
        "access": {"major_outage": 1620},
        "rule-engine": {"partial_outage": 2697.71},  # 14:07:02.290 to 14:52:00 = 44 min 57.710 s
    },
}
# The worst level of all, with what overlaps counted once, and the whole.
WHOLE = {
    # Down from 22:52:00 (link, then primaries, then paused hooks) to 16:45 = 17 h 53 min; all from 22:52 to 23:03 = 24 h 11 min.
    # The writes that were waived were so within these.
    "github-2018": (64380, 87060, "Major outage for 17 h 53 min, impact for 1 d 11 min in all; 1 component waived"),
    # 18 h 47 min. The site was harmed for 3 h (19 to 22), and was well until 23:27; but the standby was harmed from 22:00 on, and
    # what was waived counts until the waiver, at 18:14. So something was from 19:00 to 18:14 = 23 h 14 min.
    "gitlab-2017": (67620, 83640, "Major outage for 18 h 47 min, impact for 23 h 14 min in all; 1 component waived"),
    # 27 min; 13:42 to 14:52 = 70 min
    "cloudflare-2019": (1620, 4200, "Major outage for 27 min, impact for 1 h 10 min in all"),
}
# When the worst was over, and when the first measure had succeeded, which is not the same.
MITIGATED = {
    "github-2018": ("2018-10-22T16:45:00.000Z", "2018-10-21T23:07:00.000Z"),
    "gitlab-2017": ("2017-02-01T18:14:00.000Z", "2017-01-31T21:30:00.000Z"),
    "cloudflare-2019": ("2019-07-02T14:09:00.000Z", "2019-07-02T14:07:02.290Z"),
}
RESTORED = {
    "github-2018": "2018-10-22T23:03:00.000Z",
    "gitlab-2017": "2017-02-01T18:14:00.000Z",
    "cloudflare-2019": "2019-07-02T14:52:00.000Z",
}
SEVERITIES = {
    "github-2018": "sev1 (sev2 → sev1)",
    "gitlab-2017": "sev1 (sev3 → sev2 → sev1)",
    "cloudflare-2019": "sev1",
}
CAUSES = {
    "github-2018": ("configuration", "configuration error (technical)"),
    "gitlab-2017": ("change_gone_wrong", "failed change (maintenance)"),
    "cloudflare-2019": ("configuration", "configuration error (technical)"),
}
# In the order in which they came back. In each, some came back in the same minute as what they need.
ORDER = {
    "github-2018": [
        {"network-link"},
        {"mysql-primaries"},
        {"mysql-replicas"},
        {"web-api"},
        {"issues-pulls"},
        {"webhooks", "pages"},
    ],
    "gitlab-2017": [{"db-primary"}, {"site"}, {"repositories"}],
    "cloudflare-2019": [{"edge-proxy"}, {"dashboard-api", "access"}, {"rule-engine"}],
}
# Seconds from the first start to being back.
TOOK = {
    "github-2018": {
        "network-link": 43,
        "mysql-primaries": 37860,  # 00:41 to 11:12 = 10 h 31 min
        "mysql-replicas": 34380,  # 06:51 to 16:24 = 9 h 33 min
        "web-api": 18720,  # 11:12 to 16:24
        "issues-pulls": 0,
        "webhooks": 22680,  # 16:45 to 23:03, with the attempt that failed
        "pages": 22680,
    },
    "gitlab-2017": {"db-primary": 59040, "site": 4440, "repositories": 0},  # 00:36 to 17:00; 17:00 to 18:14
    "cloudflare-2019": {
        "edge-proxy": 117,
        "dashboard-api": 0,
        "access": 0,
        "rule-engine": 2580,
    },  # 14:07:03, 14:09, 14:52
}
WAIVED = {"github-2018": "lost-writes", "gitlab-2017": "db-standby", "cloudflare-2019": None}
# The plan has each for as long as the catalog expects, after what it needs. The waived one would end later, or not.
PLANNED = {
    # 00:05 + 5 min link + 6 h primaries + 15 min site + 5 min issues = 06:30
    "github-2018": ("2018-10-22 06:30:00", "16 h 33 min late"),
    # 00:36 + 6 h primary + 30 min site + 5 min repositories = 07:11; back at 18:14. The standby would be planned for 10:36.
    "gitlab-2017": ("2017-02-01 07:11:00", "11 h 3 min late"),
    # 14:07:03 + 30 min rules = 14:37:03
    "cloudflare-2019": ("2019-07-02 14:37:03", "14 min 57 s late"),
}
