import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1

/// What async-http-client alone needs for sending: the bodies of a file, one a line, again and again to some addresses, each with
/// as many at a time as the daemon has for an endpoint. `notifications.py` measures the daemon beside it. Arguments: the file, how many
/// messages for each address, how many at a time for each, and the addresses.
let arguments = CommandLine.arguments
guard arguments.count > 4, let messages = Int(arguments[2]), let lanes = Int(arguments[3]),
    let file = FileManager.default.contents(atPath: arguments[1])
    // Only the bench starts it.
else { fatalError("usage: bare-sender FILE MESSAGES LANES URL...") }
let bodies = file.split(separator: UInt8(ascii: "\n")).map { ByteBuffer(bytes: $0) }

/// Never shut down: it ends with the process.
let client = HTTPClient(eventLoopGroupProvider: .singleton)
let start = ContinuousClock.now
try await withThrowingTaskGroup(of: Void.self) { group in
    for url in arguments[4...] {
        for lane in 0..<lanes {
            group.addTask {
                for number in stride(from: lane, to: messages, by: lanes) {
                    var request = HTTPClientRequest(url: url)
                    request.method = .POST
                    request.headers = [
                        "content-type": "application/json", "user-agent": "bare", "webhook-id": "ntf_\(number)",
                        "webhook-timestamp": "1700000000",
                        "webhook-signature": "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
                    ]
                    request.body = .bytes(bodies[number % bodies.count])
                    let answer = try await client.execute(request, timeout: .seconds(15))
                    for try await _ in answer.body {}
                }
            }
        }
    }
    try await group.waitForAll()
}
let elapsed = start.duration(to: .now)
print(Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18)
