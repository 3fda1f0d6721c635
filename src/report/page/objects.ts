/** The things that memory is kept for: files of sessions, regions, and what else outlives the kexec. */
import type { Handover } from '../../abi/model.js';
import type { LuoFile } from '../../abi/upstream/model.js';

import type { Place } from '../../references/place.js';
import { beforeNul, bytesToText } from '../../schema/text.js';
import { counted, hex, size } from '../../schema/units.js';
import { formById, structuresOf } from '../../structures/index.js';
import type { StructureList } from '../../structures/model.js';
import type { Model } from '../../structures/structure.js';
import { listsOf } from '../../structures/text.js';
import { pciText } from '../../structures/values.js';

/** A file of a session, or another thing that has a name. */
export interface PageObject {
  readonly anchor: string;
  readonly session?: string;
  readonly token?: bigint;
  /** Handler or kind. */
  readonly kind: string;
  readonly what: string;
  /** Address of its record. */
  readonly address?: bigint;
  /** Texts by which it is found. */
  readonly names: readonly string[];
}

/** Files and the like that are shown. */
const MAX_OBJECTS = 1500;

export interface PageObjects {
  readonly list: readonly PageObject[];
  readonly total: number;
  /** The id of the thing at a logical place. */
  anchorOf(place: Place): string | undefined;
}

/** The things of a handover that have names. */
export function objectsOf(handover: Handover): PageObjects {
  const list: PageObject[] = [];
  const anchors = new Map<string, string>();
  let total = 0;
  const add = (key: string, object: Omit<PageObject, 'anchor'>): void => {
    if (++total > MAX_OBJECTS) return;
    const anchor = `object-${list.length}`;
    list.push({ anchor, ...object });
    anchors.set(key, anchor);
  };
  for (const { name, files, count, origin } of handover.luo?.sessions ?? []) {
    const session = bytesToText(name).text;
    add(`session ${session}`, {
      session,
      kind: 'session',
      what: files === undefined ? `${count} files, not in the dump` : counted(files.length, 'file'),
      ...(origin.address === undefined ? {} : { address: origin.address }),
      names: [session],
    });
    for (const file of files ?? []) {
      const { token, compatible, origin: at } = file;
      add(`file ${session} ${token}`, {
        session,
        token,
        kind: bytesToText(compatible).text,
        what: fileText(file),
        ...(at.address === undefined ? {} : { address: at.address }),
        names: [`token ${hex(token)}`, `token ${token}`, ...deviceNames(file)],
      });
    }
  }
  for (const { name, data, count, origin } of handover.luo?.flbs ?? []) {
    const text = bytesToText(name).text;
    add(`flb ${text}`, {
      kind: 'FLB',
      what: `${text}, data ${hex(data)}, ${counted(count, 'file')}`,
      ...(origin.address === undefined ? {} : { address: origin.address }),
      names: [text],
    });
  }
  for (const { name = '', start, size: length } of handover.memblock?.regions ?? []) {
    const range = start === undefined || length === undefined ? '' : `${size(length)} at ${hex(start)}`;
    add(`region ${name}`, { kind: 'reserve_mem', what: `"${name}" ${range}`, names: [name] });
  }
  for (const { name, ino, extents, origin } of handover.guestmemfs?.files ?? []) {
    const text = bytesToText(name).text;
    add(`guestmemfs ${text}`, {
      kind: 'guestmemfs file',
      what: `"${text}", inode ${ino}, ${counted(extents.length, 'extent')}`,
      ...(origin.address === undefined ? {} : { address: origin.address }),
      names: [text, `inode ${ino}`],
    });
  }
  for (const { persistentId, ioases = [] } of handover.iommufds ?? [])
    add(`iommufd ${persistentId}`, {
      kind: 'iommufd',
      what: `persistent_id ${persistentId ?? '?'}, ${counted(ioases.length, 'IOAS', 'IOASes')}`,
      names: [`iommufd ${persistentId}`],
    });
  return { list, total, anchorOf: (place) => anchors.get(keyOf(place)) };
}

function keyOf({ part, session, token, region, file, flb }: Place): string {
  const text = (bytes: Uint8Array): string => bytesToText(beforeNul(bytes)).text;
  if (part === 'luo' && session !== undefined)
    return token === undefined ? `session ${text(session)}` : `file ${text(session)} ${token}`;
  if (part === 'luo' && flb !== undefined) return `flb ${text(flb)}`;
  if (part === 'memblock') return `region ${region ?? ''}`;
  return part === 'guestmemfs' && file !== undefined ? `guestmemfs ${text(file)}` : '';
}

function fileText(file: LuoFile): string {
  for (const { subject, value } of structuresOf(file)) {
    const model = value as Model;
    const words = subject.line?.(model);
    if (words !== undefined) return words.map(({ text }) => text).join(', ');
    if (typeof model.nrFolios === 'bigint') return counted(model.nrFolios, 'folio');
    const root = formById(model.form as string)?.root;
    const { pciFunction } = root ?? {};
    if (pciFunction !== undefined)
      return `device ${pciText(model[pciFunction.segment] as number, model[pciFunction.bdf] as number)}`;
    const [list] = root === undefined ? [] : listsOf(root);
    if (list === undefined) return `${subject.key} record`;
    return counted((model[list.key] as StructureList<Model>).items.length, list.element.what);
  }
  return `data ${hex(file.data)}`;
}

function deviceNames({ vfioPci }: LuoFile): string[] {
  return vfioPci === undefined ? [] : [pciText(vfioPci.segment, vfioPci.bdf)];
}
