import FoundationEssentials
import IncidentDomain
import Testing

@testable import MusterServer

struct JSONWriterTests {
    private func written(_ write: (inout JSONWriter) -> Void) -> String {
        var json = JSONWriter()
        write(&json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    @Test func `commas stand between members and elements and nowhere else`() {
        let text = written { json in
            json.object { json in
                json.member("a", 1)
                json.object("b") { _ in }
                json.array("c", [1, 2]) { json, number in json.value(number) }
                json.array("d", [] as [Int]) { json, number in json.value(number) }
                json.name("e")
                json.array { json in
                    json.object { json in json.member("f", true) }
                    json.object { json in json.member("g", String?.none) }
                }
                json.name("h")
                json.raw("[1]".utf8)
                json.member("i", ["x", "y"])
            }
        }
        #expect(text == #"{"a":1,"b":{},"c":[1,2],"d":[],"e":[{"f":true},{"g":null}],"h":[1],"i":["x","y"]}"#)
    }

    @Test(arguments: [
        ("plain", #""plain""#), ("", #""""#), ("a\"b\\c", #""a\"b\\c""#), ("\n\r\t\u{8}\u{C}", #""\n\r\t\b\f""#),
        ("\0\u{1F}\u{7F}", #""\u0000\u001f\u007f""#), ("é€😀/", "\"é€😀/\""),
    ])
    func `texts are escaped as far as JSON asks`(text: String, json: String) {
        #expect(written { $0.string(text) } == json)
    }

    @Test(arguments: [(0, "0"), (7, "7"), (-7, "-7"), (Int.max, "9223372036854775807"), (.min, "-9223372036854775808")])
    func `whole numbers are written in full`(number: Int, text: String) {
        #expect(written { $0.integer(number) } == text)
    }

    @Test(arguments: [(1.0, "1"), (0.1, "0.1"), (-2.5, "-2.5"), (1e300, "1e+300"), (.infinity, "null"), (.nan, "null")])
    func `numbers are written so that they read back`(number: Double, text: String) {
        #expect(written { $0.value(number) } == text)
    }

    @Test func `a UUID is written in lower case and a time with milliseconds`() throws {
        let id = try #require(UUID(uuidString: "A0B1C2D3-0000-4000-8000-00000000000F"))
        #expect(written { $0.value(id) } == #""a0b1c2d3-0000-4000-8000-00000000000f""#)
        #expect(written { $0.value(Timestamp(milliseconds: 0)) } == #""1970-01-01T00:00:00.000Z""#)
    }
}
