/** Random corruptions of single fields of real dumps, and which of them a validation sees. */

import { createRandom } from '../src/synth/random.js';
import { corrupted } from './corrupt.js';
import type { StudyDump } from './dumps.js';
import type { FieldClass, Site } from './fields.js';
import { sitesOf } from './sites.js';

/** What became of the corruptions of one field. */
export interface FieldResult {
  readonly name: string;
  readonly kind: FieldClass;
  tried: number;
  seen: number;
  /** Rules that saw one, by how many. */
  readonly rules: Map<string, number>;
  /** The first few that no rule saw. */
  readonly missed: string[];
}

const MISSED_SHOWN = 3;

/** @param each corruptions of each field of each dump */
export function runStudy(dumps: readonly StudyDump[], each: number, seed: number): FieldResult[] {
  const random = createRandom(BigInt(seed));
  const results = new Map<string, FieldResult>();
  for (const dump of dumps) {
    const fields = new Map<string, Site[]>();
    for (const site of sitesOf(dump.handover, dump.memory, dump.units)) {
      const own = fields.get(site.name);
      if (own === undefined) fields.set(site.name, [site]);
      else own.push(site);
    }
    for (const [name, sites] of fields) {
      const [first] = sites;
      if (first === undefined) continue;
      const result = results.get(name) ?? {
        name,
        kind: first.kind,
        tried: 0,
        seen: 0,
        rules: new Map<string, number>(),
        missed: [],
      };
      results.set(name, result);
      for (let i = 0; i < each; i++) {
        const site = sites[random.below(sites.length)] ?? first;
        const patch = corrupted(site, dump.memory, random);
        if (patch === undefined) continue;
        result.tried++;
        const rule = dump.judge(patch);
        if (rule === undefined) {
          if (result.missed.length < MISSED_SHOWN) {
            result.missed.push(
              `${dump.name} 0x${patch.address.toString(16)}: ${Buffer.from(patch.bytes.subarray(0, 16)).toString('hex')}`,
            );
          }
          continue;
        }
        result.seen++;
        result.rules.set(rule, (result.rules.get(rule) ?? 0) + 1);
      }
    }
  }
  return [...results.values()].filter(({ tried }) => tried > 0);
}
