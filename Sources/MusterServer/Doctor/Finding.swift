/// One thing that `musterd doctor` looked at.
package struct Finding: Sendable, Equatable {
    /// How bad it is.
    package enum Level: String, Sendable, CaseIterable {
        case ok
        /// It works, and will hurt some day.
        case warning
        /// The daemon cannot start or serve like this, or loses what it acknowledges.
        case problem
    }

    package let level: Level
    /// What was looked at, with the configuration's key where there is one.
    package let check: String
    package let says: String
    /// What to do; nil when all is well.
    package let advice: String?

    static func ok(_ check: String, _ says: String) -> Finding {
        Finding(level: .ok, check: check, says: says, advice: nil)
    }

    static func warning(_ check: String, _ says: String, _ advice: String) -> Finding {
        Finding(level: .warning, check: check, says: says, advice: advice)
    }

    static func problem(_ check: String, _ says: String, _ advice: String) -> Finding {
        Finding(level: .problem, check: check, says: says, advice: advice)
    }

    /// One line.
    package var line: String {
        let word = level.rawValue + String(repeating: " ", count: 8 - level.rawValue.count)
        return "\(word) \(check): \(says)" + (advice.map { "; \($0)" } ?? "")
    }
}

extension Finding {
    /// All of them as one JSON document, with how many there are of each level.
    package static func json(_ findings: [Finding]) -> String {
        var json = JSONWriter()
        json.object { json in
            for level in Level.allCases {
                json.member(level.rawValue, findings.filter { $0.level == level }.count)
            }
            json.array("findings", findings) { json, finding in
                json.object { json in
                    json.member("level", finding.level.rawValue)
                    json.member("check", finding.check)
                    json.member("says", finding.says)
                    json.member("advice", finding.advice)
                }
            }
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
