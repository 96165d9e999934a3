/// What a body is that nobody here can read, told by its first bytes: its sender rarely knows what it sent.
enum ForeignBytes {
    /// A sentence about it; nil when its beginning says nothing.
    static func reason(_ bytes: some Collection<UInt8>) -> String? {
        let first = Array(bytes.prefix(4))
        func begins(_ mark: UInt8...) -> Bool { first.starts(with: mark) }
        if begins(0x1F, 0x8B) {
            return "The body is compressed with gzip and lacks the header that says so; send Content-Encoding: gzip."
        }
        if begins(0x28, 0xB5, 0x2F, 0xFD) {
            return "The body is compressed with zstd, which is not taken; send it as it is, or with gzip."
        }
        if begins(0xFE, 0xFF) || begins(0xFF, 0xFE) || begins(0, 0x7B) || begins(0x7B, 0) || begins(0, 0x5B)
            || begins(0x5B, 0)
        {
            return "The body is UTF-16; send it as UTF-8."
        }
        let head = begins(0x2D, 0x2D) ? String(decoding: bytes.prefix(512), as: UTF8.self).lowercased() : ""
        if head.contains("content-disposition:") {
            return
                "The body is multipart/form-data, which is not read; send JSON, or a form as application/x-www-form-urlencoded."
        }
        return nil
    }

    /// The bytes without the mark of the byte order that some write in front of UTF-8.
    static func unmarked<Bytes: Collection<UInt8>>(_ bytes: Bytes) -> Bytes where Bytes.SubSequence == Bytes {
        bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes
    }
}
