import Testing

@testable import IncidentDomain

/// What subscribers are told: a table of changes, each with what was told before.
struct PublicTellerTests {
    private static let now = clock("12:00")

    private static func incident(
        _ status: PublicIncidentStatus = .investigating, number: Int = 42, updates: [PublicIncident.Update] = [],
        hits: [String] = ["id-feed"], at moment: Timestamp = clock("11:00"), leftOut: Int = 0
    ) -> PublicIncident {
        PublicIncident(
            number: number, status: status, startedAt: moment, createdAt: moment, updatedAt: moment,
            monitoringAt: status == .monitoring ? now : nil, resolvedAt: status.isResolved ? now : nil,
            hits: hits.map { id in
                PublicIncident.Hit(
                    component: id,
                    stretches: [PublicIncident.Stretch(level: .majorOutage, begin: moment, end: nil)])
            }, updates: updates, updatesLeftOut: leftOut, etas: [], etaIsTakenBack: nil, progress: nil,
            postMortem: nil, causeCode: nil)
    }

    private static func update(
        _ id: Int, corrected: Timestamp? = nil, at moment: Timestamp = clock("11:30")
    ) -> PublicIncident.Update {
        PublicIncident.Update(
            id: id, publishedAt: moment, correctedAt: corrected, status: .investigating, language: "en",
            body: "Update \(id)", steps: [], eta: nil, levels: [:])
    }

    private static func work(
        _ id: String, _ begin: Timestamp, _ end: Timestamp, state: MaintenanceOccurrence.State = .scheduled,
        madeAt: Timestamp = clock("08:00")
    ) throws -> PublicMaintenance {
        var occurrence = MaintenanceOccurrence(local: LocalTime(seconds: 0), startsAt: begin, endsAt: end)
        occurrence.state = state
        return try #require(
            PublicMaintenance(
                occurrence,
                of: MaintenanceWindow(
                    title: "hunter2", components: ["feed"], start: LocalTime(seconds: 0), timeZone: "Etc/UTC",
                    durationSeconds: 3_600),
                id: id, version: 1, createdAt: madeAt, updatedAt: madeAt, catalog: PublicIncidentTests.catalog))
    }

    private static func record(
        _ incidents: [PublicIncident] = [], _ maintenance: [PublicMaintenance] = [], merged: [Int: Int] = [:]
    ) -> PublicRecord {
        PublicRecord(
            components: PublicIncidentTests.catalog.components, incidents: incidents, maintenance: maintenance,
            merged: merged)
    }

    /// A subscriber's view of some records, one after the other: the news of each.
    private static func tell(_ records: [PublicRecord], at moments: [Timestamp] = []) -> [[PublicNews]] {
        var told: [String: PublicTold] = [:]
        return records.enumerated().map { index, record in
            let moment = moments.isEmpty ? now : moments[index]
            let subjects = Set(PublicTeller.marks(of: record, at: moment).keys).union(told.keys)
            let result = PublicTeller(record, told: told, at: moment).tell(of: subjects)
            for (subject, state) in result.told { told[subject] = state }
            return result.news
        }
    }

    private static func kinds(_ records: PublicRecord..., at moments: [Timestamp] = []) -> [[[PublicNewsKind]]] {
        tell(records, at: moments).map { $0.map(\.kinds) }
    }

    @Test func `an incident is told from its first word to its review, and nothing twice`() {
        let first = Self.incident(updates: [Self.update(1)])
        let second = Self.incident(.identified, updates: [Self.update(2), Self.update(1)])
        let corrected = Self.incident(.identified, updates: [Self.update(2, corrected: Self.now), Self.update(1)])
        let back = Self.incident(.monitoring, updates: corrected.updates)
        let over = Self.incident(.resolved, updates: corrected.updates)
        let reviewed = Self.incident(.postmortem, updates: corrected.updates)
        let found = Self.kinds(
            Self.record([first]), Self.record([first]), Self.record([second]), Self.record([corrected]),
            Self.record([back]), Self.record([over]), Self.record([over]), Self.record([reviewed]))
        #expect(
            found == [[[.opened]], [], [[.updated]], [[.corrected]], [[.restored]], [[.resolved]], [], [[.reviewed]]])
    }

    @Test func `what happens at once is told at once, the most important first`() {
        let before = Self.incident(updates: [Self.update(1)])
        let after = Self.incident(.resolved, updates: [Self.update(2), Self.update(1, corrected: Self.now)])
        let news = Self.tell([Self.record([before]), Self.record([after])])[1]
        #expect(news.map(\.kinds) == [[.resolved, .updated, .corrected]] && news.first?.updates == [2, 1])
        #expect(news.first?.titles["de"] == "Feed: vollständiger Ausfall")
        let again = Self.incident(.identified, updates: after.updates)
        #expect(Self.kinds(Self.record([after]), Self.record([again])) == [[[.opened, .resolved]], [[.reopened]]])
    }

    @Test func `an update that is gone is told, and one that only made room is not`() {
        let three = [Self.update(3), Self.update(2), Self.update(1)]
        let before = Self.record([Self.incident(updates: three)])
        let redacted = Self.record([Self.incident(updates: [three[0], three[2]])])
        let full = Self.record([Self.incident(updates: [three[0], three[1]], leftOut: 1)])
        #expect(Self.kinds(before, redacted)[1] == [[.updateWithdrawn]])
        #expect(Self.kinds(before, full)[1] == [])
    }

    @Test func `what was withdrawn is told to those who were told, and says nothing of it`() throws {
        let news = Self.tell([Self.record([Self.incident(updates: [Self.update(1)])]), Self.record()])[1]
        let one = try #require(news.first)
        #expect(one.kinds == [.withdrawn] && one.isForToldOnly && one.hears == ["id-feed"])
        #expect(one.record.incidents.isEmpty && one.record.components.isEmpty && one.titles.isEmpty)
        #expect(
            Self.kinds(Self.record([Self.incident()]), Self.record(), Self.record([Self.incident()]))[2] == [[.opened]])
    }

    @Test func `an incident that was merged goes on as the other, of which nobody hears twice`() throws {
        let (one, other) = (Self.incident(number: 1), Self.incident(.identified, number: 2, hits: ["id-comments"]))
        let merged = Self.record([other], merged: [1: 2])
        let news = Self.tell([Self.record([one]), merged, merged])
        #expect(news[1].map(\.kinds) == [[.merged]] && news[2].isEmpty)
        let told = try #require(news[1].first)
        #expect(told.subject == "incident/1" && told.number == 1 && told.target == 2 && told.incident?.number == 2)
        #expect(told.hears == ["id-comments", "id-feed"])
        let both = Self.tell([Self.record([one, other]), merged])[1]
        #expect(both.map(\.kinds) == [[.merged]])
    }

    @Test func `an installation that writes its past down tells nobody`() {
        let old = Self.incident(
            .resolved, updates: [Self.update(1, at: clock("11:00").adding(seconds: -90_000))],
            at: clock("11:00").adding(seconds: -90_000))
        let more = Self.incident(
            .postmortem, updates: old.updates, at: clock("11:00").adding(seconds: -90_000))
        #expect(Self.kinds(Self.record([old]))[0] == [])
        #expect(Self.kinds(Self.record([old]), Self.record([more]))[1] == [[.reviewed]], "that happens now")
    }

    @Test func `maintenance is told when it is near, when it moves, begins and ends`() throws {
        let (begin, end) = (Self.now.adding(seconds: 10 * 86_400), Self.now.adding(seconds: 10 * 86_400 + 3_600))
        let planned = try Self.work("m", begin, end)
        let later = try Self.work("m", begin.adding(seconds: 600), end)
        let runs = try Self.work("m", begin.adding(seconds: 600), end, state: .running)
        let longer = try Self.work("m", begin.adding(seconds: 600), end.adding(seconds: 600), state: .running)
        let done = try Self.work("m", begin.adding(seconds: 600), end.adding(seconds: 600), state: .done)
        let near = begin.adding(seconds: -86_400)
        let found = Self.kinds(
            Self.record([], [planned]), Self.record([], [planned]), Self.record([], [later]), Self.record([], [runs]),
            Self.record([], [longer]), Self.record([], [done]), Self.record([], [done]),
            at: [
                Self.now, near, near, begin.adding(seconds: 601), begin.adding(seconds: 700), end.adding(seconds: 700),
                end.adding(seconds: 800),
            ])
        #expect(found == [[], [[.announced]], [[.moved]], [[.begun]], [[.moved]], [[.ended]], []])
    }

    @Test func `maintenance begins and ends by the clock alone`() throws {
        let (begin, end) = (Self.now.adding(seconds: 60), Self.now.adding(seconds: 120))
        let record = Self.record([], [try Self.work("m", begin, end)])
        let moments = [Self.now, begin, end]
        #expect(Self.kinds(record, record, record, at: moments) == [[[.announced]], [[.begun]], [[.ended]]])
        let marks = moments.map { PublicTeller.marks(of: record, at: $0) }
        #expect(marks[0] != marks[1] && marks[1] != marks[2])
    }

    @Test func `a window with other times is moved, and one that is gone is cancelled`() throws {
        let begin = Self.now.adding(seconds: 3_600)
        let before = Self.record([], [try Self.work("m-1", begin, begin.adding(seconds: 60))])
        let moved = Self.record([], [try Self.work("m-2", begin.adding(seconds: 60), begin.adding(seconds: 120))])
        let other = Self.record(
            [], [try Self.work("m-3", begin, begin.adding(seconds: 60), madeAt: clock("08:01"))])
        #expect(Self.kinds(before, moved)[1] == [[.moved]])
        #expect(Set(Self.kinds(before, other)[1]) == [[.cancelled], [.announced]])
        let gone = try #require(Self.tell([before, Self.record()])[1].first)
        #expect(gone.kinds == [.cancelled] && gone.isForToldOnly && gone.titles["en"] == "Planned maintenance: Feed")
        let late = Self.kinds(before, Self.record(), at: [Self.now, begin.adding(seconds: 7_200)])
        #expect(late[1] == [], "it would be over anyway")
    }

    @Test func `news hold what is public of their subject and nothing else`() throws {
        let others = (1...3).map { Self.incident(number: $0, updates: [Self.update($0)], hits: ["id-comments"]) }
        let record = Self.record(others + [Self.incident(updates: [Self.update(9)])])
        let news = Self.tell([record])[0]
        #expect(news.count == 4)
        let one = try #require(news.first { $0.number == 42 })
        #expect(one.record.incidents.map(\.number) == [42] && one.record.components.map(\.id) == ["id-feed"])
        #expect(one.status.name(of: try #require(one.incident)).english == "Feed: major outage")
    }
}

/// How many may subscribe.
struct SubscribingTests {
    private static let limits = SubscriptionLimits()

    private func decide(
        _ channel: SubscriptionChannel = .mail, _ change: (inout SubscriptionCounts) -> Void
    ) -> SubscriptionDecision {
        var counts = SubscriptionCounts()
        change(&counts)
        return Self.limits.decide(counts, channel)
    }

    @Test func `whoever is new is asked, whoever is there is told so, and a webhook that is there hears nothing`() {
        #expect(decide { _ in } == .ask)
        #expect(decide { $0.existing = .pending } == .ask)
        #expect(decide { $0.existing = .confirmed } == .remind)
        #expect(decide(.webhook) { $0.existing = .confirmed } == .beQuiet)
    }

    @Test func `a mailbox is asked three times a day, and nobody learns that there was more`() {
        #expect(decide { $0.questionsToReceiverToday = 2 } == .ask)
        for existing in SubscriptionCounts.Existing.allCases {
            let decision = decide {
                $0.questionsToReceiverToday = SubscriptionLimits.perMailboxDayMax
                $0.existing = existing
            }
            #expect(decision == .beQuiet)
        }
        #expect(decide(.webhook) { $0.questionsToReceiverToday = 19 } == .ask)
        #expect(decide(.webhook) { $0.questionsToReceiverToday = SubscriptionLimits.perHostDayMax } == .beQuiet)
    }

    @Test(arguments: SubscriptionCounts.Existing.allCases)
    func `what refuses is the same whether the address is there or not`(_ existing: SubscriptionCounts.Existing) {
        let limits = Self.limits
        #expect(decide { ($0.existing, $0.all) = (existing, limits.max) } == .refuse(.all))
        #expect(decide { ($0.existing, $0.pending) = (existing, limits.pendingMax) } == .refuse(.all))
        #expect(decide { ($0.existing, $0.ofNetwork) = (existing, limits.perNetworkMax) } == .refuse(.network))
        #expect(
            decide { ($0.existing, $0.pendingOfNetwork) = (existing, limits.pendingPerNetworkMax) }
                == .refuse(.network))
        #expect(decide { ($0.existing, $0.questionsToday) = (existing, limits.questionsPerDayMax) } == .refuse(.day))
    }
}
