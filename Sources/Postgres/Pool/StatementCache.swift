/// Which statements a connection has prepared, under which names; at most `max`, the least recently used go first.
struct StatementCache {
    private struct Entry {
        let name: String
        let types: [PostgresType]
        var lastUse: Int
    }

    private let max: Int
    private var entries: [String: Entry] = [:]
    private var uses = 0
    private var namesGiven = 0
    /// Names that the server still knows and we no longer use: to be deallocated when there is nothing better to do.
    private(set) var discarded: [String] = []

    init(max: Int) {
        self.max = Swift.max(1, max)
    }

    /// The statement's name, and whether it has to be prepared under that name first.
    mutating func use(_ statement: SQL) -> (name: String, isNew: Bool) {
        uses += 1
        if let index = entries.index(forKey: statement.text) {
            // The same text with parameters of other types is another statement; it takes the place of the first.
            if entries.values[index].types.elementsEqual(statement.binds.lazy.map(\.type)) {
                entries.values[index].lastUse = uses
                return (entries.values[index].name, false)
            }
            forget(statement.text)
        }
        if entries.count >= max { discardLeastRecentlyUsed() }
        namesGiven += 1
        let name = "s\(namesGiven)"
        entries[statement.text] = Entry(name: name, types: statement.binds.map(\.type), lastUse: uses)
        return (name, true)
    }

    /// The statement of this text is gone or not to be trusted.
    mutating func forget(_ text: String) {
        if let entry = entries.removeValue(forKey: text) { discarded.append(entry.name) }
    }

    mutating func forgetAll() {
        discarded += entries.values.map(\.name)
        entries = [:]
    }

    mutating func takeDiscarded() -> [String] {
        defer { discarded = [] }
        return discarded
    }

    private mutating func discardLeastRecentlyUsed() {
        if let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) { forget(oldest.key) }
    }
}
