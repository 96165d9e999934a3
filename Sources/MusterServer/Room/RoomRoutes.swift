import HTTPTypes
import IncidentDomain

/// The pages of one incident: the room, and its review.
struct RoomRoutes: Sendable {
    let door: RoomDoor
    let desk: IncidentDesk
    let reader: TimelineReader
    let alerts: AlertSearch
    let reviews: ReviewDesk
    let streams: FeedHub
    /// The calls that there are forms for.
    let calls: RouteTable

    private static let alertsMax = 50
    /// Alerts that people ended, and may have ended by mistake.
    private static let endedMax = 5

    var routes: [Route] {
        [
            door.page("/incidents/{id}", "getRoomPage", isLong: true) { request, session in
                Pages.shared.render(try await room(request, session))
            },
            door.page("/incidents/{id}/review", "getReviewPage", isLong: true) { request, session in
                let read = try await reviews.readShared(try request.incidentNumber())
                let frame = RoomFrame(session, version: read.incident.version)
                return Pages.shared.render(ReviewEditPage(read.document, frame))
            },
            live,
        ]
    }

    private func room(_ request: RequestContext, _ session: Session) async throws -> RoomPage {
        let number = try request.incidentNumber()
        let parameters = try request.target.parameters()
        let shown = parameters.last { $0.name == "show" }.flatMap { RoomShown(rawValue: $0.value) } ?? .all
        let before = parameters.last { $0.name == "before" }.flatMap { Int($0.value) }.map { max($0, 1) }
        let (incident, graph, now) = try await desk.situation(of: number)
        let isRestoring = !incident.steps.isEmpty && incident.phase.isOpen && incident.phase != .detect
        let plan = isRestoring ? try await desk.plan(of: number).plan : nil
        var firing = AlertFilter()
        firing.incident = number
        firing.statuses = [.firing, .acknowledged]
        let found = incident.firing.isEmpty ? [] : try await alerts.list(firing, before: nil, limit: Self.alertsMax)
        firing.statuses = [.resolved]
        let over = incident.phase.isOpen ? try await alerts.list(firing, before: nil, limit: Self.alertsMax) : []
        let updates = incident.communication == nil ? [] : try await reader.all(of: number, kinds: UpdateHistory.kinds)
        let frame = RoomFrame(session, version: incident.version)
        return RoomPage(
            RoomFacts(
                incident: incident, policy: desk.policy, plan: plan,
                alerts: found + over.filter { $0.resolvedBy != nil }.prefix(Self.endedMax),
                updates: UpdateHistory.make(updates.map(\.recorded)),
                timeline: try await timeline(number, shown, before: before),
                components: frame.canAct ? graph.sortedSlugs : [], frame: frame, calls: calls, now: now))
    }

    private func timeline(_ number: Int, _ shown: RoomShown, before: Int?) async throws -> RoomTimeline {
        let found = try await reader.page(
            of: number, after: 0, before: before ?? .max, kinds: shown.kinds, limit: RoomTimeline.limit + 1)
        let marks = EntryMarks(try await reader.all(of: number, kinds: EntryMarks.kinds))
        return RoomTimeline(found, marks: marks, shown: shown, isFirst: before == nil, of: number)
    }

    /// What is committed, for the pages' script: the same stream as `/v1/events`, of the session's token.
    private var live: Route {
        Route(.get, "/live", role: nil, "streamToPages", query: .anything) { request in
            let session = try await door.session(request)
            let seat = try streams.join(session.principal, tokenHash: session.tokenHash)
            let given = request.head.headerFields[.lastEventID].flatMap(FeedPosition.init)
            let start: FeedPosition
            if let given {
                start = given
            } else {
                start = try await streams.feed.end()
            }
            var stream = FeedStream(seat: seat, start: start)
            stream.beat = "event: beat\ndata: {}\n\n"
            let clock = request.clock
            stream.isOver = { session.endsAt.map { clock.now >= $0 } ?? false }
            return .events(stream)
        }
    }
}
