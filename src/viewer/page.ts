/** The body of the page of a dump that was dropped. */
import { containerOptions, type LoadedDump } from '../cli/load.js';
import { type PageMeta, reportBody } from '../report/page/page.js';
import { catalogue } from '../validate/catalogue.js';
import { validate } from '../validate/run.js';

/** Validates the dump and writes its page, without head and script. */
export function dumpBody(dump: LoadedDump, meta: PageMeta): string {
  const { description, handover, found } = dump;
  const known = handover.kind === 'handover' && handover.generation !== undefined;
  const result = known ? { result: validate(handover, catalogue, containerOptions(dump)) } : {};
  const input = {
    meta,
    description,
    handover,
    catalogue,
    ...result,
    ...(found === undefined ? {} : { found }),
  };
  return [...reportBody(input)].join('');
}
