/// Whether a component of a later tier waits for those of earlier tiers (`restoration.waves`), by severity.
///
/// Dependencies always gate. Tiers say what comes first: with `advise` hands are told so, with `enforce` a later tier waits.
package struct WavePolicy: Hashable, Sendable {
    package enum Mode: String, CaseIterable, Sendable {
        case advise, enforce
    }

    private let standard: Mode
    private let bySeverity: [Severity: Mode]

    package static let advise = WavePolicy(.advise)
    package static let enforce = WavePolicy(.enforce)

    /// - Parameter bySeverity: Where a severity has another mode than all others.
    package init(_ standard: Mode, bySeverity: [Severity: Mode] = [:]) {
        self.standard = standard
        self.bySeverity = bySeverity
    }

    /// - Parameter severity: Nil while nobody has set one.
    package func mode(for severity: Severity?) -> Mode {
        severity.flatMap { bySeverity[$0] } ?? standard
    }
}

/// What the configuration says about restoring, beside the soaks.
package struct RestorationPolicy: Hashable, Sendable {
    /// `restoration.waves`
    package var waves: WavePolicy
    /// `restoration.dependents_start`: nil is when a dependency is restored.
    package var opensAt: DependencyOpening?

    package init(waves: WavePolicy = .advise, opensAt: DependencyOpening? = nil) {
        (self.waves, self.opensAt) = (waves, opensAt)
    }
}
