import NIOCore
import ServiceLifecycle

/// One client's stream of server-sent events: what is committed, in order, until the client or the daemon goes.
struct FeedStream: Sendable {
    let feed: FeedStore
    let signals: AsyncStream<Void>
    let start: FeedPosition

    private static let pageRows = 200
    /// Wakes without news after which a comment keeps the connection alive; there is one wake a second at least.
    private static let quietWakesMax = 15

    func write(to writer: any BodyWriter) async throws {
        try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
        var position = start
        var quietWakes = 0
        var waiting = signals.cancelOnGracefulShutdown().makeAsyncIterator()
        repeat {
            var page = try await feed.read(after: position, limit: Self.pageRows)
            quietWakes = page.isEmpty ? quietWakes + 1 : 0
            while !page.isEmpty {
                try await writer.write(Self.events(page))
                position = page[page.count - 1].position
                page = page.count < Self.pageRows ? [] : try await feed.read(after: position, limit: Self.pageRows)
            }
            if quietWakes >= Self.quietWakesMax {
                try await writer.write(ByteBuffer(string: ":\n\n"))
                quietWakes = 0
            }
        } while await waiting.next() != nil
    }

    private static func events(_ page: [(position: FeedPosition, entry: TimelineEntry)]) -> ByteBuffer {
        var buffer = ByteBuffer()
        for (position, entry) in page {
            var json = JSONWriter()
            entry.write(to: &json)
            buffer.writeString("id: \(position.text)\nevent: \(entry.stored.kind)\ndata: ")
            buffer.writeBytes(json.bytes)
            buffer.writeString("\n\n")
        }
        return buffer
    }
}
