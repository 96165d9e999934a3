import IncidentDomain

/// The wiring of the pages for engineers.
extension Server {
    /// - Parameter api: The routes that the pages' forms call.
    func roomRoutes(over api: [Route], reviews: ReviewDesk) -> [Route] {
        guard configuration.room.isEnabled else { return [] }
        let box = SecretBox(configured: configuration.secretsKey, store: SecretKeyStore(pool: pool))
        let door = RoomDoor(
            sessions: SessionDesk(authenticator: authenticator, box: box, settings: configuration.room),
            publicURL: configuration.http.publicURL)
        let calls = RouteTable(api.filter { RoomCall.operations.contains($0.operation) })
        let reader = TimelineReader(runner: pool)
        let alertSearch = AlertSearch(pool: pool)
        return [
            SignInRoutes(door: door).routes,
            BoardRoutes(
                door: door, desk: desk, incidents: IncidentSearch(pool: pool, policy: configuration.policy),
                alerts: alertSearch, actions: ActionSearch(pool: pool)
            ).routes,
            RoomRoutes(
                door: door, desk: desk, reader: reader, alerts: alertSearch, reviews: reviews, streams: streams,
                calls: calls
            ).routes,
            RoomCallRoutes(door: door, calls: calls, desk: desk, reader: reader, reviews: reviews).routes,
        ].flatMap(\.self)
    }
}
