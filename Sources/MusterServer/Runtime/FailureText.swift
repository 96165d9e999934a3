import Glibc
import NIOCore

/// What a failed start says to an operator: one sentence, not a type.
package enum FailureText {
    package static func of(_ error: any Error) -> String {
        switch error {
        case let error as IOError where error.errnoCode == EADDRINUSE:
            "http.listen: the address is in use; another program, or another musterd, listens there"
        case let error as IOError where error.errnoCode == EACCES:
            "http.listen: listening there is not permitted"
        case let error as IOError:
            "http.listen: \(error)"
        default:
            "\(error)"
        }
    }
}
