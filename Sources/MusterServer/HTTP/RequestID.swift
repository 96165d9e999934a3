import Synchronization

/// Names requests: the caller's own name when it is sane, else one of ours.
enum RequestID {
    /// A random beginning per process and a count, so that a new one costs neither a system call nor a lock.
    private static let process = String(UInt64.random(in: 1 << 63 ... .max), radix: 16)
    private static let count = Atomic<UInt64>(0)

    static func make() -> String {
        let number = count.wrappingAdd(1, ordering: .relaxed).newValue
        return "\(process)-\(String(number, radix: 16))"
    }

    /// Whether a caller's name may go into our logs and answers: 1 to 128 letters, digits and `-_.:/+=`.
    static func isSane(_ text: String) -> Bool {
        let bytes = text.utf8
        return (1...128).contains(bytes.count)
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                    UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "+"), UInt8(ascii: "="):
                    true
                default: false
                }
            }
    }
}
