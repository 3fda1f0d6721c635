/** Instances of rules, made from the faults of test/validate/proof by proof.test.ts. */
import type { RuleExample } from '../example.js';

export const luoExamples: { readonly [rule: string]: RuleExample } = {
  'LUO-002': {
    fault: 'luo-v6 (linux-7.3-live-update)',
    message: 'luo_ser.compatible is "luo-v6"',
    at: '/LUO  luo_ser.compatible  address 0x2daa000',
    bytes: '[6c 75 6f 2d 76 36] 00 00 01 00 00 00 00 00 00 00 (address 0x2daa000)',
    found: 'luo-v6',
    expected: 'luo-v5',
  },
  'LUO-003': {
    fault: 'luo-session-v1 (linux-7.1-live-update)',
    message: '/LUO/luo-session is compatible with "luo-session-v1"',
    at: '/LUO/luo-session/compatible  address 0x7bf000',
    found: 'nothing',
    expected: 'luo-session-v2',
  },
  'LUO-021': {
    fault: 'sessions at 0 (linux-7.1-live-update)',
    message: 'luo-session-header of the LUO tree is 0',
    at: '/LUO/luo-session/luo-session-header  address 0x7bf000',
    found: '0x0',
    expected: 'the address of preserved memory',
  },
  'LUO-017': {
    fault: 'within a larger block (linux-7.3-live-update)',
    message: 'struct luo_ser at 0x130001000 lies within a larger block and does not start it',
    at: '/LUO  address 0x130001000',
  },
  'LUO-005': {
    fault: '820 sessions (linux-7.1-live-update)',
    message: 'The session area claims 820 sessions, it holds 819',
    at: 'luo_session_header_ser.count  address 0x2c20000',
    bytes: '[34 03 00 00 00 00 00 00] (address 0x2c20000)',
    found: '820',
    expected: 'at most 819',
  },
  'LUO-020': {
    fault: 'a session less (linux-7.1-live-update)',
    message: 'Something stands behind the 1 sessions that are counted',
    at: 'luo_session_ser_v1.name  address 0x2c20058',
    bytes:
      '[76 6d 2d 62 65 74 61 20 c3 a9 1b 5b 33 31 6d] 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 (address 0x2c20058)',
    found: 'nothing',
    expected: 'zeros',
  },
  'LUO-006': {
    fault: 'no NUL (linux-7.3-live-update)',
    message:
      'No NUL ends the name of session "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"',
    at: 'luo_session_ser.name  address 0x2de3010',
    bytes:
      '[61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 …] (address 0x2de3010)',
  },
  'LUO-007': {
    fault: 'no name (linux-7.3-live-update)',
    message: 'Session 0 has no name',
    at: 'luo_session_ser.name  address 0x2de3010',
    bytes:
      '[00] 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 (address 0x2de3010)',
  },
  'LUO-008': {
    fault: 'two of one name (linux-7.3-live-update)',
    message: 'Sessions 0 and 1 are both named "vm-alpha"',
    at: 'luo_session_ser.name  address 0x2de3060',
    bytes:
      '[76 6d 2d 61 6c 70 68 61] 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 (address 0x2de3060)',
  },
  'LUO-009': {
    fault: 'a count without files (linux-7.3-live-update)',
    message: 'Session "empty" counts 3 files, and its files are at 0',
    at: 'luo_file_set_ser.count  address 0x2de30f8',
    bytes: '00 00 00 00 00 00 00 00 [03 00 00 00 00 00 00 00] (address 0x2de30f0)',
    found: '3',
    expected: '0',
  },
  'LUO-011': {
    fault: 'a file too many (linux-7.3-live-update)',
    message: 'Session "vm-alpha" counts 3 files, its blocks hold 2',
    at: 'luo_file_set_ser.count  address 0x2de3058',
    bytes: '00 20 df 02 00 00 00 00 [03 00 00 00 00 00 00 00] (address 0x2de3050)',
    found: '3',
    expected: '2',
  },
  'LUO-019': {
    fault: 'two sessions with one array (linux-7.1-live-update)',
    message: 'The files of session "vm-beta é\\u{1b}[31m" are at 0x2024000, those of session "vm-alpha" too',
    at: 'luo_file_set_ser.files  address 0x2c20098',
    bytes: '[00 40 02 02 00 00 00 00] 02 00 00 00 00 00 00 00 (address 0x2c20098)',
  },
  'LUO-013': {
    fault: 'no NUL (linux-7.3-live-update)',
    message: 'No NUL ends the handler string of file 0 of session "vm-alpha"',
    at: 'luo_file_ser.compatible  address 0x2df2010',
    bytes:
      '[61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 …] (address 0x2df2010)',
  },
  'LUO-012': {
    fault: 'memfd-v9 (linux-7.3-live-update)',
    message: 'File 0 of session "vm-alpha" has the handler "memfd-v9"',
    at: 'luo_file_ser.compatible  address 0x2df2010',
    bytes:
      '[6d 65 6d 66 64 2d 76 39] 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 (address 0x2df2010)',
    found: 'memfd-v9',
    expected: 'memfd-v2',
  },
  'LUO-014': {
    fault: 'two equal tokens (linux-7.3-live-update)',
    message: 'File 1 of session "vm-alpha" has the token 0x1a of an earlier one',
    at: 'luo_file_ser.token  address 0x2df2088',
    bytes: '00 e0 da 03 00 00 00 00 [1a 00 00 00 00 00 00 00] (address 0x2df2080)',
  },
};
