/** Dumps that break the rules on ftrace's buffers. */
import { type Damage, setKey, setProperty } from '../../../test/rfc/corrupt.js';
import { type FieldCase, rename, resize, text } from '../../../test/rfc/sample.js';

export const RFC_FIELDS: readonly FieldCase[] = [
  ['/ftrace compatible', setProperty('/ftrace', 'compatible', text('ftrace-v9')), ['FTRACE-001']],
  ['/ftrace events', resize('/ftrace', 'events', 9), ['FTRACE-003']],
  ['/ftrace/global-trace compatible', setProperty('/ftrace/global-trace', 'compatible'), ['FTRACE-001']],
  [
    '/ftrace/global-trace/cpu* compatible',
    setProperty('/ftrace/global-trace/cpu0', 'compatible'),
    ['FTRACE-001'],
  ],
  ['/ftrace/global-trace/cpu* cpu', setKey('ftrace.globalTrace.cpus.0.cpu', 1), ['FTRACE-002']],
  ['/ftrace/global-trace/cpu* mem', setKey('ftrace.globalTrace.cpus.0.mem.1.len', '0x800'), ['FTRACE-001']],
  [
    '/ftrace/global-trace/cpu* mem',
    setKey('ftrace.globalTrace.cpus.0.mem.1.addr', '0x20900800'),
    ['FTRACE-001'],
  ],
];

export const CPU1 = '/ftrace/global-trace/cpu1';
const CPU1_KEY = 'ftrace.globalTrace.cpus.1';

/** What is damaged, how, the findings, and the path that the first one names. */
export const FTRACE_CASES: readonly (readonly [string, Damage, readonly string[], string])[] = [
  [
    'another /ftrace',
    setProperty('/ftrace', 'compatible', text('ftrace-v2')),
    ['FTRACE-001 error'],
    '/ftrace',
  ],
  [
    'another array',
    setProperty('/ftrace/global-trace', 'compatible', text('array')),
    ['FTRACE-001 error'],
    '/ftrace/global-trace',
  ],
  ['another CPU', setProperty(CPU1, 'compatible', text('ftrace,cpu-v2')), ['FTRACE-001 error'], CPU1],
  ['a CPU without compatible', setProperty(CPU1, 'compatible'), ['FTRACE-001 error'], CPU1],
  ['an odd number of records', setKey(`${CPU1_KEY}.mem.5`, undefined), ['FTRACE-001 error'], CPU1],
  ['no records', setProperty(CPU1, 'mem'), ['FTRACE-001 error'], CPU1],
  ['a descriptor of another length', setKey(`${CPU1_KEY}.mem.0.len`, '0x30'), ['FTRACE-001 error'], CPU1],
  ['descriptors of two lengths', setKey(`${CPU1_KEY}.mem.2.len`, '0x38'), ['FTRACE-001 error'], CPU1],
  ['a descriptor at 0', setKey(`${CPU1_KEY}.mem.2.addr`, '0x0'), ['FTRACE-001 error'], CPU1],
  ['a short data page', setKey(`${CPU1_KEY}.mem.3.len`, '0x800'), ['FTRACE-001 error'], CPU1],
  ['an unaligned data page', setKey(`${CPU1_KEY}.mem.3.addr`, '0x20903800'), ['FTRACE-001 error'], CPU1],
  [
    'a name that is another number',
    rename(CPU1, 'cpu2'),
    ['FTRACE-002 warning'],
    '/ftrace/global-trace/cpu2',
  ],
  [
    'a name that is not a number',
    rename(CPU1, 'cpu01'),
    ['FTRACE-002 warning'],
    '/ftrace/global-trace/cpu01',
  ],
  ['another number', setKey(`${CPU1_KEY}.cpu`, 3), ['FTRACE-002 warning'], CPU1],
  ['no number', setProperty(CPU1, 'cpu'), ['FTRACE-002 warning'], CPU1],
  ['ragged events', setProperty('/ftrace', 'events', new Uint8Array(12)), ['FTRACE-003 warning'], '/ftrace'],
];
