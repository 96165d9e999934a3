import MusterClient

/// Which daemon a command talks to, and with which token: options come before the environment, and that before the context.
struct Setup {
    let shared: DaemonOptions
    let environment: [String: String]

    init(_ shared: DaemonOptions, _ environment: [String: String]) {
        self.shared = shared
        self.environment = environment
    }

    private func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    func context() throws -> ClientContext? {
        let contexts: Contexts
        do {
            contexts = try Contexts.load(try Contexts.directory(environment)) { Terminal.tell("muster: \($0)") }
        } catch {
            // Who names everything in the environment needs no home.
            guard variable("MUSTER_URL") != nil, variable("MUSTER_TOKEN") != nil else { throw error }
            return nil
        }
        guard let name = shared.context ?? variable("MUSTER_CONTEXT") ?? contexts.current else { return nil }
        guard let context = contexts.named(name) else {
            throw Failure(
                .usage,
                "There is no context \(SafeText.line(name)).\nNext:\n  muster context ls\n  muster login URL --name \(Hint.word(SafeText.line(name)))"
            )
        }
        return context
    }

    func settings() throws -> (Connection.Settings, ClientContext?) {
        let context = try context()
        guard let url = shared.url ?? variable("MUSTER_URL") ?? context?.url else {
            throw Failure(.usage, "No daemon is known here.\nNext:\n  muster login https://muster.example")
        }
        let address = try Self.address(url)
        // A context's token goes to the context's address only.
        let isContexts = try context.map { try Self.address($0.url) == address } ?? false
        guard let token = variable("MUSTER_TOKEN") ?? (isContexts ? context?.token : nil) else {
            throw Failure(.noAccess, "No token is known for \(address.text).\nNext:\n  muster login \(address.text)")
        }
        var settings = Connection.Settings(address: address, token: token)
        settings.caFile = shared.caFile ?? variable("MUSTER_CA_FILE") ?? (isContexts ? context?.caFile : nil)
        settings.isOpenAllowed = shared.isOpenAllowed || (isContexts && context?.isOpenAllowed == true)
        settings.timeout = Double(shared.timeout)
        return (settings, isContexts ? context : nil)
    }

    static func address(_ text: String) throws -> DaemonAddress {
        do {
            return try DaemonAddress(text)
        } catch {
            throw Failure(.usage, "\(error.description).")
        }
    }
}
