import IncidentDomain

/// What putting a whole catalog in place changes, or would change.
struct CatalogDifference: Sendable {
    /// One component in two states.
    struct Change: Sendable {
        let before: Component
        let after: Component
    }

    /// In the order of the new catalog, as the changed ones.
    private(set) var added: [Component] = []
    private(set) var changed: [Change] = []
    /// By slug.
    private(set) var removed: [String] = []
    private(set) var unchanged = 0

    /// - Parameter after: Each slug stands in it once.
    init(from before: [Component], to after: [Component]) {
        var left = Dictionary(before.map { ($0.slug, $0) }) { $1 }
        for component in after {
            switch left.removeValue(forKey: component.slug) {
            case nil: added.append(component)
            case component?: unchanged += 1
            case let old?: changed.append(Change(before: old, after: component))
            }
        }
        removed = left.keys.sorted()
    }

    /// What has to be written.
    var written: [Component] { added + changed.map(\.after) }
    var isEmpty: Bool { added.isEmpty && changed.isEmpty && removed.isEmpty }
}

/// Writes the fields in which two states of a component differ, each with what it was and what it is.
func writeFieldChanges(from before: Component?, to after: Component?, to json: inout JSONWriter) {
    json.array(ComponentField.differences(from: before, to: after)) { json, field in
        json.object { json in
            json.member("field", field.rawValue)
            json.name("from")
            if let before { before.write(field, to: &json) } else { json.literal("null") }
            json.name("to")
            if let after { after.write(field, to: &json) } else { json.literal("null") }
        }
    }
}
