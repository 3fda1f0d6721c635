/** Walks or validates a guest in a process of its own, so that its peak memory can be told. Prints one JSON object. */
import { findTrees } from '../../src/decode/find.js';
import { decodeHandover } from '../../src/decode/handover.js';
import { catalogue } from '../../src/validate/catalogue.js';
import { validate } from '../../src/validate/run.js';
import { secondStageFormat } from '../../src/vtd/second-stage.js';
import { mergeBatches } from '../../src/vtd/walk/runs.js';
import { walkTable } from '../../src/vtd/walk/walk.js';
import { openGuest } from './guest.js';

const [what = '', table = '{}', rounds = '1'] = process.argv.slice(2);
const guest = openGuest(JSON.parse(table));
const { memory } = guest;
const [tree] = findTrees(memory).trees;
if (tree === undefined) throw new Error('no tree');
const [address] = tree.addresses;
const handover = decodeHandover(tree.bytes, { memory, ...(address === undefined ? {} : { address }) });
const root = handover.domains?.[0]?.pgd ?? 0n;
let best = Number.POSITIVE_INFINITY;
let result: { [key: string]: unknown } = {};
for (let round = 0; round < Number(rounds); round++) {
  const start = performance.now();
  if (what === 'walk') {
    const format = secondStageFormat();
    const walk = walkTable({ memory, root, levels: 4, format });
    let runs = 0;
    for (const batch of mergeBatches(walk.batches, format)) runs += batch.length;
    result = { runs, leaves: walk.report().leaves };
  } else {
    const { findings, passed, failed, skipped } = validate(handover, catalogue);
    const rules = [
      ...new Set(findings.filter(({ severity }) => severity !== 'note').map(({ rule }) => rule)),
    ];
    result = { passed: passed.length, failed: failed.length, skipped: skipped.length, rules };
  }
  best = Math.min(best, performance.now() - start);
}
guest.close();
const peakMiB = process.resourceUsage().maxRSS / 1024;
process.stdout.write(`${JSON.stringify({ ms: best, peakMiB, ...result })}\n`);
