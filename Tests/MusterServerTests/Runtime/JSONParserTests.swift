import Testing

@testable import MusterServer

struct JSONParserTests {
    private func parse(_ text: String, depthMax: Int = 64) throws -> JSONValue {
        try JSONParser.parse(text.utf8, depthMax: depthMax)
    }

    @Test(
        arguments: [
            ("null", JSONValue.null), ("true", true), (" false ", false), ("0", 0), ("-0", 0), ("42", 42), ("-7", -7),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .number(9.223372036854775808e18)), ("1.5", 1.5), ("1e3", .number(1000)),
            ("-2.5E-1", -0.25), ("\"\"", ""), ("\"añ€😀\"", "añ€😀"), ("[]", []), ("[1,[2],{}]", [1, [2], [:]]),
            ("{\"a\":1,\"b\":[true]}", ["a": 1, "b": [true]]), ("\t{\r\n\"a\" : null }\n", ["a": nil]),
        ] as [(String, JSONValue)])
    func `a document reads as what it says`(text: String, value: JSONValue) throws {
        #expect(try parse(text) == value)
    }

    @Test(arguments: [
        (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u00e9\u20AC""#, "é€"), (#""\ud83d\ude00""#, "😀"),
        (#""\u0000""#, "\0"),
    ])
    func `escapes read as their characters`(text: String, value: String) throws {
        #expect(try parse(text) == .string(value))
    }

    @Test(arguments: [#""\ud83d""#, #""\ude00""#, #""\ud83d\ud83d""#, #""\ud83dx""#, #""\ud83d\n""#])
    func `half a surrogate pair becomes a replacement character`(text: String) throws {
        #expect(try parse(text).string?.hasPrefix("\u{FFFD}") == true)
    }

    @Test(arguments: [
        "", " ", "nul", "tru", "True", "nulll", "1 2", "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x10", "NaN",
        "Infinity",
        "1e999", "'a'", "\"", "\"a", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"", "\"\t\"", "[", "[1",
        "[1,", "[1,]",
        "[,1]", "[1 2]", "]", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{a:1}", "{1:2}",
        "{\"a\" 1}",
        "{\"a\":1 \"b\":2}", "// c\n1", "/* c */1", "\u{FEFF}1", "[1]]", "{\"a\":1}}", "\u{0}", "1\u{0}",
    ])
    func `what is not JSON is refused`(text: String) {
        #expect(throws: JSONSyntaxError.self) { try parse(text) }
    }

    @Test(arguments: ["18446744073709551615", "-9223372036854775809", "0.10", "7.0", "1e3", "1E+2"])
    func `a number is written as it was read`(text: String) throws {
        let value = try parse("[\(text)]")
        #expect(String(decoding: value.bytes, as: UTF8.self) == "[\(text)]")
        #expect(value[0].flatMap(ForeignFields.text) == text)
    }

    @Test func `the place of a mistake is told`() {
        #expect(throws: JSONSyntaxError(reason: "this is not the beginning of a value", offset: 6)) {
            try parse("{\"a\": ?}")
        }
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xE2, 0x82, 0x22],
            [0x22, 0x5C, 0x6E, 0xFF, 0x22],
        ] as [[UInt8]])
    func `a string that is not UTF-8 is refused`(bytes: [UInt8]) {
        #expect(throws: JSONSyntaxError.self) { try JSONParser.parse(bytes) }
    }

    @Test func `nesting is bounded`() throws {
        let deep = String(repeating: "[", count: 65) + String(repeating: "]", count: 65)
        #expect(throws: JSONSyntaxError.self) { try parse(deep) }
        #expect(throws: JSONSyntaxError.self) { try parse(String(repeating: "[", count: 1_000_000)) }
        _ = try parse(String(repeating: "[", count: 64) + String(repeating: "]", count: 64))
        // Depth, not count: what was closed is forgotten.
        _ = try parse("[" + String(repeating: "[[]],", count: 1000) + "1]", depthMax: 3)
    }

    @Test func `a name that stands twice is refused in our bodies and the last wins in foreign ones`() throws {
        let text = #"{"a":1,"b":2,"\u0061":3}"#
        #expect(throws: JSONSyntaxError.self) { try parse(text) }
        #expect(try JSONParser.parse(text.utf8, doubledNames: .lastWins) == ["b": 2, "a": 3])
    }

    @Test func `an object of very many names is checked for doubled ones in time`() throws {
        let names = (0..<100_000).map { "\"\($0)\":0" }.joined(separator: ",")
        #expect(try parse("{\(names)}").object?.members.count == 100_000)
        #expect(throws: JSONSyntaxError.self) { try parse("{\(names),\"99999\":0}") }
    }

    @Test func `the order of names is kept`() throws {
        let text = #"{"z":1,"a":{"y":2,"b":3},"m":[]}"#
        #expect(String(decoding: try parse(text).bytes, as: UTF8.self) == text)
    }

    @Test func `a text with U+0000 is found wherever it stands`() throws {
        #expect(try parse(#"{"a":["x\u0000"]}"#).containsNUL)
        #expect(try parse(#"{"a\u0000":1}"#).containsNUL)
        #expect(try !parse(#"{"a":["x",0,null]}"#).containsNUL)
    }

    @Test func `random bytes never crash the parser`() {
        var generator = SeededGenerator(seed: 7)
        let alphabet = Array(#"{}[]",:0123456789.eE+-\utrfalsn "#.utf8) + [0, 0x1F, 0x7F, 0x80, 0xC2, 0xFF]
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...24, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator)!
            }
            guard let value = try? JSONParser.parse(bytes) else { continue }
            // Not the value itself: 1e3 is written as 1000, which reads as a whole number.
            #expect((try? JSONParser.parse(value.bytes))?.bytes == value.bytes)
        }
    }
}

/// SplitMix64: the same numbers for the same seed, on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
