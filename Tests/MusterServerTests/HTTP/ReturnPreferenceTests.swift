import HTTPTypes
import TestSupport
import Testing

@testable import MusterServer

/// `Prefer: return=minimal` and `return=representation` (RFC 7240).
@Suite(.timeLimit(.minutes(20))) struct ReturnPreferenceTests {
    @Test(arguments: [
        ("return=minimal", ReturnPreference.minimal), ("Return = \"Minimal\"", .minimal),
        ("respond-async, wait=10, return=representation; a=b", .representation),
        ("return=representation, return=minimal", .representation),
    ])
    func `the first wish that is understood counts`(header: String, preference: ReturnPreference) {
        #expect(ReturnPreference(header: header) == preference)
    }

    @Test(arguments: [nil, "", ",", "return", "return=", "return=all", "returned=minimal", "handling=strict"])
    func `what is not understood is ignored`(header: String?) {
        #expect(ReturnPreference(header: header) == nil)
    }

    @Test func `a write is answered by as little as is preferred, and says so`() async throws {
        try await DescribedServer.with { server in
            let little: HTTPFields = [.prefer: "return=minimal"]
            let opened = await server.ask(.post, "/v1/incidents", ["title": "Videos stop"], headers: little)
            let number = try #require(opened.json["number"]?.integer)
            #expect(opened.status == 201 && opened.headers[.location] == "/v1/incidents/\(number)")
            #expect(opened.json.object?.members.map(\.name) == ["number", "phase", "next", "version"])
            #expect(opened.headers[.preferenceApplied] == "return=minimal")
            #expect(opened.json["next"]?["unmet"]?[0]?["how"]?["path"]?.string == "/v1/incidents/\(number)/acknowledge")

            let path = "/v1/incidents/\(number)"
            let all: HTTPFields = [.prefer: "return=representation"]
            let whole = await server.ask(.post, "\(path)/acknowledge", headers: all)
            #expect(whole.headers[.preferenceApplied] == "return=representation")
            #expect(
                whole.json.object?.members.map(\.name).prefix(5) == ["number", "title", "phase", "severity", "next"])
            #expect(await server.ask(.get, path).json == whole.json)
            let unasked = await server.ask(.patch, path, ["title": "No videos"])
            #expect(unasked.headers[.preferenceApplied] == nil && unasked.json["title"] == "No videos")

            // A refusal says all that it has to say, and reading is not a write.
            let refused = await server.ask(.post, "\(path)/advance", ["to": "review"], headers: little)
            #expect(refused.status == 409 && refused.headers[.preferenceApplied] == nil && refused.json["how"] != nil)
            let read = await server.ask(.get, path, headers: little)
            #expect(read.json["title"] == "No videos" && read.headers[.preferenceApplied] == nil)
            #expect(server.complaints == [])
        }
    }

    @Test func `a repeated request is answered as its first attempt was`() async throws {
        try await DescribedServer.with { server in
            let headers: HTTPFields = [.prefer: "return=minimal", .idempotencyKey: "k"]
            let first = await server.ask(.post, "/v1/incidents", ["title": "Videos stop"], headers: headers)
            let again = await server.ask(.post, "/v1/incidents", ["title": "Videos stop"], headers: headers)
            #expect(again.json == first.json && again.headers[.preferenceApplied] == "return=minimal")
            #expect(server.complaints == [])
        }
    }
}
