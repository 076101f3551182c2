/** Documents in YAML of version 1.1, as Butane and Ansible read it. */
import { type Document, isScalar, visit } from "yaml";

/** Lines of nothing but blanks: in a block of such lines the first one would say how far all are indented. */
const BLANKS = /^ *\n[ \n]*$/;

export function yamlText(document: Document): string {
  visit(document, {
    Scalar(_, scalar) {
      if (isScalar(scalar) && typeof scalar.value === "string" && BLANKS.test(scalar.value))
        scalar.type = "QUOTE_DOUBLE";
    },
  });
  return document.toString({ lineWidth: 0, directives: false });
}
