import IncidentDomain

/// A timeline entry that was decided and is not stored yet, with its place in the hash chain.
struct NewTimelineEntry: Sendable {
    let recorded: RecordedEvent
    let stored: EventCodec.Stored
    let salt: [UInt8]
    let payloadDigest: [UInt8]
    let hash: [UInt8]

    /// Chains an event to the entry before it.
    init(_ recorded: RecordedEvent, number: Int, after previous: [UInt8]) throws {
        self.recorded = recorded
        stored = try EventCodec.encode(recorded.event)
        salt = try OpenSSL.randomBytes(HashChain.saltBytes)
        payloadDigest = Self.digest(salt: salt, payload: stored.payload)
        hash = Self.hash(recorded, stored, number: number, after: previous, payloadDigest: payloadDigest)
    }

    static func digest(salt: [UInt8], payload: [UInt8]) -> [UInt8] {
        OpenSSL.sha256(salt + payload)
    }

    static func hash(
        _ recorded: RecordedEvent, _ stored: EventCodec.Stored, number: Int, after previous: [UInt8],
        payloadDigest: [UInt8]
    ) -> [UInt8] {
        OpenSSL.sha256(
            HashChain.preimage(
                previous: previous, number: number, sequence: recorded.sequence, kind: stored.kind,
                version: stored.version, actorID: recorded.actor.id, actorName: recorded.actor.name,
                actorToken: recorded.actor.token, occurredAt: recorded.occurredAt, recordedAt: recorded.recordedAt,
                payloadDigest: payloadDigest))
    }
}
