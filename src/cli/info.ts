/** `kho info`: what a file is and what is in it, in a few lines. */
import type { CommandModule } from 'yargs';
import type { Findings } from '../decode/find.js';
import { summaryLines } from '../report/summary-text.js';
import { hex } from '../schema/units.js';
import { type CommonArguments, commonOptions, joined, loadOptions, paint, write } from './common.js';
import { type LoadedDump, type LoadOptions, withDumps } from './load.js';

interface InfoArguments extends CommonArguments {
  dumps: string[] | undefined;
}

export const infoCommand: CommandModule<object, InfoArguments> = {
  command: 'info <dumps..>',
  describe: 'say what a dump is and what it holds',
  builder: (yargs) =>
    commonOptions(yargs)
      .positional('dumps', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'devicetree blobs, cores (ELF, kdump), raw images, folders',
      })
      .example('kho info kho.dtb', 'kind, generation, sizes, counts')
      .example('kho info memory.elf.gz', 'and where in memory the tree was found'),
  handler: async (args) => {
    const colours = paint(args);
    const options = loadOptions(args);
    const lines: string[] = [];
    for (const path of args.dumps ?? []) {
      await withDumps(path, options, async (dumps, findings) => {
        if (lines.length > 0) lines.push('');
        lines.push(...findingLines(path, dumps, findings));
        dumps.forEach((dump, i) => {
          if (dumps.length > 1) lines.push(`tree ${i + 1} of ${dumps.length}, ${dump.place ?? ''}`.trimEnd());
          lines.push(...summaryLines(dump.handover, dump.found, colours));
          lines.push(
            ...evidenceLines(dump, options).map(
              ([name, text]) => `  ${colours('name', name.padEnd(12))} ${text}`,
            ),
          );
        });
      });
    }
    await write(args, joined(lines));
  },
};

function findingLines(path: string, dumps: readonly LoadedDump[], { truncated, others }: Findings): string[] {
  const lines = [`${path}: ${dumps[0]?.description ?? 'no handover tree'}`];
  for (const { addresses, direction } of others) {
    const which = direction === undefined ? 'another tree' : `the ${direction} tree`;
    lines.push(`  ${which} lies at ${addresses.map(hex).join(' and ')}, not used (--fdt-addr takes it)`);
  }
  for (const { address, totalsize } of truncated) {
    lines.push(`  truncated copy of a tree at ${hex(address)} (claims ${totalsize} bytes), not used`);
  }
  return lines;
}

/** What the dump says beside the tree, and how it was decided. */
function evidenceLines(
  { direction, evidence, handover }: LoadedDump,
  options: LoadOptions,
): [string, string][] {
  const lines: [string, string][] = [];
  if (direction !== undefined) lines.push(['direction', direction]);
  const { release, releases = [], pageSize } = evidence ?? {};
  if (release !== undefined) lines.push(['release', `${release.value}, from ${release.from}`]);
  else if (releases.length > 0) {
    lines.push(['release', `undecided: VMCOREINFO in memory names ${releases.join(' and ')}`]);
  }
  if (options.pageSize !== undefined) lines.push(['page size by', '--page-size']);
  else if (pageSize !== undefined) lines.push(['page size by', pageSize.from]);
  else if (handover.pageSizeReason !== undefined) lines.push(['page size by', handover.pageSizeReason]);
  return lines;
}
