import Glibc

/// A small server of `Clients/`, for the time of a test. It needs nothing but Python, and prints the port it listens on.
enum PythonServer {
    static func with<T>(
        _ script: String, _ arguments: String..., body: (_ address: String) async throws -> T
    ) async throws -> T {
        try await TemporaryDirectory.with { directory in
            let (output, errors) = (directory + "/output", directory + "/errors")
            let child = try Child(
                ["python3", "-B", "\(PythonClient.scripts)/\(script)"] + arguments, output: output, errors: errors)
            do {
                let port = try await Eventually.get("the port of \(script)") { () -> Int? in
                    if child.exitStatus != nil { throw Child.Failure(description: Files.text(errors)) }
                    let text = Files.text(output)
                    return text.hasSuffix("\n") ? Int(text.dropLast()) : nil
                }
                let value = try await body("127.0.0.1:\(port)")
                child.signal(SIGKILL)
                _ = try await child.ended()
                return value
            } catch {
                child.signal(SIGKILL)
                _ = try? await child.ended()
                throw error
            }
        }
    }

    /// A TLS end before an address, for clients that speak nothing else.
    ///
    /// - Parameter body: Gets its URL and the variables that make Python's TLS trust it.
    static func withTLS<T>(
        before address: String, body: (_ url: String, _ trusting: [String: String]) async throws -> T
    ) async throws -> T {
        try await withCertificate { certificate, key in
            try await with("tls_end.py", certificate, key, address) { end in
                try await body("https://\(end)", ["SSL_CERT_FILE": certificate])
            }
        }
    }

    /// A certificate of 127.0.0.1 and its key, as files.
    static func withCertificate<T>(_ body: (_ certificate: String, _ key: String) async throws -> T) async throws -> T {
        try await TemporaryDirectory.with { directory in
            let (certificate, key) = (directory + "/certificate.pem", directory + "/key.pem")
            let made = try await Finished.run([
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                "-keyout", key, "-out", certificate,
            ])
            guard made.status == 0 else { throw Child.Failure(description: "openssl: \(made)") }
            return try await body(certificate, key)
        }
    }
}
