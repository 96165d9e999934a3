import FoundationEssentials
import Glibc
import Subprocess
import SystemPackage

/// A program of the machine that gets its input whole and ends by itself, as a mail program or one that makes PDF. It runs apart, with an
/// empty environment but for what is said here, without our connections, and is killed when it takes too long.
struct ExternalProgram: Sendable {
    /// The program's path and its arguments.
    let command: [String]
    var environment: [String: String] = [:]

    /// How it ended.
    struct Ended: Sendable {
        /// Nil when it was killed.
        let exitCode: Int32?
        /// Empty where it is not wanted.
        let output: [UInt8]
        /// What it said on its standard error.
        let said: String
    }

    enum Fault: Error {
        case cannotRun(String)
        case tooSlow
    }

    /// One that says more is ended. It is far more than any says.
    private static let saidMax = 1 << 20

    /// - Parameter outputMax: Bytes; one that writes more is ended. Nil throws away what it writes.
    /// - Throws: `Fault`.
    func run(_ input: [UInt8], outputMax: Int? = nil, within limit: Duration) async throws -> Ended {
        // A program that hangs is ended: cancelling its task kills it.
        try await TimeLimit.within(limit, or: Fault.tooSlow) { try await start(input, outputMax) }
    }

    private func start(_ bytes: [UInt8], _ outputMax: Int?) async throws -> Ended {
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(1))]
        let file = try Self.file(bytes)
        defer { try? file.close() }
        let path = Executable.path(FilePath(command[0]))
        let arguments = Arguments(Array(command.dropFirst()))
        let variables = environment.merging(["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]) { own, _ in own }
        let environment = Environment.custom(
            Dictionary(uniqueKeysWithValues: variables.map { (Environment.Key(stringLiteral: $0.key), $0.value) }))
        let input = FileDescriptorInput.fileDescriptor(file, closeAfterSpawningProcess: false)
        do {
            guard let outputMax else {
                let result = try await Subprocess.run(
                    path, arguments: arguments, environment: environment, platformOptions: options, input: input,
                    output: .discarded, error: .string(limit: Self.saidMax))
                return Ended(exitCode: Self.code(result.terminationStatus), output: [], said: result.standardError)
            }
            let result = try await Subprocess.run(
                path, arguments: arguments, environment: environment, platformOptions: options, input: input,
                output: .bytes(limit: outputMax), error: .string(limit: Self.saidMax))
            return Ended(
                exitCode: Self.code(result.terminationStatus), output: result.standardOutput, said: result.standardError
            )
        } catch let error as SubprocessError {
            throw Fault.cannotRun("\(error)")
        }
    }

    private static func code(_ status: TerminationStatus) -> Int32? {
        if case .exited(let code) = status { Int32(code) } else { nil }
    }

    /// The input as a file that nobody else can open, from its beginning. A pipe would not do: the library ends the daemon when a
    /// program ends, or is ended, before it has read all of one.
    private static func file(_ bytes: [UInt8]) throws -> FileDescriptor {
        // mkstemp makes a name that nobody can guess, writes it over the Xs (so it is an array, and no text), and opens the file for this
        // account only; the name is gone at once. Under systemd /tmp is the service's own (PrivateTmp).
        var name = Array("\(FileManager.default.temporaryDirectory.path)/muster-input-XXXXXX".utf8CString)
        let file = FileDescriptor(rawValue: mkstemp(&name))
        do {
            guard file.rawValue >= 0 else { throw Errno(rawValue: errno) }
            unlink(name)
            // Other programs need not have it. Glibc does it while opening (mkostemp), which Swift does not see.
            _ = fcntl(file.rawValue, F_SETFD, FD_CLOEXEC)
            try file.writeAll(bytes)
            _ = try file.seek(offset: 0, from: .start)
            return file
        } catch {
            try? file.close()
            throw Fault.cannotRun("its input cannot be handed to it: \(error)")
        }
    }
}
