import FoundationEssentials
import HTTPTypes
import IncidentDomain
import Synchronization

/// A page in the parts that a browser exchanges while it looks: what templates put between `<!--part NAME-->` and `<!--/part-->`. A browser that
/// says which it has (`Muster-Have`) is sent the others only.
struct RoomParts: Sendable {
    struct Part: Sendable {
        let name: String
        let html: String
        /// Of what it says; the values that differ from one rendering to the next do not count.
        let digest: String
    }

    let parts: [Part]
    /// The version that the forms of the page decide on.
    let version: String

    static let have = HTTPField.Name("Muster-Have")!
    static let given = HTTPField.Name("Muster-Parts")!
    static let shownVersion = HTTPField.Name("Muster-Version")!

    private static let beginning = "<!--part "
    private static let end = "<!--/part-->"
    private static let versionField = "name=\"version\" value=\""
    /// Fields whose values are of a rendering, and not of what is shown.
    private static let passing = ["name=\"once\" value=\"", versionField]
    /// More is no header field of our script.
    private static let haveBytesMax = 4096

    init(_ html: String) {
        var parts: [Part] = []
        var rest = Substring(html)
        while let start = rest.firstRange(of: Self.beginning) {
            rest = rest[start.upperBound...]
            guard let mark = rest.firstRange(of: "-->"), let end = rest.firstRange(of: Self.end) else { break }
            let text = String(rest[mark.upperBound..<end.lowerBound])
            parts.append(
                Part(name: String(rest[..<mark.lowerBound]), html: text, digest: Self.digest(of: text)))
            rest = rest[end.upperBound...]
        }
        self.parts = parts
        version =
            html.firstRange(of: Self.versionField).map { html[$0.upperBound...].prefix { $0 != "\"" } }
            .map(String.init) ?? "0"
    }

    private static func digest(of text: String) -> String {
        let lasting = passing.reduce(text) { text, field in
            var result = ""
            var rest = Substring(text)
            while let found = rest.firstRange(of: field) {
                result += rest[..<found.upperBound]
                rest = rest[found.upperBound...].drop { $0 != "\"" }
            }
            return result + rest
        }
        return HashChain.hex(Array(OpenSSL.sha256(Array(lasting.utf8)).prefix(8)))
    }

    /// The parts that somebody has not, and which there are.
    ///
    /// - Parameters:
    ///   - had: The value of `Muster-Have`.
    ///   - formCode: Takes the place of `sharedCode`.
    func answer(to had: String, formCode: String) -> Answer {
        let known = Set(had.utf8.count > Self.haveBytesMax ? [] : had.split(separator: " ").map(String.init))
        let wanted = parts.filter { !known.contains("\($0.name)=\($0.digest)") }
        let html = wanted.map(\.html).joined().replacing(Self.sharedCode, with: formCode)
        var answer = RoomDoor.answer(html)
        answer.headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'none'"
        answer.headers[Self.given] = parts.map { "\($0.name)=\($0.digest)" }.joined(separator: " ")
        answer.headers[Self.shownVersion] = version
        return answer
    }

    /// Stands for the code of a session in what is rendered for several; nobody outside knows it.
    static let sharedCode = UUID.random().text + UUID.random().text
}

/// Pages that many browsers ask for at the same moment, because they all heard of the same event: they are rendered once for all of
/// them. An event reaches a browser after it was committed, and the browser asks 300 ms later at the earliest (`room.js`), so that what was begun
/// `lifetime` before it asks has the event.
final class RoomMoments: Sendable {
    struct Key: Hashable, Sendable {
        let path: String
        let role: Role
    }

    private struct Moment {
        let begun: ContinuousClock.Instant
        let rendering: Task<RoomParts, any Error>
    }

    private static let lifetime: Duration = .milliseconds(250)
    /// Of pages that are rendered at the same moment; who asks for another renders it alone.
    private static let momentsMax = 200

    private let moments = Mutex<[Key: Moment]>([:])

    func parts(_ key: Key, _ render: @escaping @Sendable () async throws -> String) async throws -> RoomParts {
        let now = ContinuousClock.now
        let rendering = moments.withLock { moments -> Task<RoomParts, any Error>? in
            if let moment = moments[key], now - moment.begun < Self.lifetime { return moment.rendering }
            if moments.count >= Self.momentsMax {
                moments = moments.filter { now - $0.value.begun < Self.lifetime }
                guard moments.count < Self.momentsMax else { return nil }
            }
            let rendering = Task { RoomParts(try await render()) }
            moments[key] = Moment(begun: now, rendering: rendering)
            return rendering
        }
        guard let rendering else { return RoomParts(try await render()) }
        return try await rendering.value
    }
}
