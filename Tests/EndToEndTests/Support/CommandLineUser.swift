import Testing

/// Somebody who has nothing but `muster` and a home of their own.
struct CommandLineUser {
    let home: String
    /// Added to the environment, beside the home.
    var variables: [String: String] = [:]

    var environment: [String: String] {
        var environment = Child.plainEnvironment
        environment["HOME"] = home
        return environment.merging(variables) { _, own in own }
    }

    func run(_ arguments: [String], input: String? = nil) async throws -> Finished {
        guard let input else { return try await Finished.run([Files.muster] + arguments, environment: environment) }
        let file = home + "/input"
        try Files.write(input, to: file)
        return try await Finished.run(
            ["sh", "-c", "exec \"$@\" <\"$INPUT\"", "sh", Files.muster] + arguments,
            environment: environment.merging(["INPUT": file]) { _, own in own })
    }

    /// A command that is done.
    @discardableResult
    func callAsFunction(
        _ arguments: String..., input: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let finished = try await run(arguments, input: input)
        try #require(finished.status == 0, "\(arguments): \(finished)", sourceLocation: sourceLocation)
        return finished.output
    }

    /// A command that is refused: what it says.
    @discardableResult
    func refused(
        _ status: Int32, _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let finished = try await run(arguments)
        try #require(finished.status == status, "\(arguments): \(finished)", sourceLocation: sourceLocation)
        return finished.errors
    }

    /// What a command answers as JSON.
    func json(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) async throws -> JSON {
        let finished = try await run(arguments + ["-o", "json"])
        try #require(finished.status == 0, "\(arguments): \(finished)", sourceLocation: sourceLocation)
        return try JSON(finished.output.utf8)
    }
}
