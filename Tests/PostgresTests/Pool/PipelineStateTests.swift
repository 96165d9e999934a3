import Testing

@testable import Postgres

@Suite struct PipelineStateTests {
    private typealias State = PipelineState<String, Int, String>
    private typealias Reply = PipelineReply<Int, String>

    /// Sends the units, feeds the replies, and tells what came of it, a word an action.
    private func outcome(_ units: [(String, [State.Step])], _ replies: [Reply]) -> [String] {
        var state = State()
        for (unit, steps) in units { state.sent(unit, steps: steps) }
        var told: [String] = []
        for reply in replies {
            for action in state.received(reply) {
                switch action {
                case .succeeded(let unit, let values): told.append("\(unit)=\(values)")
                case .failed(let unit, let failure, let step):
                    told.append("\(unit)!\(failure)@\(step.map(String.init) ?? "commit")")
                case .forget(let text): told.append("forget \(text)")
                case .broken(let reason): told.append("broken: \(reason)")
                }
            }
        }
        return told
    }

    private let query: [State.Step] = [.execute]
    private let prepared: [State.Step] = [.prepare("q"), .execute]

    @Test func `a unit is done at its sync, not before`() {
        #expect(outcome([("a", query)], [.value(1), .end]) == [])
        #expect(outcome([("a", query)], [.value(1), .end, .sync]) == ["a=[1]"])
    }

    @Test func `preparing has no result of its own`() {
        #expect(
            outcome([("a", prepared + query)], [.value(0), .end, .value(1), .end, .value(2), .end, .sync]) == [
                "a=[1, 2]"
            ])
    }

    /// The table: an error in unit `b` at each of its steps fails exactly `b`.
    @Test(arguments: 0..<3) func `an error fails exactly the steps up to its sync`(failing: Int) {
        let steps = query + query + query
        var replies: [Reply] = [.value(1), .end, .sync]
        for step in 0..<3 {
            replies += [step < failing ? .value(step) : step == failing ? .failure("no") : .aborted, .end]
        }
        replies += [.sync, .value(9), .end, .sync]
        #expect(outcome([("a", query), ("b", steps), ("c", query)], replies) == ["a=[1]", "b!no@\(failing)", "c=[9]"])
    }

    @Test func `an error of the commit fails the unit after all its steps went well`() {
        let replies: [Reply] = [.value(1), .end, .failure("deferred"), .end, .sync, .value(2), .end, .sync]
        #expect(outcome([("a", query), ("b", query)], replies) == ["a!deferred@commit", "b=[2]"])
    }

    @Test func `a statement that was not prepared is forgotten, by an error or by being skipped`() {
        #expect(
            outcome([("a", prepared)], [.failure("syntax"), .end, .aborted, .end, .sync]) == ["forget q", "a!syntax@0"])
        #expect(
            outcome([("a", query + prepared)], [.failure("no"), .end, .aborted, .end, .aborted, .end, .sync]) == [
                "forget q", "a!no@0",
            ])
    }

    @Test func `the first error is the one that counts`() {
        #expect(outcome([("a", query + query)], [.failure("one"), .failure("two"), .sync]) == ["a!one@0"])
    }

    @Test func `replies to nothing, syncs too early and too many replies break the connection`() {
        #expect(outcome([], [.value(1)]) == ["broken: a reply to nothing that was sent"])
        #expect(outcome([("a", query)], [.sync]) == ["broken: a sync too early"])
        #expect(outcome([], [.sync]) == ["broken: a sync too early"])
        #expect(outcome([("a", query)], [.value(1), .value(2)]) == ["broken: more replies than steps"])
        #expect(outcome([("a", query)], [.lost(reason: "gone")]) == ["broken: gone"])
    }

    @Test func `the head is the oldest unit that is not done`() {
        var state = State()
        #expect(state.isEmpty && state.head == nil)
        state.sent("a", steps: query)
        state.sent("b", steps: query)
        #expect(state.head == "a" && state.units == ["a", "b"])
        _ = state.received(.value(1))
        _ = state.received(.sync)
        #expect(state.head == "b" && state.count == 1)
        _ = state.received(.value(1))
        _ = state.received(.sync)
        #expect(state.isEmpty && state.units == [])
    }
}
