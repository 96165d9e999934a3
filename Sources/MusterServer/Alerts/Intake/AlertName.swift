import FoundationEssentials
import IncidentDomain

/// Keys that senders make, kept to a length that an index can hold.
enum AlertName {
    private static let bytesMax = 1000

    /// The key itself, or its SHA-256 when it is too long: cutting it could make two of one.
    static func bounded(_ key: String) -> String {
        guard key.utf8.count > bytesMax else { return key }
        return "sha256:" + HashChain.hex(OpenSSL.sha256(Array(key.utf8)))
    }

    /// What an alert of a source is called while this program runs; two alerts of one number are rare, and have to do no harm.
    static func number(of identity: String, from source: UUID) -> Int {
        var hasher = Hasher()
        hasher.combine(source)
        hasher.combine(identity)
        return hasher.finalize()
    }

    /// The beginning of a text. It counts scalars, since one letter may have accents without end.
    static func cut(_ text: String, to scalars: Int) -> String {
        String(text.unicodeScalars.prefix(scalars))
    }
}
