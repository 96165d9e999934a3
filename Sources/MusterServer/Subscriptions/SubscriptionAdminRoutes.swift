import HTTPTypes
import IncidentDomain

/// Who subscribed, for those who run the installation: addresses are masked in lists. Whoever reads one whole, or deletes one, leaves a line in
/// the audit.
struct SubscriptionAdminRoutes: Sendable {
    let desk: SubscriptionDesk

    private static let list = "subscriptions"

    var routes: [Route] {
        [
            Route(
                .get, "/v1/subscriptions", role: .admin, "listSubscriptions", query: ["limit", "cursor"], isLong: true,
                handler: list),
            Route(.post, "/v1/subscriptions/find", role: .admin, "findSubscription", body: .json, handler: find),
            Route(.get, "/v1/subscriptions/{id}", role: .admin, "exportSubscription", handler: export),
            Route(.delete, "/v1/subscriptions/{id}", role: .admin, "deleteSubscription", handler: delete),
        ]
    }

    private func list(_ request: RequestContext) async throws -> Answer {
        var query = try request.query()
        let page = query.page(of: Self.list)
        try query.finish()
        let rows = try await desk.store.list(page)
        var opened: [ReadRow<OpenedSubscription>] = []
        for row in rows {
            switch row.value {
            case .success(let subscription):
                opened.append(
                    ReadRow(key: row.key, place: row.place, value: .success(try await desk.opened(subscription))))
            case .failure(let unreadable):
                opened.append(ReadRow(key: row.key, place: row.place, value: .failure(unreadable)))
            }
        }
        return Answer.page(opened, of: page, Self.list, request) { json, one in
            json.object { one.writeMembers(to: &$0) }
        }
    }

    /// By the address, which a body has and no log.
    private func find(_ request: RequestContext) async throws -> Answer {
        var body = try request.fields()
        let mail = body.optionalString("email", 1...Mailbox.addressBytesMax)
        let url = body.optionalString("webhook", 1...SubscriberAddress.bytesMax)
        try body.finish()
        guard (mail == nil) != (url == nil) else {
            throw Problem.invalid("/email", "is required, or webhook, and not both")
        }
        let read = mail.map(SubscriberAddress.mail) ?? SubscriberAddress.webhook(url ?? "")
        let address: SubscriberAddress
        switch read {
        case .success(let found): address = found
        case .failure(let complaint): throw Problem.invalid(mail == nil ? "/webhook" : "/email", complaint.detail)
        }
        let found = try await desk.store.find(address: try await desk.addressCode(address))
        guard let found else { throw Problem.notFound("A subscription of this address") }
        return try await answer(try found.get(), request)
    }

    private func export(_ request: RequestContext) async throws -> Answer {
        let id = try request.uuid("id", of: "Subscription")
        guard let found = try await desk.store.find(id) else { throw Problem.notFound("Subscription \(id.text)") }
        return try await answer(try found.get(), request)
    }

    private func answer(_ subscription: Subscription, _ request: RequestContext) async throws -> Answer {
        try await desk.store.note("subscription.export", subscription.id, by: request.principal)
        let opened = try await desk.opened(subscription)
        var answer = Answer.json { $0.value(opened) }
        answer.headers[.cacheControl] = "no-store"
        return answer
    }

    private func delete(_ request: RequestContext) async throws -> Answer {
        let id = try request.uuid("id", of: "Subscription")
        guard try await desk.store.remove(id, by: request.principal) else {
            throw Problem.notFound("Subscription \(id.text)")
        }
        return .noContent
    }
}
