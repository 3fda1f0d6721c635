/** Instances of rules, made from the faults of test/validate/proof by proof.test.ts. */
import type { RuleExample } from '../example.js';

export const ftraceExamples: { readonly [rule: string]: RuleExample } = {
  'FTRACE-001': {
    fault: 'another /ftrace (built by test/rfc)',
    message: '/ftrace is compatible with "ftrace-v2"',
    at: '/ftrace/compatible',
    bytes: '[66 74 72 61 63 65 2d 76 32 00] (blob offset 0x74)',
    found: 'ftrace-v2',
    expected: 'ftrace-v1',
  },
  'FTRACE-002': {
    fault: 'a name that is another number (built by test/rfc)',
    message: '/ftrace/global-trace/cpu2 has cpu 1',
    at: '/ftrace/global-trace/cpu2/cpu  cpu',
    bytes: '[01 00 00 00] (blob offset 0x1b8)',
    found: '1',
    expected: '2',
  },
  'FTRACE-003': {
    fault: 'ragged events (built by test/rfc)',
    message: '/ftrace/events has 12 bytes, no multiple of 8',
    at: '/ftrace/events',
    bytes: '[00 00 00 00 00 00 00 00 00 00 00 00] (blob offset 0x8c)',
    found: '12 bytes',
    expected: 'a multiple of 8',
  },
};
