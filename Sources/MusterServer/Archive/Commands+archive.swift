import Glibc
package import Logging
import Postgres

extension Commands {
    /// Writes an archive of everything; returns what there is to say about it.
    ///
    /// - Parameters:
    ///   - path: The file, which must not be there yet; `-` is standard output.
    ///   - resumes: Takes from what an interrupted export left, part by part, where the rows are still the same.
    package static func export(
        to path: String, resumes: Bool, _ configuration: ServerConfiguration, logger: Logger,
        progress: @escaping @Sendable (String) -> Void
    ) async throws -> String {
        try await withDatabase(configuration.patient, logger) { _, pool in
            guard path != "-" else {
                let writer = try ArchiveWriter(descriptor: STDOUT_FILENO)
                let export = ArchiveExport(pool: pool, writer: writer, previous: nil, progress: progress)
                return try await export.run().sentence
            }
            // Before there is a file, which would stand in the way of the next attempt.
            try await ArchiveExport.checkSchema(pool)
            let file = ArchiveFile(path: path)
            if resumes { try file.putDraftAside() }
            let previous = resumes ? try ArchivePrevious(path: file.previous) : nil
            let descriptor = try file.create()
            defer { close(descriptor) }
            let writer = try ArchiveWriter(descriptor: descriptor)
            let summary = try await ArchiveExport(
                pool: pool, writer: writer, previous: previous, progress: progress
            ).run()
            try file.finish(descriptor)
            return summary.sentence
        }
    }

    /// Reads an archive into an empty database. Differences that the verification found keep it from being put in place,
    /// unless they are tolerated.
    ///
    /// - Parameter path: The file; `-` is standard input.
    package static func importArchive(
        from path: String, restarts: Bool, toleratesDifferences: Bool, _ configuration: ServerConfiguration,
        logger: Logger, progress: @escaping @Sendable (String) -> Void
    ) async throws -> (summary: String, differences: [String], isInPlace: Bool) {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ArchiveFile.failure(path) }
        defer { close(descriptor) }
        let options = ArchiveImport.Options(restarts: restarts, toleratesDifferences: toleratesDifferences)
        let reader = try ArchiveReader(descriptor: descriptor)
        // Before there is a database for it.
        let head = try ArchiveImport.head(reader)
        let summary = try await withDatabase(configuration.patient, makes: true, logger) { _, pool in
            try await ArchiveImport(
                target: pool, reader: reader, head: head, policy: configuration.policy,
                options: options, logger: logger.atLeast(.warning), progress: progress
            ).run()
        }
        return (summary.sentence, summary.verified.differences, summary.isInPlace)
    }
}

extension ServerConfiguration {
    /// For commands that move much at once.
    fileprivate var patient: ServerConfiguration {
        var patient = self
        patient.database.statementTimeout = .seconds(600)
        patient.database.statementDeadline = .seconds(660)
        return patient
    }
}

extension ArchiveExport.Summary {
    fileprivate var sentence: String {
        "exported \(facts.rows) rows in \(parts) parts"
            + (partsTaken > 0 ? ", \(partsTaken) of them from the interrupted export" : "")
            + ", as of \(facts.exportedAt)"
    }
}

extension ArchiveImport.Summary {
    fileprivate var sentence: String {
        "imported \(rows) rows in \(parts) parts"
            + (partsFound > 0 ? ", \(partsFound) of them by an earlier attempt" : "")
            + "; \(verified.incidents) incidents, \(verified.entries) entries, \(verified.differences.count) differences"
    }
}
