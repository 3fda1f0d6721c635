/** What the domains of a handover map, as tables of merged runs. */
import type { Domain, Handover } from '../../abi/model.js';
import type { PhysicalMemory } from '../../memory/physical.js';
import { hex, pciAddress } from '../../schema/units.js';
import { rootOf } from '../../validate/run.js';
import { secondStageFormat } from '../../vtd/second-stage.js';
import { accessText } from '../../vtd/text/csv.js';
import { sizeText } from '../../vtd/text/table.js';
import { mergeRuns } from '../../vtd/walk/runs.js';
import { walkTable } from '../../vtd/walk/walk.js';
import { html } from './markup.js';

/** Runs shown of one domain. */
const MAX_RUNS = 100;

export function* pageTables({ domains = [], memory }: Handover): Generator<string> {
  for (const domain of domains) yield* domainTable(domain, memory);
}

function* domainTable(domain: Domain, memory: PhysicalMemory | undefined): Generator<string> {
  const { persistentId, nodeName = '', devices = [] } = domain;
  const names = devices.map(({ bus, devfn }) =>
    bus === undefined || devfn === undefined ? '?' : pciAddress(bus, devfn),
  );
  yield `<h3>Domain ${html(persistentId?.toString() ?? nodeName)} <span class="faint">${html(names.join(', '))}</span></h3>\n`;
  const root = rootOf(domain);
  if (root === undefined || memory === undefined) {
    yield `<p class="faint">${memory === undefined ? 'No memory is given for the blob.' : 'pgd and agaw do not allow a walk.'}</p>\n`;
    return;
  }
  const walk = walkTable({ memory, root: root.pgd, levels: root.levels, format: secondStageFormat() });
  yield '<table>\n<tr><th>IOVA</th><th>physical</th><th>size</th><th>access</th></tr>\n';
  let shown = 0;
  for (const { iova, target, pages, access } of mergeRuns(walk.batches, secondStageFormat())) {
    if (shown++ >= MAX_RUNS) continue;
    yield `<tr><td class="mono">${frame(iova)}-${frame(iova + pages)}</td><td class="mono">${frame(target)}</td><td>${sizeText(pages)}</td><td>${html(accessText(access))}</td></tr>\n`;
  }
  yield '</table>\n';
  const { leaves, tables, anomalies } = walk.report();
  const more = shown > MAX_RUNS ? `, and ${(shown - MAX_RUNS).toLocaleString('en')} more runs` : '';
  const odd = anomalies.length === 0 ? '' : `; ${anomalies.length} kinds of anomaly (see the findings)`;
  yield `<p class="faint">${root.levels} levels at ${hex(root.pgd)}, ${tables.toLocaleString('en')} table pages, ${leaves.toLocaleString('en')} leaves${more}${odd}</p>\n`;
}

/** A page frame number of 4 KiB pages as an address. */
function frame(pfn: number): string {
  return pfn === 0 ? '0x0' : `0x${pfn.toString(16)}000`;
}
