/// Where an update stands.
package enum UpdateState: String, CaseIterable, Codable, Sendable {
    case draft, scheduled, published, withdrawn
}

/// One update from its first draft to its newest correction, as the timeline tells it.
package struct UpdateRecord: Hashable, Sendable {
    /// What was published: first the update itself, then each correction.
    package struct Version: Hashable, Sendable {
        /// The entry that published it.
        package let entry: Int
        package let audience: String
        package let isPublic: Bool
        package let language: String
        package let body: String
        package let eta: Timestamp?
        package let steps: [String]
        package fileprivate(set) var publishedAt: Timestamp
        package let publishedBy: String
        /// Why it was corrected.
        package let reason: String?
    }

    package let id: Int
    package fileprivate(set) var state: UpdateState
    /// One of `UpdateAudience`; of releases that had none, whatever its author called it.
    package fileprivate(set) var audience: String
    /// Whom its first version went to; nil before it was published.
    package fileprivate(set) var firstAudience: String?
    package fileprivate(set) var isPublic: Bool
    /// Whether a version of it was published for everybody, also where a correction took that back.
    package fileprivate(set) var wasPublic = false
    package fileprivate(set) var language: String
    package fileprivate(set) var body: String
    package fileprivate(set) var eta: Timestamp?
    package fileprivate(set) var steps: [String]
    package fileprivate(set) var nextUpdateAt: Timestamp?
    /// Counts from 1, through the changes of the draft and then the corrections of what was published.
    package fileprivate(set) var revision: Int
    /// Everybody who wrote on it, by name.
    package fileprivate(set) var authors: [String]
    package fileprivate(set) var approvedBy: String?
    package fileprivate(set) var approvedAt: Timestamp?
    package fileprivate(set) var publishAt: Timestamp?
    /// Why it was not published at its time.
    package fileprivate(set) var held: UpdateHeld.Why?
    package fileprivate(set) var template: String?
    package fileprivate(set) var corrects: Int?
    /// Why it was withdrawn.
    package fileprivate(set) var reason: String?
    /// The oldest first; the last one holds.
    package fileprivate(set) var versions: [Version] = []

    fileprivate init(_ drafted: UpdateDrafted, by author: String) {
        id = drafted.id
        state = .draft
        audience = drafted.content.audience.rawValue
        (isPublic, language, body) = (drafted.content.isPublic, drafted.content.language, drafted.content.body)
        (eta, steps) = (drafted.content.eta, drafted.content.steps)
        revision = drafted.revision
        authors = [author]
        (template, corrects) = (drafted.template, drafted.corrects)
        draft(drafted, by: author)
    }

    fileprivate init(_ posted: UpdatePosted, id: Int, by author: String, at moment: Timestamp, in entry: Int) {
        self.id = id
        state = .published
        audience = posted.audience
        (isPublic, language) = (posted.isPublic ?? false, posted.language ?? LanguageTag.standard)
        (body, eta, steps, nextUpdateAt) = (posted.body, posted.eta, posted.steps, posted.promised)
        revision = 1
        authors = [author]
        publish(by: author, at: moment, in: entry, reason: nil)
    }

    fileprivate mutating func draft(_ drafted: UpdateDrafted, by author: String) {
        say(drafted.content)
        revision = drafted.revision
        publishAt = drafted.publishAt
        state = drafted.publishAt == nil ? .draft : .scheduled
        if !authors.contains(author) { authors.append(author) }
        (approvedBy, approvedAt, held) = (nil, nil, nil)
    }

    fileprivate mutating func say(_ content: UpdateContent) {
        if UpdateAudience(word: audience) != content.audience { audience = content.audience.rawValue }
        (isPublic, language, body) = (content.isPublic, content.language, content.body)
        (eta, steps) = (content.eta, content.steps)
        // A correction that says nothing of the next one leaves what was promised.
        nextUpdateAt = content.nextUpdateAt ?? (state == .published ? nextUpdateAt : nil)
    }

    /// It went out at another time than was recorded.
    fileprivate mutating func wasPublished(at moment: Timestamp) {
        guard !versions.isEmpty else { return }
        versions[0].publishedAt = moment
    }

    /// What it says now is what its readers see.
    fileprivate mutating func publish(by name: String, at moment: Timestamp, in entry: Int, reason: String?) {
        state = .published
        wasPublic = wasPublic || isPublic
        firstAudience = firstAudience ?? audience
        versions.append(
            Version(
                entry: entry, audience: audience, isPublic: isPublic, language: language, body: body, eta: eta,
                steps: steps, publishedAt: moment, publishedBy: name, reason: reason))
        if versions.count > 1 { revision += 1 }
    }
}

extension UpdateRecord {
    /// An expected end that it told, at first or by a correction.
    struct ToldEta {
        let eta: Timestamp
        let version: Version
        let isFirst: Bool
        /// Whether a later version told another one, or none.
        var isCorrected = false
    }

    /// In the order in which they were told; none of a draft that corrects another update.
    var toldEtas: [ToldEta] {
        guard corrects == nil else { return [] }
        var told: [ToldEta] = []
        for (place, version) in versions.enumerated() where place == 0 || version.eta != versions[place - 1].eta {
            if let last = told.indices.last { told[last].isCorrected = true }
            guard let eta = version.eta else { continue }
            told.append(ToldEta(eta: eta, version: version, isFirst: place == 0))
        }
        return told
    }
}

/// All updates of an incident.
package enum UpdateHistory {
    /// The kinds of events that it is made of.
    package static let kinds = [
        UpdatePosted.kind, UpdateDrafted.kind, UpdateApproved.kind, UpdateScheduled.kind, UpdateHeld.kind,
        UpdateWithdrawn.kind, UpdateCorrected.kind, EntryStruck.kind,
    ]

    /// The updates by number.
    ///
    /// - Parameter timeline: In its order, at least the events of these kinds.
    package static func make(_ timeline: some Sequence<RecordedEvent>) -> [UpdateRecord] {
        var records: [Int: UpdateRecord] = [:]
        for recorded in timeline { take(recorded, into: &records) }
        return records.values.sorted { $0.id < $1.id }
    }

    private static func take(_ recorded: RecordedEvent, into records: inout [Int: UpdateRecord]) {
        let (event, by, moment) = (recorded.event, recorded.actor.name, recorded.occurredAt)
        let entry = recorded.sequence
        if let posted = event.as(UpdatePosted.self) {
            // Those without a number come before all others.
            let id = posted.id ?? records.count + 1
            if records[id] == nil {
                records[id] = UpdateRecord(posted, id: id, by: by, at: moment, in: entry)
            } else {
                records[id]?.nextUpdateAt = posted.promised
                records[id]?.publish(by: by, at: moment, in: entry, reason: nil)
            }
        } else if let drafted = event.as(UpdateDrafted.self) {
            if records[drafted.id] == nil { records[drafted.id] = UpdateRecord(drafted, by: by) }
            records[drafted.id]?.draft(drafted, by: by)
        } else if let approved = event.as(UpdateApproved.self) {
            records[approved.id]?.approvedBy = by
            records[approved.id]?.approvedAt = moment
        } else if let id = event.as(EntryStruck.self)?.approval {
            records[id]?.approvedBy = nil
            records[id]?.approvedAt = nil
        } else if let scheduled = event.as(UpdateScheduled.self) {
            records[scheduled.id]?.publishAt = scheduled.publishAt
            records[scheduled.id]?.state = .scheduled
            records[scheduled.id]?.held = nil
        } else if let held = event.as(UpdateHeld.self) {
            records[held.id]?.publishAt = nil
            records[held.id]?.state = .draft
            records[held.id]?.held = held.why
        } else if let withdrawn = event.as(UpdateWithdrawn.self) {
            records[withdrawn.id]?.state = .withdrawn
            records[withdrawn.id]?.publishAt = nil
            records[withdrawn.id]?.reason = withdrawn.reason
        } else if let corrected = event.as(UpdateCorrected.self) {
            records[corrected.id]?.say(corrected.content)
            if let publishedAt = corrected.publishedAt { records[corrected.id]?.wasPublished(at: publishedAt) }
            records[corrected.id]?.publish(by: by, at: moment, in: entry, reason: corrected.reason)
            if let draft = corrected.draft { records[draft]?.publish(by: by, at: moment, in: entry, reason: nil) }
        }
    }
}
