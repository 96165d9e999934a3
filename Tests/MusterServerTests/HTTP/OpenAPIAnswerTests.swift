import Testing

@testable import MusterServer

/// Real answers have exactly the fields that `docs/openapi.yaml` says, through the whole lives of some incidents.
@Suite(.timeLimit(.minutes(20))) struct OpenAPIAnswerTests {
    @Test func `every operation answers as described, and every described field is answered`() async throws {
        let document = try OpenAPIDocument.loaded.get()
        try await DescribedServer.with { server in
            let life = DescribedLife(server: server)
            try await life.fillCatalog()
            try await life.giveAccess()
            let first = try await life.openAndAssess()
            try await life.maintain(first)
            try await life.mitigate(first)
            try await life.keepInformed(first)
            try await life.restore(first)
            try await life.review(first)
            try await life.endOtherwise(first)
            try await life.raiseAlerts(into: first)
            try await life.comeInByEveryDoor(first)
            try await life.routeByRules()
            try await life.moveAndRecover()
            try await life.mendMistakes()
            try await life.sense()
            try await life.notify()
            try await life.sendReports()
            try await life.showToEverybody()
            try await life.help()
            try await life.subscribe()
            try await life.meetInTheRoom(first)
            try await life.readTimelines(first)
            try await life.refuse(first)
            try await life.meetUnreadableRows()
            await life.lookUpWords()
            await life.lookAtTheDaemon()

            #expect(server.complaints == [])
            let successes = server.covered.filter { $0.contains(" 2") || $0.contains(" 303") }.map {
                $0.split(separator: " ")[0]
            }
            #expect(Set(document.operations.map(\.id)).subtracting(successes.map(String.init)) == [])
            let unseen = Self.answered(document).subtracting(server.seen)
            #expect(unseen.sorted() == [], "described and never answered")
        }
    }

    /// Every property of the answers, named as `SchemaCheck` names what it has seen.
    private static func answered(_ document: OpenAPIDocument) -> Set<String> {
        var walk = PropertyWalk(document: document)
        for operation in document.operations {
            for response in operation.json["responses"]?.object?.members ?? [] {
                for content in document.resolve(response.value)["content"]?.object?.members ?? [] {
                    walk.collect(content.value["schema"] ?? .null, name: "")
                }
            }
        }
        return walk.found
    }
}

/// Collects the properties of schemas and of everything that they refer to.
private struct PropertyWalk {
    let document: OpenAPIDocument
    var found: Set<String> = []
    private var visited: Set<String> = []

    init(document: OpenAPIDocument) {
        self.document = document
    }

    mutating func collect(_ schema: JSONValue, name: String) {
        for property in schema["properties"]?.object?.members ?? [] where !name.isEmpty {
            found.insert("\(name).\(property.name)")
            collect(property.value, name: "\(name).\(property.name)")
        }
        if let items = schema["items"] { collect(items, name: "\(name)[]") }
        if let other = schema["additionalProperties"] { collect(other, name: "\(name).*") }
        for part in (schema["anyOf"]?.array ?? []) + (schema["allOf"]?.array ?? []) { collect(part, name: name) }
        if let consequence = schema["then"] { collect(consequence, name: name) }
        guard let target = schema["$ref"]?.string?.split(separator: "/").last.map(String.init),
            visited.insert(target).inserted
        else { return }
        collect(document.resolve(schema), name: target)
    }
}
