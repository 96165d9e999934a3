import IncidentDomain
import Postgres

/// Changing the catalog: checked as a whole, all or nothing.
struct CatalogDesk: Sendable {
    let pool: PostgresPool

    /// What became of a new catalog.
    struct Replacement: Sendable {
        let difference: CatalogDifference
        /// The catalog's version afterwards.
        let version: Int
        /// How many components there are afterwards.
        let count: Int
    }

    /// Puts these components in the place of the whole catalog.
    /// - Parameters:
    ///   - mistakes: What was found wrong when the body of a dry run was read: told together with what is wrong with the whole.
    ///   - ifMatch: Asks for a version of the catalog.
    ///   - dryRun: Says what would change, or everything for which it is refused, and changes nothing.
    func replaceAll(
        _ components: [Component], mistakes: [FieldError] = [], ifMatch: IfMatch = .absent, dryRun: Bool = false,
        by principal: Principal
    ) async throws -> Replacement {
        let mistakes = mistakes + CatalogRefusal.mistakes(in: components, places: components.map(\.slug))
        guard mistakes.isEmpty || dryRun else { throw Problem.invalid(mistakes) }
        return try await pool.transaction { transaction in
            if !dryRun { try await CatalogStore.lock(in: transaction) }
            let stored = try await CatalogStore.readAll(in: transaction)
            if mistakes.isEmpty { try ifMatch.require(stored.version) }
            let difference = CatalogDifference(from: stored.components.map(\.component), to: components)
            // What cannot be read goes with the rest, unless it is written anew.
            let removed = difference.removed + stored.unreadable.subtracting(components.map(\.slug)).sorted()
            let used = try await CatalogStore.inUse(removed, in: transaction)
            guard mistakes.isEmpty else { throw Problem.invalid(mistakes + CatalogRefusal.missing(used)) }
            try CatalogRefusal.checkUnused(used)
            var version = stored.version
            if !dryRun, !(difference.written.isEmpty && removed.isEmpty) {
                version = try await CatalogStore.write(
                    difference.written, removing: removed, by: principal, in: transaction)
            }
            return Replacement(difference: difference, version: version, count: components.count)
        }
    }

    /// Adds a component or changes it.
    func put(_ component: Component, ifMatch: IfMatch, by principal: Principal) async throws -> (
        StoredComponent, isNew: Bool
    ) {
        try await pool.transaction { transaction in
            try await CatalogStore.lock(in: transaction)
            let catalog = try await CatalogStore.readAll(in: transaction)
            let before = catalog.components.first { $0.component.slug == component.slug }
            try Self.require(ifMatch, before)
            if let before, before.component == component { return (before, false) }
            let others = catalog.components.map(\.component).filter { $0.slug != component.slug }
            try CatalogRefusal.check(others + [component], places: nil, unreadable: catalog.unreadable)
            _ = try await CatalogStore.write([component], removing: [], by: principal, in: transaction)
            guard let after = try await CatalogStore.component(component.slug, in: transaction)?.get() else {
                throw Problem.notFound("Component \(component.slug)")
            }
            return (after, before == nil && !catalog.unreadable.contains(component.slug))
        }
    }

    /// Removes a component that nothing needs. Removing what does not exist is a 404, so that a typing error shows.
    func delete(_ slug: String, ifMatch: IfMatch, by principal: Principal) async throws {
        try await pool.transaction { transaction in
            try await CatalogStore.lock(in: transaction)
            let catalog = try await CatalogStore.readAll(in: transaction)
            let stored = catalog.components
            let before = stored.first { $0.component.slug == slug }
            guard before != nil || catalog.unreadable.contains(slug) else {
                throw Problem.notFound("Component \(slug)")
            }
            try Self.require(ifMatch, before)
            let dependents = stored.map(\.component).filter { $0.dependsOn.contains { $0.component == slug } }
            guard dependents.isEmpty else { throw CatalogRefusal.needed(slug, by: dependents.map(\.slug)) }
            try CatalogRefusal.checkUnused(try await CatalogStore.inUse([slug], in: transaction))
            _ = try await CatalogStore.write([], removing: [slug], by: principal, in: transaction)
        }
    }

    private static func require(_ ifMatch: IfMatch, _ stored: StoredComponent?) throws(Problem) {
        if let stored { return try ifMatch.require(stored.version) }
        guard ifMatch == .absent else {
            throw Problem(.versionMismatch, "The component does not exist, so it has no version.")
        }
    }
}

// MARK: - Differences

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

// MARK: - Refusals

/// What is wrong with a catalog as a whole, in words for whoever sent it.
enum CatalogRefusal {
    /// How many components of a long path or list are named.
    private static let namesMax = 20

    /// 422 with every mistake.
    static func check(
        _ components: [Component], places: [String]?, unreadable: Set<String> = []
    ) throws(Problem) {
        let mistakes = mistakes(in: components, places: places, unreadable: unreadable)
        guard mistakes.isEmpty else { throw .invalid(mistakes) }
    }

    /// Every loose end and some cycles, each with its place in the body.
    /// - Parameters:
    ///   - places: The slugs in the order of the body; nil when the body is the last of the components alone.
    ///   - unreadable: Components that are stored and cannot be read: whoever depends on them may stay as he is.
    static func mistakes(
        in components: [Component], places: [String]?, unreadable: Set<String> = []
    ) -> [FieldError] {
        let problems = CatalogCheck.problems(in: components).filter { problem in
            switch problem {
            // A name that could not be read has its error already.
            case .danglingDependency(_, let missing): !missing.isEmpty && !unreadable.contains(missing)
            case .cycle: true
            }
        }
        guard !problems.isEmpty else { return [] }
        let pointers = Pointers(components, places)
        return problems.map { problem in
            switch problem {
            case .danglingDependency(let slug, let missing):
                FieldError(
                    pointer: pointers.dependency(of: slug, on: missing),
                    detail: "\(slug) depends on \(missing), which does not exist")
            case .cycle(let path):
                FieldError(
                    pointer: pointers.dependency(in: path),
                    detail: "the dependencies form a cycle: \(text(path))")
            }
        }
    }

    /// 409: an incident that is open must keep finding what it has to restore.
    static func checkUnused(_ used: [CatalogStore.Use]) throws(Problem) {
        guard !used.isEmpty else { return }
        let uses = used.map { "\($0.slug) is affected by the open incident INC-\($0.incident)" }
        throw Problem(.inUse, "\(uses.joined(separator: "; ")) and cannot be removed.")
    }

    /// The same beside other mistakes.
    static func missing(_ used: [CatalogStore.Use]) -> [FieldError] {
        used.map {
            FieldError(
                pointer: "/components",
                detail:
                    "has no \($0.slug), which is affected by the open incident INC-\($0.incident) and cannot be removed"
            )
        }
    }

    /// 409: a component cannot go while others need it.
    static func needed(_ slug: String, by dependents: [String]) -> Problem {
        let more = dependents.count - namesMax
        let names = dependents.prefix(namesMax).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
        return Problem(.inUse, "\(slug) is a dependency of \(names); change their depends_on first.")
    }

    private static func text(_ path: [String]) -> String {
        guard path.count > namesMax + 1 else { return path.joined(separator: " -> ") }
        let left = path.count - namesMax
        return (path.prefix(namesMax - 1) + ["(\(left) more)"] + path.suffix(1)).joined(separator: " -> ")
    }

    /// Where in the body a dependency stands.
    private struct Pointers {
        private let components: [String: Component]
        private let places: [String: Int]?
        private let only: String?

        init(_ components: [Component], _ places: [String]?) {
            self.components = Dictionary(components.map { ($0.slug, $0) }) { $1 }
            self.places = places.map { Dictionary($0.enumerated().map { ($1, $0) }) { first, _ in first } }
            only = places == nil ? components.last?.slug : nil
        }

        func dependency(of slug: String, on other: String) -> String {
            let list = places.map { "/components/\($0[slug] ?? 0)/depends_on" } ?? "/depends_on"
            guard let index = components[slug]?.dependsOn.firstIndex(where: { $0.component == other }) else {
                return list
            }
            return "\(list)/\(index)/component"
        }

        /// The first dependency of a cycle; of one component alone, its own.
        func dependency(in path: [String]) -> String {
            let start = only.flatMap { path.firstIndex(of: $0) } ?? 0
            return dependency(of: path[start], on: path[start + 1])
        }
    }
}

// MARK: - Reading

/// Reads components for the routes, which know no SQL and no pool.
struct CatalogReader: Sendable {
    let pool: PostgresPool

    func list(after slug: String?, limit: Int) async throws -> [ReadRow<StoredComponent>] {
        try await CatalogStore.list(after: slug, limit: limit, in: pool)
    }

    func component(_ slug: String) async throws -> ReadRow<StoredComponent>? {
        try await CatalogStore.component(slug, in: pool)
    }

    /// The whole catalog by slug, and its version.
    func all() async throws -> StoredCatalog {
        try await CatalogStore.readAll(in: pool)
    }

    /// Changes of one component or of all, the newest first.
    func changes(
        of slug: String?, before place: CatalogHistoryStore.Place?, limit: Int
    ) async throws -> [CatalogHistoryStore.Change] {
        try await CatalogHistoryStore.changes(of: slug, before: place ?? .newest, limit: limit, in: pool)
    }
}
