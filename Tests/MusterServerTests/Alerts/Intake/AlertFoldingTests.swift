import FoundationEssentials
import IncidentDomain
import Testing

@testable import MusterServer

/// How messages that arrive together become statements in which each identity stands once.
struct AlertFoldingTests {
    private static let source = UUID()

    private static func fold(_ alerts: IncomingAlert...) -> [[String]] {
        AlertFolding.rounds(alerts.map { (source, [$0]) }, at: .now()).map { round in
            round.map { "\($0.alert.identity) \($0.alert.status) \($0.occurrences)" }
        }
    }

    @Test func `nothing folds into nothing`() {
        #expect(Self.fold() == [])
    }

    @Test func `different identities share a statement, in an order that every daemon has`() {
        #expect(Self.fold(.firing("b"), .firing("a"), .firing("c")) == [["a firing 1", "b firing 1", "c firing 1"]])
    }

    @Test func `repeats are counted, and the newest words stay`() {
        let rounds = AlertFolding.rounds(
            [(Self.source, [.firing("a", title: "old")]), (Self.source, [.firing("a", title: "new")])], at: .now())
        #expect(rounds.count == 1 && rounds[0].count == 1)
        #expect(rounds[0][0].occurrences == 2 && rounds[0][0].alert.title == "new")
    }

    @Test func `a change of state waits for the next statement`() {
        let rounds = Self.fold(
            .firing("a", at: 0), .resolved("a", at: 0), .firing("b"), .firing("a", at: 2), .firing("a", at: 2))
        #expect(rounds == [["a firing 1", "b firing 1"], ["a resolved 1"], ["a firing 2"]])
    }

    @Test func `repeated ends are one`() {
        #expect(Self.fold(.resolved("a"), .resolved("a")) == [["a resolved 1"]])
    }

    @Test func `another start is another arrival`() {
        #expect(Self.fold(.firing("a", at: 0), .firing("a", at: 1)) == [["a firing 1"], ["a firing 1"]])
    }

    @Test func `the same identity of two sources does not wait`() {
        let rounds = AlertFolding.rounds([(UUID(), [.firing("a")]), (UUID(), [.resolved("a")])], at: .now())
        #expect(rounds.count == 1 && rounds[0].count == 2)
    }

    @Test func `each arrival has an id of its own, of version 7`() {
        let ids = AlertFolding.rounds([(Self.source, [.firing("a")])] + [(Self.source, [.firing("b")])], at: .now())[0]
            .map { $0.makeID() }
        #expect(Set(ids).count == 2 && ids.allSatisfy { $0.uuid.6 >> 4 == 7 && $0.uuid.8 >> 6 == 2 })
    }

    @Test func `what repeats do not say stays, and what only counts changes nothing`() {
        var first = IncomingAlert.firing("a", component: "db", title: "Slow")
        first.annotations = ["x": "1", "y": "1"]
        var second = IncomingAlert.firing("a", title: "a")
        (second.severity, second.annotations) = (nil, ["y": "2"])
        var third = IncomingAlert.firing("a", title: "counted")
        (third.isOnlyCounted, third.severity) = (true, "info")
        let alert = AlertFolding.rounds([(Self.source, [first, second, third])], at: .now())[0][0]
        #expect(alert.occurrences == 3 && alert.alert.title == "Slow" && alert.alert.severity == "critical")
        #expect(alert.alert.annotations == ["x": "1", "y": "2"] && alert.alert.component == "db")
    }
}
