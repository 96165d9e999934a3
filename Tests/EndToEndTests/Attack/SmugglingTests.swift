import TestSupport
import Testing

/// What two readers of HTTP may read differently is refused: what stands behind it is nobody's request.
@Suite(.endToEnd, .timeLimit(.minutes(20)))
struct SmugglingTests {
    @Test func `a request that can be read in two ways is refused, and its connection ends`() async throws {
        try await Daemon.with { daemon in
            let hook = try await daemon.api.makeSource("alertmanager").hook
            let port = daemon.port
            let complaints = try await withThrowingTaskGroup { group in
                for shape in SmugglingShape.all(hook: hook) {
                    group.addTask { await OwnThread.run { Self.complaint(about: shape, port) } }
                }
                return try await group.reduce(into: [String]()) { $0 += $1.map { [$0] } ?? [] }
            }
            #expect(complaints.isEmpty, "\(complaints.sorted().joined(separator: "\n"))")
            // Nothing of them was taken for a message, and others are served as before.
            #expect(try await daemon.api.all("/v1/alerts").isEmpty)
            #expect(try await daemon.api.all("/v1/dead-letters").isEmpty)
            try await daemon.api.get("/healthz").expect(200)
        }
    }

    /// What is wrong with how a shape was answered; nil when nothing is.
    private static func complaint(about shape: SmugglingShape, _ port: Int) -> String? {
        guard let connection = PatientConnection(port: port, patience: 5), connection.send(shape.bytes) else {
            return "\(shape.name): could not be sent"
        }
        let (text, isClosed) = connection.readToEnd()
        let statuses = text.matches(of: /HTTP\/1\.1 ([0-9]{3})\b/).compactMap { Int($0.output.1) }
        var faults: [String] = []
        if statuses.isEmpty { faults.append("was not answered") }
        if let first = statuses.first, !shape.answers.contains(first) {
            faults.append("was answered \(first), and may be answered \(shape.answers.sorted())")
        }
        if statuses.count > shape.answersMax || statuses.first == 400 && statuses.count > 1 {
            faults.append("had \(statuses.count) answers: what stood behind it was carried out")
        }
        if !isClosed { faults.append("its connection stayed open") }
        return faults.isEmpty ? nil : "\(shape.name): \(faults.joined(separator: "; "))"
    }

    @Test func `what is taken is read byte by byte as well as at once`() async throws {
        try await Daemon.with { daemon in
            let hook = try await daemon.api.makeSource("alertmanager").hook
            let port = daemon.port
            let message = try AlertmanagerMessage(group: "g", [.init("a")]).json.bytes
            let chunks =
                Array("\(String(message.count, radix: 16));name=\"value\"\r\n".utf8) + message
                + Array("\r\n0\r\nX-A: b\r\n\r\n".utf8)
            let head =
                "POST \(hook) HTTP/1.1\r\nHost: muster\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n\r\n"
            let request = Array(head.utf8) + chunks
            let text = await OwnThread.run {
                guard let connection = PatientConnection(port: port, patience: 10) else { return "" }
                guard request.allSatisfy({ connection.send([$0]) }) else { return "" }
                return connection.readToEnd().text
            }
            #expect(text.hasPrefix("HTTP/1.1 200 "), "\(text)")
            #expect(try await daemon.api.all("/v1/alerts").count == 1)
        }
    }
}
