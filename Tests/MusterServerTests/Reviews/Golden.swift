import FoundationEssentials
import Glibc
import Testing

@testable import MusterServer

/// Files beside the tests that hold what a whole document should be. `MUSTER_UPDATE_GOLDEN=1` writes them anew; the
/// difference is then read by a person.
enum Golden {
    private static let isUpdating = getenv("MUSTER_UPDATE_GOLDEN").map { String(cString: $0) } == "1"

    /// A page, in which a stylesheet stands as its name: it is a file of its own, and who changes it changes no document.
    static func expect(
        page: String, equals name: String, file: String = #filePath, location: SourceLocation = #_sourceLocation
    ) throws {
        let sheets = Pages.files.filter { $0.name.hasSuffix("style") }
        let text = sheets.reduce(page) { text, sheet in
            text.replacing(String(decoding: sheet.text, as: UTF8.self), with: "/* \(sheet.name).css */\n")
        }
        try expect(text, equals: name, file: file, location: location)
    }

    /// - Parameter folder: From the top of the project; nil is `Golden` beside the test.
    static func expect(
        _ text: String, equals name: String, in folder: String? = nil, file: String = #filePath,
        location: SourceLocation = #_sourceLocation
    ) throws {
        let test = file.split(separator: "/").dropLast()
        let top = test[..<(test.lastIndex(of: "Tests") ?? test.endIndex)]
        let place = folder.map { Array(top) + [Substring($0)] } ?? Array(test) + ["Golden"]
        let path = "/\(place.joined(separator: "/"))/\(name)"
        if isUpdating { try Data(text.utf8).write(to: URL(filePath: path)) }
        let golden = try #require(
            try? Data(contentsOf: URL(filePath: path)), "\(name) is missing; MUSTER_UPDATE_GOLDEN=1 makes it",
            sourceLocation: location)
        let wanted = String(decoding: golden, as: UTF8.self)
        guard text != wanted else { return }
        let pairs = zip(text.split(separator: "\n"), wanted.split(separator: "\n"))
        let difference = pairs.first { $0 != $1 }
        Issue.record(
            "\(name) differs; is: \(difference?.0 ?? "longer or shorter") should be: \(difference?.1 ?? "")",
            sourceLocation: location)
    }
}
