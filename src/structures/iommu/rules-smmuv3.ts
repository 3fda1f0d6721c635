/** SMMUv3 units of the IOMMU state and their devices: what their records say, without the tables (upstream 4.5, form D). */

import type { Handover, Location } from '../../abi/model.js';
import { blockSize } from '../../memory/blocks.js';
import { misplacedRecord } from '../../validate/preserved.js';
import { IOMMU } from '../../validate/reads.js';
import type { Reporter, Subject } from '../../validate/rule.js';
import { draft } from '../../validate/structures/generic.js';
import { counted, hex } from '../../validate/text.js';
import { orderAt, wholeMap } from '../../validate/upstream/shared.js';
import { deviceName, deviceSubject, eachView, fieldPlace, type IommuView, unitName } from './rules-view.js';

const SMMU = 'drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3-liveupdate.c (pran005/linux, not in a release)';
const NO_UNIT = 'no unit in use is an SMMUv3';

/** SMMU_STRTAB_BASE_CFG: log2 of the number of streams, bits of a stream that the second level has, and the format. */
const LOG2SIZE = 0x3fn;
const SPLIT_SHIFT = 6n;
const SPLIT = 0x1fn;
const FORMAT_SHIFT = 16n;
const FORMAT = 0x3n;
const DEFINED = 0x3_07ffn;
const LINEAR = 0n;
const TWO_LEVELS = 1n;
const SPLITS: readonly bigint[] = [6n, 8n, 10n];
const MOST_STREAMS = 32n;
/** Bytes of the state of a table. */
const STATE = 8n;

interface Config {
  readonly format: bigint;
  readonly split: bigint;
  readonly log2Size: bigint;
  readonly rest: bigint;
}

function configOf(value: bigint): Config {
  return {
    format: (value >> FORMAT_SHIFT) & FORMAT,
    split: (value >> SPLIT_SHIFT) & SPLIT,
    log2Size: value & LOG2SIZE,
    rest: value & ~DEFINED,
  };
}

function configFault({ format, split, log2Size, rest }: Config): string | undefined {
  if (rest !== 0n) return `has bits that are not defined, ${hex(rest)}`;
  if (format !== LINEAR && format !== TWO_LEVELS) return `has the format ${format}`;
  if (log2Size > MOST_STREAMS) return `has ${log2Size} bits of stream ids`;
  return format === TWO_LEVELS && !SPLITS.includes(split) ? `splits stream ids at bit ${split}` : undefined;
}

export const streamTable = draft({
  id: 'IOMMU-034',
  title: 'SMMUv3: strtab_base_cfg is a value that SMMU_STRTAB_BASE_CFG has',
  severity: 'warning',
  source: 'upstream 4.5 (D, headers)',
  evidence: `${SMMU} arm_smmu_preserve; SMMUv3 6.3.25`,
  consequence:
    'the next kernel reads the register, not the record: the record was damaged, and what else it says may be too',
  reads: IOMMU,
  requires: ['IOMMU-014'],
  check(context, report) {
    const views = eachView(context, report);
    if (views.length > 0 && views.every(({ units }) => units.every(({ smmuv3 }) => smmuv3 === undefined)))
      report.skip(NO_UNIT);
    for (const view of views) {
      for (const unit of view.units) {
        if (unit.smmuv3 === undefined) continue;
        const { strtabBaseCfg } = unit.smmuv3;
        const why = configFault(configOf(strtabBaseCfg));
        if (why === undefined) continue;
        report.finding({
          subject: view.subject,
          message: `strtab_base_cfg of ${unitName(unit)} is ${hex(strtabBaseCfg)}, which ${why}`,
          location: fieldPlace(view, 'units', unit, 'smmuv3.strtabBaseCfg'),
          found: hex(strtabBaseCfg),
        });
      }
    }
  },
});

/** A list of states of second-level tables, as a record has it. */
interface States {
  readonly what: string;
  readonly subject: Subject;
  /** Physical address; 0 for none. */
  readonly address: bigint;
  /** States in it; undefined where the record does not count them. */
  readonly count?: number;
  /** Why it has to be there, or cannot be. */
  readonly wanted?: string;
  readonly unwanted?: string;
  readonly location: Location;
}

function* statesOf(view: IommuView): Generator<States> {
  for (const unit of view.units) {
    if (unit.smmuv3 === undefined) continue;
    const { strtabBaseCfg, l2States } = unit.smmuv3;
    const { format } = configOf(strtabBaseCfg);
    const devices = view.byUnit.get(unit.address) ?? [];
    yield {
      what: `the states of second-level stream tables of ${unitName(unit)}`,
      subject: view.subject,
      address: l2States,
      location: fieldPlace(view, 'units', unit, 'smmuv3.l2States'),
      ...(format === TWO_LEVELS && devices.length > 0
        ? { wanted: `its stream table has two levels, and ${counted(devices.length, 'device')} in use` }
        : {}),
      ...(format === LINEAR ? { unwanted: 'its stream table is linear' } : {}),
    };
  }
  for (const device of view.devices) {
    if (device.smmuv3 === undefined) continue;
    const { numL2, l2States } = device.smmuv3;
    yield {
      what: `the states of second-level tables of context descriptors of ${deviceName(device)}`,
      subject: deviceSubject(device),
      address: l2States,
      count: numL2,
      location: fieldPlace(view, 'devices', device, 'smmuv3.l2States'),
      ...(numL2 > 0 ? { wanted: `num_l2 is ${numL2}` } : { unwanted: 'num_l2 is 0' }),
    };
  }
}

function fault(handover: Handover, report: Reporter, states: States): string | undefined {
  const { address, wanted, unwanted, count } = states;
  if (address === 0n) return wanted === undefined ? undefined : `are at 0, but ${wanted}`;
  if (unwanted !== undefined) return `are at ${hex(address)}, but ${unwanted}`;
  const why = misplacedRecord(handover, address);
  if (why !== undefined) return `at ${hex(address)}: that ${why}`;
  const map = wholeMap({ handover } as Parameters<typeof wholeMap>[0], report);
  if (map === undefined || count === undefined) return undefined;
  const order = orderAt(map, Number(address / BigInt(map.pageSize)));
  const room = blockSize(Math.max(0, order), map.pageSize);
  return BigInt(count) * STATE > room
    ? `are ${count}, but their block has room for ${room / STATE}`
    : undefined;
}

export const secondLevels = draft({
  id: 'IOMMU-035',
  title: 'SMMUv3: the states of second-level tables are there where there are such tables, and are preserved',
  severity: 'error',
  source: 'upstream 4.5 (D, headers)',
  evidence: `${SMMU} arm_smmu_liveupdate_restore_strtab_2lvl, arm_smmu_liveupdate_restore_cd_tables, arm_smmu_preserve_strtab_linear`,
  consequence:
    'not checked: the next kernel takes whatever the bytes are for states, and restores tables from them; at 0 it reads physical address 0. States where there is no such table are never freed',
  reads: [...IOMMU, 'map'],
  requires: ['IOMMU-014', 'IOMMU-021', 'IOMMU-034'],
  check(context, report) {
    const views = eachView(context, report);
    if (views.length > 0 && views.every(({ units }) => units.every(({ smmuv3 }) => smmuv3 === undefined)))
      report.skip(NO_UNIT);
    for (const view of views) {
      for (const states of statesOf(view)) {
        const why = fault(context.handover, report, states);
        if (why === undefined) continue;
        report.finding({
          subject: states.subject,
          message: `${states.what} ${why}`,
          location: states.location,
          found: hex(states.address),
        });
      }
    }
  },
});
