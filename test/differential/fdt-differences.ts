/** What libfdt and we say of one blob: its contents as text, and where the verdicts may differ. */
import type { FdtDiagnosticCode } from '../../src/fdt/diagnostics.js';
import type { FdtTree } from '../../src/fdt/parse.js';
import { nodeNameBytes, properties, propertyNameBytes, propertyValue } from '../../src/fdt/tree.js';
import { FdtToken } from '../../src/records/fdt.js';
import { bytesToHex } from '../../src/schema/text.js';

/** What the harness prints for a tree. Its node and property offsets count from the structure block. */
export function listing(tree: FdtTree): string {
  const lines = tree.reserveMap.map(({ address, size }) => `R ${address.toString(16)} ${size.toString(16)}`);
  const at = (token: number): number => (tree.at[token] ?? 0) - tree.structStart;
  let depth = 0;
  for (let i = 0; i < tree.count; i++) {
    if (tree.kind[i] === FdtToken.endNode) depth--;
    const name = nodeNameBytes(tree, i);
    if (name === undefined) continue;
    lines.push(`N ${at(i)} ${depth} ${bytesToHex(name)}`);
    depth++;
    for (const property of properties(tree, i)) {
      const [key, value] = [propertyNameBytes(tree, property), propertyValue(tree, property)];
      lines.push(
        `P ${at(property)} ${bytesToHex(key ?? new Uint8Array())} ${bytesToHex(value ?? new Uint8Array())}`,
      );
    }
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** Whether the root is closed and a NOP follows it. */
function nopAfterRoot(tree: FdtTree): boolean {
  const root = tree.kind.indexOf(FdtToken.beginNode);
  const behind = root < 0 ? tree.count : (tree.next[root] ?? 0);
  return tree.kind.subarray(behind).includes(FdtToken.nop);
}

type Codes = ReadonlySet<FdtDiagnosticCode>;

function said(...codes: FdtDiagnosticCode[]) {
  return (all: Codes): boolean => codes.some((code) => all.has(code));
}
const namesOutside = said('property-name-out-of-range', 'property-name-unterminated');

/** Where the verdicts may differ, and why. `ours`: we refuse, libfdt does not; `libfdt`: the reverse. */
export const INTENDED: readonly {
  readonly who: 'ours' | 'libfdt';
  readonly why: string;
  readonly holds: (codes: Codes, tree: FdtTree) => boolean;
}[] = [
  {
    who: 'libfdt',
    why: 'up to 1.7 it takes a NOP between the root and END for a second root',
    holds: (_, tree) => nopAfterRoot(tree),
  },
  {
    who: 'libfdt',
    why: 'a property after the root; in front of it libfdt passes it, so the code is not a refusal',
    holds: said('property-outside-node'),
  },
  {
    who: 'libfdt',
    why: 'a reserve map without end up to totalsize; we end it at the next block and read on',
    holds: said('unterminated-reserve-map'),
  },
  {
    who: 'libfdt',
    why: 'an unaligned block, since 2026',
    holds: said('block-unaligned'),
  },
  {
    who: 'libfdt',
    why: 'versions below 16 pad values to 8 bytes; we report the version and read nothing of them',
    holds: said('other-version'),
  },
  {
    who: 'ours',
    why: 'versions below 16, as above',
    holds: said('other-version'),
  },
  {
    who: 'ours',
    why: 'below version 17 libfdt bounds names by totalsize only, we by size_dt_strings',
    holds: (codes, tree) => (tree.header?.version ?? 17) < 17 && namesOutside(codes),
  },
];
