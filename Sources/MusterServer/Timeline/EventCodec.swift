import FoundationEssentials
import IncidentDomain

/// How events are stored: an explicit kind and version, and a payload in JSON. What `TimelineEvent` says of the stored form is a
/// contract for ever (golden files hold it).
enum EventCodec {
    /// An event as it is stored.
    struct Stored: Hashable, Sendable {
        let kind: String
        let version: Int
        /// Canonical JSON: keys sorted, so that the same event always gives the same bytes.
        let payload: [UInt8]
    }

    /// Why a stored event cannot be read.
    struct Unreadable: Error, CustomStringConvertible {
        let kind: String
        let version: Int
        let reason: String

        var description: String { "timeline entry of kind \(kind) version \(version) cannot be read: \(reason)" }
    }

    /// - Throws: `Unreadable` for an event that is missing in `IncidentEvent.types`, so that nothing is stored that cannot be read.
    static func encode(_ event: IncidentEvent) throws -> Stored {
        let (kind, version) = (event.kind, event.payload.version)
        guard types[kind] != nil else {
            throw Unreadable(kind: kind, version: version, reason: "the kind is missing in IncidentEvent.types")
        }
        return Stored(kind: kind, version: version, payload: try StoredJSON.bytes(event.payload))
    }

    /// Reads a stored event.
    ///
    /// - Throws: `Unreadable` for a kind or version that this program does not know, or a payload that is not of its kind.
    static func decode(kind: String, version: Int, payload: [UInt8]) throws(Unreadable) -> IncidentEvent {
        guard let type = types[kind] else {
            throw Unreadable(kind: kind, version: version, reason: "unknown kind")
        }
        guard type.versions.contains(version) else {
            throw Unreadable(kind: kind, version: version, reason: "unknown version")
        }
        do {
            return IncidentEvent(try JSONDecoder().decode(type, from: Data(payload)).read(as: version))
        } catch {
            throw Unreadable(kind: kind, version: version, reason: String(describing: error))
        }
    }

    private static let types = Dictionary(uniqueKeysWithValues: IncidentEvent.types.map { ($0.kind, $0) })
}
