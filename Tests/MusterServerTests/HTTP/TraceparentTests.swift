import Testing

@testable import MusterServer

struct TraceparentTests {
    private let trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    @Test func `a valid header is taken over`() throws {
        let parent = try #require(Traceparent(header: "00-\(trace)-00f067aa0ba902b7-01"))
        #expect(parent.traceID == trace)
        #expect(parent.parentID == "00f067aa0ba902b7")
        #expect(parent.outgoing(spanID: "b7ad6b7169203331") == "00-\(trace)-b7ad6b7169203331-01")
    }

    @Test func `a later version may say more`() {
        #expect(Traceparent(header: "cc-\(trace)-00f067aa0ba902b7-01-what-the-future-brings") != nil)
        #expect(Traceparent(header: "cc-\(trace)-00f067aa0ba902b7-01.what") == nil)
    }

    @Test(arguments: [
        "", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
        "0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ])
    func `anything else is ignored`(header: String) {
        #expect(Traceparent(header: header) == nil)
    }
}
