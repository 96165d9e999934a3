import HTTPTypes

/// An answer that says no, as RFC 9457 has it. Thrown by whoever notices; written by the dispatcher.
struct Problem: Error, Sendable {
    let kind: ProblemKind
    /// One sentence about this occurrence, for a person. Never holds a database message.
    var detail: String
    /// The places of bad input, all of them.
    var errors: [FieldError] = []
    /// More members beside the standard ones.
    var members = JSONObject()
    /// More header fields, as `Allow` and `Retry-After`.
    var headers = HTTPFields()
    /// Sentences that were added to the detail.
    private(set) var remarks: [String] = []

    init(
        _ kind: ProblemKind, _ detail: String, errors: [FieldError] = [], members: JSONObject = JSONObject(),
        headers: HTTPFields = HTTPFields()
    ) {
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.members = members
        self.headers = headers
    }
}

/// One place of bad input.
struct FieldError: Hashable, Sendable {
    /// A JSON pointer (RFC 6901) into the body; for the query, the parameter's name after a slash.
    let pointer: String
    let detail: String
    /// The line of a body of YAML, counted from 1; nil of other bodies.
    var line: Int?
}

extension Problem {
    /// Bad input, at one place.
    static func invalid(_ pointer: String, _ detail: String) -> Problem {
        .invalid([FieldError(pointer: pointer, detail: detail)])
    }

    /// How many places of bad input are listed; a large body can have thousands.
    static let errorsMax = 200

    /// Bad input, at each of the places; `count` when there are more than are told.
    static func invalid(_ errors: [FieldError], count: Int? = nil) -> Problem {
        let first =
            errors.first.map { "\($0.pointer.isEmpty ? "the body" : $0.pointer): \($0.detail)" } ?? "A value is wrong."
        let count = count ?? errors.count
        let others = count > 1 ? " (and \(count - 1) more)" : ""
        return Problem(.invalidValue, first + others, errors: Array(errors.prefix(errorsMax)))
    }

    /// Nothing of that name; `thing` begins the sentence, as in `Incident 42`.
    static func notFound(_ thing: String) -> Problem {
        Problem(.notFound, "\(thing) does not exist.")
    }

    /// Not now; `seconds` goes into `Retry-After`.
    static func later(_ kind: ProblemKind, _ detail: String, seconds: Int) -> Problem {
        Problem(kind, detail, headers: [.retryAfter: String(seconds)])
    }

    /// Says one more sentence.
    mutating func remark(_ sentence: String) {
        detail = "\(Self.sentence(detail)) \(sentence)"
        remarks.append(sentence)
    }

    /// A text with the full stop that it may lack.
    static func sentence(_ text: String) -> String {
        text.last.map { ".!?".contains($0) } == true ? text : text + "."
    }

    /// The same under another status.
    func ofKind(_ kind: ProblemKind) -> Problem {
        var problem = Problem(kind, detail, errors: errors, members: members, headers: headers)
        problem.remarks = remarks
        return problem
    }

    /// The same with more members.
    func adding(_ others: JSONObject) -> Problem {
        var problem = self
        for member in others.members { problem.members[member.name] = member.value }
        return problem
    }

    /// The document: `type`, `title`, `status`, `detail`, then `errors` and the other members.
    var body: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("type", "/problems/\(kind.rawValue)")
            json.member("title", kind.title)
            json.member("status", kind.status.code)
            json.member("detail", detail)
            if !errors.isEmpty {
                json.array("errors", errors) { json, error in
                    json.object { json in
                        json.member("pointer", error.pointer)
                        json.member("detail", error.detail)
                        if let line = error.line { json.member("line", line) }
                    }
                }
            }
            for member in members.members { json.member(member.name, member.value) }
        }
        return json.bytes
    }

    /// The answer that says it.
    var answer: Answer {
        var answer = Answer(kind.status, body, type: "application/problem+json")
        for field in headers { answer.headers.append(field) }
        return answer
    }

    /// The same as one text in JSON: `Route.RefusalForm.jsonText`.
    var textAnswer: Answer {
        // The detail has the first of the errors already.
        let places = errors.map { Self.sentence("\($0.pointer.isEmpty ? "the body" : $0.pointer): \($0.detail)") }
        var texts = errors.isEmpty ? [detail] : places + remarks
        if let letter = members["dead_letter"]?.string { texts.append("Kept as dead letter \(letter).") }
        let text = texts.joined(separator: " ")
        var answer = Answer.json(status: kind.status) { $0.value(text) }
        for field in headers { answer.headers.append(field) }
        return answer
    }
}
