import HTTPTypes
import IncidentDomain

/// The symptoms that users choose from and what they are told to try, for those who look after them.
struct HelpBookRoutes: Sendable {
    let store: HelpBookStore

    var routes: [Route] {
        [
            Route(.get, "/v1/catalog/help", role: .viewer, "getHelpBook", handler: get),
            Route(
                .put, "/v1/catalog/help", role: .admin, "putHelpBook", body: .jsonOrYAML, isConditional: true,
                isLong: true, handler: put),
            Route(
                .delete, "/v1/catalog/help", role: .admin, "deleteHelpBook", isConditional: true, handler: delete),
        ]
    }

    private func get(_ request: RequestContext) async throws -> Answer {
        answer(try await store.current())
    }

    private func put(_ request: RequestContext) async throws -> Answer {
        let document = try RequestDocument(request)
        do {
            let book = try HelpBodies.read(document.value)
            return answer(
                try await store.replace(by: book, ifMatch: try request.ifMatch(), by: request.principal))
        } catch let problem as Problem {
            throw document.locating(problem)
        }
    }

    private func delete(_ request: RequestContext) async throws -> Answer {
        _ = try await store.replace(by: nil, ifMatch: try request.ifMatch(), by: request.principal)
        return .noContent
    }

    private func answer(_ stored: HelpBookStore.Stored) -> Answer {
        .json(version: stored.version) { json in
            json.object { json in
                HelpBodies.write(stored.book, to: &json)
                json.member("built_in", stored.isBuiltIn)
                json.member("version", stored.version)
            }
        }
    }
}
