import HTTPTypes
import IncidentDomain

/// Files of an incident: images and texts that its review shows.
struct AttachmentRoutes: Sendable {
    let desk: AttachmentDesk

    var routes: [Route] {
        var add = Route(
            .post, "/v1/incidents/{id}/attachments", role: .responder, "addAttachment", query: ["name", "caption"],
            body: .file, isConditional: true, isLong: true, handler: add)
        add.bodyBytesMax = AttachmentDesk.bytesMax
        return [
            add,
            Route(.get, "/v1/incidents/{id}/attachments", role: .viewer, "listAttachments", handler: list),
            Route(
                .get, "/v1/incidents/{id}/attachments/{attachment}", role: .viewer, "getAttachment", isLong: true,
                handler: get),
            Route(
                .delete, "/v1/incidents/{id}/attachments/{attachment}", role: .responder, "removeAttachment",
                body: .optionalJSON, isConditional: true, handler: remove),
        ]
    }

    private func add(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        var query = try request.query()
        let name = query.string("name", 1...200)
        let caption = query.string("caption", 1...1000)
        if name == nil { query.refuse("name", "is required: what the file is called, as graph.png") }
        try query.finish()
        let bytes = request.bytes
        let type = try Self.type(of: bytes, said: request.head.headerFields[.contentType])
        var body = try BodyReader(.object(JSONObject()))
        let context = try CommandContext(request, &body)
        let outcome = try await desk.add(
            bytes, AttachmentDesk.Description(name: name ?? "", type: type, caption: caption), to: number, context)
        guard let attachment = outcome.attachment else { throw IncidentDesk.missing(number) }
        var answer = Answer.json(status: .created, version: outcome.version) { json in
            json.value(AttachmentRepresentation(attachment: attachment, incident: number))
        }
        answer.headers[.location] = "/v1/incidents/\(number)/attachments/\(attachment.number)"
        return answer
    }

    /// What the header says has to be what the bytes say.
    private static func type(of bytes: [UInt8], said header: String?) throws -> AttachmentType {
        let said = header.map { String($0.prefix { $0 != ";" }).lowercased().filter { !$0.isWhitespace } }
        let names = AttachmentType.allCases.map(\.rawValue).joined(separator: ", ")
        guard let said, let type = AttachmentType(rawValue: said) else {
            throw Problem(.unsupportedMediaType, "Content-Type should be one of \(names).")
        }
        guard !bytes.isEmpty else { throw Problem.invalid("", "The body is empty; send the file's bytes.") }
        guard type.isImage else {
            guard String(validating: bytes, as: UTF8.self) != nil, !bytes.contains(0) else {
                throw Problem.invalid("", "The body is not text in UTF-8, as \(type.rawValue) should be.")
            }
            return type
        }
        guard let head = ImageHead(bytes), head.type == type else {
            throw Problem.invalid(
                "",
                "The body is not \(type.rawValue)\(ImageHead(bytes).map { ", but \($0.type.rawValue)" } ?? ""). "
                    + "Send the file as it is, with its own Content-Type.")
        }
        guard head.pixels <= AttachmentDesk.pixelsMax else {
            throw Problem.invalid(
                "",
                "The image has \(head.width.grouped) x \(head.height.grouped) pixels; the limit is "
                    + "\(AttachmentDesk.pixelsMax.grouped) in all. Make it smaller.")
        }
        return type
    }

    /// One page: an incident has a few.
    private func list(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        let incident = try await desk.desk.current(number).incident
        return .json { json in
            json.object { json in
                json.array("items", incident.keptAttachments) {
                    $0.value(AttachmentRepresentation(attachment: $1, incident: number))
                }
                json.member("next_cursor", String?.none)
            }
        }
    }

    /// The bytes. A browser shows an image or saves the file, and runs nothing of it.
    private func get(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        let wanted = try request.number("attachment", of: "Attachment")
        let (attachment, bytes) = try await desk.read(wanted, of: number)
        let isText = !attachment.type.isImage
        var answer = Answer(.ok, bytes, type: attachment.type.rawValue + (isText ? "; charset=utf-8" : ""))
        answer.headers[.contentSecurityPolicy] = "default-src 'none'; sandbox"
        answer.headers[.xContentTypeOptions] = "nosniff"
        let name = Self.fileName(attachment)
        answer.headers[.contentDisposition] = "\(isText ? "attachment" : "inline"); filename=\"\(name)\""
        return answer
    }

    /// A header takes no other letters.
    private static func fileName(_ attachment: Attachment) -> String {
        let name = String(
            attachment.name.unicodeScalars.map { scalar in
                scalar.isASCII && scalar.value > 0x1F && !"\"\\/;%\u{7F}".unicodeScalars.contains(scalar)
                    ? Character(scalar) : "_"
            })
        return name.isEmpty ? "attachment-\(attachment.number)" : name
    }

    private func remove(_ request: RequestContext) async throws -> Answer {
        let number = try request.incidentNumber()
        let wanted = try request.number("attachment", of: "Attachment")
        var body = try request.fields()
        let reason = body.optionalString("reason", 1...1000)
        try await desk.remove(wanted, of: number, reason: reason, try CommandContext(request, &body))
        return Answer(.noContent)
    }
}

/// An attachment as the API shows it.
struct AttachmentRepresentation: JSONWritable {
    let attachment: Attachment
    let incident: Int

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("number", attachment.number)
            json.member("name", attachment.name)
            json.member("type", attachment.type.rawValue)
            json.member("bytes", attachment.bytes)
            json.member("caption", attachment.caption)
            json.member("entry", attachment.entry)
            json.member("from", attachment.origin?.incident)
            json.member("url", "/v1/incidents/\(incident)/attachments/\(attachment.number)")
        }
    }
}
