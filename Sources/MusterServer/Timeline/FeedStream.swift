import NIOCore

/// One client's stream of server-sent events: what is committed, in order, until the client or the daemon goes, its token is
/// revoked, or it reads too slowly.
struct FeedStream: Sendable {
    let seat: FeedSeat
    let start: FeedPosition
    /// What is sent while nothing happens: a comment, which browsers do not show to scripts, or an event, which they do.
    var beat = ":\n\n"
    /// Whether it has lasted long enough. It is asked at every beat.
    var isOver: @Sendable () -> Bool = { false }

    /// - Parameter send: Returns when more may follow.
    func write(_ send: (ByteBuffer) async throws -> Void) async throws {
        try await send(ByteBuffer(string: "retry: 2000\n\n"))
        var wakes = seat.wakes.makeAsyncIterator()
        var position = start
        // Whether it has caught up once. From then on it has to keep up.
        var isLive = false
        repeat {
            var hasMore = true
            while hasMore {
                switch seat.news(after: position) {
                case .none:
                    isLive = true
                    hasMore = false
                case .events(let events):
                    isLive = true
                    try await send(Self.joined(events))
                    position = events[events.count - 1].position
                case .behind(let boundary):
                    guard !isLive else {
                        seat.cutAsSlow()
                        return try await send(Self.farewell("too slow"))
                    }
                    let page = try await seat.pageToCatchUp(after: position)
                    if let last = page.last {
                        try await send(Self.joined(page))
                        position = last.position
                    } else if let boundary {
                        position = max(position, boundary)
                    } else {
                        hasMore = false
                    }
                case .ended(.over): return
                case .ended(.revoked): return try await send(Self.farewell("the token was revoked"))
                case .ended(.slow): return try await send(Self.farewell("too slow"))
                }
            }
            if isOver() { return try await send(Self.farewell("the session has ended")) }
            if seat.takeBeat() { try await send(ByteBuffer(string: beat)) }
        } while await wakes.next() != nil
    }

    /// A comment, for whoever looks at the stream itself: clients only see that it ends.
    private static func farewell(_ reason: String) -> ByteBuffer {
        ByteBuffer(string: ": \(reason)\n\n")
    }

    private static func joined(_ events: [RecentEvents.Event]) -> ByteBuffer {
        var buffer = events[0].bytes
        for event in events.dropFirst() { buffer.writeImmutableBuffer(event.bytes) }
        return buffer
    }
}
