/** Rules on the ring buffers that ftrace hands over (rfc-2024 2.4, T1 to T3). */
import type { FtraceCpu } from '../../abi/model.js';
import type { FdtTree } from '../../fdt/parse.js';
import { children, findNode, findProperty, nodeName, nodePath, propertyValue } from '../../fdt/tree.js';
import { BUFFER_PAGE_SIZE, BUFFER_PAGE_V2_SIZE, TRACE_EVENT_ID_SIZE } from '../../records/ftrace.js';
import { compatiblesOf, incompatible } from '../../validate/compatible.js';
import { type Reporter, RFC_2024, type Rule } from '../../validate/rule.js';
import { type Elements, eachRule, type Fault, rulesOf, tell } from '../../validate/shapes.js';
import { hex, listed } from '../../validate/text.js';
import { FTRACE, FTRACE_ARRAY, FTRACE_CPU } from './tree.js';

const PAGE = 4096n;
const ROOT = '/ftrace';
const ARRAY = '/ftrace/global-trace';
/** Lengths of a page descriptor: of the tree, and of kernels without sub-buffer orders. */
const DESCRIPTORS: readonly bigint[] = [BigInt(BUFFER_PAGE_SIZE), BigInt(BUFFER_PAGE_V2_SIZE)];

const shared = { generations: RFC_2024 };
const rule = rulesOf(shared);
const CPUS: Elements<FtraceCpu> = {
  shared,
  each: ({ handover: { ftrace } }) => ftrace?.globalTrace?.cpus ?? [],
  place: (cpu) => ({ fdtPath: pathOf(cpu) }),
};

function pathOf({ origin }: FtraceCpu): string {
  return origin?.fdtPath ?? ARRAY;
}

function checkNode(tree: FdtTree, node: number, expected: string, report: Reporter): void {
  const strings = compatiblesOf(tree, node);
  if (strings?.includes(expected) === true) return;
  const path = nodePath(tree, node);
  report.finding(incompatible(path, path, strings, expected));
}

/** What is wrong with the records of one CPU: the first record and how many more. */
function wrongRecords(tree: FdtTree, cpu: FtraceCpu): Fault | undefined {
  const path = pathOf(cpu);
  const { origin, mem } = cpu;
  const location = { property: 'mem' };
  if (mem === undefined) {
    const token = origin?.token;
    // A ragged property is a finding of its own (KHO-003).
    const lacks = token !== undefined && findProperty(tree, token, 'mem') < 0;
    return lacks ? { message: `${path} has no mem property`, location } : undefined;
  }
  if (mem.length % 2 !== 0)
    return {
      message: `${path}/mem has ${mem.length} records, an odd number`,
      location,
      found: `${mem.length} records`,
      expected: 'pairs of page descriptor and data page',
    };
  const descriptor = mem.length === 0 ? undefined : mem.at(0).len;
  let wrong = 0;
  let first: { index: number; addr: bigint; len: bigint } | undefined;
  for (let index = 0; index < mem.length; index++) {
    const { addr, len } = mem.at(index);
    const right =
      index % 2 === 1
        ? len === PAGE && addr % PAGE === 0n
        : DESCRIPTORS.includes(len) && len === descriptor && addr !== 0n;
    if (right) continue;
    wrong++;
    first ??= { index, addr, len };
  }
  if (first === undefined) return undefined;
  const { index, addr, len } = first;
  const isData = index % 2 === 1;
  const more = wrong > 1 ? ` (and ${wrong - 1} more such records)` : '';
  return {
    message: `record ${index} of ${path}/mem is not a ${isData ? 'data page' : 'page descriptor'}: addr ${hex(addr)}, len ${hex(len)}${more}`,
    location: { ...location, field: 'kho_mem.len', address: addr },
    found: hex(len),
    expected: isData
      ? `an aligned data page of ${PAGE} bytes`
      : `a page descriptor of ${listed(DESCRIPTORS.map(String))} bytes, all of one size`,
  };
}

/** Rules on ftrace's ring buffers, each after its prerequisites. */
export const ftraceRules: readonly Rule[] = [
  rule({
    id: 'FTRACE-001',
    title:
      "ftrace nodes are compatible, and each CPU's mem alternates between page descriptors and data pages",
    source: 'rfc-2024 T1',
    evidence: 'kernel/trace/ring_buffer.c rb_kho_read_cpu, rb_kho_replace_buffers',
    consequence: 'the buffer is not revived, or the next kernel follows list pointers into foreign memory',
    check(context, report) {
      const { tree } = context.handover;
      if (tree === undefined || findNode(tree, ROOT) < 0) {
        report.skip('the tree has no /ftrace');
        return;
      }
      checkNode(tree, findNode(tree, ROOT), FTRACE, report);
      const array = findNode(tree, ARRAY);
      if (array >= 0) {
        checkNode(tree, array, FTRACE_ARRAY, report);
        for (const node of children(tree, array))
          if (nodeName(tree, node)?.startsWith('cpu') === true) checkNode(tree, node, FTRACE_CPU, report);
      }
      for (const cpu of CPUS.each(context, report)) {
        const wrong = wrongRecords(tree, cpu);
        if (wrong !== undefined) tell(report, CPUS, cpu, wrong);
      }
    },
  }),
  eachRule(CPUS, {
    id: 'FTRACE-002',
    title: "a CPU's node is named after its number",
    severity: 'warning',
    source: 'rfc-2024 T2',
    evidence: 'kernel/trace/ring_buffer.c rb_kho_read_cpu',
    consequence: 'the reader only looks at the name: the buffer is revived as that of another CPU',
    requires: ['FTRACE-001'],
    faults(node) {
      const { id, cpu, nodeName: name } = node;
      const path = pathOf(node);
      if (id === undefined)
        return { message: `${path}: "${name ?? ''}" is not cpu and a lower-case hexadecimal number` };
      if (cpu === id) return undefined;
      return {
        message: cpu === undefined ? `${path} has no cpu property` : `${path} has cpu ${cpu}`,
        location: { property: 'cpu', field: 'cpu' },
        found: `${cpu ?? 'nothing'}`,
        expected: `${id}`,
      };
    },
  }),
  rule({
    id: 'FTRACE-003',
    title: 'events is an array of whole pairs of fingerprint and type',
    severity: 'warning',
    source: 'rfc-2024 T3',
    evidence: 'kernel/trace/trace_output.c (KHO v3, event id map)',
    consequence: 'events of the old kernel are shown as events of another type',
    requires: ['FTRACE-001'],
    check({ handover: { tree } }, report) {
      if (tree === undefined) return;
      const token = findProperty(tree, findNode(tree, ROOT), 'events');
      const bytes = token < 0 ? undefined : propertyValue(tree, token);
      if (bytes === undefined || bytes.length % TRACE_EVENT_ID_SIZE === 0) return;
      report.finding({
        message: `${ROOT}/events has ${bytes.length} bytes, not a multiple of ${TRACE_EVENT_ID_SIZE}`,
        location: { fdtPath: ROOT, property: 'events' },
        found: `${bytes.length} bytes`,
        expected: `a multiple of ${TRACE_EVENT_ID_SIZE}`,
      });
    },
  }),
];
