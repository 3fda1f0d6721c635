/** Trace buffers of the 2024 series: CPUs by id, with how much memory each has. */
import type { Ftrace, FtraceCpu } from '../../abi/model.js';
import type { KhoMem } from '../../records/kho.js';
import type { Place } from '../../references/place.js';
import { type Entity, field, presence, strictField, summaryField } from '../entity.js';
import { keyOf } from './iommufd.js';

const PLACE: Place = { part: 'ftrace' };

/** The trace buffers: what a buffer holds is not a property of the handover, how large it is is one. */
export function ftraceEntity({ events, globalTrace }: Ftrace): Entity {
  const cpus = globalTrace?.cpus ?? [];
  return {
    place: PLACE,
    key: 'ftrace',
    fields: [
      field('events', events?.bytes),
      presence('global-trace', globalTrace),
      field('trace-flags', globalTrace?.traceFlags, 'hex'),
      summaryField('cpus', cpus.length),
    ],
    lists: [{ name: 'cpus', place: PLACE, entities: cpus.map(cpuEntity) }],
  };
}

function cpuEntity({ id, nodeName, cpu, mem }: FtraceCpu): Entity {
  return {
    place: { ...PLACE, ...(id === undefined ? { nodeName: nodeName ?? '' } : { cpu: id }) },
    key: keyOf(id, nodeName),
    fields: [
      field('cpu', cpu, 'id'),
      field('size', mem === undefined ? undefined : totalLength(mem), 'size'),
      strictField('mem records', mem?.bytes),
    ],
  };
}

function totalLength(records: Iterable<KhoMem>): bigint {
  let total = 0n;
  for (const { len } of records) total += len;
  return total;
}
