/** Bakes the release `bench` 1.0.0 for both architectures into the folder that is its argument. */
import { bakeRelease } from "../../builder/bake/bake-release.ts";
import { kitchenFrom } from "../../builder/bake/kitchen.ts";
import { Catalog } from "../../builder/catalog.ts";

const [folder = "."] = process.argv.slice(2);
const extension = await new Catalog(process.env.BAKERY_EXTENSIONS).load("bench");
const request = {
  version: "1.0.0",
  hosting: { bakeryUrl: "https://bakery.example" },
  circumstances: { builtAt: new Date(0) },
};
await bakeRelease(extension, request, folder, kitchenFrom(process.env));
