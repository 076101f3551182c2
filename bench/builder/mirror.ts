/**
 * A mirror in a process of its own: serves `/<host>/<file>` from a folder, at a rate that all its clients share.
 * Arguments: the folder, and bytes a second or nothing. Prints its URL.
 */
import { open } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const [folder = ".", rate] = process.argv.slice(2);
const PIECE = 128 * 1024;
/** When the bytes that were sent so far may be through. */
let through = performance.now();

const server = createServer(async (request, response) => {
  await using file = await open(join(folder, basename(new URL(request.url ?? "/", "http://x").pathname)));
  response.writeHead(200, { "content-length": (await file.stat()).size });
  for await (const piece of file.createReadStream({ highWaterMark: PIECE, autoClose: false })) {
    if (rate !== undefined) {
      through = Math.max(through, performance.now()) + (piece.length / Number(rate)) * 1_000;
      await sleep(through - performance.now());
    }
    if (!response.write(piece)) await new Promise((resolve) => response.once("drain", resolve));
  }
  response.end();
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
