import HTTPTypes
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import MusterServer

/// Work beside the event loops.
@Suite(.timeLimit(.minutes(20))) struct WorkerPoolTests {
    /// Runs a body as a request's task is run: on an event loop.
    private func onLoop<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
        try await withTaskExecutorPreference(LoopExecutor(loop: HTTPServer.loops.next())) { try await body() }
    }

    private static var isOnLoop: Bool { MultiThreadedEventLoopGroup.currentEventLoop != nil }

    @Test func `what is carried out beside the loops computes there after every wait, and comes back`() async throws {
        try await onLoop {
            #expect(Self.isOnLoop)
            try await WorkerPool.carryOut {
                #expect(!Self.isOnLoop)
                await Task.yield()
                #expect(!Self.isOnLoop)
            }
            #expect(Self.isOnLoop)
            let (large, small) = (
                try await WorkerPool.run(beside: true) { Self.isOnLoop },
                try await WorkerPool.run(beside: false) { Self.isOnLoop }
            )
            #expect(!large && small)
        }
    }

    @Test func `the loop serves others meanwhile`() async throws {
        let loop = HTTPServer.loops.next()
        let (answers, answered) = AsyncStream<Void>.makeStream()
        let isServed = Mutex(false)
        let task = Task {
            try await withTaskExecutorPreference(LoopExecutor(loop: loop)) {
                try await WorkerPool.carryOut {
                    answered.yield()
                    while !isServed.withLock({ $0 }) {}
                }
            }
        }
        for await _ in answers { break }
        try await loop.submit { isServed.withLock { $0 = true } }.get()
        try await task.value
    }

    @Test func `a long route and a large body go beside the loops, a small one stays`() async throws {
        func route(_ path: String, isLong: Bool) -> Route {
            Route(.post, path, role: nil, path, query: .anything, body: .foreign, isLong: isLong) { _ in
                .text("\(Self.isOnLoop)")
            }
        }
        try await TestSite.with([route("/short", isLong: false), route("/long", isLong: true)]) { site async throws in
            #expect(try await site.ask("POST", "/short", body: "x").body == "true")
            #expect(try await site.ask("POST", "/long", body: "x").body == "false")
            let large = String(repeating: "x", count: Route.shortBodyMax + 1)
            #expect(try await site.ask("POST", "/short", body: large).body == "false")
        }
    }

    @Test func `every list, every picture and every document of YAML is made beside the loops`() async throws {
        try await DescribedServer.withoutDatabase { (server: MusterServer.Server) in
            var seen = 0
            for route in server.routes {
                let isList = if case .only(let names) = route.query { names.contains("limit") } else { false }
                // The badge is drawn before anybody asks for it.
                let isDrawn = route.path.hasSuffix(".svg") && route.operation != "getStatusBadge"
                guard isList || route.body == .jsonOrYAML || isDrawn else { continue }
                seen += 1
                #expect(route.isLong, "\(route.operation) may compute for long: give it isLong")
            }
            #expect(seen > 15)
        }
    }
}
