/** Pulls an image for this machine's processors. Arguments: the reference, and the folder. */
import { kitchenFrom } from "../../builder/bake/kitchen.ts";
import { pullImage } from "../../builder/rootfs/oci/pull.ts";

const [reference = "", folder = ""] = process.argv.slice(2);
await pullImage(reference, folder, { arch: "x86-64", kitchen: kitchenFrom(process.env) });
