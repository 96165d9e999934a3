/// One event of a stream (HTML's server-sent events).
package struct ServerSentEvent: Hashable, Sendable {
    package var id: String?
    package var event = "message"
    package var data = ""

    package init(id: String? = nil, event: String = "message", data: String = "") {
        self.id = id
        self.event = event
        self.data = data
    }
}

/// Takes a stream apart as it arrives.
package struct ServerSentEvents {
    /// The longest line and event that is kept.
    package static let bytesMax = 4 << 20

    private var line: [UInt8] = []
    private var event = ServerSentEvent()
    private var data: [String] = []

    package init() {}

    package mutating func read(_ bytes: [UInt8]) throws(Failure) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            guard byte == UInt8(ascii: "\n") else {
                if byte != UInt8(ascii: "\r") { line.append(byte) }
                guard line.count <= Self.bytesMax else {
                    throw Failure(.broken, "An event of the stream is larger than \(Self.bytesMax) bytes.")
                }
                continue
            }
            if line.isEmpty {
                event.data = data.joined(separator: "\n")
                if !data.isEmpty { events.append(event) }
                event = ServerSentEvent()
                data = []
            } else {
                field(String(decoding: line, as: UTF8.self))
            }
            line.removeAll(keepingCapacity: true)
        }
        return events
    }

    private mutating func field(_ line: String) {
        guard let colon = line.firstIndex(of: ":") else { return }
        var value = line[line.index(after: colon)...]
        if value.first == " " { value.removeFirst() }
        switch line[..<colon] {
        case "id": event.id = String(value)
        case "event": event.event = String(value)
        case "data": data.append(String(value))
        case let other where !other.isEmpty: break
        // A comment: the daemon says that it lives.
        case _: break
        }
    }
}
