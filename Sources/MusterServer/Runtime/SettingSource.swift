import FoundationEssentials
import Yams

/// Where settings come from: the YAML file, overridden key by key by the environment.
///
/// Not swift-configuration's reader: that one answers a value of the wrong type with the default and cannot name keys
/// that nobody asked for, and here each wrong key has to be said.
struct SettingSource: Sendable {
    /// What stands under a key of the file.
    enum Value: Hashable, Sendable {
        case scalar(String)
        case list([String])
        /// `key:` with nothing after it, which is as if the key were not there.
        case empty
    }

    struct FileEntry: Hashable, Sendable {
        let value: Value
        let line: Int
    }

    /// The file's leaves under their dotted keys.
    private(set) var file: [String: FileEntry] = [:]
    private(set) var fileName: String?
    let environment: [String: String]
    /// What is wrong with the file as a whole.
    private(set) var errors: [String] = []

    init(yaml: String?, fileName: String?, environment: [String: String]) {
        self.environment = environment
        self.fileName = fileName
        guard let yaml else { return }
        do {
            guard let root = try Yams.compose(yaml: yaml) else { return }
            guard case .mapping = root else {
                if case .scalar(let scalar) = root, scalar.string.isEmpty { return }
                errors.append("\(fileName ?? "the file"): should hold keys and values")
                return
            }
            collect(root, under: "")
        } catch {
            errors.append("\(fileName ?? "the file"): is not YAML: \(error)")
        }
    }

    /// `database.url` is `MUSTER_DATABASE_URL`.
    static func environmentName(_ key: String) -> String {
        "MUSTER_" + key.uppercased().replacing(".", with: "_")
    }

    /// The file of a credential that systemd handed over for a key (`LoadCredential=`); nil when there is none. With a
    /// folder of credentials, systemd puts the folder's name before each.
    func credential(_ key: String) -> String? {
        guard let directory = environment["CREDENTIALS_DIRECTORY"] else { return nil }
        return [key, "musterd_\(key)"].map { "\(directory)/\($0)" }.first {
            FileManager.default.fileExists(atPath: $0)
        }
    }

    /// A text for a person: where the value of a key comes from.
    func origin(_ key: String) -> String {
        let variable = Self.environmentName(key)
        if environment[variable] != nil { return "\(key) (from \(variable))" }
        if let entry = file[key] { return "\(key) (\(fileName ?? "file"), line \(entry.line))" }
        return key
    }

    /// The value of a key; nil when neither place has one. Variables hold lists with commas.
    func value(_ key: String, isList: Bool) -> Value? {
        if let text = environment[Self.environmentName(key)] {
            guard isList else { return .scalar(text) }
            let parts = text.split(separator: ",").map { String($0.filter { $0 != " " }) }
            return .list(parts)
        }
        guard let entry = file[key], entry.value != .empty else { return nil }
        return entry.value
    }

    private mutating func collect(_ node: Node, under key: String) {
        let line = node.mark?.line ?? 0
        switch node {
        case .scalar(let scalar):
            let isNull = scalar.style == .plain && ["", "~", "null"].contains(scalar.string)
            file[key] = FileEntry(value: isNull ? .empty : .scalar(scalar.string), line: line)
        case .mapping(let mapping):
            for (name, value) in mapping {
                let part = name.string ?? "?"
                collect(value, under: key.isEmpty ? part : "\(key).\(part)")
            }
        case .sequence(let sequence):
            let texts = sequence.compactMap(\.string)
            if texts.count == sequence.count {
                file[key] = FileEntry(value: .list(texts), line: line)
            } else {
                errors.append("\(fileName ?? "the file"), line \(line): \(key) should be a list of words")
            }
        case .alias:
            errors.append("\(fileName ?? "the file"), line \(line): \(key) is an alias, which is not supported")
        }
    }
}
