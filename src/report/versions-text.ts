/** `kho explain abi`: which release writes and reads which ABI. */
import { SUBJECTS } from '../structures/index.js';
import { DRAFTS_SEEN } from '../versions/drafts.js';
import { ABI_VERSIONS, RELEASES } from '../versions/table.js';
import { columns } from './columns.js';
import { type Paint, plain } from './paint.js';

/** The tables of releases and of ABI strings, newest first. */
export function* abiLines(paint: Paint = plain): Generator<string> {
  const rows = RELEASES.map(
    ({ release, kho, map, luo, luoFlb, files, memblock, kexecMetadata, khoTest, evidence }) => [
      release,
      kho,
      map,
      luo === undefined ? '-' : `${luo}${luoFlb === true ? '+flb' : ''}`,
      files.join(',') || '-',
      memblock,
      kexecMetadata === undefined ? '-' : `${kexecMetadata}`,
      khoTest ?? '-',
      evidence,
    ],
  );
  const head = [
    'release',
    'root',
    'map',
    'LUO',
    'files',
    'memblock',
    'kexec-metadata',
    'kho_test',
    'evidence',
  ];
  const table = columns([head, ...rows]);
  yield paint('name', table[0] ?? '');
  yield* table.slice(1);
  yield '';
  yield paint(
    'faint',
    'A kernel takes over only a handover with exactly its own strings; no release reads a range of versions.',
  );
  yield '';
  for (const { abi, since, commit, date, change } of ABI_VERSIONS) {
    const from = [since ?? 'no release', commit, date].filter((text) => text !== undefined).join(', ');
    yield `${paint('name', abi)} ${paint('faint', `(${from})`)} ${change}`;
  }
  yield '';
  yield* draftLines(paint);
}

/** What holds a structure: a LUO file by its handler, an FLB, a child of the root. */
const HOLDERS = { file: 'file', flb: 'FLB', child: 'child' } as const;

/** The forms of drafts: no release reads any of them, so that `--to` of every release refuses them. */
function* draftLines(paint: Paint): Generator<string> {
  yield paint(
    'faint',
    'Drafts, in no release: a kernel without the handler loses every file of every session.',
  );
  yield '';
  const seen = new Map(DRAFTS_SEEN.map((each) => [each.form, each]));
  const rows = SUBJECTS.flatMap(({ holder, forms }) =>
    forms.flatMap(({ id, names, title }) => {
      const where = seen.get(id);
      return where === undefined
        ? []
        : [[names.join(', '), HOLDERS[holder], title, where.with ?? '-', where.seen]];
    }),
  );
  const table = columns([['name', 'held by', 'form', 'with', 'seen'], ...rows]);
  yield paint('name', table[0] ?? '');
  yield* table.slice(1);
}
