import HTTPTypes
import NIOCore
import Postgres

/// A body of JSON or YAML. What is found wrong with a value of YAML is told with its line.
struct RequestDocument {
    let value: JSONValue
    /// Of a body of YAML, to be read again when lines are asked for: what a parser keeps of it takes a hundred times its size.
    private let yaml: [UInt8]?

    /// Requests with long documents of YAML are carried out one after the other (`Route.carryOut`).
    static let turns = Turns(max: 1, waitingMax: 16)

    static func isYAML(_ head: RequestHead) -> Bool {
        (try? MediaType(head.headerFields[.contentType], taken: [.json, .yaml])) == .yaml
    }

    /// 400 when it is neither; 413 when it is too much YAML.
    init(_ request: RequestContext) throws(Problem) {
        guard try MediaType(request.head.headerFields[.contentType], taken: [.json, .yaml]) == .yaml else {
            value = try request.json()
            yaml = nil
            return
        }
        guard request.body.readableBytes > 0 else { throw Problem(.notYAML, "The body is empty.") }
        guard request.body.readableBytes <= YAMLDocument.bytesMax else {
            throw Problem(
                .bodyTooLarge, "A body of YAML may have at most \(YAMLDocument.bytesMax) bytes; send it as JSON.")
        }
        // Reading takes a hundred times its size; what others left free is given back first.
        if request.body.readableBytes > 1 << 18 { MemoryLimits.giveBack() }
        let bytes = Array(ForeignBytes.unmarked(request.body.readableBytesView))
        do {
            value = try YAMLDocument(bytes).value
            yaml = bytes
        } catch {
            throw Problem(.notYAML, (error.line.map { "Line \($0): " } ?? "") + error.reason + ".")
        }
    }

    /// Says of each place in a problem on which line it is, when the body was YAML.
    func locating(_ problem: Problem) -> Problem {
        guard let yaml, problem.kind == .invalidValue else { return problem }
        guard let lines = try? YAMLDocument(yaml).lines(of: problem.errors.map(\.pointer)) else { return problem }
        return Problem(
            .invalidValue, problem.detail,
            errors: zip(problem.errors, lines).map { error, line in
                FieldError(pointer: error.pointer, detail: error.detail, line: line)
            }, members: problem.members, headers: problem.headers)
    }
}
