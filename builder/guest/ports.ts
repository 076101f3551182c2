/** Ports of this machine for a guest without network: each is a socket in a folder that the guest shares. */
import { open } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";

/** @param folder gets a socket for each port, named by its number */
export async function offerPorts(folder: string, ports: readonly number[]): Promise<AsyncDisposable> {
  const handle = await open(folder);
  const connections = new Set<Socket>();
  const servers: Server[] = [];
  const close = async () => {
    for (const connection of connections) connection.destroy();
    await Promise.all(servers.map(closed));
    await handle.close();
  };
  try {
    for (const port of ports) {
      const server = createServer({ allowHalfOpen: true }, (inner) => {
        const outer = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
        for (const socket of [inner, outer]) {
          connections.add(socket);
          socket.on("close", () => connections.delete(socket));
        }
        join(inner, outer);
        join(outer, inner);
      });
      servers.push(server);
      // By the folder's number: the address of a socket has room for 107 bytes, and TMPDIR may be long. unix(7)
      await listening(server, `/proc/self/fd/${handle.fd}/${port}`);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { [Symbol.asyncDispose]: close };
}

/** What is read on one side is written on the other, down to its end; if one fails, so does the other. */
function join(from: Socket, to: Socket): void {
  from.pipe(to);
  from.on("error", () => to.destroy());
  from.on("close", () => {
    if (!from.readableEnded) to.destroy();
  });
}

function listening(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.on("error", reject).listen(path, resolve);
  return promise;
}

function closed(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  return promise;
}
