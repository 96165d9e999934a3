import Glibc
import NIOCore
import NIOHTTP1
import NIOSSL
import NIOTLS

/// What a fault of the network is called by people: it becomes the title of an alert. Nothing of it is what a program calls its
/// types, or where it was built.
enum ProbeFault {
    /// A clause, as "connection refused".
    static func words(of error: any Error) -> String {
        switch error {
        case let failure as ProbeCheck.Failure: failure.detail
        case let error as IOError: words(ofCode: error.errnoCode)
        case ChannelError.connectTimeout: "connection timed out"
        case is ChannelError: "connection closed"
        case let error as NIOSSLError: "TLS failed: \(words(of: error))"
        case let error as BoringSSLError: "TLS failed: \(words(of: error))"
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            "TLS failed: the certificate is issued for another name"
        case is NIOSSLExtraError, is NIOTLSUnwrappingError, is NIOSSLCloseTimedOutError:
            "TLS failed: connection lost"
        case is HTTPParserError: "the response is not HTTP"
        default: "connection failed"
        }
    }

    private static func words(ofCode code: CInt) -> String {
        switch code {
        case ECONNREFUSED: return "connection refused"
        case EHOSTUNREACH, ENETUNREACH: return "no route to host"
        case ECONNRESET, EPIPE: return "connection reset"
        case ETIMEDOUT: return "connection timed out"
        default:
            let text = String(cString: strerror(code))
            return text.prefix(1).lowercased() + text.dropFirst()
        }
    }

    private static func words(of error: NIOSSLError) -> String {
        switch error {
        case .handshakeFailed(let cause), .shutdownFailed(let cause): words(of: cause)
        case .noCertificateToValidate: "the server sent no certificate"
        case .unableToValidateCertificate: "the certificate is not trusted"
        case .uncleanShutdown: "connection lost"
        case .writeDuringTLSShutdown, .unableToAllocateBoringSSLObject, .noSuchFilesystemObject,
            .failedToLoadCertificate,
            .failedToLoadPrivateKey, .cannotMatchULabel, .cannotFindPeerIP, .readInInvalidTLSState:
            "the handshake failed"
        }
    }

    private static func words(of error: BoringSSLError) -> String {
        switch error {
        case .sslError(let causes), .unknownError(let causes), .invalidSNIName(let causes),
            .failedToSetALPN(let causes):
            if causes.contains(.eofDuringHandshake) { return "the server closed the connection during the handshake" }
            // Such as "error:100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER at /a/file.cc:1".
            let reasons = causes.compactMap { "\($0)".firstMatch(of: /:OPENSSL_internal:([A-Z0-9_]+)/)?.output.1 }
            return reasons.first.map { words(ofReason: String($0)) } ?? "the handshake failed"
        case .syscallError, .zeroReturn: return "the server closed the connection during the handshake"
        case .noError, .wantRead, .wantWrite, .wantConnect, .wantAccept, .wantX509Lookup, .wantCertificateVerify:
            return "the handshake failed"
        }
    }

    /// What BoringSSL calls a reason, such as `TLSV1_ALERT_PROTOCOL_VERSION`.
    private static func words(ofReason reason: String) -> String {
        switch reason {
        case "WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "UNEXPECTED_RECORD", "UNEXPECTED_MESSAGE",
            "INVALID_OUTER_RECORD_TYPE":
            return "the server does not speak TLS"
        case "CERTIFICATE_VERIFY_FAILED": return "the certificate is not trusted"
        case "UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION": return "no common TLS version"
        case "NO_SHARED_CIPHER", "HANDSHAKE_FAILURE_ON_CLIENT_HELLO", "SSLV3_ALERT_HANDSHAKE_FAILURE":
            return "the server refused the handshake"
        default:
            guard let alert = reason.split(separator: "_ALERT_", maxSplits: 1).dropFirst().first else {
                return "the handshake failed (\(readable(reason)))"
            }
            return "the server refused the handshake (\(readable(alert)))"
        }
    }

    private static func readable(_ reason: some StringProtocol) -> String {
        reason.lowercased().split(separator: "_").joined(separator: " ")
    }
}
