/// Why an archive could not be written or read: a sentence for an operator, with what to do.
struct ArchiveFailure: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
