/** Ports of the loopback interface. */
import { createServer, type Server } from "node:net";

/** A server on a port of its own, for who wants to find one taken. */
export async function listening(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { server, port: address.port };
}

/** A port that nobody had a moment ago. */
export async function freePort(): Promise<number> {
  const { server, port } = await listening();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
