import FoundationEssentials
import Testing

@testable import MusterServer

/// The templates of pages, as they are in the program.
struct PagesTests {
    private static let texts = Pages.files.map { (name: $0.name, text: String(decoding: $0.text, as: UTF8.self)) }

    @Test func `every template parses`() throws {
        _ = try Pages()
    }

    @Test func `one that does not parse is an error, not a page with a hole`() {
        #expect(throws: (any Error).self) { _ = try Pages([("review", Array("{{#sections}}".utf8))]) }
        #expect(throws: (any Error).self) { _ = try Pages([("review", Array("{{title".utf8))]) }
    }

    @Test func `every file of the folder is in the list`() throws {
        let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        let folder = "/\(root)/Sources/MusterServer/Pages/Templates"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).map { String($0.prefix { $0 != "." }) }
        #expect(names.sorted() == Pages.files.map(\.name).sorted())
    }

    @Test func `every part that a template includes exists`() {
        for (name, text) in Self.texts {
            for tag in text.matches(of: /\{\{[<>]\s*([\w.]+)\s*\}\}/) {
                #expect(Pages.files.contains { $0.name == tag.output.1 }, "\(name) includes \(tag.output.1)")
            }
        }
    }

    @Test func `only markup of our own goes in as it is`() {
        // Each is a property of the type Markup: drawn or written by a renderer of ours, which escapes what people typed. `bars` is
        // the picture of the days of a component, made of numbers and dates alone.
        let own: Set<Substring> = ["bars", "filled", "blocks", "sign", "svg"]
        for (name, text) in Self.texts {
            for tag in text.matches(of: /\{\{(?:\{|&)\s*([\w.]+)/) {
                #expect(own.contains(tag.output.1), "\(name) puts in \(tag.output.1) without escaping it")
            }
        }
    }
}
