import FoundationEssentials
import Testing

@testable import MusterServer

/// What may be stored beside what, and in which order.
struct AlertQueueTests {
    private let source = UUID()

    private func queue(batchMax: Int = 10, waitingMax: Int = 100, besideMin: Int = 1) -> AlertQueue<Int> {
        AlertQueue(batchMax: batchMax, waitingMax: waitingMax, besideMin: besideMin)
    }

    private func message(_ sender: Int, _ identities: String..., ending group: String? = nil) -> AlertQueue<Int>.Waiting
    {
        AlertQueue.Waiting(
            source: source,
            message: IncomingMessage(alerts: identities.map { .firing($0) }, resolvedGroup: group), sender: sender)
    }

    private func senders(_ batch: AlertQueue<Int>.Batch?) -> [Int]? {
        batch?.messages.map(\.sender)
    }

    @Test func `messages are stored in the order of arrival, as many together as a batch holds`() {
        var queue = queue(batchMax: 3)
        for (sender, identities) in [("a", "b"), ("c", "d"), ("e", "f")].enumerated() {
            let isTaken = queue.append(message(sender, identities.0, identities.1))
            #expect(isTaken)
        }
        #expect(senders(queue.next()) == [0])
        #expect(senders(queue.next()) == [1])
        #expect(senders(queue.next()) == nil, "two batches are under way")
        #expect(queue.alerts == 2)
    }

    @Test func `the storing is woken only when something could begin`() {
        var queue = queue(besideMin: 2)
        _ = queue.append(message(0, "a"))
        #expect(queue.mayBegin, "nothing is under way")
        let first = queue.next()
        _ = queue.append(message(1, "b"))
        #expect(!queue.mayBegin, "one rather waits and shares")
        _ = queue.append(message(2, "c"))
        #expect(queue.mayBegin, "two are worth a second batch")
        let second = queue.next()
        for (sender, identity) in [(3, "d"), (4, "e")] { _ = queue.append(message(sender, identity)) }
        #expect(!queue.mayBegin, "two are under way")
        for batch in [first, second].compactMap(\.self) { queue.finish(batch) }
        #expect(queue.mayBegin)
    }

    @Test func `a message about an alert that is under way waits, and what came after it does too`() {
        var queue = queue()
        _ = queue.append(message(0, "a"))
        let first = queue.next()
        _ = queue.append(message(1, "a"))
        _ = queue.append(message(2, "b"))
        #expect(senders(first) == [0])
        #expect(senders(queue.next()) == nil)
        if let first { queue.finish(first) }
        #expect(senders(queue.next()) == [1, 2])
    }

    @Test func `what ends a group is stored alone, and what comes after it waits`() {
        var queue = queue()
        _ = queue.append(message(0, "a"))
        let first = queue.next()
        _ = queue.append(message(1, "b", ending: "group"))
        _ = queue.append(message(2, "c"))
        #expect(senders(queue.next()) == nil, "an alert of the group may be under way")
        if let first { queue.finish(first) }
        let ending = queue.next()
        #expect(senders(ending) == [1])
        #expect(senders(queue.next()) == nil, "an alert of the group that fires later must not end with it")
        if let ending { queue.finish(ending) }
        #expect(senders(queue.next()) == [2])
    }

    @Test func `a few alerts wait for the batch under way, many begin another`() {
        var queue = queue(besideMin: 3)
        _ = queue.append(message(0, "a"))
        let first = queue.next()
        #expect(senders(first) == [0])
        _ = queue.append(message(1, "b", "c"))
        #expect(senders(queue.next()) == nil)
        _ = queue.append(message(2, "d"))
        #expect(senders(queue.next()) == [1, 2])
    }

    @Test func `who has waited too long is taken out, and their room is free`() {
        var queue = queue(waitingMax: 3)
        _ = queue.append(message(0, "a", "b"))
        let moment = ContinuousClock.now
        _ = queue.append(message(1, "c"))
        let overdue = queue.removeAll(waitingSince: moment)
        #expect(overdue.map(\.sender) == [0])
        #expect(queue.alerts == 1)
        #expect(senders(queue.next()) == [1])
    }

    @Test func `too much is refused, and one message is always taken`() {
        var queue = queue(waitingMax: 2)
        let large = queue.append(message(0, "a", "b", "c", "d"))
        #expect(large, "else a large group would be refused for ever")
        let more = queue.append(message(1, "e"))
        #expect(!more)
        #expect(senders(queue.next()) == [0])
        let again = queue.append(message(1, "e"))
        #expect(again)
    }
}
