import FoundationEssentials
import Postgres
import Testing

@testable import IncidentDomain
@testable import MusterServer

/// Reviews as they are stored: by whom ever, how many at once, and how much of them.
@Suite(.timeLimit(.minutes(20))) struct ReviewDeskTests {
    private func section(_ id: String, _ text: String) -> EditedSection { EditedSection(id: id, markdown: text) }

    @Test func `any number of people may write at once, and all of it is kept`() async throws {
        try await TestDaemon.with(connections: 8) { daemon async throws in
            let number = try await daemon.open()
            let reviews = ReviewDesk(desk: daemon.desk, pool: daemon.pool)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<40 {
                    group.addTask {
                        _ = try await reviews.revise(
                            number, sections: [section("part_\(writer)", "by \(writer)")], status: .draft,
                            CommandContext(principal: .ron))
                    }
                }
                try await group.waitForAll()
            }
            let document = try await reviews.read(number).document
            #expect(document.revision == 40)
            for writer in 0..<40 { #expect(document.section("part_\(writer)")?.markdown == "by \(writer)") }
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `names and tiers are those of the incident, whatever becomes of the catalog`() async throws {
        try await TestDaemon.with { daemon async throws in
            try await daemon.put([Component(slug: "feed", name: "Feed", tier: 1)])
            let reviews = ReviewDesk(desk: daemon.desk, pool: daemon.pool)
            func impacts(_ number: Int) async throws -> String {
                try await reviews.read(number).document.section("impact")?.markdown ?? ""
            }
            let number = try await daemon.open(components: ["feed"])
            let before = try await impacts(number)
            try #require(before.contains("| Feed (feed) | 1 |"), "\(before)")
            try await daemon.put([
                Component(slug: "feed", name: "Renamed", tier: 3), Component(slug: "auth", name: "Sign-in", tier: 0),
            ])
            #expect(try await impacts(number) == before)
            #expect(try await impacts(try await daemon.open(components: ["feed"])).contains("| Renamed (feed) | 3 |"))
            // What came into the catalog afterwards is told by its name all the same.
            try await daemon.tell(
                .stateCause(CauseHypothesis(category: .technical, component: "auth")), number)
            let cause = try await reviews.read(number).document.section("cause")?.markdown
            #expect(cause?.contains("Sign-in (auth)") ?? false, "\(cause ?? "")")
        }
    }

    @Test func `a small change of a large review appends little`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            let reviews = ReviewDesk(desk: daemon.desk, pool: daemon.pool)
            let large = (0..<10).map { section("s\($0)", String(repeating: "x", count: 90_000)) }
            _ = try await reviews.revise(number, sections: large, status: .draft, CommandContext(principal: .ron))
            for round in 0..<5 {
                _ = try await reviews.revise(
                    number, sections: [section("s0", "\(round)")], status: .draft, CommandContext(principal: .ron))
            }
            // Sent whole again, as a client does that edits what it was given.
            _ = try await reviews.revise(
                number, sections: [section("s0", "end")] + large.dropFirst(), status: .draft,
                CommandContext(principal: .ron))
            let sizes = try await daemon.timeline(number).map(\.stored.payload.count)
            #expect(sizes.dropFirst(2).allSatisfy { $0 < 200 }, "\(sizes)")
            #expect(try await reviews.read(number).document.section("s9")?.markdown == large[9].markdown)
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `what a release before stored is read, goes on and is verified`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            let loaded = try await daemon.desk.incidents.load(number, in: daemon.pool)
            let row = try #require(loaded.row)
            let context = CommandContext(principal: .ron)
            let facts = try await daemon.desk.facts(.draftReview, context, loaded, in: daemon.pool)
            let old = ReviewRevised(
                revision: 1, status: .draft, sections: [section("lessons", "old"), section("extra", "kept")],
                scope: .whole)
            let change = try daemon.desk.change([old], row, context, facts)
            #expect(try await daemon.desk.incidents.write(change, in: daemon.pool))
            let reviews = ReviewDesk(desk: daemon.desk, pool: daemon.pool)
            _ = try await reviews.revise(number, sections: [section("lessons", "new")], status: .draft, context)
            let document = try await reviews.read(number).document
            #expect(document.section("lessons")?.markdown == "new" && document.section("extra")?.markdown == "kept")
            #expect(try await daemon.timeline(number).map(\.stored.version) == [1, 1, 2])
            #expect(try await daemon.differences() == [])
        }
    }

    @Test func `an approval keeps the document, and one after it repeats nothing`() async throws {
        try await TestDaemon.with { daemon async throws in
            let number = try await daemon.open()
            for command: IncidentCommand in [
                .amend(IncidentAmendment(severity: .sev3)), .acknowledge,
                .stateCause(CauseHypothesis(category: .attack, evidence: "traffic")), .draftReview,
            ] { try await daemon.tell(command, number) }
            for _ in 0..<4 {
                try await daemon.tell(.advance(to: nil, reason: "in a test", override: true), number)
            }
            let reviews = ReviewDesk(desk: daemon.desk, pool: daemon.pool)
            let refused = await #expect(throws: Problem.self) {
                _ = try await reviews.approve(number, CommandContext(principal: .mia))
            }
            #expect(refused?.kind == .reviewUnfinished)
            _ = try await reviews.revise(
                number,
                sections: ["what_went_well", "what_went_wrong", "lessons"].map { section($0, "old") },
                status: .draft, CommandContext(principal: .ron))
            let before = try await reviews.read(number).document
            _ = try await reviews.approve(number, CommandContext(principal: .mia))
            let first = try await reviews.read(number).document
            #expect(first.status == .approved)
            #expect(first.section("timeline")?.markdown == before.section("timeline")?.markdown)
            _ = try await reviews.revise(
                number, sections: [section("lessons", "new")], status: .draft, CommandContext(principal: .ron))
            _ = try await reviews.approve(number, CommandContext(principal: .mia))
            let sizes = try await daemon.timeline(number).map(\.stored.payload.count)
            let again = try await reviews.read(number).document
            #expect(again.section("lessons")?.markdown == "new")
            #expect(again.section("cause")?.markdown == before.section("cause")?.markdown)
            #expect((sizes.last ?? 0) < sizes[sizes.count - 3], "\(sizes)")
            #expect(try await daemon.differences() == [])
        }
    }
}
