/// How a component stands on the public page. A component without one is not public at all: neither its name nor what happens to it.
package struct PublicListing: Hashable, Codable, Sendable {
    /// What people outside call it; 1 to 200 characters.
    package var name: String
    /// The heading that it stands under; nil for none.
    package var group: String?
    /// Its place within the page: the least comes first, those without one last.
    package var order: Int?
    package var description: String?

    package init(name: String, group: String? = nil, order: Int? = nil, description: String? = nil) {
        (self.name, self.group, self.order, self.description) = (name, group, order, description)
    }
}

/// A component as the outside knows it. It has no slug: what is made of it cannot tell one.
package struct PublicComponent: Hashable, Codable, Sendable {
    /// Stays the same for ever, and says nothing of the slug.
    package let id: String
    package let name: String
    package let group: String?
    package let description: String?
    /// When the catalog got it. Before that nothing is known of it, unless an incident says so.
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    package init(
        id: String, name: String, group: String? = nil, description: String? = nil, createdAt: Timestamp,
        updatedAt: Timestamp
    ) {
        (self.id, self.name, self.group, self.description) = (id, name, group, description)
        (self.createdAt, self.updatedAt) = (createdAt, updatedAt)
    }
}

/// What of the catalog is public.
package struct PublicCatalog: Sendable {
    /// What a component is called outside, and since when it is known.
    package struct Known: Sendable {
        package let id: String
        package let createdAt: Timestamp
        package let updatedAt: Timestamp

        package init(id: String, createdAt: Timestamp, updatedAt: Timestamp) {
            (self.id, self.createdAt, self.updatedAt) = (id, createdAt, updatedAt)
        }
    }

    /// In the order of the page.
    package let components: [PublicComponent]
    /// By slug, the place in `components`.
    private let places: [String: Int]
    /// What kinds of causes are known by.
    private let causeCodes: [CauseCategory: String]

    /// More are left out of the page, and it says so.
    package static let componentsMax = 300

    /// - Parameters:
    ///   - known: By slug; a component that is not in it is left out.
    ///   - causeCodes: What kinds of causes are known by; nobody can tell the kind from it.
    package init(
        _ catalog: some Sequence<Component>, known: [String: Known], causeCodes: [CauseCategory: String] = [:]
    ) {
        self.causeCodes = causeCodes
        let listed = catalog.compactMap { component in
            component.publicListing.flatMap { listing in
                known[component.slug].map { (component.slug, listing, $0) }
            }
        }.sorted { Self.rank($0.1, $0.0) < Self.rank($1.1, $1.0) }
        // A group stands where its first component does.
        var groups: [String: Int] = [:]
        for (_, listing, _) in listed where groups[listing.group ?? ""] == nil {
            groups[listing.group ?? ""] = groups.count
        }
        let ordered = listed.enumerated().sorted {
            (groups[$0.element.1.group ?? ""] ?? 0, $0.offset) < (groups[$1.element.1.group ?? ""] ?? 0, $1.offset)
        }.map(\.element).prefix(Self.componentsMax)
        components = ordered.map { _, listing, known in
            PublicComponent(
                id: known.id, name: listing.name, group: listing.group, description: listing.description,
                createdAt: known.createdAt, updatedAt: known.updatedAt)
        }
        places = Dictionary(zip(ordered.map(\.0), 0...)) { first, _ in first }
    }

    private static func rank(_ listing: PublicListing, _ slug: String) -> (Int, String, String) {
        (listing.order ?? .max, listing.name, slug)
    }

    /// The public component of a slug; nil for what is not public.
    subscript(slug: String) -> PublicComponent? { places[slug].map { components[$0] } }

    /// Public components of some slugs, in the order of the page.
    func components(of slugs: some Sequence<String>) -> [PublicComponent] {
        Set(slugs.compactMap { places[$0] }).sorted().map { components[$0] }
    }

    /// Of everything that is public; not itself public.
    package var slugs: [String] { places.keys.sorted() }

    package var isEmpty: Bool { components.isEmpty }

    /// Nil where nothing is said by knowing it.
    func causeCode(_ category: CauseCategory) -> String? { category == .unknown ? nil : causeCodes[category] }
}
