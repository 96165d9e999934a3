/// Compares what is public with what subscribers were told of it, and says what there is to tell. Pure: the same record and the same past
/// give the same news.
package struct PublicTeller: Sendable {
    /// What of a subject may be news when it changes.
    package enum Mark: Hashable, Sendable {
        case incident(PublicIncident)
        case maintenance(PublicMaintenance, PublicMaintenanceStatus, isNear: Bool)
    }

    /// What came of the comparison.
    package struct Result: Sendable {
        package var news: [PublicNews] = []
        /// What was told from now on, by subject; nil where nothing is remembered any more.
        package var told: [String: PublicTold?] = [:]
    }

    /// What happened so long ago is not told any more: an installation that writes its past down mails nobody.
    package static let lateSeconds: Double = 86_400
    /// Maintenance is announced when it begins within this time.
    package static let nearSeconds: Double = 7 * 86_400

    private let record: PublicRecord
    private let told: [String: PublicTold]
    private let status: PublicStatus
    private let now: Timestamp
    private let incidents: [String: PublicIncident]
    private let maintenance: [String: PublicMaintenance]

    /// - Parameter told: What was told of each subject that is compared; none where nothing was.
    package init(_ record: PublicRecord, told: [String: PublicTold], at now: Timestamp) {
        (self.record, self.told, self.now) = (record, told, now)
        status = PublicStatus(record, at: now)
        incidents = Dictionary(record.incidents.map { (Self.subject(of: $0), $0) }) { first, _ in first }
        maintenance = Dictionary(record.maintenance.map { (Self.subject(of: $0), $0) }) { first, _ in first }
    }

    package static func subject(of incident: PublicIncident) -> String { "incident/\(incident.number)" }
    package static func subject(of maintenance: PublicMaintenance) -> String { "maintenance/\(maintenance.id)" }

    /// By subject. Where the marks of a subject are the same, there is nothing new to tell.
    package static func marks(of record: PublicRecord, at now: Timestamp) -> [String: Mark] {
        let incidents = record.incidents.map { (subject(of: $0), Mark.incident($0)) }
        let maintenance = record.maintenance.map { one in
            (
                subject(of: one),
                Mark.maintenance(one, one.status(at: now), isNear: one.startsAt.seconds(since: now) < nearSeconds)
            )
        }
        return Dictionary(incidents + maintenance) { first, _ in first }
    }

    /// What there is to tell of some subjects.
    package func tell(of subjects: Set<String>) -> Result {
        var result = Result()
        let gone = subjects.filter { told[$0] != nil && incidents[$0] == nil && maintenance[$0] == nil }.sorted()
        let merged = gone.compactMap(target)
        for subject in gone where incidentTold(subject) != nil { tellEnd(of: subject, &result) }
        // Whoever hears of the merge hears of the one that it goes on as.
        let heard = Set(merged.filter { told[Self.subject(of: $0)] == nil }.map(\.number))
        for incident in record.incidents.reversed() where subjects.contains(Self.subject(of: incident)) {
            tell(of: incident, isHeard: heard.contains(incident.number), &result)
        }
        tellMaintenance(subjects, gone, &result)
        return result
    }

    private func incidentTold(_ subject: String) -> PublicTold.Incident? {
        guard case .incident(let before)? = told[subject] else { return nil }
        return before
    }

    private func maintenanceTold(_ subject: String) -> PublicTold.Maintenance? {
        guard case .maintenance(let before)? = told[subject] else { return nil }
        return before
    }

    private func isLate(_ moment: Timestamp) -> Bool { now.seconds(since: moment) > Self.lateSeconds }

    // MARK: Incidents

    private func tell(of incident: PublicIncident, isHeard: Bool, _ result: inout Result) {
        let subject = Self.subject(of: incident)
        let before = incidentTold(subject)
        let titles = before?.titles ?? Self.titles(status.name(of: incident))
        let changes = before.map { difference(of: incident, since: $0) } ?? opening(of: incident)
        let isTold = !isHeard && !changes.kinds.isEmpty && !isLate(changes.moment)
        result.told[subject] = .incident(
            PublicTold.Incident(
                status: incident.status, updates: Self.updates(of: incident),
                components: incident.hits.map(\.component),
                titles: titles, at: isTold || isHeard ? now : before?.at ?? incident.updatedAt))
        guard isTold else { return }
        result.news.append(
            news(
                subject, changes.kinds, [incident], [], number: incident.number, titles: titles,
                updates: changes.updates,
                hears: incident.hits.map(\.component) + (before?.components ?? [])))
    }

    private typealias Changes = (kinds: [PublicNewsKind], updates: [Int], moment: Timestamp)

    private func opening(of incident: PublicIncident) -> Changes {
        let shown = incident.updates.prefix(PublicNews.updatesMax)
        return (
            incident.status.isResolved ? [.opened, .resolved] : [.opened], shown.map(\.id),
            max(incident.createdAt, shown.first?.publishedAt ?? incident.createdAt)
        )
    }

    private func difference(of incident: PublicIncident, since before: PublicTold.Incident) -> Changes {
        var kinds: [PublicNewsKind] = []
        var moments: [Timestamp] = []
        let passage = Self.passage(from: before.status, to: incident.status)
        kinds += passage
        for kind in passage { moments.append(moment(of: kind, incident)) }
        let new = incident.updates.filter { before.updates[$0.id] == nil }
        if !new.isEmpty { kinds.append(.updated) }
        let corrected = incident.updates.filter { update in
            before.updates[update.id].map { $0 != update.correctedAt?.milliseconds ?? 0 } ?? false
        }
        if !corrected.isEmpty { kinds.append(.corrected) }
        moments += new.map(\.publishedAt) + corrected.compactMap(\.correctedAt)
        if hasLost(incident, before) {
            kinds.append(.updateWithdrawn)
            moments.append(now)
        }
        let shown = (new + corrected).sorted { ($0.publishedAt, $0.id) > ($1.publishedAt, $1.id) }
        return (kinds, shown.prefix(PublicNews.updatesMax).map(\.id), moments.max() ?? now)
    }

    private static func passage(from before: PublicIncidentStatus, to now: PublicIncidentStatus) -> [PublicNewsKind] {
        let reviewed: [PublicNewsKind] = now == .postmortem && before != .postmortem ? [.reviewed] : []
        switch (before.isResolved, now.isResolved) {
        case (false, true): return [.resolved] + reviewed
        case (true, false): return [.reopened]
        case (true, true): return reviewed
        case (false, false):
            if now == .monitoring, before != .monitoring { return [.restored] }
            return before == .monitoring && now != .monitoring ? [.reopened] : []
        }
    }

    private func moment(of kind: PublicNewsKind, _ incident: PublicIncident) -> Timestamp {
        switch kind {
        case .resolved: incident.resolvedAt ?? now
        case .restored: incident.monitoringAt ?? now
        case .reviewed: incident.postMortem?.publishedAt ?? now
        case .opened, .updated, .corrected, .updateWithdrawn, .reopened, .merged, .withdrawn, .announced, .moved,
            .begun,
            .ended, .cancelled:
            now
        }
    }

    /// Whether an update that was told is gone, and not only too old to be shown.
    private func hasLost(_ incident: PublicIncident, _ before: PublicTold.Incident) -> Bool {
        let ids = Set(incident.updates.map(\.id))
        let oldest = incident.updatesLeftOut > 0 ? ids.min() ?? .max : 0
        return before.updates.keys.contains { !ids.contains($0) && $0 > oldest }
    }

    private static func updates(of incident: PublicIncident) -> [Int: Int64] {
        Dictionary(incident.updates.map { ($0.id, $0.correctedAt?.milliseconds ?? 0) }) { first, _ in first }
    }

    /// As which incident one goes on that is gone.
    private func target(of subject: String) -> PublicIncident? {
        guard let number = Self.number(of: subject), let target = record.merged?[number] else { return nil }
        return incidents["incident/\(target)"]
    }

    private static func number(of subject: String) -> Int? {
        subject.hasPrefix("incident/") ? Int(subject.dropFirst(9)) : nil
    }

    /// An incident that was public is so no more.
    private func tellEnd(of subject: String, _ result: inout Result) {
        guard let before = incidentTold(subject) else { return }
        result.told[subject] = .some(nil)
        let number = Self.number(of: subject)
        if let target = target(of: subject) {
            guard !(before.status.isResolved && isLate(before.at)) else { return }
            let hits = target.hits.map(\.component)
            result.news.append(
                news(
                    subject, [.merged], [target], [], number: number, target: target.number, titles: before.titles,
                    updates: target.updates.prefix(1).map(\.id), hears: hits + before.components))
        } else if !isLeftOut(before) {
            // What was withdrawn is not said again, not even its name.
            result.news.append(
                news(subject, [.withdrawn], [], [], number: number, hears: before.components, isForToldOnly: true))
        }
    }

    /// Whether an incident may only have made room for newer ones, or is over for so long that nobody waits for news.
    private func isLeftOut(_ before: PublicTold.Incident) -> Bool {
        let over = record.incidents.count { $0.status.isResolved }
        guard before.status.isResolved else { return record.incidents.count - over >= PublicRecord.openMax }
        return isLate(before.at) || over >= PublicRecord.pastMax
    }

    // MARK: Maintenance

    private func tellMaintenance(_ subjects: Set<String>, _ gone: [String], _ result: inout Result) {
        var vanished = gone.compactMap { subject in maintenanceTold(subject).map { (subject: subject, told: $0) } }
            .sorted { ($0.told.startsAt, $0.subject) < ($1.told.startsAt, $1.subject) }
        for one in record.maintenance where subjects.contains(Self.subject(of: one)) {
            let subject = Self.subject(of: one)
            // A window with other times has other subjects: the same window, a time less and a time more.
            let isNew = told[subject] == nil && one.status(at: now) != .completed
            let place = isNew ? vanished.firstIndex { $0.told.madeAt == one.createdAt } : nil
            let previous = place.map { vanished.remove(at: $0) }
            if let previous { result.told[previous.subject] = .some(nil) }
            tell(of: one, previous?.told, &result)
        }
        for (subject, before) in vanished { tellEnd(of: subject, before, &result) }
    }

    private func tell(
        of one: PublicMaintenance, _ previous: PublicTold.Maintenance?, _ result: inout Result
    ) {
        let subject = Self.subject(of: one)
        let before = maintenanceTold(subject) ?? previous
        let state = one.status(at: now)
        let kind = kind(of: one, state, before)
        guard before != nil || kind != nil else { return }
        let titles = before?.titles ?? Self.titles(status.name(of: one))
        result.told[subject] = .maintenance(
            PublicTold.Maintenance(
                status: state, startsAt: one.startsAt, endsAt: one.endsAt, components: one.components, titles: titles,
                madeAt: one.createdAt))
        guard let kind else { return }
        result.news.append(
            news(subject, [kind], [], [one], titles: titles, hears: one.components + (before?.components ?? [])))
    }

    private func kind(
        of one: PublicMaintenance, _ state: PublicMaintenanceStatus, _ before: PublicTold.Maintenance?
    ) -> PublicNewsKind? {
        guard let before else {
            switch state {
            case .scheduled: return one.startsAt.seconds(since: now) < Self.nearSeconds ? .announced : nil
            case .inProgress: return isLate(one.startsAt) ? nil : .begun
            case .completed: return nil
            }
        }
        switch (before.status, state) {
        case (.scheduled, .inProgress): return .begun
        case (.scheduled, .completed), (.inProgress, .completed): return isLate(one.endsAt) ? nil : .ended
        case (.scheduled, .scheduled):
            return (before.startsAt, before.endsAt) == (one.startsAt, one.endsAt) ? nil : .moved
        case (.inProgress, .inProgress): return before.endsAt == one.endsAt ? nil : .moved
        case (.inProgress, .scheduled): return .moved
        case (.completed, .scheduled), (.completed, .inProgress), (.completed, .completed): return nil
        }
    }

    private func tellEnd(of subject: String, _ before: PublicTold.Maintenance, _ result: inout Result) {
        result.told[subject] = .some(nil)
        let isPublic = before.components.contains { status.component($0) != nil }
        let isLeftOut = record.maintenance.count >= PublicRecord.maintenanceMax
        guard before.status != .completed, before.endsAt > now, isPublic, !isLeftOut else { return }
        result.news.append(
            news(
                subject, [.cancelled], [], [], titles: before.titles, hears: before.components, isForToldOnly: true))
    }

    // MARK: Making

    private static func titles(_ name: Phrase) -> [String: String] {
        Dictionary(Language.allCases.map { ($0.rawValue, Speech(language: $0)(name)) }) { first, _ in first }
    }

    private func news(
        _ subject: String, _ kinds: [PublicNewsKind], _ incidents: [PublicIncident], _ maintenance: [PublicMaintenance],
        number: Int? = nil, target: Int? = nil, titles: [String: String] = [:], updates: [Int] = [], hears: [String],
        isForToldOnly: Bool = false
    ) -> PublicNews {
        let named = Set(
            incidents.flatMap { $0.hits.map(\.component) + ($0.progress.map { $0.back + $0.next } ?? []) }
                + maintenance.flatMap(\.components))
        return PublicNews(
            subject: subject, kinds: kinds,
            record: PublicRecord(
                components: record.components.filter { named.contains($0.id) }, incidents: incidents,
                maintenance: maintenance),
            indicator: status.indicator.rawValue, at: now, number: number, target: target, titles: titles,
            updates: updates, hears: Array(Set(hears)).sorted(), isForToldOnly: isForToldOnly)
    }
}
