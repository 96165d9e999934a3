extension Incident {
    /// The incident after one more event; nil in only for the event that opens it. Replaying a timeline from nil gives the
    /// row again, redacted entries included.
    ///
    /// - Precondition: the first event of a timeline is `opened`. A timeline without it cannot be stored.
    package static func evolve(_ before: Incident?, _ recorded: RecordedEvent, number: Int) -> Incident? {
        guard var incident = before ?? Incident(number: number, opening: recorded) else { return nil }
        incident.apply(recorded, at: recorded.occurredAt)
        incident.version = recorded.sequence
        incident.lastRecordedAt = max(incident.lastRecordedAt, recorded.recordedAt)
        return incident
    }

    private init?(number: Int, opening recorded: RecordedEvent) {
        guard case .opened(let opening) = recorded.event else { return nil }
        self.init(
            number: number, version: 0, title: opening.title, summary: opening.summary, phase: .detect, severity: nil,
            labels: opening.labels,
            times: IncidentTimes(startedAt: opening.startedAt, detectedAt: recorded.occurredAt),
            hypotheses: [], roles: [:], impacts: [], audiences: [], mitigations: [], tasks: [], actions: [], steps: [],
            restorationOrder: nil, plan: nil, firing: [:], alerts: 0, updates: 0, eta: nil, review: nil,
            mergedInto: nil,
            lastRecordedAt: recorded.recordedAt)
    }

    private mutating func apply(_ recorded: RecordedEvent, at moment: Timestamp) {
        switch recorded.event {
        case .opened: break  // All of it was taken when the incident was made.
        case .described(let change):
            title = change.title ?? title
            summary = change.summary ?? summary
            labels = change.labels ?? labels
        case .startCorrected(let change): times.startedAt = change.startedAt
        case .severitySet(let change): severity = change.severity
        case .acknowledged: times.acknowledgedAt = moment
        case .phaseEntered(let change):
            times.leave(change.from, at: moment)
            phase = change.phase
        case .phaseReverted(let change):
            times.goBack(to: change.phase)
            phase = change.phase
            if review?.status == .approved { review?.status = .draft }
        case .dismissed: phase = .dismissed
        case .merged(let merger):
            phase = .merged
            mergedInto = merger.into
            firing = [:]  // The other incident has them now.
        case .absorbed(let other): absorb(other)
        case .causeStated(let hypothesis): hypotheses.append(hypothesis)
        case .roleAssigned(let assignment): roles[assignment.role] = assignment.person
        case .impactSet(let impact): set(impact)
        case .impactRemoved(let removal):
            impacts.removeAll { $0.component == removal.component }
            steps.removeAll { $0.component == removal.component }
        case .audienceImpactSet(let impact):
            audiences.removeAll { $0.audience == impact.audience }
            audiences.append(impact)
        case .noteAdded(let note): notes = note.number ?? notes  // Notes live in the timeline alone.
        case .mitigationAdded(let added): add(added, at: moment)
        case .mitigationChanged(let change): self.change(change, at: moment)
        case .taskAdded(let added):
            tasks.append(IncidentTask(id: added.id, text: added.text, owner: added.owner, done: false))
        case .taskChanged(let change): self.change(change)
        case .stepStarted(let start): change(start.component) { $0.start(at: moment, start.estimate) }
        case .stepRamped(let ramp): change(ramp.component) { $0.rampPercent = ramp.percent }
        case .stepVerifying(let verifying):
            change(verifying.component) { $0.verify(from: moment, until: verifying.soakUntil) }
        case .stepRestored(let restored):
            change(restored.component) { $0.restore(at: moment) }
            endImpact(on: restored.component, at: moment)
        case .stepWaived(let waiver): change(waiver.component) { $0.waive() }
        case .restorationOrdered(let order): restorationOrder = order.components.isEmpty ? nil : order.components
        case .planRevised(let revision): plan = RecordedPlan(revision)
        case .stepFailed(let failure):
            change(failure.component) { $0.fail() }
            resumeImpact(on: failure.component)
        case .stepRegressed(let regression):
            change(regression.component) { $0.regress() }
            resumeImpact(on: regression.component)
        case .alertsAttached(let batch):
            alerts += batch.total
            firing.merge(batch.counts, uniquingKeysWith: +)
        case .alertsCleared(let batch):
            for (component, count) in batch.counts {
                let left = (firing[component] ?? 0) - count
                firing[component] = left > 0 ? left : nil
            }
        case .reportsCounted(let series): reports = ReportImpact(series, at: moment)
        case .updatePosted(let update):
            updates += 1
            eta = update.eta ?? eta
        case .reviewDrafted(let draft): review = ReviewProgress(revision: draft.revision, status: .draft)
        case .reviewRevised(let revision): take(revision)
        case .reviewApproved(let approval): take(approval, by: recorded.actor.name, at: moment)
        case .actionAdded(let added): add(added)
        case .actionChanged(let change): self.change(change)
        case .entryRedacted: break  // The redacted entry itself already reads otherwise.
        }
    }

    /// After a revision that stored everything, nothing is known of what it stored.
    private mutating func take(_ revision: ReviewRevised) {
        review = ReviewProgress(revision: revision.revision, status: revision.status)
        times.reviewedAt = nil
        switch revision.scope {
        case .whole: reviewTexts = nil
        case .changes:
            var texts = reviewTexts ?? ReviewTexts()
            texts.write(revision.sections)
            reviewTexts = texts
        }
    }

    private mutating func take(_ approval: ReviewApproved, by person: String, at moment: Timestamp) {
        review = ReviewProgress(revision: approval.revision, status: .approved, approvedBy: person)
        times.reviewedAt = moment
        guard approval.order != nil else { return }
        var texts = reviewTexts ?? ReviewTexts()
        texts.keep(approval.sections)
        reviewTexts = texts
    }

    private mutating func set(_ impact: ComponentImpact) {
        if let index = impacts.firstIndex(where: { $0.component == impact.component }) {
            impacts[index] = impact
        } else {
            impacts.append(impact)
        }
        if impact.isOngoing, step(impact.component) == nil {
            steps.append(RestorationStep(component: impact.component))
        }
        guard !impact.isOngoing else { return }
        // What is not harmed needs no step. Of what has recovered, work under way is brought to its end all the same.
        steps.removeAll { step in
            step.component == impact.component && (!impact.impact.isHarm || step.state.isStartable)
        }
    }

    private mutating func absorb(_ other: IncidentAbsorbed) {
        for impact in other.impacts { set(impact) }
        firing.merge(other.firing, uniquingKeysWith: +)
        alerts += other.alerts
    }
}
