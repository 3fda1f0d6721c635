/** The distinct tables that the devices of a unit are translated with. */
import type { ContextEntry, PasidEntry, ScalableContextEntry } from '../../records/vtd.js';
import { PasidTranslationType } from '../../records/vtd.js';
import { contextTranslation, pasidTranslation } from '../context/translation.js';
import { guestMemory } from '../nested.js';
import { inputWidthOf } from '../registers.js';
import { secondStageFormat } from '../second-stage.js';
import { ACCESS_READ } from '../walk/batch.js';
import { translate } from '../walk/translate.js';
import type { Entry, Place } from './row.js';
import type { Sink } from './sink.js';
import type { Setting } from './tally.js';
import { placeName, placeSubject, type Target } from './target.js';

interface Draft {
  readonly target: Target;
  uses: number;
  /** Some entry that uses the table has a first stage in front of it. */
  nestingParent: boolean;
}

export interface TargetList {
  context(entry: Entry<ContextEntry>): void;
  /** @param context the context entry whose directory leads to the PASID entry */
  pasid(entry: Entry<PasidEntry>, context: ScalableContextEntry): void;
  /** In the order in which they were met; a table of several devices once. */
  targets(): Target[];
}

export function createTargetList(sink: Sink, setting: Setting): TargetList {
  const { memory } = sink;
  const drafts = new Map<string, Draft>();

  /** A top table at address 0 is not walked: the entry has a finding of its own. */
  function notReached(stage: 'first' | 'second', place: Place): void {
    const why = `the page table of ${placeName(place)} is not reached`;
    sink.blocked([`${stage}-stage`, 'table', 'unit-table'], why);
  }

  function ofFunction(place: Place): Setting {
    return { ...setting, subject: placeSubject(place) };
  }

  function add(key: string, make: () => Target, nestingParent = false): void {
    const known = drafts.get(key);
    if (known === undefined) {
      drafts.set(key, { target: make(), uses: 1, nestingParent });
      return;
    }
    known.uses++;
    if (nestingParent) known.nestingParent = true;
  }

  return {
    context(entry) {
      const translation = contextTranslation(entry.value);
      if (translation.kind !== 'second-stage') return;
      if (translation.second.address === 0) {
        notReached('second', entry.place);
        return;
      }
      const { address, levels } = translation.second;
      const { caps } = entry;
      add(`2 ${address} ${levels}`, () => ({
        memory,
        root: BigInt(address),
        levels,
        stage: 'second',
        settings: caps.settings,
        caps,
        setting: ofFunction(entry.place),
        unit: entry.unit.name,
        ...(entry.unit.recorded === true ? { recorded: true as const } : {}),
        name: placeName(entry.place),
        place: {},
        nestingParent: false,
        nested: false,
        coherent: caps.given.ecap ? caps.ecap.c === 1 : undefined,
        entryAddress: entry.address,
        kernelDomain: true,
      }));
    },
    pasid(entry, context) {
      const { value, caps, place } = entry;
      const translation = pasidTranslation(value);
      const settings = {
        ...caps.settings,
        ssade: value.ssade === 1,
        emte: value.emte === 1,
        eafe: value.eafe === 1,
      };
      const common = {
        settings,
        caps,
        setting: ofFunction(place),
        unit: entry.unit.name,
        ...(entry.unit.recorded === true ? { recorded: true as const } : {}),
        name: placeName(place),
        place: {},
        coherent: caps.given.ecap ? caps.ecap.smpwcs === 1 : undefined,
        walksSnooped: value.pwsnp === 1,
        entryAddress: entry.address,
        // Linux gives domain id 1 to tables that a CPU uses too.
        kernelDomain: value.did > 1,
        supervisor: value.sre === 1,
        ...(place.pasid === context.ridPasid ? { userOnly: context.ridPriv === 0 } : {}),
        ...(place.pasid === undefined ? {} : { pasid: place.pasid }),
      };
      if (translation.kind === 'second-stage' || translation.kind === 'nested') {
        const { address, levels } = translation.second;
        const nestingParent = value.pgtt === PasidTranslationType.nested;
        if (address === 0) notReached('second', place);
        else {
          const make = (): Target => ({
            ...common,
            memory,
            root: BigInt(address),
            levels,
            stage: 'second',
            nestingParent,
            nested: false,
          });
          add(`2 ${address} ${levels}`, make, nestingParent);
        }
      }
      if (translation.kind !== 'first-stage' && translation.kind !== 'nested') return;
      const { address, levels } = translation.first;
      if (address === 0 && translation.kind === 'first-stage') {
        notReached('first', place);
        return;
      }
      const second = translation.kind === 'nested' ? translation.second : undefined;
      const key = second === undefined ? '' : `${second.address} ${second.levels}`;
      add(`1 ${address} ${levels} ${key}`, () => ({
        ...common,
        root: BigInt(address),
        levels,
        stage: 'first',
        nestingParent: false,
        nested: second !== undefined,
        ...(second === undefined ? { memory } : nestedPart(second)),
      }));

      function nestedPart(behind: { address: number; levels: number }) {
        const format = secondStageFormat(settings);
        const stage = { memory, root: behind.address, levels: behind.levels, format };
        return {
          memory: guestMemory(stage),
          addressBits: inputWidthOf(settings, behind.levels),
          isRefused(guestAddress: number) {
            const { result } = translate(stage, BigInt(guestAddress));
            if (result.kind === 'mapped') return (result.effectiveAccess & ACCESS_READ) === 0;
            return result.kind === 'absent';
          },
        };
      }
    },
    targets: () =>
      [...drafts.values()].map(({ target, uses, nestingParent }) =>
        uses === 1 ? target : { ...target, nestingParent, name: `${target.name} and ${uses - 1} more` },
      ),
  };
}
