import FoundationEssentials
import IncidentDomain

/// How Opsgenie's clients name an alert: by id, by alias, or by a short number.
enum OpsgenieName: Sendable {
    case id(UUID)
    case alias(String)
    case tiny(Int64)

    /// - Parameter type: `identifierType` of the query; an id unless it says otherwise.
    /// - Throws: `Problem` when the text is no name of that type.
    init(_ text: String, type: String?) throws(Problem) {
        switch type?.lowercased() {
        case nil, "", "id":
            // Some clients leave the type out although they send an alias.
            self = UUID(uuidString: text).map { .id($0) } ?? .alias(Self.identity(text))
        case "alias": self = .alias(Self.identity(text))
        case "tiny":
            guard let number = Int64(text), number >= 0 else { throw .invalid("/identifier", "is no tiny id") }
            self = .tiny(number)
        case _: throw .invalid("/identifierType", "should be id, alias or tiny")
        }
    }

    /// What an alias is stored under.
    static func identity(_ alias: String) -> String {
        IncomingAlert.foreign(identity: alias, status: .firing).identity
    }

    /// The milliseconds of an id and the twelve bits behind them: a number that stays the same for ever, and that alerts of
    /// the same moment hardly ever share.
    static func tiny(_ id: UUID) -> String {
        let bytes = id.uuid
        let time = [bytes.0, bytes.1, bytes.2, bytes.3, bytes.4, bytes.5].reduce(Int64(0)) { $0 << 8 | Int64($1) }
        return String(time << 12 | Int64(bytes.6 & 0x0F) << 8 | Int64(bytes.7))
    }

    /// The ids that have a tiny id: those of version 7.
    static func ids(_ tiny: Int64) -> (first: UUID, last: UUID) {
        func byte(_ shift: Int64) -> UInt8 { UInt8(truncatingIfNeeded: tiny >> shift) }
        let (a, b, c) = (byte(52), byte(44), byte(36))
        let (d, e, f) = (byte(28), byte(20), byte(12))
        let version = 0x70 | byte(8) & 0x0F
        return (
            UUID(uuid: (a, b, c, d, e, f, version, byte(0), 0, 0, 0, 0, 0, 0, 0, 0)),
            UUID(uuid: (a, b, c, d, e, f, version, byte(0), 255, 255, 255, 255, 255, 255, 255, 255))
        )
    }
}
