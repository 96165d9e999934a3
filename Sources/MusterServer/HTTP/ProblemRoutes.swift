import HTTPTypes

/// `/problems` and `/problems/{name}`: what the `type` of a problem leads to.
struct ProblemRoutes: Sendable {
    var routes: [Route] {
        [
            Route(.get, "/problems", role: nil, "listProblems", query: .anything) { _ in
                .text(ProblemKind.allCases.map { "\($0.status.code) /problems/\($0.rawValue): \($0.title)\n" }.joined())
            },
            Route(.get, "/problems/{name}", role: nil, "describeProblem", query: .anything) { request in
                let name = request.parameter("name")
                guard let kind = ProblemKind(rawValue: name) else { throw Problem.notFound("The problem \(name)") }
                return .text("\(kind.title) (\(kind.status.code))\n\n\(kind.explanation)\n")
            },
        ]
    }
}
