import Synchronization
import Testing

@testable import MusterServer

struct GatheredReadsTests {
    /// A database that answers when it is told to.
    private final class Slow: Sendable {
        typealias Answer = @Sendable (Result<[Int: String], any Error>) -> Void
        struct Read: Sendable {
            let keys: [Int]
            let answer: Answer
        }

        private let reads = Mutex<[Read]>([])
        private let (signals, arrived) = AsyncStream.makeStream(of: Void.self)

        func read(_ keys: [Int], _ answer: @escaping Answer) {
            reads.withLock { $0.append(Read(keys: keys.sorted(), answer: answer)) }
            arrived.yield()
        }

        /// The next read that is asked for.
        func next() async -> Read {
            var iterator = signals.makeAsyncIterator()
            while true {
                if let read = reads.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { return read }
                _ = await iterator.next()
            }
        }

        var count: Int { reads.withLock { $0.count } }
    }

    private struct Broken: Error {}

    private static func found(_ keys: [Int]) -> Result<[Int: String], any Error> {
        .success(Dictionary(uniqueKeysWithValues: keys.filter { $0 < 100 }.map { ($0, "value \($0)") }))
    }

    @Test func `what is asked for while a read is under way shares the next one`() async throws {
        let slow = Slow()
        let reads = GatheredReads<Int, String>(underWayMax: 1) { slow.read($0, $1) }
        async let first = reads.value(1)
        let one = await slow.next()
        #expect(one.keys == [1])
        let later = Task {
            try await withThrowingTaskGroup(of: String?.self) { group in
                for key in [2, 3, 3, 100] { group.addTask { try await reads.value(key) } }
                return try await group.reduce(into: [String?]()) { $0.append($1) }
            }
        }
        while reads.waiting < 4 { await Task.yield() }
        one.answer(Self.found(one.keys))
        #expect(try await first == "value 1")
        let two = await slow.next()
        #expect(two.keys == [2, 3, 100], "each key once, all in one read")
        two.answer(Self.found(two.keys))
        #expect(try await later.value.map { $0 ?? "none" }.sorted() == ["none", "value 2", "value 3", "value 3"])
        #expect(slow.count == 0)
    }

    @Test func `a read that fails fails those who shared it, and the next one is made anew`() async throws {
        let slow = Slow()
        let reads = GatheredReads<Int, String>(underWayMax: 1) { slow.read($0, $1) }
        let task = Task { try await reads.value(7) }
        await slow.next().answer(.failure(Broken()))
        await #expect(throws: Broken.self) { try await task.value }
        async let again = reads.value(7)
        let read = await slow.next()
        read.answer(Self.found(read.keys))
        #expect(try await again == "value 7")
    }
}
