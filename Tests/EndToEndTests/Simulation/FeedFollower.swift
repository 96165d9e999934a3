import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization

/// Reads the stream of everything committed from its beginning, goes on after each loss of the connection where it was,
/// and loses it by itself now and then.
final class FeedFollower: Sendable {
    struct Event: Hashable, Sendable {
        let incident: Int
        let sequence: Int
    }

    private struct State {
        var events: [Event] = []
        var lastID = "0-0"
        var connections = 0
    }

    private let state = Mutex(State())
    private let fleet: Fleet

    init(fleet: Fleet) {
        self.fleet = fleet
    }

    var events: [Event] { state.withLock { $0.events } }
    var connections: Int { state.withLock { $0.connections } }

    /// Goes on until it is cancelled.
    func run(seed: UInt64) async {
        var generator = SeededGenerator(seed: seed)
        while !Task.isCancelled {
            let patience = Int.random(in: 20...500, using: &generator)
            let api = fleet.api(&generator)
            // A daemon that is down is tried again at once, or the other one.
            try? await follow(api, events: patience)
            await Task.yield()
        }
    }

    private func follow(_ api: API, events: Int) async throws {
        let lastID = state.withLock { $0.lastID }
        let response = try await api.stream("/v1/events", headers: ["Last-Event-ID": lastID])
        guard response.status.code == 200 else { return }
        state.withLock { $0.connections += 1 }
        var parser = EventParser()
        var left = events
        for try await buffer in response.body {
            for event in parser.take(buffer.readableBytesView) {
                try take(event)
                left -= 1
                // In the middle of what had arrived: the rest has to come again.
                guard left > 0 else { return }
            }
        }
    }

    private func take(_ event: EventParser.Event) throws {
        let data = try JSON(event.data.utf8)
        guard let incident = data["incident"].int, let sequence = data["sequence"].int else {
            throw Child.Failure(description: "not a timeline entry: \(event.data)")
        }
        state.withLock { state in
            state.events.append(Event(incident: incident, sequence: sequence))
            state.lastID = event.id
        }
    }
}

/// Server-sent events, as far as this API sends them.
struct EventParser {
    struct Event {
        var id = ""
        var kind = ""
        var data = ""
    }

    private var line: [UInt8] = []
    private var event = Event()

    mutating func take(_ bytes: some Sequence<UInt8>) -> [Event] {
        var complete: [Event] = []
        for byte in bytes {
            guard byte == UInt8(ascii: "\n") else {
                line.append(byte)
                continue
            }
            let text = String(decoding: line, as: UTF8.self)
            line.removeAll(keepingCapacity: true)
            if text.isEmpty {
                if !event.data.isEmpty { complete.append(event) }
                event = Event()
            } else if let colon = text.firstIndex(of: ":") {
                let value = String(text[text.index(after: colon)...].drop { $0 == " " })
                switch text[..<colon] {
                case "id": event.id = value
                case "event": event.kind = value
                case "data": event.data += value
                default: break
                }
            }
        }
        return complete
    }
}
