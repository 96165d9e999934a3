import IncidentDomain

/// Components as requests write them. What an answer says of them beside (`version`) may stand there and is not read, so
/// that what was fetched can be sent back.
enum ComponentBodies {
    private static let componentsMax = 20_000
    private static let slugRule =
        "should be 1 to 64 lower-case letters, digits, -, _ or ., beginning with a letter or digit"

    /// One component, whose slug the path says.
    static func component(_ value: JSONValue, slug: String) throws(Problem) -> Component {
        guard Identifiers.isSlug(slug) else { throw .invalid("/slug", slugRule) }
        var body = try BodyReader(value)
        let named = body.optionalString("slug", 1...64)
        if let named, named != slug { body.refuse("slug", "is \(named) and the path says \(slug)") }
        let component = component(&body, slug: slug)
        try body.finish()
        return component
    }

    /// A whole catalog: `{"components": [...]}`, or the list alone.
    static func catalog(_ value: JSONValue) throws(Problem) -> [Component] {
        var body = try BodyReader(value.array == nil ? value : ["components": value])
        var seen: Set<String> = []
        let components = body.array("components", max: componentsMax) { item in
            let slug = item.string("slug", 1...64)
            // What is missing or no text has its error already.
            if !slug.isEmpty, !Identifiers.isSlug(slug) { item.refuse("slug", slugRule) }
            if !slug.isEmpty, !seen.insert(slug).inserted { item.refuse("slug", "\(slug) stands twice") }
            return component(&item, slug: slug)
        }
        try body.finish()
        return components
    }

    private static func component(_ body: inout BodyReader, slug: String) -> Component {
        let component = Component(
            slug: slug, name: body.optionalString("name", 1...200) ?? slug, tier: body.integer("tier", 0...3),
            owner: body.optionalString("owner", 1...200),
            regions: body.optionalStrings("regions", max: 200, 1...64) ?? [],
            expectedRestoreSeconds: body.optionalInteger("expected_restore_seconds", 0...31_536_000),
            soakSeconds: body.optionalInteger("soak_seconds", 0...604_800), dependsOn: dependencies(&body),
            labels: body.optionalLabels("labels") ?? [:])
        _ = body.optionalInteger("version", 1...Int.max)
        return component
    }

    private static func dependencies(_ body: inout BodyReader) -> [Dependency] {
        var seen: Set<String> = []
        return body.optionalArray("depends_on", max: 1000) { item in
            let component = item.string("component", 1...64)
            if !component.isEmpty, !seen.insert(component).inserted {
                item.refuse("component", "\(component) stands twice")
            }
            return Dependency(component: component, kind: item.optionalEnumeration("kind") ?? .hard)
        } ?? []
    }
}
