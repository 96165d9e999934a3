import Glibc
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import MusterServer

struct AcceptFaultsTests {
    @Test func `connections that cannot be accepted are told of once in a while, with what to do`() {
        let log = RecordedLog()
        let faults = AcceptFaults(logger: Logger(label: "test") { _ in RecordingLogHandler(log: log) })
        for _ in 0..<3 { faults.tell(IOError(errnoCode: EMFILE, reason: "accept")) }
        #expect(log.lines.map(\.level) == [.error])
        #expect(log.lines.first?.message.contains("LimitNOFILE=") == true)
    }

    @Test func `what cannot be accepted waits, and is accepted later`() async throws {
        let log = RecordedLog()
        let logger = Logger(label: "test") { _ in RecordingLogHandler(log: log) }
        let (accepted, tell) = AsyncStream<NIODeadline>.makeStream()
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        AcceptFaults(logger: logger, pause: .milliseconds(100)))
                }
            }
            .childChannelInitializer { channel in
                tell.yield(.now())
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            .bind(host: "127.0.0.1", port: 0).get()
        // One client has gone: that is no reason to keep the others waiting.
        server.pipeline.fireErrorCaught(IOError(errnoCode: ECONNABORTED, reason: "accept"))
        #expect(try await server.getOption(.autoRead).get())
        #expect(log.lines.isEmpty)
        let start = NIODeadline.now()
        server.pipeline.fireErrorCaught(IOError(errnoCode: EMFILE, reason: "accept"))
        #expect(try await server.getOption(.autoRead).get() == false)
        let address = try #require(server.localAddress)
        let client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(to: address).get()
        let when = try #require(await accepted.first { _ in true })
        #expect(when - start >= .milliseconds(100))
        #expect(try await server.getOption(.autoRead).get())
        try await client.close()
        try await server.close()
    }
}
