import HTTPTypes
import IncidentDomain
import Logging
import Postgres
import Testing

@testable import MusterServer

struct ProblemTests {
    @Test func `a problem is written as RFC 9457 has it`() {
        let problem = Problem(
            .invalidValue, "Two are wrong.",
            errors: [FieldError(pointer: "/a", detail: "is required"), FieldError(pointer: "/b/0", detail: "is odd")],
            members: ["more": [1]])
        #expect(
            String(decoding: problem.body, as: UTF8.self)
                == #"{"type":"/problems/invalid-value","title":"A value is wrong","status":422,"detail":"Two are wrong.","#
                + #""errors":[{"pointer":"/a","detail":"is required"},{"pointer":"/b/0","detail":"is odd"}],"more":[1]}"#
        )
        #expect(problem.answer.headers[.contentType] == "application/problem+json")
        #expect(problem.answer.status == .unprocessableContent)
    }

    @Test(arguments: ProblemKind.allCases)
    func `every problem has a status of failure, a title and an explanation`(kind: ProblemKind) {
        #expect(kind.status.code >= 400)
        #expect(!kind.title.isEmpty && !kind.title.hasSuffix("."))
        #expect(kind.explanation.hasSuffix("."))
        #expect(kind.rawValue.utf8.allSatisfy { $0 == UInt8(ascii: "-") || (97...122).contains($0) })
    }

    @Test(arguments: [
        (PostgresError.overloaded, ProblemKind.overloaded), (.unavailable(reason: "x"), .unavailable),
        (.closed, .unavailable),
        (.cancelled, .unavailable), (.connectionLost(outcomeUnknown: true, reason: "x"), .unavailable),
        (.deadlineExceeded(outcomeUnknown: true), .deadlineExceeded),
        (.server(PostgresServerError(sqlState: "57014", message: "x")), .deadlineExceeded),
        (.server(PostgresServerError(sqlState: "40001", message: "x")), .unavailable),
        (.server(PostgresServerError(sqlState: "53300", message: "x")), .unavailable),
        (.server(PostgresServerError(sqlState: "57P01", message: "x")), .unavailable),
        (.server(PostgresServerError(sqlState: "25006", message: "x")), .unavailable),
        (.server(PostgresServerError(sqlState: "23505", message: "secret")), .internalError),
        (.decoding(column: "secret", reason: "secret"), .internalError),
        (.invalidParameter(position: 1, reason: "secret"), .internalError),
    ])
    func `a fault of the database says when to come again and nothing of the database`(
        error: PostgresError, kind: ProblemKind
    ) {
        let mapped = ProblemMapping.problem(of: error)
        #expect(mapped.problem.kind == kind)
        #expect((mapped.problem.headers[.retryAfter] != nil) == (kind.status.code == 503))
        #expect(!mapped.problem.detail.contains("secret"))
    }

    @Test func `faults are to be logged and refusals are not`() {
        struct Unexpected: Error {}
        #expect(ProblemMapping.problem(of: Unexpected()).logLevel == .error)
        #expect(ProblemMapping.problem(of: Unexpected()).problem.kind == .internalError)
        #expect(ProblemMapping.problem(of: PostgresError.closed).logLevel == .warning)
        #expect(ProblemMapping.problem(of: Problem.notFound("X")).logLevel == nil)
        #expect(ProblemMapping.problem(of: CancellationError()).problem.kind == .unavailable)
    }

    @Test func `the way back into a closed incident that clears least comes first`() {
        let calls = IncidentRefusal.wrongPhase(.closed, wanted: Phase.open).calls(on: 7)
        #expect(calls.map { $0.body?["to"]?.string } == ["review", "mitigate"])
    }

    @Test func `a refusal of the domain keeps its code`() {
        let refusals: [IncidentRefusal] = [
            .wrongPhase(.closed, wanted: [.review]), .requirementsUnmet(.assess, []), .mergeRefused("x"),
            .reviewState("x"), .reviewUnfinished(sections: ["lessons"], actions: ["42-1"]),
            .notFound("x"), .roleRequired(.commander, has: .responder, to: "override", nil),
            .badValue(field: "/a", detail: "x"),
        ]
        for refusal in refusals {
            let problem = ProblemMapping.problem(of: refusal).problem
            #expect(problem.kind.rawValue == refusal.code)
        }
    }
}
