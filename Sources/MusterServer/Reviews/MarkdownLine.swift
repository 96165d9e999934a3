// What single lines of Markdown are read as.

/// The line that opens a block of code.
struct MarkdownFence {
    private let mark: Character
    private let length: Int

    init?(_ line: Substring) {
        let trimmed = line.trimmed
        guard line.indentation < 4, let mark = trimmed.first, mark == "`" || mark == "~" else { return nil }
        let run = trimmed.prefix { $0 == mark }
        guard run.count >= 3, mark == "~" || !trimmed.dropFirst(run.count).contains("`") else { return nil }
        self.mark = mark
        length = run.count
    }

    func isClosed(by line: Substring) -> Bool {
        let trimmed = line.trimmed
        return trimmed.count >= length && trimmed.allSatisfy { $0 == mark }
    }
}

/// The beginning of an item of a list.
struct MarkdownListMarker {
    /// Items of different kinds make different lists.
    let kind: Character
    /// Of an ordered list.
    let number: Int?
    /// How far the item's other lines are indented.
    let width: Int
    let rest: Substring

    init?(_ line: Substring) {
        let indentation = line.indentation
        let trimmed = line.trimmedAtStart
        guard indentation < 4, let first = trimmed.first, !Self.isRule(trimmed) else { return nil }
        let digits = trimmed.prefix { "0"..."9" ~= $0 }
        let length: Int
        if "-*+".contains(first) {
            (kind, number, length) = (first, nil, 1)
        } else if (1...9).contains(digits.count), let end = trimmed.dropFirst(digits.count).first,
            end == "." || end == ")"
        {
            (kind, number, length) = (end, Int(digits), digits.count + 1)
        } else {
            return nil
        }
        let after = trimmed.dropFirst(length)
        guard after.first.map({ $0 == " " || $0 == "\t" }) ?? true else { return nil }
        let gap = after.isBlank ? 1 : min(after.indentation, 4)
        width = indentation + length + gap
        rest = after.withoutIndentation(gap)
    }

    /// Three or more of the same mark and nothing else would be a rule elsewhere; here it is text.
    private static func isRule(_ line: Substring) -> Bool {
        guard let mark = line.first, mark == "-" || mark == "*" else { return false }
        let marks = line.filter { $0 != " " && $0 != "\t" }
        return marks.count >= 3 && marks.allSatisfy { $0 == mark }
    }

    /// A number in the middle of a text is seldom a list, unless it is the first; an empty item never is.
    var interruptsText: Bool { !rest.isBlank && (number ?? 1) == 1 }
}

/// A line of a table.
enum MarkdownRow {
    /// The cells without their escaped bars; the other escapes stay for whoever reads the cell.
    static func cells(_ line: Substring) -> [String] {
        var cells: [String] = []
        var cell = ""
        var isEscaped = false
        var body = line.trimmed
        if body.first == "|" { body = body.dropFirst() }
        for character in body {
            if isEscaped {
                cell += character == "|" ? "|" : "\\\(character)"
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "|" {
                cells.append(String(cell[...].trimmed))
                cell = ""
            } else {
                cell.append(character)
            }
        }
        if isEscaped { cell += "\\" }
        if !cell[...].isBlank { cells.append(String(cell[...].trimmed)) }
        return cells
    }

    /// Whether a line is the one between a table's head and its body.
    static func isRule(_ line: Substring) -> Bool {
        guard line.contains("|"), line.contains("-") else { return false }
        return cells(line).allSatisfy { cell in
            var core = cell[...]
            if core.first == ":" { core = core.dropFirst() }
            if core.last == ":" { core = core.dropLast() }
            return !core.isEmpty && core.allSatisfy { $0 == "-" }
        }
    }
}

extension Substring {
    var isBlank: Bool { allSatisfy { $0 == " " || $0 == "\t" } }

    /// In columns; a tab counts four.
    var indentation: Int {
        prefix { $0 == " " || $0 == "\t" }.reduce(0) { $0 + ($1 == "\t" ? 4 : 1) }
    }

    func withoutIndentation(_ columns: Int) -> Substring {
        var rest = self
        var left = columns
        while left > 0, let first = rest.first, first == " " || first == "\t" {
            left -= first == "\t" ? 4 : 1
            rest = rest.dropFirst()
        }
        return rest
    }

    var trimmedAtStart: Substring { drop { $0 == " " || $0 == "\t" } }

    var trimmed: Substring {
        var rest = trimmedAtStart
        while let last = rest.last, last == " " || last == "\t" { rest = rest.dropLast() }
        return rest
    }
}
