/** `--ports host:vm[,…]`: ports of this machine that lead to the virtual one. */
import { createServer } from "node:net";
import type { ForwardedPort } from "../guest/qemu/machine.ts";
import { errorCode, UsageError, UserError } from "../system/errors.ts";

const PAIR = /^(?<host>[0-9]{1,5}):(?<guest>[0-9]{1,5})$/;

/** @throws UsageError for what is no list of pairs, and for a port of this machine that is in it twice */
export function parsePorts(value: string): ForwardedPort[] {
  const ports = value.split(",").map((pair) => {
    const { host, guest } = PAIR.exec(pair.trim())?.groups ?? {};
    if (host === undefined || guest === undefined) {
      throw new UsageError(`no pair of ports: ${JSON.stringify(pair)}`, { hint: "--ports 8080:80,2222:22" });
    }
    return { host: parsePort(host), guest: parsePort(guest) };
  });
  const twice = ports.find(({ host }, at) => ports.findIndex((one) => one.host === host) !== at);
  if (twice !== undefined) throw new UsageError(`port ${twice.host} of this machine is in --ports twice`);
  return ports;
}

function parsePort(digits: string): number {
  const port = Number(digits);
  if (port < 1 || port > 65_535) throw new UsageError(`no port: ${digits}`, { hint: "ports are 1 to 65535" });
  return port;
}

/** Before anything is made or downloaded. qemu takes them later, and says so itself if another was faster. */
export async function checkFree(ports: readonly ForwardedPort[]): Promise<void> {
  for (const { host } of ports) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const server = createServer();
    server.on("error", reject).listen(host, "127.0.0.1", () => server.close(() => resolve()));
    await promise.catch((cause: unknown) => {
      const reason = errorCode(cause);
      const why = reason === "EADDRINUSE" ? "in use" : reason === "EACCES" ? "for root alone" : String(reason);
      throw new UserError(`port ${host} of this machine is ${why}`, { hint: "name another one in --ports", cause });
    });
  }
}
