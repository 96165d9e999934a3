import COpenSSL
import IncidentDomain

/// The cryptography that the daemon uses, from libcrypto. The only file that imports it.
enum OpenSSL {
    /// A call of the library failed, which it does only when memory or its random source is gone.
    struct Failure: Error {
        let call: StaticString
    }

    static let sha256Bytes = 32

    /// SHA-256.
    static func sha256(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: sha256Bytes)
        let done = withBytes(of: bytes) { buffer in
            EVP_Digest(buffer.baseAddress, buffer.count, &digest, nil, EVP_sha256(), nil)
        }
        precondition(done == 1, "SHA-256 cannot fail")
        return digest
    }

    /// HMAC with SHA-256.
    static func hmacSHA256(key: some Collection<UInt8>, _ message: some Collection<UInt8>) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: sha256Bytes)
        let done = withBytes(of: key) { key in
            withBytes(of: message) { message in
                HMAC(EVP_sha256(), key.baseAddress, Int32(key.count), message.baseAddress, message.count, &code, nil)
            }
        }
        precondition(done != nil, "HMAC cannot fail")
        return code
    }

    /// A key of 32 bytes from a secret (HKDF, RFC 5869, with SHA-256): one output block, so one round of expansion.
    static func derivedKey(secret: [UInt8], salt: [UInt8], purpose: String) -> [UInt8] {
        let extracted = hmacSHA256(key: salt, secret)
        return hmacSHA256(key: extracted, Array(purpose.utf8) + [1])
    }

    /// Bytes that nobody can predict.
    static func randomBytes(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        guard RAND_bytes(&bytes, Int32(count)) == 1 else { throw Failure(call: "RAND_bytes") }
        return bytes
    }

    /// Whether two values are equal, in a time that does not tell where they differ. Their lengths are no secret.
    static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
    }

    private static func withBytes<Result>(
        of bytes: some Collection<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        if let result = bytes.withContiguousStorageIfAvailable(body) { return result }
        return Array(bytes).withUnsafeBufferPointer(body)
    }
}

// MARK: - AES-256-GCM

extension OpenSSL {
    private static let nonceBytes = 12
    private static let tagBytes = 16

    /// Encrypts with AES-256-GCM under a fresh random nonce; the result is nonce, ciphertext and tag.
    static func seal(_ plain: [UInt8], key: [UInt8]) throws -> [UInt8] {
        precondition(key.count == 32, "AES-256 has keys of 32 bytes")
        let nonce = try randomBytes(nonceBytes)
        return try withCipher { context throws(Failure) in
            guard EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1 else {
                throw Failure(call: "EVP_EncryptInit_ex")
            }
            var sealed = [UInt8](repeating: 0, count: plain.count)
            var count: Int32 = 0
            guard EVP_EncryptUpdate(context, &sealed, &count, plain, Int32(plain.count)) == 1 else {
                throw Failure(call: "EVP_EncryptUpdate")
            }
            var rest = [UInt8](repeating: 0, count: tagBytes)
            guard EVP_EncryptFinal_ex(context, &rest, &count) == 1 else { throw Failure(call: "EVP_EncryptFinal_ex") }
            var tag = [UInt8](repeating: 0, count: tagBytes)
            guard EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagBytes), &tag) == 1 else {
                throw Failure(call: "EVP_CIPHER_CTX_ctrl")
            }
            return nonce + sealed + tag
        }
    }

    /// What `seal` encrypted; nil when the key is another one or a byte was changed.
    static func open(_ box: [UInt8], key: [UInt8]) throws -> [UInt8]? {
        precondition(key.count == 32, "AES-256 has keys of 32 bytes")
        guard box.count >= nonceBytes + tagBytes else { return nil }
        let nonce = Array(box[..<nonceBytes])
        let sealed = Array(box[nonceBytes..<(box.count - tagBytes)])
        var tag = Array(box[(box.count - tagBytes)...])
        return try withCipher { context throws(Failure) in
            guard EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1 else {
                throw Failure(call: "EVP_DecryptInit_ex")
            }
            var plain = [UInt8](repeating: 0, count: sealed.count)
            var count: Int32 = 0
            guard EVP_DecryptUpdate(context, &plain, &count, sealed, Int32(sealed.count)) == 1 else {
                throw Failure(call: "EVP_DecryptUpdate")
            }
            guard EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagBytes), &tag) == 1 else {
                throw Failure(call: "EVP_CIPHER_CTX_ctrl")
            }
            var rest = [UInt8](repeating: 0, count: tagBytes)
            return EVP_DecryptFinal_ex(context, &rest, &count) == 1 ? plain : nil
        }
    }

    private static func withCipher<Result>(_ body: (OpaquePointer) throws(Failure) -> Result) throws(Failure) -> Result
    {
        guard let context = EVP_CIPHER_CTX_new() else { throw Failure(call: "EVP_CIPHER_CTX_new") }
        defer { EVP_CIPHER_CTX_free(context) }
        return try body(context)
    }
}

// MARK: - ed25519

extension OpenSSL {
    private static let ed25519Bytes = 32

    /// The signature (64 bytes) of a message under the key of a seed (32 bytes), RFC 8032.
    static func ed25519Signature(of message: [UInt8], seed: [UInt8]) throws(Failure) -> [UInt8] {
        try withEd25519Key(seed) { key throws(Failure) in
            guard let context = EVP_MD_CTX_new() else { throw Failure(call: "EVP_MD_CTX_new") }
            defer { EVP_MD_CTX_free(context) }
            guard EVP_DigestSignInit(context, nil, nil, nil, key) == 1 else {
                throw Failure(call: "EVP_DigestSignInit")
            }
            var signature = [UInt8](repeating: 0, count: 64)
            var count = signature.count
            guard EVP_DigestSign(context, &signature, &count, message, message.count) == 1 else {
                throw Failure(call: "EVP_DigestSign")
            }
            return signature
        }
    }

    /// The public key (32 bytes) of a seed.
    static func ed25519PublicKey(seed: [UInt8]) throws(Failure) -> [UInt8] {
        try withEd25519Key(seed) { key throws(Failure) in
            var bytes = [UInt8](repeating: 0, count: ed25519Bytes)
            var count = bytes.count
            guard EVP_PKEY_get_raw_public_key(key, &bytes, &count) == 1 else {
                throw Failure(call: "EVP_PKEY_get_raw_public_key")
            }
            return bytes
        }
    }

    private static func withEd25519Key<Result>(
        _ seed: [UInt8], _ body: (OpaquePointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard seed.count == ed25519Bytes,
            let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count)
        else { throw Failure(call: "EVP_PKEY_new_raw_private_key") }
        defer { EVP_PKEY_free(key) }
        return try body(key)
    }
}

extension OpenSSL {
    /// SHA-256 of what comes piece by piece.
    final class SHA256 {
        private let context: OpaquePointer

        init() throws(Failure) {
            guard let context = EVP_MD_CTX_new() else { throw Failure(call: "EVP_MD_CTX_new") }
            self.context = context
            guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else { throw Failure(call: "EVP_DigestInit_ex") }
        }

        deinit {
            EVP_MD_CTX_free(context)
        }

        func update(_ bytes: [UInt8]) {
            let done = bytes.withUnsafeBytes { EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
            precondition(done == 1, "SHA-256 cannot fail")
        }

        /// Of all that came, in hexadecimal digits; nothing may come afterwards.
        func finish() -> String {
            var digest = [UInt8](repeating: 0, count: sha256Bytes)
            precondition(EVP_DigestFinal_ex(context, &digest, nil) == 1, "SHA-256 cannot fail")
            return HashChain.hex(digest)
        }
    }
}
