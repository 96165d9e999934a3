import FoundationEssentials
import IncidentDomain
import Postgres
import Testing

@testable import MusterServer

/// The stored form of a component is read by the release before this one, and by the one after it.
struct StoredComponentTests {
    private static let components = [
        Component(slug: "bare", name: "bare", tier: 3),
        Component(
            slug: "full", name: "Full \"quotes\" \u{1F692}", tier: 0, owner: "team", regions: ["eu", "us"],
            expectedRestoreSeconds: 600, soakSeconds: 0,
            dependsOn: [Dependency(component: "a", kind: .hard), Dependency(component: "b", kind: .soft)],
            labels: ["k": "v", "": "é"]),
    ]

    @Test(arguments: components) func `what is stored is read as it was`(component: Component) throws {
        #expect(try Component(stored: component.stored) == component)
    }

    @Test(arguments: components) func `the first releases, which decode it, can read it, and we read theirs`(
        component: Component
    ) throws {
        #expect(try JSONDecoder().decode(Component.self, from: Data(component.stored.bytes)) == component)
        let theirs = PostgresJSON(bytes: Array(try JSONEncoder().encode(component)))
        #expect(try Component(stored: theirs) == component)
    }

    @Test func `fields of a later release are skipped, and what is no component is a fault`() throws {
        let later = PostgresJSON(#"{"slug": "a", "name": "A", "tier": 1, "colour": {"red": [1]}}"#)
        #expect(try Component(stored: later) == Component(slug: "a", name: "A", tier: 1))
        for text in [#"{"slug": "a"}"#, "[]", #"{"slug": "a", "tier": 1, "depends_on": [{"kind": "hard"}]}"#] {
            #expect(throws: Component.Unreadable.self) { try Component(stored: PostgresJSON(text)) }
        }
    }
}
