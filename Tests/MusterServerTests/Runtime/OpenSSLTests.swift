import Testing

@testable import MusterServer

struct OpenSSLTests {
    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// FIPS 180-2, appendix B.1, and the digest of nothing.
    @Test func `SHA-256 gives the standard's values`() {
        #expect(
            hex(OpenSSL.sha256(Array("abc".utf8))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
        #expect(hex(OpenSSL.sha256([])) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    /// RFC 4231, test case 2.
    @Test func `HMAC gives the standard's value`() {
        let code = OpenSSL.hmacSHA256(key: Array("Jefe".utf8), Array("what do ya want for nothing?".utf8))
        #expect(hex(code) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    }

    /// RFC 5869, appendix A.3, which has neither salt nor info: the first 32 bytes.
    @Test func `key derivation gives the standard's value`() {
        let secret = [UInt8](repeating: 0x0B, count: 22)
        #expect(
            hex(OpenSSL.derivedKey(secret: secret, salt: [], purpose: ""))
                == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d")
    }

    @Test func `what was sealed opens with the same key only and never twice to the same bytes`() throws {
        let key = [UInt8](repeating: 7, count: 32)
        let plain = Array("a secret".utf8)
        let box = try OpenSSL.seal(plain, key: key)
        #expect(try OpenSSL.open(box, key: key) == plain)
        #expect(try OpenSSL.seal(plain, key: key) != box)
        #expect(try OpenSSL.open(box, key: [UInt8](repeating: 8, count: 32)) == nil)
        for index in box.indices {
            var changed = box
            changed[index] ^= 1
            #expect(try OpenSSL.open(changed, key: key) == nil)
        }
        #expect(try OpenSSL.open(Array(box.prefix(20)), key: key) == nil)
        #expect(try OpenSSL.open(try OpenSSL.seal([], key: key), key: key) == [])
    }

    @Test func `comparing tells equal from different`() {
        #expect(OpenSSL.areEqual([1, 2], [1, 2]))
        #expect(!OpenSSL.areEqual([1, 2], [1, 3]))
        #expect(!OpenSSL.areEqual([1, 2], [1]))
        #expect(OpenSSL.areEqual([], []))
    }
}
