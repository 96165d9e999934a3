import FoundationEssentials
import IncidentDomain
import NIOCore
import NIOPosix

/// One look at one target. Every way to fail is an outcome; only a cancelled look throws.
struct ProbeCheck: Sendable {
    var networks = ProbeNetworks()
    /// Tells the moment by which certificates are judged.
    var now: @Sendable () -> Timestamp = { .now() }

    var names = NameLookup.shared
    var tls = ProbeTLS.shared

    /// What was wrong, as a clause.
    struct Failure: Error {
        let detail: String
    }

    /// Why nothing can be said of the target: something of our own is wrong.
    struct Unknown: Error {
        let detail: String
    }

    func look(at target: ProbeTarget, timeout: Duration) async throws -> ProbeOutcome {
        let start = ContinuousClock.now
        let connector = ProbeConnector(
            networks: networks, deadline: start + timeout, timeout: timeout, names: names, tls: tls)
        do {
            switch target {
            case .http(let page): return try await HTTPCheck(connector: connector).look(at: page)
            case .tcp(let port): return try await TCPCheck(connector: connector).look(at: port)
            case .tls(let port): return try await TLSCheck(connector: connector, now: now()).look(at: port)
            }
        } catch let failure as Failure {
            return .failed(failure.detail)
        } catch let unknown as Unknown {
            return .unknown(unknown.detail)
        } catch let problem as Problem {
            return .unknown("not looked at: \(problem.detail)")
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            return .failed(ProbeFault.words(of: error))
        }
    }
}

extension ContinuousClock.Instant {
    /// Since this moment.
    var elapsedMilliseconds: Int {
        let passed = duration(to: .now).components
        return Int(passed.seconds) * 1000 + Int(passed.attoseconds / 1_000_000_000_000_000)
    }
}
