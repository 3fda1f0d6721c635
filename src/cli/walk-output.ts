/** What the forms of `kho walk` print of tables: table, csv or json, of one or of several. */
import type { Handover } from '../abi/model.js';
import type { PhysicalMemory } from '../memory/physical.js';
import { type OwnedWalk, ownedWalk, ownersOf } from '../report/owned-walk.js';
import { endText } from '../report/translate-text.js';
import { escapeJson } from '../schema/escape.js';
import { hex } from '../schema/units.js';
import { csvBytes } from '../vtd/text/csv.js';
import { jsonOf, tableOf } from '../vtd/text/table.js';
import type { LeafBatch } from '../vtd/walk/batch.js';
import { leafAt } from '../vtd/walk/leaf-at.js';
import { type MappedRun, mergeRuns } from '../vtd/walk/runs.js';
import type { WalkRequest } from '../vtd/walk/state.js';
import { walkTable } from '../vtd/walk/walk.js';
import type { CommonArguments } from './common.js';
import { messageOf } from './repeated.js';
import { toldParts } from './told-work.js';
import { anomalyJson, anomalyText, type WalkFormat } from './walk-text.js';

/** A table to be walked, and how its leaves are told. */
export interface ToldTable {
  /** Before what the walk noticed, on standard error: `kho: unit: `. */
  readonly prefix: string;
  readonly request: WalkRequest;
  readonly attributes: (run: MappedRun) => string;
  /** Absent where nothing is told of owners. */
  readonly owned?: OwnedWalk | undefined;
  /** Only the leaf that this address is in. */
  readonly iova?: bigint | undefined;
}

/** One of several tables that are listed, with what is told of it beside its leaves. */
export interface ListedTable {
  /** The line before a table. */
  heading(): string;
  /** Keys before the runs. */
  json(table: ToldTable | undefined): object;
  /** The first cells of its lines in csv, with the comma after them. */
  readonly cells: string;
  /** Undefined where there is nothing to walk. */
  table(): ToldTable | undefined;
  /** Where its tables are: what the input allows to be walked of them ends the list. */
  readonly memory: PhysicalMemory;
}

/** A page of a table, which is the least that a walk costs. */
const TABLE = 4096;

/** Tables as long as there is something to walk them with. */
function* affordable(tables: Iterable<ListedTable>): Generator<ListedTable> {
  for (const each of toldParts([...tables])) {
    const { budget } = each.memory;
    if (budget !== undefined && budget.spent('tables') + TABLE > budget.limit('tables')) {
      // Says that something is left out.
      budget.take('tables', TABLE);
      return;
    }
    yield each;
  }
}

/** Undefined where the handover has pages of another size: then nothing is told of owners. */
export function ownedBy(handover: Handover, unpreserved: boolean): OwnedWalk | undefined {
  const owners = ownersOf(handover);
  return owners === undefined ? undefined : ownedWalk(owners, unpreserved);
}

type Chunk = string | Uint8Array;

/**
 * Walks a table, and then says on standard error what was noticed. Of json it is what goes after `"runs":[`. Bytes are
 * valid until the next chunk is asked for.
 */
export function* tableText(args: CommonArguments, told: ToldTable, form: WalkFormat): Generator<Chunk> {
  const { prefix, attributes, owned, iova } = told;
  const { format } = told.request;
  const request = owned === undefined ? told.request : { ...told.request, onTable: owned.onTable };
  const { batches, notices } = iova === undefined ? wholeTable(request) : oneAddress(request, iova);
  if (form === 'csv') yield* csvBytes(batches);
  else if (form === 'json') {
    if (owned === undefined) yield* jsonOf(mergeRuns(batches, format), attributes);
    else yield* owned.rows(batches, format, attributes);
    const diagnostics = escapeJson(JSON.stringify(notices().map(({ json }) => json)));
    yield `\n]${owned?.json() ?? ''},"diagnostics":${diagnostics}`;
  } else if (owned === undefined) yield* tableOf(mergeRuns(batches, format), attributes);
  else yield* owned.table(batches, format, attributes);
  for (const { kind, text } of notices()) messageOf(args, kind, `${prefix}${text}`);
}

/** What is noticed on the way, for standard error and for `diagnostics`. */
interface Notice {
  readonly kind: string;
  readonly text: string;
  readonly json: object;
}

interface Listed {
  readonly batches: Iterable<LeafBatch>;
  /** To be asked when all batches are taken. */
  notices(): readonly Notice[];
}

function wholeTable(request: WalkRequest): Listed {
  const { batches, report } = walkTable(request);
  const notices = () =>
    report().anomalies.map((anomaly) => ({
      kind: anomaly.kind,
      text: anomalyText(anomaly),
      json: anomalyJson(anomaly),
    }));
  return { batches, notices };
}

/** Codes of what a walk of all notices have the same names. */
const ENDS = {
  absent: 'not-mapped',
  invalid: 'reserved-bits',
  unknown: 'table-absent',
  'beyond-width': 'beyond-width',
  'unsupported-levels': 'unsupported-levels',
} as const;

function oneAddress(request: WalkRequest, iova: bigint): Listed {
  const { batches, translation } = leafAt(request, iova);
  const { result, steps } = translation;
  if (result.kind === 'mapped') return { batches, notices: () => [] };
  const kind = ENDS[result.kind];
  const text = `IOVA ${hex(iova)} is ${endText(result)}`;
  const last = steps.at(-1);
  const address = last === undefined ? {} : { address: hex(last.entryAddress) };
  const location = { ...address, iova: hex(iova), iovaEnd: hex(iova + 1n) };
  return { batches, notices: () => [{ kind, text, json: { code: kind, message: text, location } }] };
}

/** @param columns names of the cells before those of leaves; undefined for the lines of one table alone */
export function* csvList(
  args: CommonArguments,
  tables: Iterable<ListedTable>,
  columns: string | undefined,
): Generator<Chunk> {
  if (columns !== undefined) yield `${columns},iova,pa,size,access\n`;
  for (const each of affordable(tables)) {
    const table = each.table();
    if (table === undefined) continue;
    const chunks = tableText(args, table, 'csv');
    yield* columns === undefined ? chunks : prefixed(chunks, each.cells);
  }
}

/** Tables with a line before each, and an empty line between them. */
export function* tableList(args: CommonArguments, tables: Iterable<ListedTable>): Generator<Chunk> {
  let gap = '';
  for (const each of affordable(tables)) {
    yield `${gap}${each.heading()}\n`;
    gap = '\n';
    const table = each.table();
    if (table !== undefined) yield* tableText(args, table, 'table');
  }
}

/** @param key of the list of tables; undefined for one table alone */
export function* jsonList(
  args: CommonArguments,
  tables: Iterable<ListedTable>,
  key: string | undefined,
): Generator<Chunk> {
  const [open, close] = key === undefined ? ['', ''] : ['{', '}'];
  yield `{"schemaVersion":1,${key === undefined ? '' : `"${key}":[`}\n`;
  let separator = '';
  for (const each of affordable(tables)) {
    const table = each.table();
    const json = escapeJson(JSON.stringify(each.json(table))).slice(1, -1);
    yield `${separator}${open}${json},"runs":[\n`;
    if (table === undefined) yield '\n],"diagnostics":[]';
    else yield* tableText(args, table, 'json');
    yield close;
    separator = ',\n';
  }
  yield `${key === undefined ? '' : ']'}}\n`;
}

/** Puts a prefix before every line but the first, which is the header. */
function* prefixed(chunks: Iterable<Chunk>, prefix: string): Generator<string> {
  const decoder = new TextDecoder();
  let header = true;
  for (const each of chunks) {
    const chunk = typeof each === 'string' ? each : decoder.decode(each);
    const text = header ? chunk.slice(chunk.indexOf('\n') + 1) : chunk;
    header = false;
    // Chunks end with a line.
    if (text !== '') yield `${prefix}${text.slice(0, -1).replaceAll('\n', `\n${prefix}`)}\n`;
  }
}
