import TestSupport
import Testing

extension Trait where Self == EndToEndTrait {
    /// For every suite here: a few tests at a time, since each has processes of its own, and none for ever.
    static var endToEnd: Self { EndToEndTrait() }
}

/// Lets as many tests run at once as the machine bears.
struct EndToEndTrait: SuiteTrait, TestTrait, TestScoping {
    var isRecursive: Bool { true }

    private static let places = Places(3)

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        guard testCase != nil else { return try await function() }
        try await Self.places.with(function)
    }
}
