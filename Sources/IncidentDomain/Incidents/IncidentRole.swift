/// The parts that people play in an incident.
package enum IncidentRole: String, CaseIterable, Codable, Sendable {
    case commander, operations, communications, scribe, liaison
}
