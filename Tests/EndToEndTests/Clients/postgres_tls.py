"""A PostgreSQL over TLS, on loopback: `postgres_tls.py CERTIFICATE KEY MODE SOCKET`. Prints the port that it listens on.

MODE is `serve` (what is said inside of the TLS goes to the server that listens on SOCKET), `refuse` (after the handshake the
password is wrong) or `silent` (nothing is ever answered). Handshakes take a moment, as they do over a network.
"""

import asyncio
import random
import ssl
import struct
import sys

SSL_REQUEST = struct.pack("!II", 8, 80877103)


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except (OSError, ssl.SSLError):
        pass
    finally:
        writer.close()


async def refuse(reader, writer):
    (length,) = struct.unpack("!I", await reader.readexactly(4))
    await reader.readexactly(length - 4)
    await asyncio.sleep(random.uniform(0, 0.05))
    fields = b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"postgres\"\0\0"
    writer.write(b"E" + struct.pack("!I", len(fields) + 4) + fields)
    await writer.drain()
    writer.close()


async def main(certificate, key, mode, socket):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    async def serve(reader, writer):
        try:
            if mode == "silent":
                await reader.read()
                return
            if await reader.readexactly(8) != SSL_REQUEST:
                return
            await asyncio.sleep(random.uniform(0, 0.05))
            writer.write(b"S")
            await writer.drain()
            await writer.start_tls(context)
            if mode == "refuse":
                await refuse(reader, writer)
                return
            behind_reader, behind_writer = await asyncio.open_unix_connection(socket)
            await asyncio.gather(copy(reader, behind_writer), copy(behind_reader, writer))
        except (OSError, EOFError, ssl.SSLError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
