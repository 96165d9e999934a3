/// A URL in its parts, as it was written: formats add to the paths and queries of what people gave.
struct OutboundURL: Sendable {
    /// `https://muster.example:8080`.
    private(set) var origin: String
    /// With its slash; empty when there is none.
    private(set) var path: String
    /// As written, in their order.
    private(set) var parameters: [String]

    init(_ text: String) {
        let whole = text.prefix { $0 != "#" }
        let parts = whole.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let address = parts.first ?? ""
        let start = address.firstRange(of: "://")?.upperBound ?? address.startIndex
        let slash = address[start...].firstIndex(of: "/") ?? address.endIndex
        origin = String(address[..<slash])
        path = String(address[slash...])
        parameters = parts.count > 1 ? parts[1].split(separator: "&").map(String.init) : []
    }

    var text: String { origin + path + (parameters.isEmpty ? "" : "?" + parameters.joined(separator: "&")) }

    /// With more segments at the end of its path, which are escaped.
    func below(_ segments: String...) -> OutboundURL {
        var url = self
        while url.path.hasSuffix("/") { url.path.removeLast() }
        for segment in segments { url.path += "/" + PercentEncoding.encode(segment) }
        return url
    }

    /// With a parameter of the query, in the place of one of that name.
    func with(_ name: String, _ value: String) -> OutboundURL {
        var url = without(name)
        url.parameters.append("\(name)=\(PercentEncoding.encode(value))")
        return url
    }

    func without(_ name: String) -> OutboundURL {
        var url = self
        url.parameters.removeAll { $0.prefix { $0 != "=" } == name }
        return url
    }

    /// The same at the root of its server.
    var root: OutboundURL {
        var url = self
        url.path = "/"
        return url
    }
}
