import Testing

@testable import IncidentDomain

/// Reviews in German: no section leaves anything in English but what people typed.
struct GermanReviewTests {
    private func review(_ life: RandomLife, in speech: Speech) -> ReviewDocument? {
        life.incident.map { incident in
            ReviewDraft.make(
                for: incident, timeline: life.timeline, graph: life.graph, policy: life.policy, now: life.now,
                in: speech)
        }
    }

    @Test func `every section of every incident is in German`() throws {
        var random = SeededGenerator(seed: 64)
        for life in 0..<30 {
            let made = RandomLife.make(commands: 150, &random) { _ in }
            guard let document = review(made, in: MarkedGerman.speech) else { continue }
            let known = try MarkedGerman.stored(made.timeline.map(\.event))
            let names = made.timeline.map(\.actor.name) + made.graph.components.values.flatMap { [$0.name, $0.slug] }
            for section in document.sections {
                guard case .blocks(let blocks) = section.content else { continue }
                let texts = blocks.flatMap(\.plainTexts) + [section.title]
                for text in texts {
                    #expect(MarkedGerman.missing(in: text) == [], "life \(life), \(section.id)")
                    let strange = MarkedGerman.typed(in: text).filter { typed in
                        !known.contains(typed) && !names.contains { $0.contains(typed) || typed.contains($0) }
                            && !typed.hasPrefix("INC-")
                    }
                    #expect(strange == [], "life \(life), \(section.id): \(text)")
                }
            }
        }
    }

    @Test func `a prompt that is sent back is a prompt in every language`() throws {
        for language in Language.allCases {
            for id in ReviewSectionID.allCases {
                guard let blocks = id.promptBlocks(in: Speech(language: language)) else { continue }
                let section = EditedSection(id: id.rawValue, markdown: DocumentMarkdown.render(blocks))
                #expect(section.isPrompt)
            }
        }
    }
}

extension DocumentBlock {
    /// Each line and each cell.
    fileprivate var plainTexts: [String] {
        func text(_ nodes: [DocumentInline]) -> String {
            nodes.map { node in
                switch node {
                case .text(let text), .code(let text): text
                case .emphasis(let inner), .strong(let inner), .link(let inner, _): text(inner)
                case .lineBreak: " "
                }
            }.joined()
        }
        return switch self {
        case .paragraph(let nodes), .heading(_, let nodes): [text(nodes)]
        case .list(_, let items): items.flatMap { $0.flatMap(\.plainTexts) }
        case .quote(let blocks): blocks.flatMap(\.plainTexts)
        case .code(let text): [text]
        case .table(let head, let rows, _): (head + rows.flatMap(\.self)).map(text)
        case .rule: []
        }
    }
}
