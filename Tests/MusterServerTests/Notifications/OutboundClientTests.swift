import IncidentDomain
import NIOSSL
import TestSupport
import Testing

@testable import MusterServer

/// Where messages may go, and what may stand in them.
struct OutboundClientTests {
    @Test(arguments: [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1", "127.255.255.254", "169.254.169.254", "169.254.170.2", "169.254.42.42", "192.0.0.1", "192.0.0.192",
        "192.88.99.1", "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "198.19.255.255", "224.0.0.1",
        "239.1.1.1", "240.0.0.1", "255.255.255.255", "168.63.129.16", "::", "::1", "::ffff:127.0.0.1",
        "::ffff:0:10.0.0.1", "::10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::",
        "2001::1", "2001:1::1", "2001:db8::1", "3fff::1", "100::1", "5f00::1", "fc00::1", "fd00:ec2::254",
        "fd20:ce::254",
        "fd00:42::42", "fe80::1", "fec0::1", "ff02::1", "4000::1", "e000::1", "fe80::1%eth0", "127.1", "0x7f000001",
        "2130706433", "0177.0.0.1", "017700000001", "127.0.0.1.", "",
    ])
    func `an address that is not public is refused`(_ address: String) {
        #expect(!OutboundNetworks().allows(address))
    }

    @Test(arguments: [
        "8.8.8.8", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0", "198.17.255.255", "223.255.255.255",
        "2606:4700::1111", "2a00:1450::1", "64:ff9b::808:808", "::ffff:8.8.8.8",
    ])
    func `a public address is allowed`(_ address: String) {
        #expect(OutboundNetworks().allows(address))
    }

    @Test func `an exception opens its network alone, and never where clouds tell secrets`() {
        let open = OutboundNetworks(exceptions: ["10.1.0.0/16", "0.0.0.0/0", "::/0"].compactMap(NetworkRange.init))
        #expect(open.allows("10.1.2.3") && open.allows("127.0.0.1") && open.allows("fd12::1"))
        for address in ["169.254.169.254", "fe80::1", "0.0.0.0", "168.63.129.16", "fd00:ec2::254", "224.0.0.1"] {
            #expect(!open.allows(address), "\(address)")
        }
        let one = OutboundNetworks(exceptions: [NetworkRange("10.1.0.0/16")].compactMap { $0 })
        #expect(one.allows("10.1.2.3") && !one.allows("10.2.0.1") && !one.allows("127.0.0.1"))
    }

    private static let local = ["127.0.0.0/8"].compactMap(NetworkRange.init)

    private func fault(
        _ url: String, headers: [(name: String, value: String)] = [], names: NameLookup = .shared,
        exceptions: [NetworkRange] = local, trust: TrustedCertificates = .shared
    ) async -> OutboundFault? {
        let clients = PinnedClients(trust: trust)
        let client = OutboundClient(
            networks: OutboundNetworks(exceptions: exceptions), names: names, clients: clients)
        let request = OutboundRequest(url: url, headers: headers, body: [1])
        do {
            _ = try await client.send(request, timeout: .seconds(300))
            await clients.shutdown()
            return nil
        } catch {
            await clients.shutdown()
            return error as? OutboundFault
        }
    }

    private func isRefused(_ fault: OutboundFault?) -> Bool {
        guard case .refused? = fault else { return false }
        return true
    }

    @Test(arguments: [
        "http://2130706433/", "http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://127.1/", "http://localhost/",
        "http://127.0.0.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://user:pass@example.com/",
        "http://example.com:22/", "http://example.com:0/", "ftp://example.com/", "http://", "http://exa mple.com/",
        "http://example.com\\@127.0.0.1/", "file:///etc/passwd", "http://169.254.169.254/latest/meta-data/",
    ])
    func `an odd way to write an inner address leads nowhere`(_ url: String) async {
        let names = NameLookup(keeping: .zero) {
            $0 == "localhost" ? .addresses(["127.0.0.1"]) : HostLookup.addresses(of: $0)
        }
        let fault = await fault(url, names: names, exceptions: [])
        #expect(fault != nil)
    }

    @Test func `a name with one inner address among public ones is refused`() async {
        let names = NameLookup(keeping: .zero) { _ in .addresses(["8.8.8.8", "10.0.0.1"]) }
        #expect(isRefused(await fault("http://mixed.example/", names: names, exceptions: [])))
    }

    @Test func `no header can begin another one`() async throws {
        try await TestReceiver.with { receiver in
            for bad in ["a\r\nx-evil: 1", "a\nb", "a\u{0}b", "a\u{7F}"] {
                #expect(isRefused(await fault(receiver.url(), headers: [("x-title", bad)])))
            }
            for name in ["x evil", "x:evil", "", "x\r\nevil"] {
                #expect(isRefused(await fault(receiver.url(), headers: [(name, "a")])))
            }
            #expect(receiver.messages.isEmpty)
            #expect(await fault(receiver.url(), headers: [("x-title", "größer")]) == nil)
        }
    }

    @Test func `a receiver whose certificate nobody vouches for hears nothing`() async throws {
        let context = try TestPage.selfSigned(days: 2)
        try await TestPage.with(tls: context) { page in
            let fault = await fault("https://localhost:\(page.port)/")
            guard case .network? = fault else {
                Issue.record("\(String(describing: fault))")
                return
            }
            #expect(page.asked.isEmpty)
        }
    }

    @Test func `trusted certificates that cannot be read are told by their file, and nothing is sent`() async throws {
        try await TestPage.with(tls: try TestPage.selfSigned(days: 2)) { page in
            for file in ["/nowhere/certificates.pem", "/dev/null"] {
                let said =
                    "no trusted certificates can be read from \(file): install ca-certificates, or name a file of them in PEM by SSL_CERT_FILE"
                let fault = await fault(
                    "https://localhost:\(page.port)/", trust: TrustedCertificates(file: file))
                #expect(fault == .network(said))
            }
            #expect(page.asked.isEmpty)
        }
    }

    @Test func `a closed port is a fault of the network`() async {
        #expect(await fault("http://127.0.0.1:1024/") == .network("connection refused"))
    }
}
