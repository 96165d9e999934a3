import TestSupport

/// Libraries that stand between a daemon and the system, so that the system fails as it seldom does.
enum Preloaded {
    /// Builds `Faults/<name>.c`.
    ///
    /// - Returns: The library's path, for `LD_PRELOAD`.
    static func library(_ name: String, in directory: String) async throws -> String {
        let library = "\(directory)/\(name).so"
        let source = "\(Files.package)/Tests/EndToEndTests/Faults/\(name).c"
        let made = try await Finished.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source])
        guard made.status == 0 else { throw Child.Failure(description: "\(made)") }
        return library
    }
}
