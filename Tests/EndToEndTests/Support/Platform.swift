import Testing

/// A small video platform: what depends on what, over three tiers.
///
///     database <- auth <- feed <- comments      cdn <- feed (soft)      database <- upload
enum Platform {
    static let catalog: JSON = [
        "components": [
            ["slug": "database", "tier": 0, "owner": "storage", "regions": ["eu", "us"]],
            ["slug": "cdn", "tier": 0, "owner": "edge"],
            ["slug": "auth", "tier": 1, "depends_on": [["component": "database", "kind": "hard"]]],
            [
                "slug": "feed", "tier": 1,
                "depends_on": [["component": "auth", "kind": "hard"], ["component": "cdn", "kind": "soft"]],
            ],
            ["slug": "comments", "tier": 2, "depends_on": [["component": "feed", "kind": "hard"]]],
            ["slug": "upload", "tier": 2, "depends_on": [["component": "database", "kind": "hard"]]],
        ]
    ]
}

extension API {
    /// Stores the catalog. Needs an admin.
    func putPlatform() async throws {
        try await put("/v1/components", Platform.catalog).expect(200)
    }

    /// Opens an incident and returns its path.
    func open(_ body: JSON) async throws -> String {
        let opened = try await post("/v1/incidents", body)
        try opened.expect(201)
        return opened.header("Location") ?? ""
    }

    /// Makes a source of kind `alertmanager` and returns the path of its hook. Needs an admin.
    func makeSource(_ name: String) async throws -> (id: String, hook: String) {
        let source = try await post("/v1/sources", ["name": .string(name), "kind": "alertmanager"]).expect(201)
        return (source["id"].string ?? "", "/hooks/\(source["key"].string ?? "")")
    }
}
