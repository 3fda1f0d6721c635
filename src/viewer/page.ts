/** The body of the page of a dump that was dropped. */
import { containerOptions, type LoadedDump } from '../cli/load.js';
import { type PageMeta, reportBody } from '../report/page/page.js';
import { catalogue } from '../validate/catalogue.js';
import { validate } from '../validate/run.js';
import { vtdRules } from '../vtd/rules/index.js';
import type { vtdOf } from './settings.js';

/** Validates the dump and writes its page, without head and script. */
export function dumpBody(dump: LoadedDump, meta: PageMeta, asked: ReturnType<typeof vtdOf>): string {
  const { description, handover, found } = dump;
  const { units } = asked.vtd;
  const known = handover.kind === 'handover' && handover.generation !== undefined;
  // Memory without a tree has page tables nevertheless, where a unit names them.
  const rules = known ? catalogue : units.length > 0 && handover.tree === undefined ? vtdRules : undefined;
  const input = {
    meta,
    description,
    handover,
    catalogue,
    units,
    ...(found === undefined ? {} : { found }),
    ...(rules === undefined
      ? {}
      : { result: validate(handover, rules, { ...asked, ...containerOptions(dump) }) }),
  };
  return [...reportBody(input)].join('');
}
