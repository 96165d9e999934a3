import Testing

@testable import IncidentDomain

struct ComponentFieldTests {
    private let full = Component(
        slug: "a", name: "A", tier: 0, owner: "team", regions: ["eu"], expectedRestoreSeconds: 60, soakSeconds: 0,
        dependsOn: [Dependency(component: "b", kind: .hard)], labels: ["k": "v"], goal: true, regional: false,
        ramp: [RampStage(percent: 100, minutes: 0)], enoughRegions: 1, publicListing: PublicListing(name: "A"))

    @Test func `each field that differs is named, and no other`() {
        let changes: [(ComponentField, (inout Component) -> Void)] = [
            (.name, { $0.name = "B" }), (.tier, { $0.tier = 3 }), (.owner, { $0.owner = nil }),
            (.regions, { $0.regions.append("us") }), (.expectedRestoreSeconds, { $0.expectedRestoreSeconds = nil }),
            (.soakSeconds, { $0.soakSeconds = 1 }), (.dependsOn, { $0.dependsOn[0].kind = .soft }),
            (.ramp, { $0.ramp = nil }), (.labels, { $0.labels["k"] = "w" }), (.goal, { $0.goal = nil }),
            (.enoughRegions, { $0.enoughRegions = nil }), (.regional, { $0.regional = nil }),
            (.publicListing, { $0.publicListing = nil }),
        ]
        #expect(changes.map(\.0) == ComponentField.allCases)
        for (field, change) in changes {
            var changed = full
            change(&changed)
            #expect(ComponentField.differences(from: full, to: changed) == [field])
            #expect(ComponentField.differences(from: changed, to: full) == [field])
        }
        #expect(ComponentField.differences(from: full, to: full).isEmpty)
        #expect(ComponentField.differences(from: nil, to: nil).isEmpty)
    }

    @Test func `of what is new or gone, the fields that it has are named`() {
        let bare = Component(slug: "a", name: "a", tier: 1)
        #expect(ComponentField.differences(from: nil, to: bare) == [.name, .tier])
        #expect(ComponentField.differences(from: full, to: nil) == ComponentField.allCases)
    }
}
