/** What the page's own script reads: the JSON in the page, and the columns that it stands for. */
import type { Bars } from './bars.js';
import type { EvidenceData } from './evidence-data.js';
import type { Plain } from './plain.js';

/** Bars as differences, which are short as text; what is the same for all, or follows, is left out. */
export interface BarsData {
  /** Distance of each start from the start before. */
  readonly s: readonly number[];
  /** Lengths. */
  readonly l: readonly number[];
  /** Frames that are really in it; absent where that is all of the length. */
  readonly c?: readonly number[];
  /** Runs that each stands for; absent where each is one. */
  readonly n?: readonly number[];
  /** Owners, or the one of all. */
  readonly o: readonly number[] | number;
  /** Positions; absent where no bar has one. */
  readonly p?: readonly (number | null)[];
}

/** A stretch of an axis: first frame, frame after the last, first column, columns. */
export type StretchData = readonly [start: number, end: number, x: number, width: number];

export interface LaneData {
  readonly id: string;
  readonly title: string;
  readonly kind: string;
  readonly about: string;
  /** The finest first. */
  readonly levels: readonly BarsData[];
}

export interface SpaceData {
  readonly title: string;
  readonly name: string;
  readonly anchor: string;
  readonly devices: readonly string[];
  readonly axis: readonly StretchData[];
  /** IOVA frames, their targets as positions; owner 1 is not kept. */
  readonly links: BarsData;
}

/** A finding: number of its rule, its address (-1 without one), and the id of its element, where it has one. */
export type FindingData = readonly [rule: number, address: number, anchor: string];

/** Something that can be searched for. */
export type NameData = readonly [text: string, kind: string, anchor: string];

/** Everything that the script knows. */
export interface PageData {
  readonly version: 1;
  /** Bytes of a frame of the map, and of a page of the dump. */
  readonly frame: number;
  readonly pageSize: number;
  /** Columns of the axes. */
  readonly width: number;
  readonly axis: readonly StretchData[];
  /** Text, and the id of an element or nothing. */
  readonly owners: readonly (readonly [text: string, anchor: string])[];
  readonly lanes: readonly LaneData[];
  readonly spaces: readonly SpaceData[];
  /** Records in memory, ascending by address: address, bytes, id, and what it is. */
  readonly records: readonly (readonly [address: number, size: number, anchor: string, what: string])[];
  /** Id of a rule, its severity here, and what became of it. */
  readonly rules: readonly (readonly [id: string, state: string, anchor: string])[];
  readonly findings: readonly FindingData[];
  readonly names: readonly NameData[];
  /** Last part of the dump's path. */
  readonly file: string;
  /** What answers are made from; absent where the dump has no memory. */
  readonly evidence?: EvidenceData;
  /** Messages, places and more of the findings, in their order. */
  readonly texts: readonly Plain[];
}

/** Bars as data. */
export function barsData(bars: Bars): BarsData {
  const { length } = bars;
  const rows = <T>(value: (i: number) => T): T[] => Array.from({ length }, (_, i) => value(i));
  const lengths = rows((i) => (bars.ends[i] as number) - (bars.starts[i] as number));
  const covered = rows((i) => bars.covered[i] as number);
  const counts = rows((i) => bars.counts[i] as number);
  const owners = rows((i) => bars.owners[i] as number);
  const positions = rows((i) => (Number.isNaN(bars.positions[i]) ? null : (bars.positions[i] as number)));
  return {
    s: rows((i) => (bars.starts[i] as number) - (i === 0 ? 0 : (bars.starts[i - 1] as number))),
    l: lengths,
    ...(covered.every((pages, i) => pages === lengths[i]) ? {} : { c: covered }),
    ...(counts.every((count) => count === 1) ? {} : { n: counts }),
    o: owners.every((owner) => owner === owners[0]) ? (owners[0] ?? 0) : owners,
    ...(positions.every((position) => position === null) ? {} : { p: positions }),
  };
}

/** The bars that data stand for. */
export function readBars({ s, l, c, n, o, p }: BarsData): Bars {
  const { length } = s;
  const starts = new Float64Array(length);
  let at = 0;
  for (let i = 0; i < length; i++) {
    at += s[i] as number;
    starts[i] = at;
  }
  return {
    length,
    starts,
    ends: Float64Array.from(l, (pages, i) => (starts[i] as number) + pages),
    covered: Float64Array.from(c ?? l),
    counts: n === undefined ? new Float64Array(length).fill(1) : Float64Array.from(n),
    owners: typeof o === 'number' ? new Int32Array(length).fill(o) : Int32Array.from(o),
    positions: Float64Array.from({ length }, (_, i) => p?.[i] ?? Number.NaN),
  };
}

/** JSON that can stand in a script element: nothing in it ends the element. */
export function scriptJson(json: string): string {
  return json.replaceAll('<', '\\u003c');
}
