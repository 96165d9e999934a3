/// The sections of a review as one text to edit: each below a line that names it.
package enum ReviewFile {
    package static func write(_ sections: [JSON]) -> String {
        sections.map { section in
            mark(section["id"].plain) + "\n## \(section["title"].plain)\n\n" + text(of: section) + "\n"
        }.joined(separator: "\n")
    }

    private static func mark(_ id: String) -> String { "<!-- section: \(id) -->" }

    /// What stands in it before somebody edits it; nothing where only people know.
    private static func text(of section: JSON) -> String {
        section["needs_person"].isTrue ? "" : section["markdown"].plain.trimmed
    }

    /// The sections whose text or title somebody changed, as the API takes them.
    package static func changes(_ edited: String, of sections: [JSON]) throws(Failure) -> [JSON] {
        var texts: [String: String] = [:]
        var id: String?
        for line in edited.replacing("\r\n", with: "\n").split(separator: "\n", omittingEmptySubsequences: false) {
            if let match = line.wholeMatch(of: /<!-- section: (.{1,100}) -->\s*/) {
                id = String(match.output.1)
                guard texts.updateValue("", forKey: String(match.output.1)) == nil else {
                    throw Failure(.usage, "The section \(SafeText.line(String(match.output.1))) is there twice.")
                }
            } else if let id {
                texts[id, default: ""] += line + "\n"
            } else if !line.allSatisfy(\.isWhitespace) {
                throw Failure(.usage, "Text stands before the first line <!-- section: id -->.")
            }
        }
        let known = Set(sections.map { $0["id"].plain })
        if let unknown = texts.keys.sorted().first(where: { !known.contains($0) }) {
            throw Failure(.usage, "There is no section \(SafeText.line(unknown)).")
        }
        return sections.compactMap { section in
            guard let text = texts[section["id"].plain] else { return nil }
            var lines = text.trimmed.split(separator: "\n", omittingEmptySubsequences: false)
            var title = section["title"].plain
            if let head = lines.first, head.hasPrefix("## ") {
                title = String(head.dropFirst(3)).trimmed
                lines.removeFirst()
            }
            let markdown = lines.joined(separator: "\n").trimmed
            let isSameTitle = title == section["title"].plain || title.isEmpty
            guard markdown != self.text(of: section) || !isSameTitle else { return nil }
            return JSON.of([
                "id": section["id"], "title": isSameTitle ? nil : .string(title), "markdown": .string(markdown),
            ])
        }
    }
}
