import MusterClient
import Testing

/// Answers as lines.
struct ViewTests {
    private static let plain = Style(isColoured: false)
    private static let moments = Moments(now: Moments.parse("2026-12-03T02:00:00Z") ?? 0, areAbsolute: false)

    @Test func `the plan is a tree: each step once, below what it needs, with what can start now`() throws {
        let plan = try JSONReader.read(
            """
            {"incident": 7, "total": 4, "restored": 1, "waived": 0, "goals": [{"name": "Sign in", "back": false, "expected_at":
             {"median": "2026-12-03T02:30:00Z"}}], "overdue": [], "start_next": [{"component": "auth", "unblocks": 2}],
             "start_next_total": 1, "expected_at": {"median": "2026-12-03T02:40:00Z", "p90": "2026-12-03T03:00:00Z"},
             "waves": []}
            """)
        let steps = try JSONReader.read(
            """
            [{"component": "db", "state": "restored", "ready": false, "effective_tier": 0},
             {"component": "auth", "state": "ready", "ready": true, "effective_tier": 1, "needs": ["db"], "owner": "identity"},
             {"component": "feed", "state": "waiting", "ready": false, "effective_tier": 1, "needs": ["auth", "db"],
              "waits_for": [{"reason": "waits for auth"}], "waits_for_total": 2},
             {"component": "search", "state": "waiting", "ready": false, "effective_tier": 2, "needs": ["db", "gone"]}]
            """
        ).items
        let lines = RestorationTree(plan, steps: steps, moments: Self.moments, style: Self.plain).lines
        #expect(
            lines[0] == "[#####···············]  1 of 4 restored; expected in 40 min, nine times out of ten in 60 min")
        #expect(lines[1] == "  Sign in: in 30 min")
        #expect(lines[2] == "● db  restored  tier 0")
        #expect(lines[3] == "├─ ▶ auth  ready  tier 1 identity")
        #expect(lines[4] == "│  └─ ○ feed  waiting  tier 1  waits for auth (+1)")
        #expect(lines[5] == "└─ ○ search  waiting  tier 2")
        #expect(lines.suffix(2) == ["Can start now:", "  muster restore start -i 7 auth  2 wait for it"])
    }

    @Test func `a plan of thousands in one chain, and one in a circle, end`() {
        let chain = (0..<2000).map { number -> JSON in
            [
                "component": .string("c\(number)"), "state": "waiting",
                "needs": number > 0 ? [.string("c\(number - 1)")] : [],
            ]
        }
        let plan: JSON = ["total": 2000, "incident": 1]
        let lines = RestorationTree(plan, steps: chain, moments: Self.moments, style: Self.plain).lines
        #expect(lines.count == 2001)
        let circle: [JSON] = [
            ["component": "a", "state": "waiting", "needs": ["b"]],
            ["component": "b", "state": "waiting", "needs": ["a"]],
        ]
        #expect(RestorationTree(["total": 2], steps: circle, moments: Self.moments, style: Self.plain).lines.count == 3)
        #expect(
            RestorationTree(["total": 0], steps: [], moments: Self.moments, style: Self.plain).lines
                == ["Nothing is affected, so there is nothing to restore."])
    }

    @Test func `what is missing stands with its commands`() throws {
        let head = try JSONReader.read(
            """
            {"number": 7, "phase": "assess", "next": {"phase": "assess", "ready": false, "unmet": [{"detail": "no severity set",
             "how": {"method": "PATCH", "path": "/v1/incidents/7", "body": {"severity": "sev2"}},
             "suggestions": "/v1/incidents/7/suggestions"}], "offers": []}}
            """)
        let view = NextView(head: head, style: Self.plain)
        #expect(
            view.text == """
                Before assess can be left:
                  ○ no severity set
                      muster set -i 7 --severity sev2
                      muster show --suggestions 7
                """)
        #expect(view.line("acknowledged") == "INC-7 assess: acknowledged\nMissing: no severity set")
        let ready: JSON = ["number": 7, "phase": "detect", "next": ["ready": true]]
        #expect(
            NextView(head: ready, style: Self.plain).line("set")
                == "INC-7 detect: set\nReady for the next phase: muster advance 7")
    }

    @Test func `an incident with a stranger's texts, and one with nothing, are shown`() {
        let evil: JSON = [
            "number": 7, "title": "x\u{1B}]0;y\u{7}\nz", "phase": "detect", "labels": ["a\nb": "\u{1B}c"],
        ]
        let shown = IncidentView(evil, moments: Self.moments, style: Self.plain, width: 80).lines.joined(
            separator: "\n")
        #expect(!shown.contains("\u{1B}") && !shown.contains("\u{7}"))
        #expect(shown.hasPrefix("INC-7  no severity  detect  x"))
        #expect(!IncidentView(.null, moments: Self.moments, style: Self.plain, width: nil).lines.isEmpty)
    }

    @Test func `the board has what is open, late and nobody's`() {
        var board = BoardView()
        #expect(board.lines(Self.moments, Self.plain, width: 80) == ["No incident is open."])
        board.incidents = [
            [
                "number": 7, "title": "Nobody can sign in", "phase": "restore", "severity": "sev1",
                "next_update_due_at": "2026-12-03T01:50:00Z", "times": ["started_at": "2026-12-03T01:00:00Z"],
            ]
        ]
        board.plans = [7: ["total": 4, "restored": 1, "waived": 1]]
        board.alerts = [["id": "alr_1", "title": "Disk full", "starts_at": "2026-12-03T01:59:00Z"]]
        let text = board.lines(Self.moments, Self.plain, width: 160).joined(separator: "\n")
        #expect(text.contains("[####····] 2/4"))
        #expect(text.contains("INC-7: an update was due 10 min ago"))
        #expect(text.contains("Disk full"))
    }

    // MARK: - The review as a file

    private static let sections: [JSON] = [
        ["id": "summary", "title": "Summary", "markdown": "It broke.\n\n## Inner\n\nx", "needs_person": false],
        ["id": "lessons", "title": "Lessons", "markdown": "_Nobody wrote this yet._", "needs_person": true],
    ]

    @Test func `a review that nobody changed changes nothing`() throws {
        #expect(try ReviewFile.changes(ReviewFile.write(Self.sections), of: Self.sections).isEmpty)
        #expect(try ReviewFile.changes("", of: Self.sections).isEmpty)
    }

    @Test func `only sections that were changed are sent, with their titles if those were`() throws {
        let text = ReviewFile.write(Self.sections)
        #expect(text.contains("<!-- section: lessons -->\n## Lessons\n\n\n"))
        let edited = text.replacing("## Lessons\n", with: "## Lessons\n\nAlert on full disks.\n")
        #expect(
            try ReviewFile.changes(edited, of: Self.sections) == [
                ["id": "lessons", "markdown": "Alert on full disks."]
            ])
        let renamed = text.replacing("## Summary", with: "## In short")
        #expect(
            try ReviewFile.changes(renamed, of: Self.sections)
                == [["id": "summary", "title": "In short", "markdown": "It broke.\n\n## Inner\n\nx"]])
    }

    @Test(arguments: [
        "lost text\n<!-- section: lessons -->\nx", "<!-- section: other -->\nx",
        "<!-- section: lessons -->\nx\n<!-- section: lessons -->\ny",
    ])
    func `text that belongs nowhere is refused, so that nothing is lost`(edited: String) {
        #expect(throws: Failure.self) { try ReviewFile.changes(edited, of: Self.sections) }
    }

    @Test func `what the catalog suggests has its commands`() throws {
        let answer = try JSONReader.read(
            """
            {"root": [{"component": "db", "explains": {"components": ["auth", "feed"], "total": 3}, "reasons": ["fits"],
             "how": {"method": "PUT", "path": "/v1/incidents/7/impacts/db", "body": {"impact": "degraded"}}}],
             "affected": [], "severity": {"suggested": "sev1", "current": null, "differs": true, "reasons": [],
             "how": {"method": "PATCH", "path": "/v1/incidents/7", "body": {"severity": "sev1"}}}}
            """)
        let lines = SuggestionView.lines(answer, style: Self.plain)
        #expect(lines.contains("  db  explains auth, feed and 1 more"))
        #expect(lines.contains("      muster impact -i 7 db degraded"))
        #expect(lines.contains("      muster set -i 7 --severity sev1"))
    }
}
