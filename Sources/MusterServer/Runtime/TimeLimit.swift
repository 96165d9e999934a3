/// Ends work that takes too long, by cancelling it.
enum TimeLimit {
    /// What `body` returns, or the error when it has not ended within the limit.
    ///
    /// - Parameter fault: What is thrown then.
    static func within<Result: Sendable>(
        _ limit: Duration, or fault: any Error, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask(operation: body)
            group.addTask {
                // Time is what is limited: there is no signal to wait for.
                try await Task.sleep(for: limit)
                throw fault
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }
}
