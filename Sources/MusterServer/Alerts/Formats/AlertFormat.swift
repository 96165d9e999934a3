import NIOCore

/// The foreign formats that a source can have, one file each; `SourceKind` is the table of them.
enum SourceKind: String, CaseIterable, Sendable {
    case alertmanager

    /// Reads a message.
    ///
    /// - Throws: `Problem` when the body is not of this format.
    func read(_ body: ByteBuffer) throws(Problem) -> IncomingMessage {
        switch self {
        case .alertmanager: try AlertmanagerFormat.read(body)
        }
    }
}
