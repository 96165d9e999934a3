/// The caller's place in a distributed trace, by the W3C recommendation 'Trace Context'.
struct Traceparent: Hashable, Sendable {
    /// 32 lower-case hexadecimal digits.
    let traceID: String
    /// The caller's span: 16 lower-case hexadecimal digits.
    let parentID: String
    /// Two hexadecimal digits; bit 0 says that the trace is recorded.
    let flags: String

    /// Reads the header; nil when it is not valid, which means that it is to be ignored.
    init?(header: String) {
        let bytes = Array(header.utf8)
        let dash = UInt8(ascii: "-")
        guard bytes.count >= 55, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash else { return nil }
        let version = bytes[0..<2]
        let trace = bytes[3..<35]
        let parent = bytes[36..<52]
        let flags = bytes[53..<55]
        guard [version, trace, parent, flags].allSatisfy(Self.isLowerHexadecimal),
            !version.elementsEqual("ff".utf8), trace.contains(where: { $0 != UInt8(ascii: "0") }),
            parent.contains(where: { $0 != UInt8(ascii: "0") })
        else { return nil }
        // Version 00 ends here; a later one may go on after another dash.
        guard bytes.count == 55 || (!version.elementsEqual("00".utf8) && bytes[55] == dash) else { return nil }
        traceID = String(decoding: trace, as: UTF8.self)
        parentID = String(decoding: parent, as: UTF8.self)
        self.flags = String(decoding: flags, as: UTF8.self)
    }

    /// The header for a call that we make on behalf of the caller; `spanID` has 16 hexadecimal digits.
    func outgoing(spanID: String) -> String {
        "00-\(traceID)-\(spanID)-\(flags)"
    }

    private static func isLowerHexadecimal(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.allSatisfy { ($0 >= 48 && $0 <= 57) || ($0 >= 97 && $0 <= 102) }
    }
}
