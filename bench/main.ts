/**
 * Speed and memory, as ratios: `npm run bench` runs all sections, `npm run bench -- NAME...` some. `--check` holds whole
 * processes against BENCHMARKS.md instead of writing it, and fails where one has become slower.
 */

/** What a section prints goes through `print`, one line a call. */
export type Section = (print: (line: string) => void) => void | Promise<void>;

/** Sections by name, in the order in which they run. Each module is loaded only when it runs. */
const SECTIONS: ReadonlyMap<string, () => Promise<Section>> = new Map([
  ['fdt', async () => (await import('./fdt/section.js')).fdtSection],
  ['memory', async () => (await import('./memory/memory.js')).run],
  ['vtd', async () => (await import('./vtd/walk.js')).run],
  ['validate', async () => (await import('./validate/section.js')).validateSection],
  [
    'process',
    async () => {
      const { processSection } = await import('./process/section.js');
      return (print) => processSection(print, check);
    },
  ],
]);

const words = process.argv.slice(2);
const check = words.includes('--check');
const wanted = words.filter((word) => word !== '--check');
const unknown = wanted.filter((name) => !SECTIONS.has(name));
if (unknown.length > 0) {
  process.stderr.write(`no section ${unknown.join(', ')}; there are ${[...SECTIONS.keys()].join(', ')}\n`);
  process.exitCode = 2;
} else {
  for (const [name, load] of SECTIONS) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    process.stdout.write(`\n# ${name}\n`);
    const section = await load();
    await section((line) => process.stdout.write(`${line}\n`));
  }
}
