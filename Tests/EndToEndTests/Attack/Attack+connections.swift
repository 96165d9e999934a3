import FoundationEssentials
import Testing

/// Strangers who hold connections, bytes or answers, most of them without any key.
extension Attack {
    static let onConnections: [Attack] = [
        slowBodies, slowHeads, idleConnections, fullHouse, headerFlood, gigabyteAnnounced, unreadAnswers, unreadStreams,
        hangingUp,
        malformedRequests, guessing,
    ]

    private static let head = "POST /hooks/x HTTP/1.1\r\nHost: muster\r\nContent-Type: application/json\r\n"

    /// 1,100 half-sent bodies without a key, and 300 with one, each of which goes on byte by byte.
    static let slowBodies = Attack("slow-bodies", seconds: 2.5, answers: refusals) { target, until in
        let withKey = head.replacing("/hooks/x", with: target.hook)
        return await Crowd.run(target.port, 1_400, until: until) { index in
            let head = index < 1_100 ? head : withKey
            return Crowd.Script(
                opening: Array("\(head)Content-Length: 100000\r\n\r\n{".utf8), turns: [[0x20]], pause: .seconds(1))
        }
    }

    /// Heads that never end.
    static let slowHeads = Attack("slow-heads", seconds: 1.5, answers: refusals) { target, until in
        await Crowd.run(target.port, 800, until: until) { _ in
            Crowd.Script(
                opening: Array("GET /healthz HTTP/1.1\r\nHost: muster\r\n".utf8), turns: [Array("X-A: b\r\n".utf8)],
                pause: .milliseconds(500))
        }
    }

    /// 10,000 connections on which nothing happens, as far as this process may have so many; a new client has to get in.
    static let idleConnections = Attack("idle-connections", seconds: 3, answers: refusals.union([200])) {
        target, until in
        let count = min(10_000, RawSocket.raiseLimit() - 1_000)
        return await Crowd.run(target.port, count, until: until) { index in
            // Some were clients once, the others never said a word.
            Crowd.Script(
                opening: index.isMultiple(of: 10) ? RawRequest.make("GET", "/healthz") : [], pause: .seconds(2))
        }
    }

    /// As many clients in the middle of something, none of whom is idle: half a body for a door that asks for no key, answers
    /// that are not read, a refusal after which the client does not go. A new client has to get in.
    static let fullHouse = Attack("full-house", seconds: 3, answers: refusals) { target, until in
        let count = min(6_000, RawSocket.raiseLimit() - 1_000)
        let half = Array(
            "POST /reports HTTP/1.1\r\nHost: muster\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n{"
                .utf8)
        let page = Array(repeatElement(RawRequest.make("GET", "/openapi.yaml"), count: 12).joined())
        return await Crowd.run(target.port, count, until: until) { index in
            switch index % 3 {
            case 0: Crowd.Script(opening: half, turns: [[0x20]], pause: .seconds(1))
            case 1: Crowd.Script(opening: page, pause: .seconds(1), reads: false, receiveBuffer: 4_096)
            default: Crowd.Script(opening: Array("What?\r\n\r\n".utf8), pause: .seconds(1), reads: false, lingers: true)
            }
        }
    }

    /// Heads of many fields, of long fields, and of one that does not end.
    static let headerFlood = Attack("header-flood", answers: refusals) { target, until in
        let start = Array("GET /healthz HTTP/1.1\r\nHost: muster\r\n".utf8)
        let fields = (0..<400).map { "X-Flood-\($0): \(String(repeating: "f", count: 20))\r\n" }.joined()
        let long = "X-Flood: \(String(repeating: "f", count: 60_000))\r\n"
        let endless = Array(String(repeating: "f", count: 16_384).utf8)
        return await Crowd.run(target.port, 96, until: until) { index in
            switch index % 3 {
            case 0: Crowd.Script(opening: start, turns: [Array(fields.utf8)])
            case 1: Crowd.Script(opening: start, turns: [Array(long.utf8)])
            default: Crowd.Script(opening: start + Array("X-Flood: ".utf8), turns: [endless])
            }
        }
    }

    /// Bodies of a gigabyte, announced in one way or another, and then sent as fast as they are taken.
    static let gigabyteAnnounced = Attack("gigabyte-announced", answers: refusals.union([401])) { target, until in
        let paths = ["/hooks/x", target.hook, "/reports", "/api/v2/alerts", "/v2/enqueue", "/v1/incidents"]
        let lengths = [
            "Content-Length: 1073741824\r\n\r\n", "Content-Length: 1073741824\r\nExpect: 100-continue\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n40000000\r\n",
            "Content-Length: 99999999999999999999999999\r\n\r\n",
        ]
        let piece = [UInt8](repeating: 0x20, count: 65_536)
        let chunk = Array("10000\r\n".utf8) + piece + Array("\r\n".utf8)
        return await Crowd.run(target.port, 60, until: until) { index in
            let path = paths[index % paths.count]
            let length = lengths[index / paths.count % lengths.count]
            let head =
                "POST \(path) HTTP/1.1\r\nHost: muster\r\nAuthorization: Bearer \(target.adminToken)\r\n"
                + "Content-Type: application/json\r\n" + length
            let turn = length.hasSuffix("chunked\r\n\r\n") ? chunk : piece
            return Crowd.Script(opening: Array(head.utf8), turns: [turn])
        }
    }

    /// 300 connections that ask for a large page over and over, and never read. What they do not read is not taken by the
    /// kernel either, which would count it as the daemon's memory.
    static let unreadAnswers = Attack("unread-answers", seconds: 2.5) { target, until in
        let request = RawRequest.make("GET", "/openapi.yaml")
        let many = Array(repeatElement(request, count: 40).joined())
        let before = Witness.socketMebibytes
        let start = ContinuousClock.now
        let half = start + start.duration(to: until) / 2
        async let crowd = Crowd.run(target.port, 300, until: until) { _ in
            Crowd.Script(
                opening: many, turns: [many], pause: .milliseconds(200), reads: false, receiveBuffer: 4_096)
        }
        try await Eventually.holds("half of the time") { ContinuousClock.now > half }
        let held = Witness.socketMebibytes - before
        var outcome = await crowd
        if held > 200 { outcome.complaints.append("the kernel held \(held) MiB for clients that do not read") }
        return outcome
    }

    /// 300 streams of events that nobody reads, while much happens.
    static let unreadStreams = Attack("unread-streams", seconds: 2.5, answers: refusals.union([201])) { target, until in
        let opened = try await target.responder.sendPatiently(
            "POST", "/v1/incidents", .json(["title": "Much is written here"])
        )
        try opened.expect(201)
        let path = opened.header("Location") ?? ""
        let text = JSON.string(String(repeating: "much ", count: 1_900))
        let note = RawRequest.make("POST", path + "/notes", token: target.responderToken, json: ["text": text])
        let stream = RawRequest.make("GET", "/v1/events?after=0-0", token: target.viewerToken)
        async let writers = Crowd.run(target.port, 4, until: until) { _ in
            Crowd.Script(turns: [note], turnsMax: 100, awaitingMax: 1)
        }
        async let readers = Crowd.run(target.port, 300, until: until) { _ in
            Crowd.Script(opening: stream, reads: false, receiveBuffer: 4_096)
        }
        return await writers + readers
    }

    /// Clients that are gone before their answer.
    static let hangingUp = Attack("hanging-up", answers: refusals) { target, until in
        let requests = [
            RawRequest.make("GET", "/openapi.yaml"), RawRequest.make("GET", "/v1/incidents", token: target.viewerToken),
            RawRequest.make("GET", "/v1/events", token: target.viewerToken),
            Array("POST \(target.hook) HTTP/1.1\r\nHost: muster\r\nContent-Length: 900\r\n\r\n{".utf8),
        ]
        return await Crowd.run(target.port, 32, until: until) { index in
            Crowd.Script(opening: requests[index % requests.count], hangsUp: true)
        }
    }

    /// The shapes by which a second request is hidden behind a first, without end. That each is refused as it should be is
    /// what `SmugglingTests` look at.
    static let malformedRequests = Attack("malformed-requests", answers: refusals.union([200, 405, 417])) {
        target, until in
        let shapes = SmugglingShape.all(hook: target.hook).map(\.bytes)
        return await Crowd.run(target.port, 48, until: until) { index in
            Crowd.Script(opening: shapes[index % shapes.count])
        }
    }

    /// Keys, tokens and paths that nobody has.
    static let guessing = Attack("guessing", answers: [401, 404, 405, 429, 503]) { target, until in
        let requests = (0..<500).flatMap { number in
            let guess = String(repeating: "k", count: 20) + String(number)
            return [
                RawRequest.make("GET", "/v1/incidents", token: guess), RawRequest.make("GET", "/\(guess)/.env"),
                RawRequest.make("POST", "/hooks/\(guess)", json: ["a": 1]),
                RawRequest.make("GET", "/api/v2/alerts", headers: ["Authorization: Bearer \(guess)"]),
            ]
        }
        return await Crowd.run(target.port, 16, until: until) { index in
            Crowd.Script(turns: Array(requests[(index * 100)...]), awaitingMax: 4)
        }
    }
}
