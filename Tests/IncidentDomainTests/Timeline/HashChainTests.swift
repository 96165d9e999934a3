import Testing

@testable import IncidentDomain

struct HashChainTests {
    private func preimage(actorName: String = "Rita", token: String? = nil, sequence: Int = 2) -> String {
        String(
            decoding: HashChain.preimage(
                previous: (0..<32).map { UInt8($0) }, number: 42, sequence: sequence, kind: "note_added", version: 1,
                actorID: "7f3a", actorName: actorName, actorToken: token, occurredAt: clock("10:00"),
                recordedAt: clock("10:00:00.125"),
                payloadDigest: [UInt8](repeating: 0xAB, count: 32)), as: UTF8.self)
    }

    @Test func `what an entry's hash covers is this, for ever`() {
        #expect(
            preimage() == """
                000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
                42
                2
                note_added
                1
                7f3a
                Rita
                2026-11-22T10:00:00.000Z
                2026-11-22T10:00:00.125Z
                abababababababababababababababababababababababababababababababab

                """)
    }

    @Test func `the token behind another name is one more line, and no line where there is none`() {
        #expect(preimage(token: "phone\nx") == preimage() + "phone x\n")
    }

    @Test func `a chain begins with zeros`() {
        #expect(HashChain.hex(HashChain.start) == String(repeating: "0", count: 64))
        #expect(HashChain.start.count == HashChain.hashBytes)
    }

    @Test func `a name cannot pose as two fields`() {
        #expect(preimage(actorName: "Rita\n2026") == preimage(actorName: "Rita 2026"))
        #expect(preimage(actorName: "Rita\n").split(separator: "\n").count == 10)
        #expect(preimage(sequence: 3) != preimage())
    }

    @Test func `bytes are written in lower-case hexadecimal`() {
        #expect(HashChain.hex([]).isEmpty)
        #expect(HashChain.hex([0x00, 0x0F, 0xF0, 0xFF]) == "000ff0ff")
    }
}
