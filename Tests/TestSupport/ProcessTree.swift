import FoundationEssentials
import Glibc

/// Signals to a server with all its processes, which PostgreSQL puts in sessions of their own.
package enum ProcessTree {
    /// Sends the signal to the process and its children; does nothing for nil.
    package static func signal(_ root: Int32?, _ signal: Int32) {
        guard let root else { return }
        for pid in [root] + children(of: root) { kill(pid, signal) }
    }

    /// The fourth field of `/proc/PID/stat` is the parent; the second, a name in brackets, may hold blanks.
    private static func children(of parent: Int32) -> [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.filter { pid in
            guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
                let bracket = stat.lastIndex(of: ")")
            else { return false }
            let fields = stat[bracket...].split(separator: " ")
            return fields.count > 2 && Int32(fields[2]) == parent
        }
    }
}
