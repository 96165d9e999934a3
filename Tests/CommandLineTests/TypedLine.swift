import ArgumentParser
import Testing

@testable import muster

/// A line of a shell that calls `muster`.
enum TypedLine {
    /// A command as a shell takes it apart: words, single quotes, and comments.
    static func words(_ command: String) -> [String] {
        var (words, word, isQuoted, isBegun) = ([String](), "", false, false)
        var (escaped, isDoubled) = (false, false)
        for character in command.split(separator: "   #", maxSplits: 1)[0] {
            switch character {
            case _ where escaped:
                word.append(character)
                escaped = false
            case "\\" where !isQuoted: escaped = true
            case "\"" where !isQuoted: (isDoubled, isBegun) = (!isDoubled, true)
            case "'" where !isDoubled: (isQuoted, isBegun) = (!isQuoted, true)
            case " " where !isQuoted && !isDoubled:
                if isBegun || !word.isEmpty { words.append(word) }
                (word, isBegun) = ("", false)
            default: word.append(character)
            }
        }
        return isBegun || !word.isEmpty ? words + [word] : words
    }

    static func parses(_ command: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let words = Self.words(command)
        #expect(words.first == "muster", "\(command)", sourceLocation: sourceLocation)
        do {
            _ = try Muster.parseAsRoot(Array(words.dropFirst()))
        } catch {
            Issue.record("\(command): \(Muster.fullMessage(for: error))", sourceLocation: sourceLocation)
        }
    }
}
