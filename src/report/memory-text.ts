/** The contents of memory that belong to the tree, for people: scratch, mem cache, guestmemfs files. */
import type { GuestmemfsFile, Handover } from '../abi/model.js';
import { escapeText } from '../schema/escape.js';
import { bytesToText } from '../schema/text.js';
import { hex } from '../schema/units.js';
import { cut, khoMemLines, rangeText } from './mem-text.js';
import { type Paint, plain } from './paint.js';
import { upstreamLines } from './upstream-text.js';

/** Sections after the tree; nothing when no memory was given. */
export function* memoryLines(handover: Handover, paint: Paint = plain): Generator<string> {
  const { setupData, scratch, memCache, guestmemfs } = handover;
  if (setupData !== undefined) {
    yield '';
    yield `${paint('node', 'setup_data')}  type 10 at ${paint('address', hex(setupData.element))}, boot_params at ${paint('address', hex(setupData.bootParams))}`;
    yield `  dt ${paint('address', hex(setupData.fdtAddress))}`;
    const data = setupData.rfc2024;
    if (data !== undefined)
      yield `  mem_cache ${paint('address', hex(data.memCacheAddr))}  ${data.memCacheSize} bytes`;
    for (const { start, end } of scratch ?? []) yield `  scratch ${rangeText(start, end, paint)}`;
  }
  if (memCache !== undefined) {
    yield '';
    yield `${paint('node', 'mem cache')}  ${paint('faint', `${memCache.length} entries, what the next kernel reserves`)}`;
    for (const line of khoMemLines(memCache, paint)) yield `  ${line}`;
  }
  if (guestmemfs?.files !== undefined) {
    yield '';
    yield `${paint('node', 'guestmemfs files')}  ${paint('faint', `${guestmemfs.files.length} in the inode table`)}`;
    for (const file of guestmemfs.files) yield* fileLines(file, paint);
  }
  yield* upstreamLines(handover, paint);
}

function* fileLines(file: GuestmemfsFile, paint: Paint): Generator<string> {
  const name = escapeText(bytesToText(file.name).text);
  const pins = file.longTermPins === 0 ? '' : `  long_term_pins ${file.longTermPins}`;
  yield `  ${paint('text', JSON.stringify(name))}  inode ${file.ino}  num_mappings ${file.numMappings}${pins}`;
  for (const line of cut(
    file.extents.map(({ start, end }) => rangeText(start, end, paint)),
    paint,
  ))
    yield `    ${line}`;
}
