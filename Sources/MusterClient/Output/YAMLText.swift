/// Writes YAML 1.2 in block style; every text that is not plainly a word stands in quotes with the escapes of JSON, which YAML
/// shares ([decision 0069](../../../docs/decisions/0069-the-command-line-is-a-client-of-rest.md)).
package enum YAMLText {
    package static func write(_ value: JSON) -> String {
        switch value {
        case .array(let items) where !items.isEmpty: lines(items, indent: "") + "\n"
        case .object(let members) where !members.isEmpty: lines(members, indent: "") + "\n"
        case .null, .bool, .number, .string, .array, .object: scalar(value) + "\n"
        }
    }

    private static func lines(_ members: [JSON.Member], indent: String) -> String {
        members.map { member in
            indent + scalar(.string(member.name)) + ":" + following(member.value, indent: indent + "  ")
        }.joined(separator: "\n")
    }

    private static func lines(_ items: [JSON], indent: String) -> String {
        items.map { item in
            switch item {
            // The first member stands behind the dash.
            case .object(let members) where !members.isEmpty:
                indent + "- " + lines(members, indent: indent + "  ").dropFirst(indent.count + 2)
            case .array(let inner) where !inner.isEmpty:
                indent + "-\n" + lines(inner, indent: indent + "  ")
            case .null, .bool, .number, .string, .array, .object: indent + "- " + scalar(item)
            }
        }.joined(separator: "\n")
    }

    private static func following(_ value: JSON, indent: String) -> String {
        switch value {
        case .object(let members) where !members.isEmpty: "\n" + lines(members, indent: indent)
        case .array(let items) where !items.isEmpty: "\n" + lines(items, indent: indent)
        case .null, .bool, .number, .string, .array, .object: " " + scalar(value)
        }
    }

    private static func scalar(_ value: JSON) -> String {
        guard case .string(let text) = value else { return value.compact }
        return isPlain(text) ? text : JSON.quoted(text, isYAML: true)
    }

    /// Words that older readers take for something else.
    private static let taken: Set<String> = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]

    private static func isPlain(_ text: String) -> Bool {
        text.utf8.count < 200 && text.wholeMatch(of: /[A-Za-z][A-Za-z0-9_.\/-]*( [A-Za-z0-9_.\/-]+)*/) != nil
            && !taken.contains(text.lowercased())
    }
}
