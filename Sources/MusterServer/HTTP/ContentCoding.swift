import CZlib
import HTTPTypes
import NIOCore

/// Answers that are coded once and sent often.
enum Gzip {
    /// As small as zlib makes it; nil when it cannot. The same bytes in give the same bytes out: no time stands in them.
    static func compress(_ bytes: [UInt8]) -> [UInt8]? {
        var stream = z_stream()
        guard
            deflateInit2_(
                &stream, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 9, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return nil }
        defer { deflateEnd(&stream) }
        let room = Int(deflateBound(&stream, UInt(bytes.count)))
        var isWhole = false
        let result = [UInt8](unsafeUninitializedCapacity: room) { out, count in
            bytes.withUnsafeBufferPointer { input in
                // zlib only reads it.
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(clamping: input.count)
                stream.next_out = out.baseAddress
                stream.avail_out = UInt32(clamping: room)
                isWhole = deflate(&stream, Z_FINISH) == Z_STREAM_END
                count = room - Int(stream.avail_out)
            }
        }
        return isWhole ? result : nil
    }
}

/// The coding of a body (RFC 9110, 8.4) that we take: gzip and deflate, inflated by zlib.
enum ContentCoding: String, CaseIterable, Sendable {
    case gzip
    case deflate

    /// What all inflated bodies together may hold, each until its request is answered.
    static let budget = Budget(max: 1 << 26)
    /// Bodies are inflated one after the other: each may take many times its size.
    static let turns = Turns(max: 1, waitingMax: 128)
    /// Of those whose sender nobody knows.
    static let strangersTurns = Turns(max: 1, waitingMax: 16)

    /// How many times its size a body may have when it is inflated. Alerts that repeat their labels reach about fifty.
    static let ratioMax = 200
    /// Up to here the ratio does not matter.
    private static let ratioFree = 1 << 20

    /// Nil when the header says that there is none. 415 for any other coding, and for several.
    init?(_ header: String?) throws(Problem) {
        guard let header else { return nil }
        switch header.filter({ $0 != " " && $0 != "\t" }).lowercased() {
        case "", "identity": return nil
        case "gzip", "x-gzip": self = .gzip
        case "deflate": self = .deflate
        case let other:
            throw Problem(
                .unsupportedMediaType,
                "The body has the content coding \(other.prefix(50)); send it without one, or with gzip or deflate.",
                headers: [.acceptEncoding: "gzip, deflate"])
        }
    }

    /// 415 when a body of that header would not be understood.
    static func check(_ header: String?) throws(Problem) {
        _ = try ContentCoding(header)
    }

    /// What became of a body.
    enum Decoded: Sendable {
        case inflated(ByteBuffer)
        /// 413 when there would be more than was allowed, with what was inflated until then; 400, with nothing, when it is not
        /// of the coding or ends early.
        case refused(Problem, beginning: Beginning?)
    }

    /// What is kept of a body that is too large, and how many bytes there were until it was.
    struct Beginning: Sendable {
        let body: ByteBuffer
        let inflatedBytes: Int

        /// A copy, so that it does not hold the rest.
        init(of inflated: ByteBuffer, inflatedBytes: Int) {
            body = ByteBuffer(bytes: inflated.readableBytesView.prefix(DeadLetterStore.bodyBytesMax))
            self.inflatedBytes = inflatedBytes
        }
    }

    /// The body without the coding.
    ///
    /// - Parameter bytesMax: How many bytes it may have then.
    func decode(_ body: ByteBuffer, bytesMax: Int) -> Decoded {
        let ratioLimit = max(Self.ratioFree, body.readableBytes * Self.ratioMax)
        let limit = min(bytesMax, ratioLimit)
        var result = inflate(body, windowBits: windowBits, limit: limit)
        // Some send "deflate" without the envelope that RFC 9110 asks for.
        if self == .deflate, case .broken = result { result = inflate(body, windowBits: -MAX_WBITS, limit: limit) }
        switch result {
        case .inflated(let bytes): return .inflated(bytes)
        case .tooLarge(let beginning):
            let detail =
                limit == bytesMax
                ? "The body has \(body.readableBytes) bytes, and more than \(bytesMax) when it is inflated; no more are taken."
                : "The body is more than \(Self.ratioMax) times its size when it is inflated, and so is not taken."
            return .refused(Problem(.bodyTooLarge, detail), beginning: beginning)
        case .broken:
            return .refused(
                Problem(
                    .malformedRequest,
                    "The body is not \(rawValue), as its header Content-Encoding says, or it ends early."),
                beginning: nil)
        }
    }

    private enum Outcome {
        case inflated(ByteBuffer)
        case tooLarge(Beginning)
        case broken
    }

    private var windowBits: Int32 {
        switch self {
        case .gzip: MAX_WBITS + 16
        case .deflate: MAX_WBITS
        }
    }

    /// Up to here a body is inflated in one go. A larger one is measured first, in the room of a single block: one that turns out
    /// too large never takes memory.
    private static let keptUnmeasured = 1 << 20
    private static let block = 1 << 16

    private func inflate(_ input: ByteBuffer, windowBits: Int32, limit: Int) -> Outcome {
        var kept = ByteBuffer()
        switch inflate(input, windowBits, limit: limit, into: &kept, atMost: min(limit, Self.keptUnmeasured)) {
        case .whole(let count) where count == kept.readableBytes: return .inflated(kept)
        case .whole(let count):
            kept = ByteBufferAllocator().buffer(capacity: count)
            let again = inflate(input, windowBits, limit: limit, into: &kept, atMost: count)
            guard case .whole = again else { return .broken }
            return .inflated(kept)
        case .tooLarge(let count): return .tooLarge(Beginning(of: kept, inflatedBytes: count))
        case .broken: return .broken
        }
    }

    private enum Pass {
        /// All of it, with its size in bytes.
        case whole(Int)
        /// So many bytes, one more than is allowed.
        case tooLarge(Int)
        case broken
    }

    /// Inflates a body once; of what comes out, no more than `atMost` bytes are kept.
    private func inflate(
        _ input: ByteBuffer, _ windowBits: Int32, limit: Int, into kept: inout ByteBuffer, atMost: Int
    ) -> Pass {
        var stream = z_stream()
        guard inflateInit2_(&stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            return .broken
        }
        defer { inflateEnd(&stream) }
        return input.withUnsafeReadableBytes { bytes in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.block) { block in
                // zlib only reads it.
                stream.next_in = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
                stream.avail_in = UInt32(clamping: bytes.count)
                var count = 0
                while true {
                    stream.next_out = block.baseAddress
                    // A byte more than is allowed shows that it is too much.
                    let room = min(block.count, limit + 1 - count)
                    stream.avail_out = UInt32(clamping: room)
                    let code = CZlib.inflate(&stream, Z_NO_FLUSH)
                    let written = room - Int(stream.avail_out)
                    count += written
                    kept.writeBytes(block.prefix(min(written, atMost - kept.readableBytes)))
                    guard count <= limit else { return .tooLarge(count) }
                    switch code {
                    case Z_OK where stream.avail_in > 0 || stream.avail_out == 0: continue
                    // gzip may be several members one after the other (RFC 1952, 2.2).
                    case Z_STREAM_END where stream.avail_in > 0 && self == .gzip:
                        guard inflateReset(&stream) == Z_OK else { return .broken }
                    case Z_STREAM_END: return .whole(count)
                    case _: return .broken
                    }
                }
            }
        }
    }
}
