import FoundationEssentials
import Glibc
import Synchronization

/// A client that means no harm, beside those that do: what it is answered, how soon, and how much the daemon holds meanwhile.
///
/// Each of its two halves has a thread and measures by itself: one asks `/healthz` on a new connection every 50 ms, as a
/// supervisor does, one sends an alert every 200 ms, on a connection that it keeps or on a new one in turns.
final class Witness: Sendable {
    struct Look: Sendable {
        let at: ContinuousClock.Instant
        let took: Duration
        /// What went wrong; nil when it was answered as it should be.
        let fault: String?
    }

    private struct Seen {
        var health: [Look] = []
        var alerts: [Look] = []
        /// Resident memory in MiB.
        var memory: [(at: ContinuousClock.Instant, mebibytes: Int)] = []
        /// The alerts that were answered as stored.
        var stored: [String] = []
        var isOver = false
    }

    private let port: Int
    private let pid: pid_t
    private let hook: String
    private let seen = Mutex(Seen())

    private static let healthEach = Duration.milliseconds(50)
    private static let alertEach = Duration.milliseconds(200)
    /// How long it waits for one answer, in seconds. Alertmanager waits for ten.
    private static let patience = 10

    /// - Parameter hook: The path that its alerts go to.
    init(port: Int, pid: pid_t, hook: String) {
        self.port = port
        self.pid = pid
        self.hook = hook
    }

    /// Looks and sends until `body` has returned.
    func during<T>(_ body: () async throws -> T) async rethrows -> T {
        async let looking: Void = OwnThread.run { self.lookAtHealth() }
        async let sending: Void = OwnThread.run { self.sendAlerts() }
        do {
            let value = try await body()
            seen.withLock { $0.isOver = true }
            _ = await (looking, sending)
            return value
        } catch {
            seen.withLock { $0.isOver = true }
            _ = await (looking, sending)
            throw error
        }
    }

    /// The names of the alerts that it was told are stored.
    var stored: [String] { seen.withLock { $0.stored } }

    private var isOver: Bool { seen.withLock { $0.isOver } }
}

// MARK: - What it saw

extension Witness {
    /// A stretch of time in numbers.
    struct Stretch: Sendable {
        var slowestHealth = Duration.zero
        var slowestAlert = Duration.zero
        var looks = 0
        var alerts = 0
        var peakMebibytes = 0
        var faults: [String] = []
    }

    /// What began within the stretch.
    func stretch(from start: ContinuousClock.Instant, to end: ContinuousClock.Instant) -> Stretch {
        seen.withLock { seen in
            var stretch = Stretch()
            for look in seen.health where look.at >= start && look.at < end {
                stretch.looks += 1
                stretch.slowestHealth = max(stretch.slowestHealth, look.took)
                if let fault = look.fault { stretch.faults.append("/healthz: \(fault)") }
            }
            for look in seen.alerts where look.at >= start && look.at < end {
                stretch.alerts += 1
                stretch.slowestAlert = max(stretch.slowestAlert, look.took)
                if let fault = look.fault { stretch.faults.append("its alert: \(fault)") }
            }
            stretch.peakMebibytes =
                seen.memory.filter { $0.at >= start && $0.at < end }.map(\.mebibytes).max() ?? 0
            return stretch
        }
    }

    /// Whether the last looks were all answered within the limit.
    func isCalm(within limit: Duration, since start: ContinuousClock.Instant) -> Bool {
        seen.withLock { seen in
            let last = seen.health.suffix(5)
            let alert = seen.alerts.last
            return last.count == 5 && last.allSatisfy { $0.at >= start && $0.fault == nil && $0.took <= limit }
                && alert.map { $0.at >= start && $0.fault == nil } ?? false
        }
    }
}

// MARK: - Looking

extension Witness {
    private func lookAtHealth() {
        let request = RawRequest.make("GET", "/healthz")
        every(Self.healthEach) { start in
            let answer = PatientConnection(port: port, patience: Self.patience)?.exchange(request)
            let took = start.duration(to: .now)
            let fault =
                switch answer?.status {
                case nil: "no answer within \(took.seconds) s"
                case 200?: String?.none
                case let status?: "answered \(status)"
                }
            let mebibytes = Self.residentMebibytes(pid)
            seen.withLock { seen in
                seen.health.append(Look(at: start, took: took, fault: fault))
                if let mebibytes { seen.memory.append((at: start, mebibytes: mebibytes)) }
            }
        }
    }

    private func sendAlerts() {
        var number = 0
        var kept: PatientConnection?
        every(Self.alertEach) { start in
            number += 1
            let name = "witness-\(number)"
            let message = AlertmanagerMessage(group: "witness", [.init(name)])
            let request = RawRequest.make("POST", hook, json: message.json)
            var fault: String?
            // It is told "later" or loses its connection, and comes again, as any sender does.
            repeat {
                let connection =
                    number.isMultiple(of: 2) ? PatientConnection(port: port, patience: Self.patience) : kept
                let used = connection ?? PatientConnection(port: port, patience: Self.patience)
                let answer = used?.exchange(request)
                kept = number.isMultiple(of: 2) ? kept : answer?.isLast == false ? used : nil
                fault = answer.map { $0.status == 200 ? nil : "answered \($0.status)" } ?? "the connection ended"
                if fault != nil { Self.wait(.milliseconds(50)) }
            } while fault != nil && start.duration(to: .now) < .seconds(Self.patience) && !isOver
            let took = start.duration(to: .now)
            seen.withLock { seen in
                seen.alerts.append(Look(at: start, took: took, fault: fault))
                if fault == nil { seen.stored.append(name) }
            }
        }
    }

    /// Calls it at even times, and not twice at once when one call took longer.
    private func every(_ pause: Duration, _ body: (ContinuousClock.Instant) -> Void) {
        var next = ContinuousClock.now
        while !isOver {
            body(.now)
            next = max(next + pause, .now)
            Self.wait(ContinuousClock.now.duration(to: next))
        }
    }

    /// It is a clock, and so it waits for time.
    private static func wait(_ pause: Duration) {
        poll(nil, 0, Int32(max(0, pause / .milliseconds(1)).rounded(.up)))
    }
}

// MARK: - The daemon as the kernel sees it

extension Witness {
    static func residentMebibytes(_ pid: pid_t) -> Int? {
        let line = Files.text("/proc/\(pid)/status").split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first
            .flatMap { Int($0) }.map { $0 >> 10 }
    }

    /// What the kernel holds for all of TCP.
    static var socketMebibytes: Int {
        let words =
            Files.text("/proc/net/sockstat").split(separator: "\n").first { $0.hasPrefix("TCP:") }?
            .split(separator: " ") ?? []
        let pages = words.firstIndex(of: "mem").flatMap { Int(words[$0 + 1]) } ?? 0
        return pages * Int(getpagesize()) >> 20
    }

    static func descriptors(_ pid: pid_t) -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count) ?? 0
    }
}

extension Duration {
    var seconds: Double { self / .seconds(1) }
}
