import IncidentDomain

/// What people typed in an entry that is redacted, wherever else it stands: revisions and approvals of a review quote the timeline,
/// an incident's title is the one of its first alert, and an update says what its draft said.
///
/// A text is found as a whole, on one line, line by line, and in the ways in which generated sections write it. Who quotes a part of a
/// line has to redact that himself.
struct RedactedTexts: Sendable {
    /// The texts themselves.
    let texts: [String]
    /// The ways in which they may stand elsewhere, the longest first.
    private let forms: [[Character]]

    private static let textMin = 3
    private static let lineMin = 6
    private static let formsMax = 400

    /// - Throws: What the codec throws.
    init(of event: IncidentEvent) throws {
        let original = try JSONParser.parse(try EventCodec.encode(event).payload)
        let redacted = try JSONParser.parse(try EventCodec.encode(event.redacted).payload)
        let texts = Self.difference(original, redacted).filter { $0.count >= Self.textMin }
        let lines = texts.flatMap { $0.split(whereSeparator: \.isNewline) }.map { String($0).onOneLine }
            .filter { $0.count >= Self.lineMin }
        // Generated sections have the sentence of an entry, and shorten it.
        let sentence = texts.isEmpty ? [] : [event.sentence, String(event.sentence.prefix(500))]
        let plain = texts + texts.map(\.onOneLine) + sentence + lines
        let all = Set((plain + plain.map(Markdown.inline)).filter { $0.count >= Self.textMin })
        self.texts = texts
        forms = all.sorted { ($1.count, $1) < ($0.count, $0) }.prefix(Self.formsMax).map(Array.init)
    }

    /// Every text of the one that is another or missing in the other.
    private static func difference(_ original: JSONValue, _ redacted: JSONValue?) -> [String] {
        switch original {
        case .string(let text): return redacted == original ? [] : [text]
        case .array(let elements):
            guard case .array(let others)? = redacted else { return elements.flatMap { difference($0, nil) } }
            return elements.enumerated().flatMap { index, element in
                difference(element, others.indices.contains(index) ? others[index] : nil)
            }
        case .object(let object):
            guard case .object(let other)? = redacted else {
                return object.members.flatMap { [$0.name] + difference($0.value, nil) }
            }
            return object.members.flatMap { member in
                other[member.name].map { difference(member.value, $0) }
                    ?? [member.name] + difference(member.value, nil)
            }
        case .null, .bool, .integer, .number: return []
        }
    }

    /// The event without these texts, where it is of a kind that quotes others; nil when none of them stands in it.
    func takenOut(of event: IncidentEvent) -> IncidentEvent? {
        let changed: IncidentEvent
        if var revision = event.as(ReviewRevised.self) {
            revision.sections = revision.sections.map(takenOut)
            changed = IncidentEvent(revision)
        } else if var approval = event.as(ReviewApproved.self) {
            approval.sections = approval.sections.map(takenOut)
            changed = IncidentEvent(approval)
        } else if var approval = event.as(PublicReviewApproved.self) {
            approval.sections = approval.sections.map(takenOut)
            approval.title = takenOut(of: approval.title)
            changed = IncidentEvent(approval)
        } else if var comment = event.as(ReviewCommented.self) {
            comment.text = takenOut(of: comment.text)
            changed = IncidentEvent(comment)
        } else if var drafted = event.as(UpdateDrafted.self) {
            drafted.content = takenOut(of: drafted.content)
            changed = IncidentEvent(drafted)
        } else if var posted = event.as(UpdatePosted.self) {
            posted.body = takenOut(of: posted.body)
            posted.steps = posted.steps.map(takenOut)
            changed = IncidentEvent(posted)
        } else if var corrected = event.as(UpdateCorrected.self) {
            corrected.content = takenOut(of: corrected.content)
            changed = IncidentEvent(corrected)
        } else if let batch = event.as(AlertsAttached.self)?.value {
            changed = IncidentEvent(AlertsAttached(takenOut(of: batch)))
        } else if let batch = event.as(AlertsCleared.self)?.value {
            changed = IncidentEvent(AlertsCleared(takenOut(of: batch)))
        } else if var moved = event.as(AlertsMovedIn.self) {
            moved.batch = takenOut(of: moved.batch)
            changed = IncidentEvent(moved)
        } else if var moved = event.as(AlertsMovedOut.self) {
            moved.batch = takenOut(of: moved.batch)
            changed = IncidentEvent(moved)
        } else if let brought = takenOutOfBrought(event) {
            changed = brought
        } else {
            return nil
        }
        return changed == event ? nil : changed
    }

    /// The same for an entry of another incident that was merged with the one of the redacted entry: copies of it, what it is a copy
    /// of, and what quotes it. Somebody else's entry that happens to say the same stays.
    func takenOutElsewhere(of entry: RecordedEvent, redacting target: RecordedEvent) -> IncidentEvent? {
        if let source = Provenance(target), source == Provenance(entry) { return entry.event.redacted }
        if target.event.as(IncidentAbsorbed.self) != nil, isOfBroughtKind(entry.event),
            let own = try? RedactedTexts(of: entry.event).texts, !own.isEmpty, Set(own).isSubset(of: texts)
        {
            return entry.event.redacted
        }
        if var role = entry.event.as(RoleAssigned.self), target.event.as(RoleAssigned.self)?.person == role.person {
            role.person = IncidentEvent.redactedText
            return IncidentEvent(role)
        }
        return takenOut(of: entry.event)
    }

    /// Who wrote a text where and when first: the same in the original and in all of its copies.
    private struct Provenance: Hashable {
        let text: String
        let by: String
        let at: Timestamp

        init?(_ recorded: RecordedEvent) {
            let origin: NoteOrigin?
            if let note = recorded.event.as(NoteAdded.self) {
                (text, origin) = (note.text, note.origin)
            } else if let fact = recorded.event.as(FactAdded.self)?.value {
                (text, origin) = (fact.text, fact.origin)
            } else if recorded.event.as(CauseStated.self) != nil {
                (text, origin) = (recorded.event.sentence, nil)
            } else {
                return nil
            }
            by = origin?.by ?? recorded.actor.name
            at = origin?.at ?? recorded.occurredAt
        }
    }

    /// Whether an entry is one whose words a merge brings along.
    private func isOfBroughtKind(_ event: IncidentEvent) -> Bool {
        event.as(MitigationAdded.self) != nil || event.as(MitigationChanged.self) != nil
            || event.as(TaskAdded.self) != nil
            || event.as(TaskChanged.self) != nil || event.as(ActionAdded.self) != nil
            || event.as(ActionChanged.self) != nil || event.as(RoleAssigned.self) != nil
    }

    /// What a merge brought from another incident, and what its undoing gave back.
    private func takenOutOfBrought(_ event: IncidentEvent) -> IncidentEvent? {
        if var note = event.as(NoteAdded.self), note.origin != nil {
            note.text = takenOut(of: note.text)
            return IncidentEvent(note)
        } else if var fact = event.as(FactAdded.self)?.value, fact.origin != nil {
            fact.text = takenOut(of: fact.text)
            return IncidentEvent(FactAdded(fact))
        } else if var unmerged = event.as(IncidentUnmerged.self) {
            unmerged.reason = takenOut(of: unmerged.reason)
            return IncidentEvent(unmerged)
        } else if let absorbed = event.as(IncidentAbsorbed.self) {
            return IncidentEvent(absorbed.changingTexts(takenOut))
        } else if var separated = event.as(IncidentSeparated.self) {
            separated.title = takenOut(of: separated.title)
            separated.reason = takenOut(of: separated.reason)
            return IncidentEvent(separated)
        }
        return nil
    }

    private func takenOut(of section: EditedSection) -> EditedSection {
        EditedSection(id: section.id, title: section.title.map(takenOut), markdown: takenOut(of: section.markdown))
    }

    private func takenOut(of content: UpdateContent) -> UpdateContent {
        var copy = content
        copy.body = takenOut(of: content.body)
        copy.steps = content.steps.map(takenOut)
        return copy
    }

    private func takenOut(of batch: AlertBatch) -> AlertBatch {
        var copy = batch
        copy.alerts = batch.alerts.map { mention in
            AlertMention(id: mention.id, title: takenOut(of: mention.title), component: mention.component)
        }
        return copy
    }

    /// Each form only where it stands as a word: a name is not taken out of the middle of another one.
    func takenOut(of text: String) -> String {
        var characters = Array(text)
        for form in forms where form.count <= characters.count {
            characters = Self.replaced(form, in: characters)
        }
        return String(characters)
    }

    private static func replaced(_ form: [Character], in text: [Character]) -> [Character] {
        var result: [Character] = []
        var position = 0
        while position < text.count {
            if text[position] == form[0], stands(form, in: text, at: position) {
                result += IncidentEvent.redactedText
                position += form.count
            } else {
                result.append(text[position])
                position += 1
            }
        }
        return result
    }

    private static func stands(_ form: [Character], in text: [Character], at position: Int) -> Bool {
        let end = position + form.count
        guard end <= text.count, text[position..<end].elementsEqual(form) else { return false }
        let goesOnBefore = position > 0 && text[position - 1].isWordPart && form[0].isWordPart
        let goesOnBehind = end < text.count && text[end].isWordPart && form[form.count - 1].isWordPart
        return !goesOnBefore && !goesOnBehind
    }
}

extension Character {
    fileprivate var isWordPart: Bool { isLetter || isNumber }
}
