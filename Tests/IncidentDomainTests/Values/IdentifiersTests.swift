import Testing

@testable import IncidentDomain

struct IdentifiersTests {
    @Test(arguments: [
        ("42", 42), ("INC-42", 42), ("inc-42", 42), ("Inc-0042", 42), ("1", 1), ("0", nil), ("INC-0", nil), ("", nil),
        ("INC-", nil), ("-42", nil), ("+42", nil), ("42a", nil), ("INC42", nil), ("INC-42 ", nil), ("٤٢", nil),
        ("99999999999999999999999", nil), ("9223372036854775807", Int.max), ("ınc-42", nil),
    ])
    func `an incident is named by its number`(_ text: String, _ number: Int?) {
        #expect(Identifiers.incidentNumber(text) == number)
    }

    @Test func `a component is named by a slug`() {
        for good in ["a", "0", "user-db", "edge.eu_west-1", String(repeating: "a", count: 64)] {
            #expect(Identifiers.isSlug(good), "\(good)")
        }
        for bad in ["", "-a", ".a", "_a", "A", "ä", "a b", "a/b", "a\n", String(repeating: "a", count: 65)] {
            #expect(!Identifiers.isSlug(bad), "\(bad)")
        }
    }

    @Test func `each role may do all that the ones before it may`() {
        #expect(Role.allCases == Role.allCases.sorted())
        #expect(Role.admin >= .commander)
        #expect(Role.viewer < .responder)
    }
}
