import Testing

@testable import MusterServer

struct JSONMembersTests {
    private func some(_ names: Set<String>, of text: String) -> String {
        String(decoding: JSONMembers.some(names, of: Array(text.utf8)), as: UTF8.self)
    }

    @Test func `some members are taken as they stand, in their order`() {
        let object = #"{"a":1,"b":{"a":[1,{"c":"}"}],"d":"\",\"x\":{"},"c":[],"d":"\\"}"#
        #expect(some(["a"], of: object) == #"{"a":1}"#)
        #expect(some(["d", "b"], of: object) == #"{"b":{"a":[1,{"c":"}"}],"d":"\",\"x\":{"},"d":"\\"}"#)
        #expect(some(["c", "nothing"], of: object) == #"{"c":[]}"#)
        #expect(some(["x"], of: object) == "{}" && some(["a"], of: "{}") == "{}")
        #expect(some(["a", "b", "c", "d"], of: object) == object)
    }
}
