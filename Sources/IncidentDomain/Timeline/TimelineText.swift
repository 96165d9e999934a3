extension IncidentEvent {
    /// What happened, as a plain sentence or two on one line. It holds what people typed as they typed it: whoever shows
    /// it escapes it.
    package var text: String {
        switch self {
        case .opened(let payload): payload.text
        case .described(let payload): payload.text
        case .startCorrected(let payload):
            "Start of the impact corrected to \(payload.startedAt.toTheSecond) (was \(payload.previous.toTheSecond))."
        case .severitySet(let payload):
            "Severity set to \(payload.severity.rawValue)" + (payload.previous.map { " (was \($0.rawValue))." } ?? ".")
        case .acknowledged: "Acknowledged."
        case .phaseEntered(let payload): payload.text
        case .phaseReverted(let payload): payload.text
        case .dismissed(let payload): "Dismissed as a false alarm.".giving(payload.reason)
        case .merged(let payload): "Merged into INC-\(payload.into).".giving(payload.reason)
        case .absorbed(let payload): payload.text
        case .causeStated(let payload): payload.text
        case .roleAssigned(let payload): payload.text
        case .impactSet(let payload): payload.text
        case .impactRemoved(let payload): "Impact on \(payload.component) removed."
        case .audienceImpactSet(let payload): payload.text
        case .noteAdded(let payload): "\(payload.key ? "Key note" : "Note"): \(payload.text.onOneLine)"
        case .mitigationAdded(let payload): payload.text
        case .mitigationChanged(let payload): payload.text
        case .taskAdded(let payload): payload.sentence
        case .taskChanged(let payload): payload.sentence
        case .stepStarted(let payload): payload.text
        case .stepRamped(let payload): "\(payload.component) ramped to \(payload.percent) %."
        case .stepVerifying(let payload):
            "\(payload.component) is up; it is verified until \(payload.soakUntil.toTheSecond)."
        case .stepRestored(let payload): "\(payload.component) is restored."
        case .stepWaived(let payload): "\(payload.component) waived: it need not be restored.".giving(payload.reason)
        case .stepFailed(let payload): "Restoring \(payload.component) failed.".giving(payload.reason)
        case .stepRegressed(let payload): "\(payload.component) regressed: \(payload.reason.sentence)"
        case .restorationOrdered(let payload): payload.text
        case .planRevised(let payload): payload.text
        case .alertsAttached(let payload): payload.text { "\($0) joined" }
        case .alertsCleared(let payload): payload.text { "\($0) cleared\(payload.atOnce == true ? " at once" : "")" }
        case .reportsCounted(let payload): payload.sentence
        case .updatePosted(let payload): payload.text
        case .reviewDrafted(let payload): "Review started as revision \(payload.revision)."
        case .reviewRevised(let payload): payload.text
        case .reviewApproved(let payload): "Review approved at revision \(payload.revision)."
        case .actionAdded(let payload): payload.text
        case .actionChanged(let payload): payload.text
        case .entryRedacted(let payload): "Entry \(payload.sequence) redacted.".giving(payload.reason)
        }
    }
}

extension String {
    /// Every run of white space, line breaks among it, becomes one space, and none stands at either end.
    package var onOneLine: String {
        split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// On one line, with a full stop unless it has an end already.
    var sentence: String {
        let line = onOneLine
        guard let last = line.last else { return "" }
        return ".!?…".contains(last) ? line : line + "."
    }

    /// Followed by a reason, if there is one.
    func giving(_ reason: String?) -> String {
        guard let reason, !reason.onOneLine.isEmpty else { return self }
        return "\(self) Reason: \(reason.sentence)"
    }
}

extension Timestamp {
    /// For people, in UTC and without milliseconds, as in `2026-11-22 21:37:20 UTC`.
    package var toTheSecond: String { "\(dateAndTime) UTC" }

    /// Like `toTheSecond`, for where the zone is said elsewhere.
    package var dateAndTime: String {
        let written = description
        return "\(written.prefix(10)) \(written.dropFirst(11).prefix(8))"
    }
}
