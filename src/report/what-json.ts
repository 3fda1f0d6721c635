/** `kho what --format json`. */
import { bytesToHex, bytesToText } from '../schema/text.js';
import { hex } from '../schema/units.js';
import type { Shortfall } from '../validate/coverage.js';
import type { Finding } from '../validate/rule.js';
import type { Held, Holder } from '../what/holds.js';
import type { FieldText, Is } from '../what/is.js';
import type { Answer } from '../what/what.js';
import { locationJson, SCHEMA_VERSION } from './model-json.js';
import { nameKeys } from './text-json.js';

/** What `what --format json` prints. */
export interface WhatJsonOptions {
  /** Whether bytes of records are in it. */
  readonly bytes?: boolean;
  /** What the dump lacks. */
  readonly missing?: readonly Shortfall[];
}

/**
 * The document; keys without a value are undefined.
 *
 * @example
 * ```ts
 * import { decodeHandover, jsonChunks, parseQuery, planFromSeed, synthesise, whatIs, whatJson } from 'kho-toolkit';
 *
 * const { blob, fdtAddress, memory } = synthesise(planFromSeed({ abi: 'kho-v4' }));
 * const query = parseQuery(String(fdtAddress));
 * if (typeof query === 'string') throw new Error(query);
 * const answers = whatIs(decodeHandover(blob, { memory, address: fdtAddress }), [query]);
 * const { addresses } = JSON.parse([...jsonChunks(whatJson(answers))].join(''));
 * console.log(addresses[0].known); //=> present
 * ```
 */
export function whatJson(
  answers: readonly Answer[],
  options: WhatJsonOptions = {},
): { [key: string]: unknown } {
  const { missing = [] } = options;
  return {
    schemaVersion: SCHEMA_VERSION,
    addresses: answers.map((answer) => answerJson(answer, options)),
    missing: missing.length === 0 ? undefined : missing.map(({ kind, what }) => ({ kind, what })),
  };
}

function answerJson(answer: Answer, { bytes = false }: WhatJsonOptions): object {
  const { query, address, unmapped, known, preserved, preservedUnknown, held, mappedMore } = answer;
  const [first, ...others] = held;
  return {
    query: query.text,
    address: address === undefined ? undefined : hex(address),
    unmapped,
    known,
    preserved:
      preserved === undefined
        ? undefined
        : { start: hex(preserved.start), end: hex(preserved.end), order: preserved.order },
    preservedUnknown,
    is: answer.is.map((is) => isJson(is, bytes)),
    referredToBy: answer.referredToBy.map(({ record, field, address: at, fieldAddress, what, depth }) => ({
      ...{ record, field, address: hex(at), fieldAddress: hex(fieldAddress), what, depth },
    })),
    holds: first === undefined ? undefined : holdsJson(first.holder),
    alsoHolds: others.length === 0 ? undefined : others.map(({ holder }: Held) => holdsJson(holder)),
    mappedBy: answer.mappedBy.map(({ domain, device, iova, size, access }) => ({
      ...(domain === undefined ? {} : { domain: hex(domain) }),
      ...(device === undefined ? {} : { device }),
      ...{ iova: hex(iova), size: hex(size), access },
    })),
    mappedMore: mappedMore === 0 ? undefined : mappedMore,
    findings: answer.findings.map(findingJson),
  };
}

function isJson(is: Is, withBytes: boolean): object {
  const { record, field, offset, size, what, address, bits, meaning, fields, fdtPath, property, bytes } = is;
  return {
    ...{ record, field, offset, what, address: hex(address), size, bits },
    value: valueJson(is),
    meaning,
    fields: fields?.map((each) => fieldJson(each)),
    fdtPath,
    property,
    bytes: withBytes && bytes !== undefined ? bytesToHex(bytes) : undefined,
  };
}

function fieldJson(each: FieldText): object {
  const { field, offset, bits, meaning } = each;
  return { field, offset, bits, value: valueJson(each), meaning };
}

/** A number up to 32 bits, hex above it; bytes as hex. */
function valueJson({ value, bitWidth = 64 }: Pick<Is, 'value' | 'bitWidth'>): string | number | undefined {
  if (value === undefined) return undefined;
  if (value instanceof Uint8Array) return bytesToHex(value);
  return bitWidth <= 32 ? Number(value) : hex(value);
}

function holdsJson(holder: Holder): object {
  switch (holder.kind) {
    case 'file':
      return {
        ...nameKeys('session', holder.session.name),
        token: hex(holder.file.token),
        fileOffset: hex(holder.fileOffset),
        handler: bytesToText(holder.file.compatible).text,
      };
    case 'reserve-mem':
      return { reserveMem: holder.name, offset: hex(holder.offset) };
    case 'guestmemfs':
      return { ...nameKeys('guestmemfs', holder.name), fileOffset: hex(holder.fileOffset) };
    case 'kho-test':
      return { khoTest: { index: holder.index, address: hex(holder.address), order: holder.order } };
    case 'scratch':
      return { scratch: holder.index, offset: hex(holder.offset) };
    case 'trace-buffer':
      return { traceBuffer: holder.cpu };
    case 'image':
      return { image: holder.what };
    case 'other':
      return { owner: holder.name, offset: hex(holder.offset) };
  }
}

function findingJson({ rule, severity, message, subject, location, found, expected }: Finding): object {
  return { rule, severity, message, subject, location: locationJson(location), found, expected };
}
