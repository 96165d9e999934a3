import Testing

@testable import Postgres

@Suite struct BackoffTests {
    @Test func `the wait doubles up to its end and begins anew after a success`() {
        var backoff = Backoff(min: .milliseconds(50), max: .seconds(1))
        let waits = (0..<6).map { _ in backoff.failed(random: 1) }
        #expect(waits == [50, 100, 200, 400, 800, 1000].map { .milliseconds($0) })
        backoff.succeeded()
        #expect(backoff.failed(random: 0) == .milliseconds(25))
    }

    @Test func `a thousand failures do not overflow`() {
        var backoff = Backoff(min: .milliseconds(50), max: .seconds(5))
        #expect((0..<1_000).allSatisfy { _ in backoff.failed(random: 0.5) <= .seconds(5) })
    }
}
