import FoundationEssentials
import Testing

@testable import IncidentDomain

/// Impact is a level over time: lengths are sums of stretches, computed here by hand.
struct ImpactHistoryTests {
    private static func history(_ given: Given) -> ImpactHistory {
        ImpactHistory(given.incident)
    }

    private static func levels(_ given: Given, _ component: String = "feed") -> [String] {
        (history(given).stretches[component] ?? []).map { stretch in
            let end = stretch.end.map { String($0.toTheSecond.dropFirst(11).prefix(5)) } ?? "now"
            let places = stretch.regions.isEmpty ? "" : " " + stretch.regions.joined(separator: "+")
            return "\(stretch.level.rawValue) \(stretch.begin.toTheSecond.dropFirst(11).prefix(5)) \(end)\(places)"
        }
    }

    private static func hit(
        _ level: ImpactLevel, from start: String? = nil, until end: String? = nil, regions: [String] = [],
        _ component: String = "feed"
    ) -> IncidentCommand {
        .setImpact(
            ComponentImpact(
                component: component, impact: level, regions: regions, startedAt: start.map { clock($0) },
                endedAt: end.map { clock($0) }))
    }

    /// W1 of the reviews' list: degraded from 10:00, down from 10:30 to 12:00, degraded until 14:10.
    @Test func `degraded, down and degraded again are three stretches`() throws {
        let given = try Given().and(Self.hit(.degraded)).later("10:30").and(Self.hit(.majorOutage))
            .later("12:00").and(Self.hit(.degraded)).later("14:20").and(Self.hit(.degraded, until: "14:10"))
        #expect(
            Self.levels(given)
                == ["degraded 10:00 10:30", "major_outage 10:30 12:00", "degraded 12:00 14:10"])
        let history = Self.history(given)
        #expect(history.worst == .majorOutage && history.worst(of: "feed") == .majorOutage)
        #expect(history.length(at: .majorOutage) == ImpactHistory.Length(seconds: 5400, isOngoing: false))
        #expect(history.length(of: "feed", at: .degraded).seconds == 1800 + 7800)
        #expect(history.length().seconds == 15_000)
    }

    @Test func `what was entered late stands where it happened`() throws {
        let given = try Given().and(Self.hit(.degraded)).later("12:00").and(Self.hit(.partialOutage))
            .later("13:00").and(Self.hit(.majorOutage, from: "11:00"))
        #expect(
            Self.levels(given) == ["degraded 10:00 11:00", "major_outage 11:00 12:00", "partial_outage 12:00 now"])
    }

    @Test func `what is said of a moment stands there, in whatever order it is said`() throws {
        for (marks, wanted) in [
            (
                [("10:00", ImpactLevel.majorOutage), ("11:00", .degraded), ("12:00", .majorOutage)],
                ["major_outage 10:00 11:00", "degraded 11:00 12:00", "major_outage 12:00 now"]
            ),
            (
                [("10:00", .degraded), ("11:00", .majorOutage), ("12:00", .partialOutage)],
                ["degraded 10:00 11:00", "major_outage 11:00 12:00", "partial_outage 12:00 now"]
            ),
            (
                [("10:00", .majorOutage), ("11:00", .none), ("12:00", .majorOutage), ("13:00", .none)],
                ["major_outage 10:00 11:00", "major_outage 12:00 13:00"]
            ),
        ] {
            for order in Self.orders(marks) {
                for isDated in [false, true] {
                    let given = try order.reduce(try Given().later("14:00")) { given, mark in
                        try given.and(Self.hit(mark.1, from: isDated ? mark.0 : nil), at: clock(mark.0))
                    }
                    let told = "\(order) \(isDated)"
                    // A component that is first said to be well needs no impact.
                    if order[0].1 != .none { #expect(Self.levels(given) == wanted, "\(told)") }
                    let present = given.incident.impacts.first.map { $0.isOngoing ? $0.impact : .none }
                    #expect(present == marks.last?.1, "\(told)")
                }
            }
        }
    }

    private static func orders<Element>(_ elements: [Element]) -> [[Element]] {
        guard !elements.isEmpty else { return [[]] }
        return elements.indices.flatMap { index in
            var rest = elements
            let first = rest.remove(at: index)
            return orders(rest).map { [first] + $0 }
        }
    }

    @Test func `two outages of one level are two, and one that is said again is one`() throws {
        let hit = { (start: String, end: String?) in Self.hit(.majorOutage, from: start, until: end) }
        let two = try Given().later("14:00").and(hit("10:00", "11:00"), hit("12:00", "13:00"))
        #expect(Self.levels(two) == ["major_outage 10:00 11:00", "major_outage 12:00 13:00"])
        let longer = try Given().later("14:00").and(hit("10:00", "10:30"), hit("10:00", "10:35"))
        #expect(Self.levels(longer) == ["major_outage 10:00 10:35"])
        let open = try Given().later("14:00").and(hit("10:00", nil), hit("10:00", "10:35"))
        #expect(Self.levels(open) == ["major_outage 10:00 10:35"])
        let restored = try Given.restoring("feed").and(.start("feed"), .verify("feed")).later("11:30")
            .and(hit("10:00", "11:00"))
        #expect(Self.levels(restored) == ["major_outage 10:00 11:00"])
        #expect(restored.incident.clocks.mitigatedAt == clock("11:00"))
    }

    @Test func `stretches that touch are both there, in whatever order they are said`() throws {
        let first = Self.hit(.majorOutage, from: "10:00", until: "11:00")
        for (end, last) in [("12:00", "12:00"), (nil, "now")] {
            let second = Self.hit(.degraded, from: "11:00", until: end)
            for commands in [[first, second], [second, first]] {
                let given = try Given().later("14:00").and(commands)
                #expect(Self.levels(given) == ["major_outage 10:00 11:00", "degraded 11:00 \(last)"])
                #expect(given.incident.impacts[0].isOngoing == (end == nil))
            }
        }
    }

    @Test func `a beginning before another level takes that level's place`() throws {
        let given = try Given().later("13:00").and(
            Self.hit(.degraded, from: "10:10"), Self.hit(.majorOutage, from: "10:20"),
            Self.hit(.majorOutage, from: "10:05"))
        #expect(Self.levels(given) == ["major_outage 10:05 now"])
        #expect(given.incident.impacts[0].impact == .majorOutage)
    }

    @Test func `the right level of the moment at which a wrong one began replaces that one, whatever was said last`()
        throws
    {
        let given = try Given().later("13:00").and(
            Self.hit(.degraded, from: "12:20"), Self.hit(.majorOutage, from: "12:05"))
        #expect(Self.levels(given) == ["major_outage 12:05 12:20", "degraded 12:20 now"])
        let right = try given.and(Self.hit(.majorOutage, from: "12:20"))
        #expect(Self.levels(right) == ["major_outage 12:05 now"])
        // A time that was corrected can be corrected back.
        let moved = try Given().later("13:00").and(
            Self.hit(.majorOutage, from: "12:10"), Self.hit(.majorOutage, from: "12:05"),
            Self.hit(.majorOutage, from: "12:10"))
        #expect(Self.levels(moved) == ["major_outage 12:10 now"])
    }

    @Test func `what is said of a past moment twice is written once`() throws {
        let given = try Given().later("13:00").and(Self.hit(.majorOutage), at: clock("12:00"))
            .and(Self.hit(.degraded), at: clock("11:00"))
        #expect(given.when(Self.hit(.degraded), at: clock("11:00")) == .nothing)
        #expect(given.when(Self.hit(.degraded), at: clock("11:10")).isAccepted)
    }

    @Test func `a wrong level of the past that was said last is struck out`() throws {
        let given = try Given().later("13:00").and(Self.hit(.partialOutage), at: clock("12:00"))
            .and(Self.hit(.majorOutage), at: clock("11:00"))
        let wrong = try #require(given.timeline.last { $0.event.as(ImpactSet.self) != nil })
        let struck = try given.and(.strike(wrong.sequence, wrong.event, reason: "a slip"))
        #expect(Self.levels(struck).allSatisfy { !$0.contains("major") })
        #expect(struck.incident.impacts.map(\.impact) == [.partialOutage])
    }

    @Test func `a level of the past changes nothing of the present`() throws {
        let given = try Given().later("13:00").and(
            Self.hit(.majorOutage, from: "10:00"), Self.hit(.degraded, from: "10:40"),
            Self.hit(.partialOutage, from: "10:25"))
        #expect(given.incident.impacts.map(\.impact) == [.degraded])
        #expect(
            Self.levels(given)
                == ["major_outage 10:00 10:25", "partial_outage 10:25 10:40", "degraded 10:40 now"])
        let over = try Given().later("13:00").and(
            Self.hit(.majorOutage, from: "10:00"), Self.hit(.degraded, from: "10:40", until: "11:00"),
            Self.hit(.partialOutage, from: "10:20"))
        #expect(!over.incident.impacts[0].isOngoing && over.incident.clocks.mitigatedAt == clock("10:20"))
        #expect(Self.levels(over).last == "degraded 10:40 11:00")
    }

    @Test func `a level that is struck out leaves the others as they are`() throws {
        let given = try Given().and(Self.hit(.degraded), at: clock("10:00")).later("11:00")
            .and(Self.hit(.majorOutage), at: clock("10:10")).and(Self.hit(.degraded), at: clock("10:20"))
        let wrong = try #require(given.timeline.first { $0.event.as(ImpactSet.self)?.value.impact == .majorOutage })
        let struck = try given.and(.strike(wrong.sequence, wrong.event, reason: "a slip"))
        #expect(Self.levels(struck) == ["degraded 10:00 now"])
    }

    @Test func `what is well again came back when that was so`() throws {
        let given = try Given.restoring("feed").later("15:00").and(Self.hit(.none), at: clock("11:00"))
        #expect(given.incident.clocks.restoredAt == clock("11:00"))
    }

    @Test func `a corrected beginning moves the stretch, earlier and later`() throws {
        let given = try Given().and(Self.hit(.degraded)).later("11:00").and(Self.hit(.majorOutage, from: "10:40"))
        #expect(Self.levels(given) == ["degraded 10:00 10:40", "major_outage 10:40 now"])
        let earlier = try given.later("11:10").and(Self.hit(.majorOutage, from: "10:20"))
        #expect(Self.levels(earlier) == ["degraded 10:00 10:20", "major_outage 10:20 now"])
        let later = try given.later("11:10").and(Self.hit(.majorOutage, from: "10:50"))
        #expect(Self.levels(later) == ["degraded 10:00 10:50", "major_outage 10:50 now"])
        let start = try given.later("11:10").and(.amend(IncidentAmendment(startedAt: clock("09:50"))))
        #expect(Self.levels(start).first == "degraded 09:50 10:40")
    }

    @Test func `a wrong level is corrected by its own beginning, and struck out once it holds no more`() throws {
        let wrong = try Given().and(Self.hit(.degraded)).later("11:00").and(Self.hit(.majorOutage, from: "10:40"))
        let right = try wrong.later("11:05").and(Self.hit(.partialOutage, from: "10:40"))
        #expect(Self.levels(right) == ["degraded 10:00 10:40", "partial_outage 10:40 now"])
        // A slip of three seconds, which nobody dated.
        let slip = try Given().later("11:00").and(Self.hit(.majorOutage)).later("11:01").and(Self.hit(.degraded))
        #expect(Self.levels(slip) == ["major_outage 10:00 11:01", "degraded 11:01 now"])
        let entry = try #require(slip.timeline.first { $0.event.kind == "impact_set" })
        let struck = try slip.and(.strike(entry.sequence, entry.event, reason: "a slip"))
        #expect(Self.levels(struck) == ["degraded 10:00 now"])
        let last = try #require(slip.timeline.last { $0.event.kind == "impact_set" })
        #expect(slip.when(.strike(last.sequence, last.event, reason: "no")).code == "invalid-value", "it holds")
    }

    @Test func `an alert that came later hit its component then, and not at the start`() throws {
        let news = AlertNews(
            key: AlertGroup.Key(source: UUID(), group: "g"), sourceName: "s", mentions: [],
            firingSince: ["feed": clock("10:05"), "auth": clock("09:00")])
        let impacts = news.impacts(graph: SampleCatalog.graph, beside: nil, startedAt: clock("10:00"))
        #expect(impacts.map(\.component) == ["auth", "feed"])
        #expect(impacts.map(\.startedAt) == [nil, clock("10:05")])
    }

    @Test func `what changes the impact after the approval takes it back`() throws {
        let approved = try Given.incident(in: .closed)
        #expect(approved.incident.review?.status == .approved)
        let review = try Given().and(Way.toReview).and(.draftReview, .approveReview(sections: []))
        #expect(review.incident.review?.status == .approved)
        let changed = try review.and(Self.hit(.degraded, from: "10:00", until: "10:01"))
        #expect(changed.incident.review?.status == .draft)
    }

    @Test func `a healthy hour before a regression is no harm`() throws {
        var given = try Given.restoring("feed")
        let start = given.now
        given = try given.and(.start("feed"), .verify("feed"))
        let back = given.incident.impacts[0].endedAt
        let again = start.adding(seconds: 3 * 3600)
        given.now = again
        let regressed = try given.and(.fires("feed"))
        let stretches = try #require(Self.history(regressed).stretches["feed"])
        #expect(stretches.map(\.begin) == [Given.start, again] && stretches.map(\.end) == [back, nil])
    }

    @Test func `lengths of several components count what overlaps once`() throws {
        let given = try Given().later("14:00").and(
            Self.hit(.majorOutage, from: "10:00", until: "11:00"),
            Self.hit(.majorOutage, from: "10:30", until: "11:30", "auth"),
            Self.hit(.degraded, from: "13:00", until: "13:10", "upload"))
        let history = Self.history(given)
        #expect(history.length(at: .majorOutage).seconds == 5400)
        #expect(history.length().seconds == 6000)
    }

    @Test func `a wrong beginning that is said again with the right one leaves nothing behind`() throws {
        func hit(_ level: ImpactLevel, _ start: String) -> IncidentCommand {
            .setImpact(ComponentImpact(component: "feed", impact: level, startedAt: clock(start)))
        }
        let given = try Given().later("11:00").and(
            hit(.degraded, "10:20"), hit(.majorOutage, "10:10"), hit(.majorOutage, "10:30"))
        let stretches = Self.history(given).stretches["feed"] ?? []
        #expect(stretches.map(\.level) == [.degraded, .majorOutage])
        #expect(stretches.map(\.begin) == [clock("10:20"), clock("10:30")])
    }

    @Test func `the worst level over time is one line for all components`() throws {
        func hit(_ component: String, _ level: ImpactLevel, _ start: String, _ end: String?) -> IncidentCommand {
            .setImpact(
                ComponentImpact(
                    component: component, impact: level, startedAt: clock(start), endedAt: end.map(clock)))
        }
        let given = try Given().later("12:00").and(
            hit("feed", .degraded, "10:10", "11:00"), hit("auth", .majorOutage, "10:20", "10:30"),
            hit("archive", .degraded, "11:10", nil))
        let line = Self.history(given).worstOverTime
        #expect(line.map(\.level) == [.degraded, .majorOutage, .degraded, .degraded])
        #expect(line.map(\.begin) == ["10:10", "10:20", "10:30", "11:10"].map(clock))
        #expect(line.map(\.end) == ["10:20", "10:30", "11:00"].map(clock) + [nil])
    }

    @Test func `regions that come later make a stretch of their own, and what is removed is gone`() throws {
        let given = try Given().and(Self.hit(.degraded, regions: ["eu-west"], "upload"))
            .later("11:00").and(Self.hit(.degraded, regions: ["eu-west", "us-east"], "upload"))
        #expect(
            Self.levels(given, "upload") == ["degraded 10:00 11:00 eu-west", "degraded 11:00 now eu-west+us-east"])
        let removed = try given.later("11:10").and(.removeImpact(component: "upload"))
        #expect(Self.history(removed).stretches.isEmpty && Self.history(removed).worst == nil)
    }

    @Test func `an earlier time at the level that holds now leaves what was between`() throws {
        let given = try Given().later("12:00").and(Self.hit(.majorOutage, from: "10:10"), at: clock("10:10"))
            .and(Self.hit(.degraded), at: clock("10:40"))
        let both = try given.and(Self.hit(.degraded, from: "10:00", until: "10:10"))
        #expect(Self.levels(both) == ["degraded 10:00 10:10", "major_outage 10:10 10:40", "degraded 10:40 now"])
        #expect(both.incident.impacts.first?.isOngoing == true && both.incident.impacts.first?.impact == .degraded)
    }

    @Test func `the incident and its history say the same of a beginning`() throws {
        let given = try Given().later("12:00").and(Self.hit(.degraded, from: "10:20"), at: clock("10:20"))
        for (moment, begin) in [("10:25", "10:20"), ("10:15", "10:15")] {
            let again = try given.and(Self.hit(.degraded, from: moment), at: clock(moment))
            #expect(again.incident.impacts.first?.startedAt == clock(begin), "\(moment)")
            #expect(Self.levels(again) == ["degraded \(begin) now"], "\(moment)")
            let corrected = try given.and(Self.hit(.degraded, from: moment))
            #expect(corrected.incident.impacts.first?.startedAt == clock(moment))
            #expect(Self.levels(corrected) == ["degraded \(moment) now"])
        }
    }

    @Test func `what was over before it was said did not begin when it was said`() throws {
        let over = Self.hit(.partialOutage, until: "10:00")
        let given = try Given().later("12:00").and(over, at: clock("10:31"))
            .and(Self.hit(.partialOutage), at: clock("10:30"))
        #expect(given.incident.impacts.first?.isOngoing == true && Self.levels(given) == ["partial_outage 10:30 now"])
    }

    @Test func `what a step brought back before its harm was said stays over`() throws {
        let given = try Given.restoring("feed").later("10:40").and(.start("feed"), at: clock("10:20"))
            .and(.verify("feed"), at: clock("10:25"))
        let late = try given.and(Self.hit(.degraded), at: clock("10:24"))
        #expect(late.incident.impacts.first { $0.component == "feed" }?.isOngoing == false)
        #expect(Self.levels(late).last?.hasSuffix("now") == false, "\(Self.levels(late))")
    }

    @Test func `the length of harm is never more than the time that it spans, whatever is said`() throws {
        var random = SeededGenerator()
        let seed = random.seedText
        for _ in 0..<60 {
            let life = RandomLife.make(commands: 80, &random) { _ in }
            guard let incident = life.incident else { continue }
            let history = ImpactHistory(incident)
            for (component, stretches) in history.stretches {
                let ordered = zip(stretches, stretches.dropFirst()).allSatisfy { one, next in
                    one.end.map { $0 <= next.begin } ?? false
                }
                try #require(ordered, "\(component) \(seed)")
                let isHarm = stretches.allSatisfy { $0.level.isHarm && ($0.seconds ?? 1) > 0 }
                try #require(isHarm, "\(component) \(seed)")
            }
            // What the incident says goes on, goes on here, and nothing else does.
            let ongoing = Set(history.stretches.filter { $0.value.last?.end == nil }.keys)
            // What was given up counts no more.
            let isOver = incident.times.restoredAt != nil
            let waived = Set(
                incident.impacts.map(\.component).filter { component in
                    let steps = incident.steps(of: component)
                    return !steps.isEmpty && steps.allSatisfy { $0.state == .waived }
                })
            let wanted = isOver ? [] : Set(incident.impacts.filter(\.isOngoing).map(\.component)).subtracting(waived)
            let wrong = wanted.symmetricDifference(ongoing)
            let said = life.timeline.filter { recorded in
                let text = "\(recorded.event.payload)"
                return wrong.contains { text.contains("\"\($0)\"") } || text.hasPrefix("Incident")
            }.map { "\($0.sequence) \($0.occurredAt) \($0.event.payload)" }.joined(separator: "\n")
            let log = (incident.impactLog ?? [:]).filter { wrong.contains($0.key) }
            try #require(wrong.isEmpty, "\(seed)\n\(incident.impacts)\n\(said)\n\(log)")
        }
    }
}
