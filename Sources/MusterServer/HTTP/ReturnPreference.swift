import HTTPTypes
import NIOCore

/// How much a client wants to be answered to a write (RFC 7240, 4.2): `Prefer: return=minimal` or `return=representation`.
enum ReturnPreference: String, CaseIterable, Sendable {
    case minimal, representation

    /// What `Prefer` asks; nil when it asks for nothing that we know. The first of several counts, and what is not understood is
    /// ignored, as the RFC has it.
    init?(header: String?) {
        let wishes = (header ?? "").split(separator: ",").lazy.compactMap { wish -> Substring? in
            let parts = wish.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, Self.trimmed(parts[0]).lowercased() == "return" else { return nil }
            let value = Self.trimmed(parts[1])
            return value.count >= 2 && value.first == "\"" && value.last == "\""
                ? value.dropFirst().dropLast() : value
        }
        guard let wish = wishes.first else { return nil }
        self.init(rawValue: wish.lowercased())
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let start = text.drop { $0 == " " || $0 == "\t" }
        return start.prefix(start.count - start.reversed().prefix { $0 == " " || $0 == "\t" }.count)
    }

    /// The answer as it is preferred, saying so; as it is where nothing is preferred, or there is nothing to choose from.
    func applied(to answer: Answer) -> Answer {
        guard !answer.minimalMembers.isEmpty, (200..<300).contains(answer.status.code),
            case .bytes(let bytes) = answer.body
        else { return answer }
        var answer = answer
        switch self {
        case .minimal:
            let members = JSONMembers.some(answer.minimalMembers, of: Array(bytes.readableBytesView))
            answer.body = .bytes(ByteBuffer(bytes: members))
        case .representation: break
        }
        answer.headers[.preferenceApplied] = "return=\(rawValue)"
        return answer
    }
}

extension HTTPField.Name {
    static let prefer = HTTPField.Name("Prefer")!
    static let preferenceApplied = HTTPField.Name("Preference-Applied")!
}
