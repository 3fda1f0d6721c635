/** Rules on the ring buffers that ftrace hands over (rfc-2024 2.4, T1 to T3). */

import type { FtraceCpu } from '../../abi/model.js';
import { compatibleStrings } from '../../decode/bind.js';
import type { FdtTree } from '../../fdt/parse.js';
import { children, findNode, findProperty, nodeName, nodePath, propertyValue } from '../../fdt/tree.js';
import { BUFFER_PAGE_SIZE, BUFFER_PAGE_V2_SIZE, TRACE_EVENT_ID_SIZE } from '../../records/ftrace.js';
import { COMPATIBLE } from '../../structures/rfc-2024/binding.js';
import { type Reporter, RFC_2024, type Rule } from '../rule.js';
import { hex, listed } from '../text.js';

const PAGE = 4096n;
const ROOT = '/ftrace';
const ARRAY = '/ftrace/global-trace';
/** Lengths of a page descriptor: of the tree, and of kernels without sub-buffer orders. */
const DESCRIPTORS: readonly bigint[] = [BigInt(BUFFER_PAGE_SIZE), BigInt(BUFFER_PAGE_V2_SIZE)];

export const buffers: Rule = {
  id: 'FTRACE-001',
  title: "ftrace nodes are compatible, and each CPU's mem alternates between page descriptors and data pages",
  severity: 'error',
  generations: RFC_2024,
  source: 'rfc-2024 T1',
  evidence: 'kernel/trace/ring_buffer.c rb_kho_read_cpu, rb_kho_replace_buffers',
  consequence: 'the buffer is not revived, or the next kernel follows list pointers into foreign memory',
  check({ handover: { tree, ftrace } }, report) {
    if (tree === undefined || findNode(tree, ROOT) < 0) {
      report.skip('the tree has no /ftrace');
      return;
    }
    checkCompatible(tree, findNode(tree, ROOT), COMPATIBLE.ftrace, report);
    const array = findNode(tree, ARRAY);
    if (array >= 0) {
      checkCompatible(tree, array, COMPATIBLE.array, report);
      for (const node of children(tree, array)) {
        if (nodeName(tree, node)?.startsWith('cpu') === true)
          checkCompatible(tree, node, COMPATIBLE.cpu, report);
      }
    }
    for (const cpu of ftrace?.globalTrace?.cpus ?? []) checkPages(tree, cpu, report);
  },
};

function checkCompatible(tree: FdtTree, node: number, expected: string, report: Reporter): void {
  const fdtPath = nodePath(tree, node);
  const property = findProperty(tree, node, 'compatible');
  const strings = property < 0 ? [] : compatibleStrings(propertyValue(tree, property) ?? new Uint8Array(0));
  if (strings.includes(expected)) return;
  report.finding({
    message:
      property < 0
        ? `${fdtPath} has no compatible property`
        : `${fdtPath} is compatible with "${strings.join('", "')}"`,
    location: { fdtPath, property: 'compatible' },
    found: strings.join(', '),
    expected,
  });
}

/** The records of one CPU: of all that is wrong with them, the first record and how many more. */
function checkPages(tree: FdtTree, { origin, mem }: FtraceCpu, report: Reporter): void {
  const fdtPath = origin?.fdtPath ?? ARRAY;
  const location = { fdtPath, property: 'mem' };
  if (mem === undefined) {
    const token = origin?.token;
    // A ragged property is a finding of its own (KHO-003).
    if (token !== undefined && findProperty(tree, token, 'mem') < 0) {
      report.finding({ message: `${fdtPath} has no mem property`, location });
    }
    return;
  }
  if (mem.length % 2 !== 0) {
    report.finding({
      message: `${fdtPath}/mem has ${mem.length} records, an odd number`,
      location,
      found: `${mem.length} records`,
      expected: 'pairs of page descriptor and data page',
    });
    return;
  }
  const descriptor = mem.length === 0 ? undefined : mem.at(0).len;
  let wrong = 0;
  let first: { index: number; addr: bigint; len: bigint; expected: string } | undefined;
  for (let index = 0; index < mem.length; index++) {
    const { addr, len } = mem.at(index);
    const isData = index % 2 === 1;
    const right = isData
      ? len === PAGE && addr % PAGE === 0n
      : DESCRIPTORS.includes(len) && len === descriptor && addr !== 0n;
    if (right) continue;
    wrong++;
    first ??= {
      index,
      addr,
      len,
      expected: isData
        ? `an aligned data page of ${PAGE} bytes`
        : `a page descriptor of ${listed(DESCRIPTORS.map(String))} bytes, all of one size`,
    };
  }
  if (first === undefined) return;
  const { index, addr, len, expected } = first;
  report.finding({
    message: `record ${index} of ${fdtPath}/mem is not a ${index % 2 === 1 ? 'data page' : 'page descriptor'}: addr ${hex(addr)}, len ${hex(len)}${
      wrong > 1 ? ` (and ${wrong - 1} more such records)` : ''
    }`,
    location: { ...location, field: 'kho_mem.len', address: addr },
    found: hex(len),
    expected,
  });
}

export const cpuNumbers: Rule = {
  id: 'FTRACE-002',
  title: "a CPU's node is named after its number",
  severity: 'warning',
  generations: RFC_2024,
  source: 'rfc-2024 T2',
  evidence: 'kernel/trace/ring_buffer.c rb_kho_read_cpu',
  consequence: 'the reader only looks at the name: the buffer is revived as that of another CPU',
  requires: ['FTRACE-001'],
  check({ handover: { ftrace } }, report) {
    for (const { id, cpu, nodeName: name, origin } of ftrace?.globalTrace?.cpus ?? []) {
      const fdtPath = origin?.fdtPath ?? ARRAY;
      if (id === undefined) {
        report.finding({
          message: `${fdtPath}: "${name ?? ''}" is not cpu and a lower-case hexadecimal number`,
          location: { fdtPath },
        });
      } else if (cpu !== id) {
        report.finding({
          message: cpu === undefined ? `${fdtPath} has no cpu property` : `${fdtPath} has cpu ${cpu}`,
          location: { fdtPath, property: 'cpu', field: 'cpu' },
          found: `${cpu ?? 'nothing'}`,
          expected: `${id}`,
        });
      }
    }
  },
};

export const eventIds: Rule = {
  id: 'FTRACE-003',
  title: 'events is an array of whole pairs of fingerprint and type',
  severity: 'warning',
  generations: RFC_2024,
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
};
