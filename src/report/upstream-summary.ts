/** `kho info` for what is upstream: riders, the map's form, and the releases that fit. */
import type { Handover } from '../abi/model.js';
import { handoverReleases } from '../decode/upstream/releases.js';
import { escapeText } from '../schema/escape.js';
import { bytesToText } from '../schema/text.js';
import { counted } from '../validate/text.js';

/** Names and texts of lines; none for what a dump does not have. */
export function* upstreamSummary(handover: Handover): Generator<readonly [string, string]> {
  const { preservedMap, luo, memblock, kexecMetadata, khoTest, subtrees } = handover;
  if (subtrees !== undefined) {
    const names = subtrees.map(({ name = '' }) => escapeText(name));
    yield ['subtrees', names.length === 0 ? 'none' : names.join(', ')];
  }
  if (luo !== undefined) {
    const files = (luo.sessions ?? []).reduce((sum, session) => sum + (session.files?.length ?? 0), 0);
    const state =
      luo.sessions === undefined
        ? ''
        : `, ${counted(luo.sessions.length, 'session')} with ${counted(files, 'file')}`;
    yield ['LUO', `${escapeText(luo.compatible)}${state}`];
  }
  if (memblock !== undefined) yield ['memblock', counted(memblock.regions.length, 'region')];
  if (khoTest !== undefined)
    yield ['kho_test', khoTest.nrFolios === undefined ? '? folios' : counted(khoTest.nrFolios, 'folio')];
  if (kexecMetadata?.previousRelease !== undefined) {
    const release = escapeText(bytesToText(kexecMetadata.previousRelease).text);
    yield ['handed over', `by ${release}, kexec ${kexecMetadata.kexecCount}`];
  }
  if (preservedMap !== undefined) {
    const { form, depth, bitmapSize, bitmapReason, ambiguous } = preservedMap;
    const how = ambiguous === true ? 'ambiguous' : bitmapReason;
    yield [
      'map',
      form === 'radix' ? `radix tree, ${depth} levels` : `bitmaps of ${bitmapSize} bytes (${how})`,
    ];
  }
  const releases = handoverReleases(handover);
  if (releases === undefined) return;
  const list = (names: readonly string[]): string =>
    names.length === 0 ? 'no known release' : names.join(', ');
  yield ['written by', list(releases.from.map(({ release }) => release))];
  const takes = releases.to.filter(({ takeover }) => takeover === 'yes').map(({ abi }) => abi.release);
  yield ['taken by', list(takes)];
  const perhaps = releases.to.filter(({ takeover }) => takeover === 'unsure').map(({ abi }) => abi.release);
  if (perhaps.length > 0) yield ['perhaps by', `${list(perhaps)}: nothing tells how the map is written`];
  if (releases.contradiction !== undefined) {
    const [one, other] = releases.contradiction;
    yield ['contradiction', escapeText(`${one.what}, ${other.what}: no release writes both`)];
  }
}
