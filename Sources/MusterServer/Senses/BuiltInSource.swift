import FoundationEssentials

/// The sources that no tool has a key of: the alerts that Muster makes itself come from them. The migration makes their rows.
enum BuiltInSource {
    static let heartbeats = id(1)
    static let probes = id(2)
    static let reports = id(3)

    static let ids: Set<UUID> = [heartbeats, probes, reports]

    private static func id(_ last: UInt8) -> UUID {
        UUID(uuid: (0, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, last))
    }
}
