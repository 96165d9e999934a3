import FoundationEssentials
import IncidentDomain
import Postgres
import TestSupport
import Testing

@testable import MusterServer

/// The outbox: claims, leases, results, and what waits for too long.
@Suite(.timeLimit(.minutes(20))) struct NotificationStoreTests {
    private func result(
        _ lane: ClaimedLane, _ index: Int = 0, _ verdict: OutboundVerdict = .delivered(), isLast: Bool = false
    ) -> AttemptResult {
        AttemptResult(
            notification: lane.due[index].id, endpoint: lane.endpoint, lane: lane.lane,
            attempt: lane.due[index].attempts + 1, at: lane.now, durationMilliseconds: 3, status: 200, verdict: verdict,
            answer: "", isLast: isLast, wasFailing: lane.isFailing)
    }

    private func release(_ lane: ClaimedLane, after seconds: Double? = nil) -> LaneRelease {
        LaneRelease(endpoint: lane.endpoint, lane: lane.lane, claim: lane.claim, retrySeconds: seconds)
    }

    /// Opens incidents and makes the notifications of them.
    private func fill(_ site: NotificationSite, incidents: Int) async throws {
        for turn in 1...incidents { _ = try await site.daemon.open("Number \(turn)") }
        try await site.tellAll()
    }

    @Test func `two daemons claim each lane once, and no more than there is room for`() async throws {
        try await NotificationSite.with { site in
            let id = try await site.endpoint()
            try await fill(site, incidents: 10)
            async let first = site.store.claim(perEndpoint: 4, busy: [:], leaseSeconds: 60)
            async let second = site.store.claim(perEndpoint: 4, busy: [id: 1], leaseSeconds: 60)
            let (one, two) = try await (first, second)
            #expect(one.count <= 4 && two.count <= 3)
            #expect(Set(one.map(\.lane)).isDisjoint(with: two.map(\.lane)))
            #expect(try await site.store.claim(perEndpoint: 4, busy: [id: 4], leaseSeconds: 60).isEmpty)
        }
    }

    @Test func `what has a format of a newer release is made, and waits for a daemon that knows it`() async throws {
        try await NotificationSite.with { site in
            let id = try await site.endpoint()
            try await site.pool.query("UPDATE endpoint SET format = 'carrier-pigeon' WHERE id = \(id)")
            try await fill(site, incidents: 1)
            #expect(try await Set(site.column("state", of: id)) == ["pending"])
            #expect(try await site.store.claim(perEndpoint: 4, busy: [:], leaseSeconds: 60).isEmpty)
            try await site.pool.query("UPDATE endpoint SET format = 'standard-webhooks' WHERE id = \(id)")
            #expect(try await site.store.claim(perEndpoint: 4, busy: [:], leaseSeconds: 60).count == 1)
        }
    }

    @Test func `a lane is claimed anew when its lease is over, and then no longer its first daemon's`() async throws {
        try await NotificationSite.with { site in
            try await site.endpoint()
            try await fill(site, incidents: 1)
            let old = try #require(try await site.store.claim(perEndpoint: 4, busy: [:], leaseSeconds: 0).first)
            let held = try await site.store.renew([old.key: old.claim], leaseSeconds: 0)
            #expect(held == [old.key])
            let new = try #require(try await site.store.claim(perEndpoint: 4, busy: [:], leaseSeconds: 60).first)
            #expect(new.key == old.key && new.due.map(\.id) == old.due.map(\.id))
            #expect(try await site.store.renew([old.key: old.claim], leaseSeconds: 60).isEmpty)
            // What the first one sent counts, but the lane stays the other's.
            try await site.store.record([result(old)], [release(old)])
            #expect(try await site.daemon.count("notification_lane", where: "claim IS NOT NULL") == 1)
            #expect(try await site.daemon.count("notification", where: "state = 'delivered'") == 1)
            // The same is written again, as its answer was lost.
            try await site.store.record([result(old)], [release(old)])
            #expect(try await site.daemon.count("notification_attempt") == 1)
            #expect(try await site.daemon.count("notification", where: "tries = 1 AND attempts = 1") == 1)
            try await site.store.record(new.due.indices.map { result(new, $0) }, [release(new)])
            #expect(try await site.daemon.count("notification_lane") == 0)
        }
    }

    @Test func `what is added while a lane is freed is not left alone`() async throws {
        try await NotificationSite.with { site in
            try await site.endpoint()
            try await fill(site, incidents: 1)
            let lane = try #require(try await site.store.claim(perEndpoint: 4, busy: [:], leaseSeconds: 60).first)
            try await site.daemon.tell(.acknowledge, 1)
            try await site.tellAll()
            try await site.store.record(lane.due.indices.map { result(lane, $0) }, [release(lane)])
            let next = try #require(try await site.store.claim(perEndpoint: 4, busy: [:], leaseSeconds: 60).first)
            #expect(next.due.first.map { $0.id > lane.due[0].id } == true)
        }
    }

    @Test func `a lane is taken by eight at the most, and about 128 KiB`() async throws {
        try await NotificationSite.with { site in
            try await site.endpoint()
            let number = try await site.daemon.open()
            for turn in 1...12 { try await site.daemon.tell(.addNote(text: "note \(turn)", key: false), number) }
            try await site.tellAll()
            let lanes = try await site.store.claim(perEndpoint: 4, busy: [:], leaseSeconds: 0)
            #expect(lanes.map(\.due.count) == [NotificationStore.laneRows])
            let large = String(repeating: "x", count: 100_000)
            try await site.pool.query(
                "UPDATE notice SET body = json_build_object('sentence', \(large)::text)")
            let few = try await site.store.claim(perEndpoint: 4, busy: [:], leaseSeconds: 0)
            #expect(few.map(\.due.count) == [2])
        }
    }

    @Test func `an endpoint that fails gets one lane at a time until something is delivered`() async throws {
        try await NotificationSite.with { site in
            let id = try await site.endpoint()
            try await fill(site, incidents: 6)
            let lanes = try await site.store.claim(perEndpoint: 4, busy: [:], leaseSeconds: 60)
            try await site.store.record(
                [result(lanes[0], 0, .retry(reason: "status 500"))], [release(lanes[0], after: 0)])
            #expect(try await site.state(id)?.failingSince != nil)
            #expect(try await site.store.claim(perEndpoint: 4, busy: [id: 1], leaseSeconds: 60).isEmpty)
            let single = try await site.store.claim(perEndpoint: 4, busy: [:], leaseSeconds: 60)
            #expect(single.map(\.isFailing) == [true])
            try await site.store.record([result(single[0])], [release(single[0])])
            #expect(try await site.state(id)?.failingSince == nil)
        }
    }

    @Test func `an endpoint that asked for nothing is left alone until then`() async throws {
        try await NotificationSite.with { site in
            let id = try await site.endpoint()
            try await fill(site, incidents: 2)
            let lane = try await site.store.claim(perEndpoint: 1, busy: [:], leaseSeconds: 60)[0]
            let pause = OutboundVerdict.retry(reason: "status 429", afterSeconds: 120)
            try await site.store.record([result(lane, 0, pause)], [release(lane, after: 0)])
            let until = try #require(try await site.state(id)?.pausedUntil)
            #expect((100...121).contains(until.seconds(since: lane.claimedAt)))
            #expect(try await site.store.claim(perEndpoint: 4, busy: [:], leaseSeconds: 60).isEmpty)
        }
    }

    @Test func `more than may wait for an endpoint is given up, the oldest first`() async throws {
        try await NotificationSite.with { site in
            let (id, other) = (try await site.endpoint("dead"), try await site.endpoint("new", events: []))
            try await fill(site, incidents: 8)
            let all = try await site.column("notification.id", of: id).count
            let cut = try await site.backlog.cut(max: 5)
            #expect(cut.map(\.endpoint) == ["dead"] && cut.map(\.rows) == [all - 5])
            let states = try await site.column("state", of: id)
            #expect(states == Array(repeating: "dead", count: all - 5) + Array(repeating: "pending", count: 5))
            #expect(try await site.column("reason", of: id).first == "more than 5 notifications waited")
            #expect(try await site.backlog.cut(max: 5).isEmpty)
            #expect(try await site.state(other)?.isEnabled == true)
        }
    }

    @Test func `what waits for an endpoint is given up when it is disabled, by whoever comes by`() async throws {
        try await NotificationSite.with { site in
            let id = try await site.endpoint()
            try await fill(site, incidents: 2)
            // The daemon that disabled it ended before it gave up what waits.
            try await site.pool.query(
                "UPDATE endpoint SET enabled = false, disabled_reason = 'a test' WHERE id = \(id)")
            try await site.backlog.sweep()
            #expect(Set(try await site.column("state", of: id)) == ["dead"])
            #expect(try await site.column("reason", of: id).first == "the endpoint was disabled: a test")
            #expect(try await site.daemon.count("notification_lane") == 0)
        }
    }

    @Test func `an endpoint of which every attempt failed for days is disabled, and the others hear of it`()
        async throws
    {
        try await NotificationSite.with { site in
            let (id, other) = (try await site.endpoint("dead"), try await site.endpoint("other"))
            try await fill(site, incidents: 1)
            try await site.pool.query("UPDATE endpoint SET failing_since = now() - interval '6 days' WHERE id = \(id)")
            let runner = FailingEndpointRunner(store: site.backlog, days: 5, logger: TestServer.quietLogger)
            try await runner.pass()
            #expect(try await site.state(id)?.disabledReason == "every attempt failed for 5 days")
            #expect(Set(try await site.column("state", of: id)) == ["dead"])
            #expect(try await site.state(other)?.isEnabled == true)
            try await site.tellAll()
            #expect(try await site.column("notice.kind", of: other).last == "endpoint_disabled")
        }
    }

    @Test func `what one replay leaves is sent again by the next one, which goes on behind it`() async throws {
        try await NotificationSite.with { site in
            let id = try await site.endpoint()
            for turn in 1...3 { _ = try await site.daemon.open("Number \(turn)") }
            try await site.tellAll()
            try await site.pool.query("UPDATE notification SET state = 'delivered', finished_at = now()")
            let ids = try await site.column("notification.id", of: id).compactMap { Int($0) }
            var wanted = NotificationStore.Replay(
                range: Timestamp(milliseconds: 0)...Timestamp.latest, onlyDead: false)
            for turn in ids.indices {
                let replayed = try await site.store.replay(id, wanted, limit: 1, by: .mia)
                let isLast = turn == ids.count - 1
                #expect(replayed == .init(count: 1, stoppedAt: isLast ? nil : ids[turn]))
                let waiting = try await site.column("notification.id", of: id, where: "state = 'pending'")
                #expect(waiting == ["\(ids[turn])"], "the first ones are not sent once more")
                // It was sent at once.
                try await site.pool.query("UPDATE notification SET state = 'delivered', finished_at = now()")
                wanted.after = replayed.stoppedAt ?? 0
            }
        }
    }

    @Test func `100,000 rows of an endpoint are deleted with it, within the statements' time`() async throws {
        try await NotificationSite.with { site in
            let (id, other) = (try await site.endpoint("dead"), try await site.endpoint("other"))
            try await fill(site, incidents: 1)
            try await site.pool.pipeline([
                """
                INSERT INTO notice (key, kind, body, fanned_out)
                SELECT 'many/' || n, 'test', '{}', true FROM generate_series(1, 100000) AS n
                """,
                """
                INSERT INTO notification (notice, endpoint, lane)
                SELECT id, \(id), key FROM notice WHERE key LIKE 'many/%'
                """,
                "INSERT INTO notification_lane (endpoint, lane) SELECT endpoint, lane FROM notification ON CONFLICT DO NOTHING",
                """
                INSERT INTO notification_attempt (notification, attempt, at, duration_ms, outcome)
                SELECT id, 1, now(), 1, 'retry' FROM notification
                """,
            ])
            #expect(try await site.state(id)?.waiting == 10_000)
            let claimed = try await site.store.claim(perEndpoint: 4, busy: [:], leaseSeconds: 60)
            #expect(claimed.filter { $0.endpoint == id }.count == 4)
            #expect(try await site.endpoints.delete(id, by: .mia))
            #expect(try await site.daemon.count("notification", where: "endpoint = '\(id.text)'") == 0)
            #expect(try await site.column("state", of: other).isEmpty == false)
            #expect(try await site.endpoints.delete(id, by: .mia) == false)
        }
    }
}
