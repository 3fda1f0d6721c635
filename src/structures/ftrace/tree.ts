/** /ftrace of the 2024 series: trace buffers by CPU (kernel/trace/trace.c, kernel/trace/ring_buffer.c). */
import { cpu, traceEventId, traceFlags } from '../../records/ftrace.js';
import { khoMem } from '../../records/kho.js';
import { type NodeBinding, packed, value } from '../tree.js';

/** `compatible` of the nodes. */
export const FTRACE = 'ftrace-v1';
export const FTRACE_ARRAY = 'ftrace,array-v1';
export const FTRACE_CPU = 'ftrace,cpu-v1';

export const ftrace: NodeBinding = {
  name: { literal: 'ftrace' },
  place: { object: 'ftrace' },
  compatible: FTRACE,
  part: 'ftrace',
  compared: [
    { name: 'events', path: ['events'] },
    { name: 'global-trace', path: ['globalTrace'], only: 'presence' },
    { name: 'trace-flags', path: ['globalTrace', 'traceFlags'], unit: 'hex' },
    { name: 'cpus', path: ['globalTrace', 'cpus'], only: 'summary' },
  ],
  properties: [packed('events', 'events', traceEventId)],
  children: [
    {
      name: { literal: 'global-trace' },
      place: { object: 'globalTrace' },
      compatible: FTRACE_ARRAY,
      properties: [value('trace-flags', 'traceFlags', traceFlags)],
      children: [
        {
          name: { number: 'hex', prefix: 'cpu', key: 'id', wide: false },
          place: { list: 'cpus' },
          compatible: FTRACE_CPU,
          named: { cpu: 'id' },
          buffer: { key: 'mem', what: 'the ring buffer', subject: { cpu: ['id', 'cpu'] } },
          // What a buffer holds is not a property of the handover; how large it is is one.
          compared: [
            { name: 'cpu', path: ['cpu'], unit: 'id' },
            { name: 'size', path: ['mem'], unit: 'size' },
            { name: 'mem records', path: ['mem'], only: 'strict' },
          ],
          properties: [value('cpu', 'cpu', cpu), packed('mem', 'mem', khoMem)],
          children: [],
        },
      ],
    },
  ],
};
