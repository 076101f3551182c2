/** Which architecture this machine is of, in systemd's words. */
import { arch } from "node:os";
import type { Arch } from "../../schema/index.ts";

/** Undefined on a machine that no image is for. */
export const OWN_ARCH = ({ x64: "x86-64", arm64: "arm64" } as Readonly<Record<string, Arch>>)[arch()];
