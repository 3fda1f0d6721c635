/** What is written of a run: one line of JSON a case, and the parameters that make the run what it is. */
import { escapeText } from '../schema/escape.js';
import { hex } from '../schema/units.js';
import type { FuzzCase } from './generate.js';
import { expectationText } from './mutation.js';

/** A line of manifest.ndjson. */
export interface ManifestLine {
  readonly case: number;
  readonly seed: string;
  /** Name within the folder; absent where the case is not kept. */
  readonly file?: string;
  /** In words, in the order in which they were applied. */
  readonly mutations: readonly string[];
  readonly levels: readonly string[];
  /** A rule, several of which one has to fire, `none: must still be accepted`, or `unknown`. */
  readonly expect: string;
  /** Value of RTADDR of each remapping unit, for `--root`; where the tables of units are in the case. */
  readonly registers?: Readonly<Record<string, string>>;
}

/** The manifest's line of a case. */
export function manifestLine(
  { number, mutations, expect }: FuzzCase,
  seed: bigint,
  file?: string,
  registers?: Readonly<Record<string, bigint>>,
): ManifestLine {
  return {
    case: number,
    seed: hex(seed),
    ...(file === undefined ? {} : { file }),
    mutations: mutations.map(({ words }) => escapeText(words)),
    levels: mutations.map(({ level }) => level),
    expect: expectationText(expect),
    ...(registers === undefined
      ? {}
      : {
          registers: Object.fromEntries(
            Object.entries(registers).map(([name, value]) => [escapeText(name), hex(value)]),
          ),
        }),
  };
}

/** `000042.elf`: the name says the number and nothing of the dump. */
export function caseName(number: number, suffix: string): string {
  return `${String(number).padStart(6, '0')}${suffix}`;
}

/** What became of a case under a program. */
export const OUTCOMES = ['accepted', 'rejected', 'crash', 'hang'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** A line of results.ndjson. */
export interface ResultLine {
  readonly case: number;
  readonly outcome: Outcome;
  readonly status?: number;
  readonly signal?: string;
  /** The case as it was; only of crashes and hangs. */
  readonly file?: string;
  /** The smallest case with the same outcome that was found. */
  readonly minimal?: { readonly file: string; readonly mutations: readonly string[] };
}

/** The numbers in the lines of a file that was perhaps cut off in the middle of its last line. */
export function* parseLines(
  text: string,
): Generator<{ readonly [key: string]: unknown; readonly case: number }> {
  const end = text.lastIndexOf('\n');
  for (const line of text.slice(0, Math.max(0, end)).split('\n')) {
    try {
      const value: unknown = JSON.parse(line);
      if (typeof value === 'object' && value !== null && 'case' in value && typeof value.case === 'number') {
        yield value as { readonly case: number };
      }
    } catch {
      // A damaged line counts as one that was not written.
    }
  }
}
