/** Which names and properties devicetree source can say so that dtc (1.6 to 1.8) compiles them without an error. */

import { escapeText } from '../schema/escape.js';

/** What an open node has had so far. */
export interface NodeNames {
  properties: Set<string> | undefined;
  nodes: Set<string> | undefined;
  /** Whether a subnode has begun: dtc's grammar takes no property after it. */
  subnodes: boolean;
  phandle: number | undefined;
}

// dtc's lexer takes one alphabet for both, but its checks node_name_chars, node_name_format and property_name_chars
// are errors: no `*#?` and only one `@` in a node's name, no `@` in a property's.
const NODE_NAME = /^[a-zA-Z0-9,._+-]+(@[a-zA-Z0-9,._+-]*)?$/;
const PROPERTY_NAME = /^[a-zA-Z0-9,._+*#?-]+$/;

/** Why dtc cannot have a subnode of this name here; undefined when it can, and then the name is noted in `parent`. */
export function expressibleNode(text: string, parent: NodeNames): string | undefined {
  if (!NODE_NAME.test(text))
    return `a node name that devicetree source cannot express: "${escapeText(text)}"`;
  parent.nodes ??= new Set();
  if (parent.nodes.has(text)) return `a second subnode named ${text}`;
  parent.nodes.add(text);
  return undefined;
}

/** Why dtc cannot have this property here; undefined when it can, and then it is noted in `parent` and `phandles`. */
export function expressibleProperty(
  text: string | undefined,
  value: Uint8Array,
  parent: NodeNames | undefined,
  phandles: Set<number>,
): string | undefined {
  if (text === undefined) return 'a property with an unreadable name';
  if (parent === undefined) return `a property outside every node: "${escapeText(text)}"`;
  if (!PROPERTY_NAME.test(text))
    return `a property name that devicetree source cannot express: "${escapeText(text)}"`;
  if (parent.subnodes) return `a property after a subnode: ${text}`;
  parent.properties ??= new Set();
  if (parent.properties.has(text)) return `a second property named ${text}`;
  if (text === 'name') return 'a property called "name", which dtc removes or refuses';
  if (text === 'phandle' || text === 'linux,phandle') {
    const problem = phandleProblem(text, value, parent, phandles);
    if (problem !== undefined) return problem;
  }
  parent.properties.add(text);
  return undefined;
}

function phandleProblem(
  name: string,
  value: Uint8Array,
  parent: NodeNames,
  phandles: Set<number>,
): string | undefined {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const phandle = value.length === 4 ? view.getUint32(0) : 0;
  if (phandle === 0 || phandle === 0xffffffff) return `a ${name} that is not a phandle`;
  if (parent.phandle !== undefined) {
    return parent.phandle === phandle ? undefined : `a ${name} unlike the node's other phandle`;
  }
  if (phandles.has(phandle)) return `a ${name} that another node has`;
  phandles.add(phandle);
  parent.phandle = phandle;
  return undefined;
}
