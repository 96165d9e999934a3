/// Some of the members of an object that a `JSONWriter` wrote, without reading what is in them.
enum JSONMembers {
    /// The object with the members of these names alone, in its own order.
    static func some(_ names: Set<String>, of object: [UInt8]) -> [UInt8] {
        var selected: [UInt8] = [UInt8(ascii: "{")]
        var start = 1
        var index = 1
        var depth = 0
        var isInText = false
        while index < object.count {
            let byte = object[index]
            if isInText {
                if byte == UInt8(ascii: "\\") { index += 1 }
                if byte == UInt8(ascii: "\"") { isInText = false }
            } else {
                switch byte {
                case UInt8(ascii: "\""): isInText = true
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: ","), UInt8(ascii: "}"):
                    if depth == 0 {
                        let member = object[start..<index]
                        if names.contains(name(of: member)) {
                            if selected.count > 1 { selected.append(UInt8(ascii: ",")) }
                            selected += member
                        }
                        start = index + 1
                    } else if byte == UInt8(ascii: "}") {
                        depth -= 1
                    }
                case UInt8(ascii: "]"): depth -= 1
                case _: break
                }
            }
            index += 1
        }
        selected.append(UInt8(ascii: "}"))
        return selected
    }

    /// Names of ours need no escapes.
    private static func name(of member: ArraySlice<UInt8>) -> String {
        let begin = member.startIndex + 1
        guard begin < member.endIndex, let end = member[begin...].firstIndex(of: UInt8(ascii: "\"")) else { return "" }
        return String(decoding: member[begin..<end], as: UTF8.self)
    }
}
