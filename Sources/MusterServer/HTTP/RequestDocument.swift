import HTTPTypes
import NIOCore

/// A body of JSON or YAML. What is found wrong with a value of YAML is told with its line.
struct RequestDocument {
    let value: JSONValue
    private let yaml: YAMLDocument?

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
        do {
            let document = try YAMLDocument(Array(ForeignBytes.unmarked(request.body.readableBytesView)))
            value = document.value
            yaml = document
        } catch {
            throw Problem(.notYAML, (error.line.map { "Line \($0): " } ?? "") + error.reason + ".")
        }
    }

    /// Says of each place in a problem on which line it is, when the body was YAML.
    func locating(_ problem: Problem) -> Problem {
        guard let yaml, problem.kind == .invalidValue else { return problem }
        let lines = yaml.lines(of: problem.errors.map(\.pointer))
        return Problem(
            .invalidValue, problem.detail,
            errors: zip(problem.errors, lines).map { error, line in
                FieldError(pointer: error.pointer, detail: error.detail, line: line)
            }, members: problem.members, headers: problem.headers)
    }
}
