import Synchronization

/// Seals secrets that the daemon itself has to use later, as a probe's header: AES-256-GCM under a key that is no row of an
/// archive (decision 0031).
///
/// Each is sealed for one place, as a host: at another place it cannot be opened, whoever moved it there.
final class SecretBox: Sendable {
    private let configured: String?
    private let store: SecretKeyStore
    private let held = Mutex<[UInt8]?>(nil)

    /// - Parameter configured: `secrets.key`; without it the key is a row of the database.
    init(configured: String?, store: SecretKeyStore) {
        self.configured = configured
        self.store = store
    }

    func seal(_ text: String, for place: String) async throws -> String {
        Base64.encode(try OpenSSL.seal(Array(text.utf8), key: try await key(for: place)))
    }

    /// Nil when it was sealed for another place, or under another key.
    func open(_ sealed: String, for place: String) async throws -> String? {
        guard let bytes = Base64.decode(sealed) else { return nil }
        return try OpenSSL.open(bytes, key: try await key(for: place)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// A code of a text by which it is found again, and which nobody can try texts against who has not the key.
    func code(of text: String, for purpose: String) async throws -> [UInt8] {
        OpenSSL.hmacSHA256(key: try await key(for: "code of \(purpose)"), Array(text.utf8))
    }

    private func key(for place: String) async throws -> [UInt8] {
        OpenSSL.derivedKey(secret: try await key(), salt: Array(place.utf8), purpose: "muster secret")
    }

    private func key() async throws -> [UInt8] {
        if let held = held.withLock({ $0 }) { return held }
        let key =
            if let configured { Array(configured.utf8) } else { try await store.key(new: try OpenSSL.randomBytes(32)) }
        held.withLock { $0 = key }
        return key
    }
}
