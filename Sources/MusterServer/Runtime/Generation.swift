import Logging
import ServiceLifecycle
import Synchronization

/// One configuration at work: a server made of it, and its loops.
///
/// A reload makes the next one beside it instead of changing settings one by one under way, so that every request and
/// every loop sees one configuration, whole. Two at the same time do each other no more harm than two daemons do.
final class Generation: Service {
    let server: Server
    let pulses: [RunnerPulse]
    private let loops: ServiceGroup

    init(_ server: Server) {
        self.server = server
        let runners = server.runners.map(PulsingService.init)
        pulses = runners.map(\.pulse)
        loops = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: runners.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) },
                logger: server.logger.atLeast(.notice)))
    }

    func run() async throws {
        try await loops.run()
    }

    /// Ends the loops once the requests that began under this configuration have their answers.
    func retire() async {
        server.features.streams.end()
        // A request that took this configuration just before it was replaced may still be on its way to a thread, and counts as
        // in flight only there. Nothing announces it; a moment is enough, and what is later finds the intake closed and gets 503.
        try? await Task.sleep(for: .milliseconds(50))
        while server.inFlight.current > 0, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(20))
        }
        await loops.triggerGracefulShutdown()
    }
}

/// The generations of this daemon: the newest one gets what is new, those before it end what they have begun.
final class Generations: Service {
    let dispatcher: CurrentDispatcher
    private let alive: Mutex<[Generation]>
    private let arrivals: AsyncStream<Generation>
    private let arrived: AsyncStream<Generation>.Continuation

    init(first server: Server) {
        let first = Generation(server)
        dispatcher = CurrentDispatcher(server.dispatcher)
        alive = Mutex([first])
        (arrivals, arrived) = AsyncStream.makeStream()
        arrived.yield(first)
    }

    /// The newest one's server.
    var server: Server {
        alive.withLock { $0[$0.count - 1] }.server
    }

    /// Of every loop that runs.
    var pulses: [RunnerPulse] {
        alive.withLock { $0.flatMap(\.pulses) }
    }

    /// Ends what would go on for ever: streams of events.
    func endStreams() {
        for generation in alive.withLock({ $0 }) { generation.server.features.streams.end() }
    }

    func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            for await generation in arrivals.cancelOnGracefulShutdown() {
                group.addTask {
                    try await generation.run()
                    self.alive.withLock { alive in
                        if alive.count > 1 { alive.removeAll { $0 === generation } }
                    }
                }
            }
        }
    }

    /// Has everything from now on done under another configuration; returns when what was begun before has ended.
    func replace(with server: Server) async {
        let new = Generation(server)
        let old = alive.withLock { alive in
            defer { alive.append(new) }
            return alive[alive.count - 1]
        }
        arrived.yield(new)
        dispatcher.replace(with: server.dispatcher)
        await old.retire()
    }
}
