/// A file that belongs to an incident: a graph, a screenshot, a log. Its bytes stand in a table of their own.
package struct Attachment: Hashable, Codable, Sendable {
    /// Counts from 1 within the incident.
    package var number: Int
    package var name: String
    package var type: AttachmentType
    /// Its size.
    package var bytes: Int
    package var caption: String?
    /// The entry that added it; nil where that stands in the timeline of a merged incident.
    package var entry: Int?
    /// The incident that it came from by a merge; nil of its own.
    package var incident: Int?
    /// Where its bytes are, of one that came with a merged incident.
    package var origin: Origin?
    /// True when it was removed, or its entry redacted: its bytes are gone.
    package var removed: Bool?

    package struct Origin: Hashable, Codable, Sendable {
        package var incident: Int
        package var number: Int
    }

    package var isRemoved: Bool { removed ?? false }
}

/// What a file may be. Nothing that a browser would run is among them.
package enum AttachmentType: String, CaseIterable, Codable, Sendable {
    case png = "image/png"
    case jpeg = "image/jpeg"
    case gif = "image/gif"
    case webp = "image/webp"
    case text = "text/plain"
    case markdown = "text/markdown"
    case csv = "text/csv"
    case json = "application/json"

    package var isImage: Bool {
        switch self {
        case .png, .jpeg, .gif, .webp: true
        case .text, .markdown, .csv, .json: false
        }
    }
}

/// A file to add; its bytes were looked at before.
package struct AttachmentDraft: Hashable, Sendable {
    package var name: String
    package var type: AttachmentType
    package var bytes: Int
    /// SHA-256 in hexadecimal digits: what the timeline's hash chain holds of it.
    package var digest: String
    package var caption: String?

    package init(name: String, type: AttachmentType, bytes: Int, digest: String, caption: String? = nil) {
        self.name = name
        self.type = type
        self.bytes = bytes
        self.digest = digest
        self.caption = caption
    }
}

// MARK: - Rules

extension Incident {
    /// Those that are there, in the order of their numbers.
    package var keptAttachments: [Attachment] { (attachments ?? []).filter { !$0.isRemoved } }

    func attach(_ draft: AttachmentDraft) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.writable)
        let kept = keptAttachments
        try requireRoom(
            for: "attachments, with those that were removed", having: attachments?.count ?? 0,
            atMost: IncidentLimits.attachmentsEver, instead: "link to the file")
        try requireRoom(
            for: "attachments", having: kept.count, atMost: IncidentLimits.attachments, instead: "remove one")
        let bytes = kept.reduce(draft.bytes) { $0 + $1.bytes }
        guard bytes <= IncidentLimits.attachmentBytes else {
            throw .badValue(
                field: "",
                detail: "The attachments of INC-\(number) would have \(bytes.grouped) bytes; the limit is "
                    + "\(IncidentLimits.attachmentBytes.grouped). Remove one, or link to the file.")
        }
        return [
            AttachmentAdded(
                number: (attachments?.last?.number ?? 0) + 1, name: draft.name, type: draft.type, bytes: draft.bytes,
                digest: draft.digest, caption: draft.caption)
        ]
    }

    func detach(_ wanted: Int, reason: String?) throws(IncidentRefusal) -> [any TimelineEvent] {
        try requirePhase(Phase.writable)
        guard let attachment = attachments?.first(where: { $0.number == wanted }) else {
            throw .notFound("No attachment \(wanted) of INC-\(number).")
        }
        if let origin = attachment.origin, !attachment.isRemoved {
            throw .badValue(
                field: "",
                detail:
                    "Attachment \(wanted) came with INC-\(origin.incident), and its bytes stay there. Redact the entry that added it: "
                    + "POST /v1/incidents/\(origin.incident)/timeline/ENTRY/redact; or undo the merge.")
        }
        return attachment.isRemoved ? [] : [AttachmentRemoved(number: wanted, reason: reason)]
    }

    /// The attachments of another incident as this one has them when that is merged into it.
    func attachments(takenFrom other: Incident) -> [Attachment] {
        let last = attachments?.last?.number ?? 0
        return other.keptAttachments.enumerated().map { place, attachment in
            var copy = attachment
            copy.number = last + place + 1
            (copy.entry, copy.incident) = (nil, other.number)
            copy.origin = attachment.origin ?? Attachment.Origin(incident: other.number, number: attachment.number)
            return copy
        }
    }
}

// MARK: - Events

/// A file was added.
package struct AttachmentAdded: AfterwardsEvent {
    package var number: Int
    package var name: String
    package var type: AttachmentType
    package var bytes: Int
    package var digest: String
    package var caption: String?
    package var afterwards: Bool?
    /// True where the entry was redacted, and its bytes with it.
    package var gone: Bool?

    package static let kind = "attachment_added"
    package static let examples = [
        AttachmentAdded(
            number: 1, name: "errors.png", type: .png, bytes: 48_211,
            digest: String(repeating: "0f", count: 32), caption: "Errors per minute", afterwards: true)
    ]

    package var redacted: AttachmentAdded {
        var copy = self
        copy.name = name.redacted
        copy.caption = caption?.redacted
        // A short text could be guessed from it.
        copy.digest = digest.redacted
        copy.gone = true
        return copy
    }

    package var phrase: Phrase {
        let text: Phrase = "Attached \(name.onOneLine) (\(type.rawValue), \(.number(bytes)) bytes)."
        return caption.map { "\(text) \($0.sentence)" } ?? text
    }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        var attachment = Attachment(number: number, name: name, type: type, bytes: bytes, caption: caption)
        attachment.entry = incident.version + 1
        attachment.removed = gone
        incident.attachments = (incident.attachments ?? []) + [attachment]
    }
}

/// A file was taken away, and its bytes with it.
package struct AttachmentRemoved: AfterwardsEvent {
    package var number: Int
    package var reason: String?
    package var afterwards: Bool?

    package static let kind = "attachment_removed"
    package static let examples = [
        AttachmentRemoved(number: 1, reason: "it shows a customer", afterwards: true)
    ]

    package var redacted: AttachmentRemoved {
        var copy = self
        copy.reason = reason?.redacted
        return copy
    }

    package var phrase: Phrase { Phrase("Attachment \(number) removed.").giving(reason) }

    package func apply(to incident: inout Incident, at moment: Timestamp, by actor: Principal) {
        guard let index = incident.attachments?.firstIndex(where: { $0.number == number }) else { return }
        incident.attachments?[index].removed = true
        incident.attachments?[index].caption = nil
    }
}
