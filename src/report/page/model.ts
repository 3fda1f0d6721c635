/** All that the page of a dump shows, worked out; nothing of it is HTML. */
import type { Diagnostic, Handover } from '../../abi/model.js';
import type { FoundTree } from '../../decode/find.js';
import { usesOf } from '../../diff/kept/uses.js';
import { pageSetOfFrames } from '../../memory/page-set.js';
import { believing } from '../../trim/believed-bytes.js';
import type { Rule } from '../../validate/rule.js';
import type { ValidationResult } from '../../validate/run.js';
import { rootOf } from '../../what/root.js';
import { handoverSource } from '../../what/source.js';
import { mapAxis, type Stretch } from './axis.js';
import type { Bars } from './bars.js';
import { createRecordCollector } from './collect.js';
import { createEvidence, type EvidenceRecorder } from './evidence.js';
import { type FindingGroup, findingGroups } from './findings.js';
import { FRAME, keptFrames } from './kept.js';
import { createTold, type Lane, lanesOf, type MapFinding } from './lanes.js';
import { objectsOf, type PageObjects } from './objects.js';
import { createOwners, type Owners } from './owners.js';
import { type Records, recordsOf } from './records.js';
import { type RowOwner, rowOwners } from './row-owners.js';
import { type GivenUnit, type MappedRow, type Space, spacesOf } from './spaces.js';
import { tee } from './tee.js';

/** Columns of an axis. */
export const WIDTH = 1200;

/** What the page tells of the file and of the run. */
export interface PageMeta {
  /** Last part of the path. */
  readonly name: string;
  /** SHA-256 of the file, hexadecimal; absent for a folder or a stream. */
  readonly sha256?: string;
  /** Bytes of the file. */
  readonly bytes?: number;
  readonly commandLine?: string;
  /** Version of the toolkit. */
  readonly version: string;
  /** ISO 8601, UTC. */
  readonly date?: string;
}

/** What the page of `kho report` is made of. */
export interface PageInput {
  readonly meta: PageMeta;
  /** What the input is, e.g. `ELF core, x86-64, 75 segments`. */
  readonly description: string;
  readonly handover: Handover;
  readonly found?: FoundTree;
  /** Absent if not a handover. */
  readonly result?: ValidationResult;
  readonly catalogue: readonly Rule[];
  /** Remapping units that were named. */
  readonly units?: readonly GivenUnit[];
}

/** An IO address space with its axis. */
export interface SpaceView extends Space {
  readonly anchor: string;
  readonly axis: readonly Stretch[];
}

export interface PageModel {
  readonly input: PageInput;
  readonly groups: readonly FindingGroup[];
  readonly objects: PageObjects;
  readonly owners: Owners;
  readonly lanes: readonly Lane[];
  readonly axis: readonly Stretch[];
  readonly spaces: readonly SpaceView[];
  /** IO address spaces that there are. */
  readonly spaceCount: number;
  readonly rowOwners: ReadonlyMap<MappedRow, RowOwner>;
  readonly records: Records;
  /** To be asked for once; undefined where there is no memory. */
  readonly evidence?: EvidenceRecorder;
  readonly diagnostics: readonly Diagnostic[];
}

/** Works out the page of a dump. Reads its memory; the size of the result is bounded whatever the dump holds. */
export function pageModel(input: PageInput): PageModel {
  const { handover, result, catalogue, units = [] } = input;
  const { memory } = handover;
  const groups = result === undefined ? [] : findingGroups(handover, result, catalogue);
  const kept = keptFrames(handover);
  const owners = createOwners();
  const objects = objectsOf(handover);
  const { users, untold } = usesOf(handover);
  const { spaces, total } = spacesOf(handover, units, kept);
  const places = findingPlaces(groups, owners);
  const wanted = Float64Array.from(places, ({ address }) => address).sort();
  const told = createTold(owners);
  const collector = createRecordCollector({ handover, units, wanted });
  const source = handoverSource(handover, units);
  const evidence = memory === undefined ? undefined : createEvidence(handover, memory, source);
  const believed = memory === undefined ? undefined : believing(handover, rootOf(handover), memory, units);
  if (evidence !== undefined && believed !== undefined)
    source.references(tee([told.sink, collector.sink, evidence.sink, believed.sink]));
  const lanes = lanesOf({ handover, kept, spaces, users, untold, findings: places, owners, objects, told });
  return {
    input,
    groups,
    objects,
    owners,
    lanes,
    axis: axisOf(lanes.flatMap(({ levels: [finest] }) => (finest === undefined ? [] : [finest]))),
    spaces: spaces.map((space, i) => ({ ...space, anchor: `space-${i}`, axis: axisOf([space.links]) })),
    spaceCount: total,
    rowOwners: rowOwners(
      spaces.flatMap(({ rows }) => rows),
      users,
    ),
    records: recordsOf({ handover, collector, believing: believed }),
    ...(evidence === undefined ? {} : { evidence }),
    diagnostics: handover.diagnostics,
  };
}

function findingPlaces(groups: readonly FindingGroup[], owners: Owners): MapFinding[] {
  return groups.flatMap(({ id, anchor, places }) => {
    const owner = owners.number(id, anchor);
    return places.map((address) => ({ address, owner }));
  });
}

function axisOf(all: readonly Bars[]): Stretch[] {
  function* frames(): Generator<{ start: number; end: number }> {
    for (const { length, starts, ends } of all)
      for (let i = 0; i < length; i++) yield { start: starts[i] as number, end: ends[i] as number };
  }
  return mapAxis(pageSetOfFrames(frames(), FRAME), WIDTH);
}
