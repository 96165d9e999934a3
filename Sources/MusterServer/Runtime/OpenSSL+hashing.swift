import COpenSSL
import IncidentDomain

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
