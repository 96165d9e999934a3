/// Something that a component waits for.
package struct RestorationGate: Hashable, Sendable {
    /// What kind of thing it is, with what there is to say about it.
    package enum Kind: Hashable, Sendable {
        /// Something that the component cannot work without.
        case dependency(OpenStep)
        /// A step of another incident: of something that the component needs, or of the component itself.
        case elsewhere(OpenStep, incident: Int)
        /// An earlier wave, by number, where the policy enforces waves: the first of its steps that are not done and are not gates of their own, and how
        /// many more there are.
        case wave(Int, open: [OpenStep], more: Int)
        /// So many alerts that fire on the component itself.
        case alerts(Int)
        /// A probe of the component itself that failed, or has not looked since the work on it began.
        case probe(ProbeFact, ProbeStatus)
    }

    /// The component it waits for; of a wave, the first one that is not done.
    package let component: String
    package let kind: Kind
    /// What somebody can do about it now.
    package let remedy: RestorationRemedy

    /// One clause for a person, as in "waits for user-db (restoring, 60 % ramped)".
    package var reason: String {
        switch kind {
        case .dependency(let step): return "waits for \(step.component) (\(step.progress))"
        case .elsewhere(let step, let incident):
            return "waits for \(step.component) (\(step.progress)) in INC-\(incident)"
        case .wave(let number, let open, let more):
            let clauses = open.map(\.clause).joined(separator: ", ")
            let rest = more > 0 ? " and \(more) more" : ""
            return "wave \(number) is not complete (restoration.waves: enforce): \(clauses)\(rest)"
        case .alerts(let count):
            return "\(count) alert\(count == 1 ? " is" : "s are") still firing on \(component)"
        case .probe(let probe, let status): return probe.clause(status)
        }
    }
}

extension RestorationGate {
    /// Whether somebody who passes over it names its component (`without`); waves are passed over all together.
    package var isNamedToPass: Bool {
        switch kind {
        case .dependency, .elsewhere: true
        case .wave, .alerts, .probe: false
        }
    }
}

/// The next thing that brings a gate nearer to opening: behind a chain of components that wait for each other, it is about
/// the one that waits for nothing.
package enum RestorationRemedy: Hashable, Sendable {
    /// It is ready, or has to be restored again.
    case start(component: String)
    /// It is being restored; whoever does so says when it is up.
    case verify(component: String)
    /// Its soak ends by itself.
    case wait(component: String, until: Timestamp)
    /// Alerts on it still fire.
    case resolveAlerts(component: String)
    /// A probe of it fails, or looks within some seconds.
    case lookAtProbe(name: String)
    /// It is for those who work on another incident.
    case lookAt(incident: Int)
}

extension ProbeFact {
    /// As in "probe login-page failed: status 503".
    fileprivate func clause(_ status: ProbeStatus) -> String {
        switch status {
        case .failing: "probe \(name) failed: \(detail ?? "no detail")"
        case .pending: "probe \(name) has not run since work on \(component) started"
        case .passing: "probe \(name) passed"
        }
    }
}

/// How far something is that is waited for.
package struct OpenStep: Hashable, Sendable {
    package let component: String
    package let status: RestorationStatus
    package let rampPercent: Int?
    /// While verifying, if it is known since when.
    package let soak: SoakProgress?

    init(_ step: RestorationStep, _ status: RestorationStatus, at now: Timestamp) {
        component = step.component
        self.status = status
        rampPercent = step.rampPercent
        soak = SoakProgress(step, at: now)
    }

    /// As in "restoring, 60 % ramped".
    fileprivate var progress: String {
        if let soak { return "\(status.rawValue), soaked \(soak.text)" }
        return status.rawValue + (ramp.map { ", \($0)" } ?? "")
    }

    /// As in "auth is restoring (60 % ramped)".
    fileprivate var clause: String {
        if let soak { return "\(component) is soaking, \(soak.text)" }
        return "\(component) is \(status.rawValue)" + (ramp.map { " (\($0))" } ?? "")
    }

    private var ramp: String? {
        status == .restoring ? rampPercent.map { "\($0) % ramped" } : nil
    }
}

/// How much of a soak is over.
package struct SoakProgress: Hashable, Sendable {
    package let soakedSeconds: Int
    package let totalSeconds: Int
    package let until: Timestamp

    /// Nil when the step does not soak, or nobody kept since when.
    init?(_ step: RestorationStep, at now: Timestamp) {
        guard step.state == .verifying, let start = step.verifyingSince, let end = step.soakUntil else { return nil }
        totalSeconds = Int(max(0, end.seconds(since: start)).rounded())
        soakedSeconds = min(totalSeconds, Int(max(0, now.seconds(since: start))))
        until = end
    }

    fileprivate var text: String { "\(soakedSeconds) of \(totalSeconds) s" }
}

/// Something that a component would work better with, or be restored more easily: it never waits for that.
package struct RestorationWarning: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// A soft dependency.
        case soft
        /// What restoring needs, and how it is done without.
        case restore(otherwise: String?)
    }

    /// What is not restored.
    package let component: String
    package let status: RestorationStatus
    package var kind = Kind.soft

    /// One clause for a person, as in "works degraded without comments (waiting)".
    package var reason: String {
        switch kind {
        case .soft: "works degraded without \(component) (\(status.rawValue))"
        case .restore(let otherwise?):
            "is restored with \(component), which is \(status.rawValue); otherwise: \(otherwise.onOneLine)"
        case .restore(nil):
            "is restored with \(component), which is \(status.rawValue); nobody has written down how it is done otherwise"
        }
    }
}

/// Which step somebody has to act on so that what is waited for comes nearer: found for all of them in one pass, since each
/// waits for the same thing as what it needs does.
struct RemedySearch: Sendable {
    /// For each wave, from 0, the step to act on; nil when the wave is stable.
    private(set) var waveOpeners: [Int?]
    /// By node.
    private var openers: [Opener]
    private let firstUnstable: Int?

    private enum Opener {
        case nobody
        case step(Int32)
        /// Whatever makes the first wave stable that is not.
        case wave
    }

    /// - Parameter open: The steps of each wave that are not done, in order.
    init(_ network: RestorationNetwork, _ schedule: RestorationSchedule, _ open: [[Int]]) {
        openers = [Opener](repeating: .nobody, count: network.count)
        waveOpeners = [Int?](repeating: nil, count: open.count)
        firstUnstable = open.firstIndex { !$0.isEmpty }
        for node in 0..<network.count {
            var behind = Opener.nobody
            // A step that nothing holds up has nothing to look for behind it.
            if schedule.holders[node] != nil {
                for edge in network.needs.edges(node) where network.isClosed(edge) {
                    behind = Self.better(behind, openers[Int(network.needs.targets[edge])], network.soakEnds)
                }
            }
            switch (network.roles[node], behind) {
            case (.restored, _): openers[node] = behind
            case (.waived, _): break
            case (.running, _): openers[node] = .step(Int32(node))
            case (.waiting, .step), (.waiting, .wave): openers[node] = behind
            case (.waiting, .nobody): openers[node] = schedule.barriers[node] == nil ? .step(Int32(node)) : .wave
            }
        }
        for (index, wave) in open.enumerated() {
            var best = Opener.nobody
            for node in wave {
                best = Self.better(best, resolved(openers[node]), network.soakEnds)
                if case .step(let found) = best, network.soakEnds[Int(found)] == nil { break }
            }
            if case .step(let found) = best { waveOpeners[index] = Int(found) }
        }
    }

    /// The step to act on so that an open one comes back: itself, or what it waits for.
    func opener(of node: Int) -> Int {
        if case .step(let found) = resolved(openers[node]) { Int(found) } else { node }
    }

    private func resolved(_ opener: Opener) -> Opener {
        guard case .wave = opener, let firstUnstable, let step = waveOpeners[firstUnstable] else { return opener }
        return .step(Int32(step))
    }

    /// What somebody can do comes before what only time does; of soaks, the last one to end counts.
    private static func better(_ left: Opener, _ right: Opener, _ soakEnds: [Timestamp?]) -> Opener {
        switch (left, right) {
        case (.nobody, _): right
        case (_, .nobody), (.wave, _): left
        case (.step(let step), .wave): soakEnds[Int(step)] == nil ? left : right
        case (.step(let first), .step(let second)):
            if let one = soakEnds[Int(first)] {
                soakEnds[Int(second)].map { $0 > one } ?? true ? right : left
            } else {
                left
            }
        }
    }
}
