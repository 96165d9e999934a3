import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// Which notifications are made of what happens.
@Suite(.timeLimit(.minutes(20))) struct NoticeFanOutTests {
    @Test
    func `two daemons at once make exactly one notification an event and endpoint, in the order of each timeline`()
        async throws
    {
        try await NotificationSite.with { site in
            let ids = [try await site.endpoint("a"), try await site.endpoint("b")]
            try await site.daemon.beside { other in
                let second = NotificationSite(other)
                var numbers: [Int] = []
                for turn in 1...6 {
                    numbers.append(try await site.daemon.open("Number \(turn)"))
                    try await site.daemon.tell(.acknowledge, numbers[turn - 1])
                    async let one: Void = site.fanOut.pass()
                    async let two: Void = second.fanOut.pass()
                    try await site.daemon.tell(.addNote(text: "note \(turn)", key: false), numbers[turn - 1])
                    _ = try await (one, two)
                }
                async let one: Void = site.tellAll()
                async let two: Void = second.tellAll()
                _ = try await (one, two)
                let events = try await site.daemon.count("timeline_entry")
                for id in ids {
                    let keys = try await site.column("notice.key", of: id)
                    #expect(keys.count == events && Set(keys).count == events)
                    for number in numbers {
                        let sequences = keys.filter { $0.hasPrefix("event/\(number)-") }
                        #expect(sequences == sequences.indices.map { "event/\(number)-\($0 + 1)" })
                    }
                }
            }
        }
    }

    @Test func `a pass waits a moment for the daemon that is at it, and for a transaction that is older`() async throws
    {
        try await NotificationSite.with { site in
            let id = try await site.endpoint()
            let number = try await site.daemon.open()
            try await site.pool.transaction { transaction in
                #expect(try await NoticeStore.hold(in: transaction) != nil)
                try await site.daemon.beside { other in try await NotificationSite(other).fanOut.pass() }
                #expect(try await site.column("notice.key", of: id) == [])
            }
            try await site.tellAll()
            #expect(try await site.column("notice.key", of: id).first == "event/\(number)-1")
        }
    }

    @Test func `nobody is told of what happened before, and where nobody hears it is passed by`() async throws {
        try await NotificationSite.with { site in
            _ = try await site.daemon.open("Before")
            try await site.tellAll()
            #expect(try await site.daemon.count("notice") == 0)
            let id = try await site.endpoint()
            let number = try await site.daemon.open("After")
            try await site.tellAll()
            #expect(try await site.column("notice.incident", of: id).allSatisfy { $0 == "\(number)" })
            #expect(try await site.column("notice.incident", of: id).isEmpty == false)
        }
    }

    @Test func `an endpoint that cannot be read keeps no other from hearing`() async throws {
        try await NotificationSite.with { site in
            let (bad, good) = (try await site.endpoint("bad"), try await site.endpoint("good"))
            try await site.pool.query("UPDATE endpoint SET settings = '{}' WHERE id = \(bad)")
            _ = try await site.daemon.open()
            try await site.tellAll()
            #expect(try await site.column("state", of: bad).isEmpty)
            #expect(try await site.column("state", of: good).isEmpty == false)
        }
    }

    @Test func `a redaction takes texts out of notices and answers, also of those that are made at the same moment`()
        async throws
    {
        try await NotificationSite.with { site in
            let id = try await site.endpoint()
            let secret = "the password is hunter2"
            let number = try await site.daemon.open("Videos do not play")
            try await site.daemon.tell(.addNote(text: secret, key: false), number)
            let sequence = try await site.daemon.timeline(number).count
            // The fan-out has read its page and not yet stored it.
            let redacting = try await site.pool.transaction { transaction in
                let start = try #require(try await NoticeStore.hold(in: transaction))
                var page = try await NoticeStore.page(after: start, limit: 200, in: transaction)
                while !page.entries.contains(where: { $0.recorded.sequence == sequence }) {
                    page = try await NoticeStore.page(after: start, limit: 200, in: transaction)
                }
                let incident = try #require(try await NoticeStore.incidents([number], in: transaction)[number])
                let planned = page.entries.map { entry in
                    NoticeStore.Planned(
                        key: NoticeStore.key(of: number, entry.recorded.sequence),
                        notice: Notice(entry, of: incident, policy: PhasePolicy()), endpoint: id,
                        lane: NoticeStore.lane(of: number))
                }
                let redacting = Task {
                    try await site.daemon.desk.redact(
                        sequence, of: number, reason: "a secret", CommandContext(principal: .mia))
                }
                try await site.daemon.beside { other in try await other.pool.waitUntilSomebodyWaits() }
                try await NoticeStore.carryOut(planned, of: page, in: transaction)
                return redacting
            }
            _ = try await redacting.value
            let bodies = try await site.column("notice.body", of: id)
            #expect(bodies.count >= sequence && !bodies.contains { $0.contains("hunter2") }, "\(bodies)")
        }
    }

    @Test func `a redaction goes through all that is told and answered, some at a time`() async throws {
        try await NotificationSite.with { site in
            let id = try await site.endpoint()
            let secret = "the password is hunter2"
            let number = try await site.daemon.open("Videos do not play")
            try await site.daemon.tell(.addNote(text: secret, key: false), number)
            let sequence = try await site.daemon.timeline(number).count
            try await site.tellAll()
            try await site.pool.query(
                """
                INSERT INTO notice (key, kind, incident, body, fanned_out)
                SELECT key || '/' || turn, kind, incident, body, true FROM notice, generate_series(1, 250) AS turn
                WHERE key = \(NoticeStore.key(of: number, sequence))
                """)
            try await site.pool.query(
                """
                INSERT INTO notification_attempt (notification, attempt, at, duration_ms, status, outcome, detail, answer)
                SELECT (SELECT max(id) FROM notification WHERE endpoint = \(id)), turn, now(), 1, 400, 'failed', 'no',
                    'I got ' || \(secret) FROM generate_series(1, 450) AS turn
                """)
            _ = try await site.daemon.desk.redact(
                sequence, of: number, reason: "a secret", CommandContext(principal: .mia))
            #expect(try await site.daemon.count("notice", where: "body::text LIKE '%hunter2%'") == 0)
            #expect(try await site.daemon.count("notification_attempt", where: "answer LIKE '%hunter2%'") == 0)
            #expect(try await site.daemon.count("notification_attempt", where: "answer LIKE 'I got %'") == 450)
        }
    }
}
