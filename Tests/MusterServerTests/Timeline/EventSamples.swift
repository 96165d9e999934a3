@testable import IncidentDomain

/// One event of every kind and version, with every field set: what the golden files are made of.
enum EventSamples {
    static let all = IncidentEvent.types.flatMap { type in type.examples.map { IncidentEvent($0) } }
}
