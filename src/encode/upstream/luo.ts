/** LUO's sessions, files and FLBs into memory (upstream 3.5), and the folio list of kho_test (3.7). */
import { KHO_TEST_FOLIO_SIZE, writeKhoTestFolio } from '../../records/kho_test.js';
import type { RecordType } from '../../schema/record.js';
import { hex } from '../../schema/units.js';
import { LUO_FORMS, type LuoForm, type LuoHead, luoForm } from '../../structures/luo/binding.js';
import { jsonObject } from '../from-json.js';
import { reportUnnamed } from '../structures/held.js';
import { writeKept } from '../structures/write.js';
import { type Json, jsonObjects, jsonText, jsonWide, optionalWide } from './json.js';
import { writeArea } from './lists.js';
import type { Place } from './place.js';

/**
 * Writes what `luo` of a document holds.
 *
 * @param document the whole of it: some structures that FLBs hold are at its top
 * @returns `luo` with the addresses at which its lists are
 */
export function writeLuo(at: Place, luo: Json, document: Json): Json {
  const place: Place = { ...at, top: { document, written: new Set() } };
  const form = formOf(luo);
  const sessions = writeKept(place, form.sessions, luo, 'luo');
  const flbs = writeKept(place, form.flbs, luo, 'luo');
  if (luo.flbs !== undefined) reportUnnamed(place, 'luo.flbs');
  const result = {
    ...luo,
    ...(sessions === undefined ? {} : { sessionsAddress: hex(sessions) }),
    ...(flbs === undefined ? {} : { flbsAddress: hex(flbs) }),
  };
  if (form.tree === undefined || form.head === undefined) return result;
  const address = optionalWide(luo.abiHeader, 'luo.abiHeader') ?? place.keep(0);
  place.put(address, luoRecord(result, form.head), 'luo.abiHeader');
  return { ...result, abiHeader: hex(address) };
}

/** The bytes of LUO's central record. */
export function luoRecord(luo: Json, { size = 0, write, fields }: RecordType<LuoHead>): Uint8Array {
  const bytes = new Uint8Array(size);
  const wide = (key: string): bigint => optionalWide(luo[key], `luo.${key}`) ?? 0n;
  const room = (fields.find(({ id }) => id === 'compatible')?.bitWidth ?? 0) / 8;
  write?.(new DataView(bytes.buffer), 0, {
    ...(room === 0 ? {} : { compatible: jsonText(luo, 'compatible', room, 'luo') }),
    liveupdateNum: wide('liveupdateNumber'),
    sessionsPa: wide('sessionsAddress'),
    flbsPa: wide('flbsAddress'),
  });
  return bytes;
}

/** Of a string that is not known, the lists are as the oldest version keeps them. */
function formOf({ compatible }: Json): LuoForm {
  const form = luoForm(typeof compatible === 'string' ? compatible : undefined) ?? LUO_FORMS.at(-1);
  if (form === undefined) throw new TypeError('LUO has no version');
  return form;
}

/**
 * Writes the folio list of kho_test; the folios themselves are not in a document.
 *
 * @returns `khoTest` with the descriptor of the list
 */
export function writeKhoTest(place: Place, khoTest: Json): Json {
  if (khoTest.folios === undefined || khoTest.foliosInline !== undefined) return khoTest;
  const folios = jsonObjects(khoTest.folios, 'khoTest.folios');
  const bytes = new Uint8Array(folios.length * KHO_TEST_FOLIO_SIZE);
  const view = new DataView(bytes.buffer);
  for (const [i, folio] of folios.entries()) {
    const path = `khoTest.folios[${i}]`;
    const value = jsonWide(folio.address, `${path}.address`) | jsonWide(folio.order, `${path}.order`);
    writeKhoTestFolio(view, i * KHO_TEST_FOLIO_SIZE, { value });
  }
  const list = khoTest.list === undefined ? undefined : jsonObject(khoTest.list, 'khoTest.list');
  const { first, ...rest } = writeArea(place, bytes, list, 'khoTest.list');
  return {
    ...khoTest,
    nrFolios: khoTest.nrFolios ?? folios.length,
    foliosInfo: { first: hex(first), ...rest },
  };
}
