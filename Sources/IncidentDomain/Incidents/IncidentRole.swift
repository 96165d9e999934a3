/// The parts that people play in an incident.
package enum IncidentRole: String, CaseIterable, Codable, CodingKeyRepresentable, Sendable {
    case commander, operations, communications, scribe, liaison
}
