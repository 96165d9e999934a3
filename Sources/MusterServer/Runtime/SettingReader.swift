import FoundationEssentials
import Glibc
import Yams

/// Reads settings by key and collects every mistake, keys that nobody knows included, so that all are said at once.
struct SettingReader {
    let source: SettingSource
    private(set) var errors: [String]
    /// The keys that were asked for.
    private(set) var known: Set<String> = []
    /// Those of them whose values are secrets.
    private(set) var secrets: Set<String> = []

    init(_ source: SettingSource) {
        self.source = source
        errors = source.errors
    }

    /// Adds a mistake of the caller's own rules.
    mutating func refuse(_ key: String, _ detail: String) {
        errors.append("\(source.origin(key)): \(detail)")
    }

    mutating func string(_ key: String) -> String? {
        known.insert(key)
        switch source.value(key, isList: false) {
        case .scalar(let text)?: return text
        case .list?:
            refuse(key, "should be one value, not a list")
            return nil
        case .empty?, nil: return nil
        }
    }

    mutating func integer(_ key: String, default value: Int, _ range: ClosedRange<Int>) -> Int {
        guard let text = string(key) else { return value }
        guard let number = Int(text.filter { $0 != "_" }), range.contains(number) else {
            refuse(key, "should be a whole number from \(range.lowerBound) to \(range.upperBound) and is \"\(text)\"")
            return value
        }
        return number
    }

    mutating func bool(_ key: String, default value: Bool) -> Bool {
        guard let text = string(key) else { return value }
        switch text.lowercased() {
        case "true", "yes", "on", "1": return true
        case "false", "no", "off", "0": return false
        default:
            refuse(key, "should be true or false and is \"\(text)\"")
            return value
        }
    }

    mutating func enumeration<Value: RawRepresentable & CaseIterable>(
        _ key: String, default value: Value
    ) -> Value where Value.RawValue == String {
        guard let text = string(key) else { return value }
        guard let match = Value(rawValue: text) else {
            let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
            refuse(key, "should be one of \(names) and is \"\(text)\"")
            return value
        }
        return match
    }

    /// A program's path and its arguments, with spaces between; nil where nothing is said.
    ///
    /// - Parameter example: As in `/usr/sbin/sendmail -i -t`.
    mutating func command(_ key: String, as example: String) -> [String]? {
        guard let text = string(key) else { return nil }
        let words = text.split(separator: " ").map(String.init)
        guard words.first?.hasPrefix("/") ?? false else {
            refuse(key, "should begin with the path of a program, such as \(example)")
            return nil
        }
        return words
    }

    /// A list of words; nil when the key is absent.
    mutating func list(_ key: String) -> [String]? {
        known.insert(key)
        switch source.value(key, isList: true) {
        case .list(let words)?: return words
        case .scalar(let word)?: return word.isEmpty ? [] : [word]
        case .empty?, nil: return nil
        }
    }

    /// A list of networks; empty when the key is absent.
    mutating func networks(_ key: String) -> [NetworkRange] {
        (list(key) ?? []).compactMap { text in
            if let range = NetworkRange(text) { return range }
            refuse(key, "\"\(text)\" is no network; write it as 10.0.0.0/8 or 2001:db8::/32")
            return nil
        }
    }

    /// A secret: the value itself; or, under `<key>_file`, a file that holds it; or else a credential of systemd that has
    /// the key's name.
    mutating func secret(_ key: String) -> String? {
        secrets.insert(key)
        let direct = string(key)
        guard let path = string("\(key)_file") ?? (direct == nil ? source.credential(key) : nil) else { return direct }
        guard direct == nil else {
            refuse("\(key)_file", "stands beside \(key); only one of them may be given")
            return direct
        }
        do {
            let text = try ConfigurationFile.text(path)
            let secret = text.prefix { !$0.isNewline }
            guard !secret.isEmpty else {
                refuse("\(key)_file", "the file \(path) is empty")
                return nil
            }
            return String(secret)
        } catch {
            refuse("\(key)_file", "the file \(path) \(error.reason)")
            return nil
        }
    }

    /// Adds an error for every key of the file that was not asked for.
    mutating func findUnknownKeys() {
        for (key, entry) in source.file.sorted(by: { $0.value.line < $1.value.line }) where !known.contains(key) {
            // A section that is there and empty says nothing wrong.
            if entry.value == .empty, known.contains(where: { $0.hasPrefix(key + ".") }) { continue }
            refuse(key, "is not a key" + suggestion(for: key, among: known))
        }
    }

    /// Variables that look like ours and are none; no errors, since other programs may have such names.
    var unknownVariables: [String] {
        let names = Set(known.map(SettingSource.environmentName))
        return source.environment.keys.sorted().filter { $0.hasPrefix("MUSTER_") && !names.contains($0) }
            .map { "\($0) is not a variable of the configuration" + suggestion(for: $0, among: names) }
    }

    private func suggestion(for name: String, among candidates: Set<String>) -> String {
        let nearest = candidates.map { (name: $0, distance: Self.distance(name, $0)) }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }
        guard let nearest, nearest.distance <= max(2, name.count / 4) else { return "" }
        return "; did you mean \(nearest.name)?"
    }

    /// How many characters to insert, delete or replace (Levenshtein).
    static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (index, character) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let replaced = diagonal + (character == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[right.count]
    }
}

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

/// A file that the configuration is read from, or names.
enum ConfigurationFile {
    /// Why it gives no text, as the rest of a sentence that begins with its name.
    struct Failure: Error {
        let reason: String

        init(_ why: String) {
            reason = "cannot be read: \(why)"
        }
    }

    private static let bytesMax = 16 << 20

    static func text(_ path: String) throws(Failure) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Failure(String(cString: strerror(errno))) }
            guard count > 0 else { break }
            bytes += chunk[..<count]
            guard bytes.count <= bytesMax else { throw Failure("it has more than \(bytesMax) bytes") }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Failure("it is not written in UTF-8") }
        return text
    }
}
