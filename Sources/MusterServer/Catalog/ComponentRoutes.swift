import HTTPTypes
import IncidentDomain

/// The components of the catalog: what the platform consists of, and what needs what.
struct ComponentRoutes: Sendable {
    let desk: CatalogDesk
    let reader: CatalogReader
    let maintenance: MaintenanceSearch

    var routes: [Route] {
        [
            Route(
                .get, "/v1/components", role: .viewer, "listComponents", query: ["limit", "cursor"], isLong: true,
                handler: list),
            Route(
                .put, "/v1/components", role: .admin, "putComponents", query: ["dry_run"], body: .jsonOrYAML,
                isConditional: true, isLong: true, handler: putAll),
            Route(.get, "/v1/components/{slug}", role: .viewer, "getComponent", handler: get),
            Route(
                .put, "/v1/components/{slug}", role: .admin, "putComponent", body: .jsonOrYAML, isConditional: true,
                isLong: true,
                handler: put),
            Route(
                .delete, "/v1/components/{slug}", role: .admin, "deleteComponent", isConditional: true, handler: delete),
        ]
    }

    private func list(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        let page = query.page(of: "components")
        try query.finish()
        let found = try await reader.list(after: try page.cursor?.string(0), limit: page.limit + 1)
        return Answer.page(found, of: page, "components", request) { $0.value($1) }
    }

    private func get(_ request: RequestContext) async throws -> Answer {
        let slug = request.parameter("slug")
        guard let found = try await reader.component(slug)?.get() else { throw Problem.notFound("Component \(slug)") }
        return try await answer(found)
    }

    /// A component with its maintenance.
    private func answer(_ stored: StoredComponent, status: HTTPResponse.Status = .ok) async throws -> Answer {
        let (running, next) = try await maintenance.current(on: stored.component.slug)
        var answer = Answer.json(status: status, version: stored.version) { json in
            json.object { json in
                stored.writeMembers(to: &json)
                json.object("maintenance") { json in
                    json.member("running", running)
                    json.member("next", next)
                }
            }
        }
        // What is planned changes without the component.
        answer.isOfTheMoment = true
        return answer
    }

    private func put(_ request: RequestContext) async throws -> Answer {
        let document = try RequestDocument(request)
        do {
            let slug = request.parameter("slug")
            let component = try ComponentBodies.component(document.value, slug: slug)
            let (stored, isNew) = try await desk.put(
                component, ifMatch: try request.ifMatch(), by: request.principal)
            var answer = try await answer(stored, status: isNew ? .created : .ok)
            if isNew { answer.headers[.location] = "/v1/components/\(slug)" }
            return answer
        } catch let problem as Problem {
            throw document.locating(problem)
        }
    }

    private func delete(_ request: RequestContext) async throws -> Answer {
        try await desk.delete(
            request.parameter("slug"), ifMatch: try request.ifMatch(), by: request.principal)
        return .noContent
    }

    private func putAll(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        let isDryRun = query.bool("dry_run") ?? false
        try query.finish()
        let document = try RequestDocument(request)
        do {
            let (components, mistakes) = try ComponentBodies.catalog(document.value, readsOn: isDryRun)
            let outcome = try await desk.replaceAll(
                components, mistakes: mistakes, ifMatch: try request.ifMatch(), dryRun: isDryRun, by: request.principal)
            return .json(version: outcome.version) { Self.write(outcome, isDryRun, to: &$0) }
        } catch let problem as Problem {
            throw document.locating(document.value.array == nil ? problem : problem.inListAlone)
        }
    }

    private static func write(_ outcome: CatalogDesk.Replacement, _ isDryRun: Bool, to json: inout JSONWriter) {
        let difference = outcome.difference
        json.object { json in
            json.member("dry_run", isDryRun)
            json.member("version", outcome.version)
            json.member("components", outcome.count)
            json.member("added", difference.added.map(\.slug))
            json.array("changed", difference.changed) { json, change in
                json.object { json in
                    json.member("component", change.after.slug)
                    json.name("changes")
                    writeFieldChanges(from: change.before, to: change.after, to: &json)
                }
            }
            json.member("removed", difference.removed)
            json.member("unchanged", difference.unchanged)
        }
    }
}

extension Problem {
    /// The same with pointers into a body that is the list of components alone.
    fileprivate var inListAlone: Problem {
        guard kind == .invalidValue else { return self }
        let prefix = "/components"
        func shortened(_ text: String) -> String {
            text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text
        }
        let errors = errors.map { FieldError(pointer: shortened($0.pointer), detail: $0.detail) }
        let isOfBody = errors.first?.pointer.isEmpty ?? false
        let detail = (isOfBody ? "the body" : "") + shortened(detail)
        return Problem(kind, detail, errors: errors, members: members, headers: headers)
    }
}

// MARK: - Bodies

/// Components as requests write them. What an answer says of them beside (`version`, `maintenance`) may stand there and is not read, so
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
        if let named, named != slug { body.refuse("slug", "is \(named), but the path has \(slug)") }
        let component = component(&body, slug: slug)
        try body.finish()
        let contradictions = contradictions(in: component, value, at: "")
        guard contradictions.isEmpty else { throw .invalid(contradictions) }
        return component
    }

    /// A whole catalog: `{"components": [...]}`, or the list alone.
    ///
    /// - Parameter readsOn: Whether it is read as far as it can be, and what is wrong comes along for being told together with what
    ///   is wrong with the whole.
    static func catalog(
        _ value: JSONValue, readsOn: Bool = false
    ) throws(Problem) -> (components: [Component], mistakes: [FieldError]) {
        var body = try BodyReader(value.array == nil ? value : ["components": value])
        var seen: Set<String> = []
        let components = body.array("components", max: componentsMax) { item in
            let slug = item.string("slug", 1...64)
            // What is missing or no text has its error already.
            if !slug.isEmpty, !Identifiers.isSlug(slug) { item.refuse("slug", slugRule) }
            if !slug.isEmpty, !seen.insert(slug).inserted { item.refuse("slug", "\(slug) appears twice") }
            return component(&item, slug: slug)
        }
        let values = value.array ?? value["components"]?.array
        var mistakes: [FieldError] = []
        do throws(Problem) {
            try body.finish()
        } catch {
            // More would not be told, or what is there is no list of components.
            guard readsOn, error.errors.count < Problem.errorsMax, components.count == values?.count else {
                throw error
            }
            mistakes = error.errors
        }
        mistakes += zip(components, values ?? []).enumerated().flatMap { place, item in
            Self.contradictions(in: item.0, item.1, at: "/components/\(place)")
        }
        guard readsOn || mistakes.isEmpty else { throw .invalid(mistakes) }
        return (components, mistakes)
    }

    /// Members that are right by themselves and say nothing beside the others: they would be dropped without a word.
    private static func contradictions(
        in component: Component, _ value: JSONValue, at pointer: String
    ) -> [FieldError] {
        var errors: [FieldError] = []
        for (place, item) in (value["depends_on"]?.array ?? []).enumerated() where item["otherwise"]?.string != nil {
            guard item["kind"]?.string != Kind.restore.rawValue else { continue }
            errors.append(
                FieldError(
                    pointer: "\(pointer)/depends_on/\(place)/otherwise",
                    detail: "is for the kind restore: it says how to restore without that component"))
        }
        guard let enough = component.enoughRegions else { return errors }
        let detail: String? =
            if !(component.goal ?? false) {
                "is for goals; \"goal\": true makes it one"
            } else if component.regional == false {
                "is for what runs region by region, and regional is false"
            } else if enough > component.regions.count {
                "is \(enough), and regions has \(component.regions.count)"
            } else {
                nil
            }
        if let detail { errors.append(FieldError(pointer: "\(pointer)/enough_regions", detail: detail)) }
        return errors
    }

    private static func component(_ body: inout BodyReader, slug: String) -> Component {
        var component = Component(
            slug: slug, name: body.optionalString("name", 1...200) ?? slug, tier: body.integer("tier", 0...3),
            owner: body.optionalString("owner", 1...200),
            regions: body.optionalStrings("regions", max: 200, 1...64) ?? [],
            expectedRestoreSeconds: body.optionalInteger("expected_restore_seconds", 0...31_536_000),
            soakSeconds: body.optionalInteger("soak_seconds", 0...604_800))
        let needs = dependencies(&body)
        component.dependsOn = needs.compactMap(\.dependency)
        let restoreNeeds = needs.compactMap(\.restoreNeed)
        component.restoreNeeds = restoreNeeds.isEmpty ? nil : restoreNeeds
        component.ramp = ramp(&body)
        component.labels = body.optionalLabels("labels") ?? [:]
        // What is so without being said is not kept.
        component.goal = body.optionalBool("goal") ?? false ? true : nil
        component.enoughRegions = body.optionalInteger("enough_regions", 1...200)
        component.regional = body.optionalBool("regional") ?? true ? nil : false
        component.publicListing = publicListing(&body)
        _ = body.optionalInteger("version", 1...Int.max)
        if let value = body.optionalJSON("maintenance"), value.object == nil {
            body.refuse("maintenance", "should be an object and is \(value.kindName)")
        }
        return component
    }

    private static func publicListing(_ body: inout BodyReader) -> PublicListing? {
        body.optionalObject("public") { item in
            PublicListing(
                name: item.string("name", 1...200), group: item.optionalString("group", 1...200),
                order: item.optionalInteger("order", -1_000_000...1_000_000),
                description: item.optionalString("description", 1...1_000))
        }
    }

    private static func ramp(_ body: inout BodyReader) -> [RampStage]? {
        let stages = body.optionalArray("ramp", max: 20) { item in
            RampStage(
                percent: item.integer("percent", 1...100), minutes: item.optionalInteger("minutes", 0...10_080) ?? 0)
        }
        guard let stages, !stages.isEmpty else { return nil }
        // In the order in which they come, each once.
        return Dictionary(stages.map { ($0.percent, $0) }) { $1 }.values.sorted { $0.percent < $1.percent }
    }

    /// The kinds of dependencies under their names in the API.
    private enum Kind: String, CaseIterable {
        case hard, soft, restore
    }

    /// One member of `depends_on`.
    private struct Need {
        var dependency: Dependency?
        var restoreNeed: RestoreNeed?
    }

    private static func dependencies(_ body: inout BodyReader) -> [Need] {
        var seen: Set<String> = []
        return body.optionalArray("depends_on", max: 1000) { item in
            let component = item.string("component", 1...64)
            let kind: Kind = item.optionalEnumeration("kind") ?? .hard
            // What a component needs to work, restoring it may need as well.
            if !component.isEmpty, !seen.insert(kind == .restore ? "\(component) restore" : component).inserted {
                item.refuse("component", "\(component) appears twice")
            }
            let at = opening(&item)
            let otherwise = item.optionalString("otherwise", 1...500)
            if at != nil, kind != .hard { item.refuse("at", "is for hard dependencies: others are never waited for") }
            return switch kind {
            case .hard: Need(dependency: Dependency(component: component, kind: .hard, at: at))
            case .soft: Need(dependency: Dependency(component: component, kind: .soft))
            case .restore: Need(restoreNeed: RestoreNeed(component: component, otherwise: otherwise))
            }
        } ?? []
    }

    private static func opening(_ item: inout BodyReader) -> DependencyOpening? {
        guard let value = item.optionalJSON("at") else { return nil }
        guard let opening = DependencyOpening(json: value) else {
            item.refuse("at", "should be \"verifying\" or the percent of its traffic, 1 to 100")
            return nil
        }
        return opening
    }
}
