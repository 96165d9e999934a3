import IncidentDomain

/// The components that a setting names, as a heartbeat or a rule: they have to be in the catalog, as those of incidents. One that
/// is misspelt would be found out in the night, when its alert leads nowhere.
struct NamedComponents: Sendable {
    /// A name and where it stands in the body.
    struct Mention: Hashable, Sendable {
        let pointer: String
        let component: String

        init(_ pointer: String, _ component: String) {
            self.pointer = pointer
            self.component = component
        }
    }

    let catalog: CatalogCache

    /// Throws 422 with every place whose component the catalog does not have.
    ///
    /// - Parameter before: What the setting named until now: that may stay when the component has left the catalog.
    func check(_ mentions: [Mention], before: [Mention] = []) async throws {
        guard !mentions.isEmpty else { return }
        let graph = try await catalog.current()
        let kept = Set(before.map(\.component))
        let unknown = mentions.filter { graph.components[$0.component] == nil && !kept.contains($0.component) }
        guard unknown.isEmpty else {
            throw Problem.invalid(
                unknown.map { mention in
                    FieldError(
                        pointer: mention.pointer,
                        detail:
                            "the catalog has no component \(mention.component); GET /v1/components lists them, PUT "
                            + "/v1/components/SLUG adds one")
                })
        }
    }

    /// Where components run; nil when one of them runs everywhere.
    func regions(of components: [String]) async throws -> Set<String>? {
        let graph = try await catalog.current()
        let known = components.compactMap { graph.components[$0]?.regions }
        return known.contains(where: \.isEmpty) ? nil : Set(known.joined())
    }

    /// Of a field of the body itself.
    func check(_ component: String?, before: String?) async throws {
        try await check(
            component.map { [Mention("/component", $0)] } ?? [], before: before.map { [Mention("", $0)] } ?? [])
    }
}

extension RoutedText {
    /// What it can become without its label's own words.
    func mentions(at pointer: String) -> [NamedComponents.Mention] {
        switch self {
        case .constant(let name): return [.init(pointer, name)]
        case .label(_, let table, let fallback):
            let rows = (table ?? [:]).filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }
            return rows.map { .init("\(pointer)/table/\(PayloadRuleReader.escaped($0.key))", $0.value) }
                + (fallback.map { [.init("\(pointer)/default", $0)] } ?? [])
        }
    }
}

extension PayloadRule {
    /// What it can become without the payload's own words.
    func mentions(at pointer: String) -> [NamedComponents.Mention] {
        var mentions: [NamedComponents.Mention] = []
        // Where there is a table, the constant is only what is looked up in it.
        if case .constant(let name) = origin, values.isEmpty { mentions.append(.init("\(pointer)/constant", name)) }
        mentions += values.sorted { $0.key < $1.key }.map {
            .init("\(pointer)/values/\(PayloadRuleReader.escaped($0.key))", $0.value)
        }
        if let fallback { mentions.append(.init("\(pointer)/default", fallback)) }
        return mentions.filter { !$0.component.isEmpty }
    }
}
