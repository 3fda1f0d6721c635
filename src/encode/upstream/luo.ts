/** LUO's sessions, files and FLBs into memory (upstream 3.5), and the folio list of kho_test (3.7). */
import { KHO_TEST_FOLIO_SIZE, writeKhoTestFolio } from '../../records/kho_test.js';
import {
  LUO_FILE_SER,
  LUO_FLB_SER,
  LUO_SESSION_SER,
  type LuoFileSer,
  type LuoSessionSer,
} from '../../records/luo.js';
import { bytesToText } from '../../schema/text.js';
import { hex } from '../../schema/units.js';
import { LUO_FORMS, type LuoForm, luoForm } from '../../structures/luo/binding.js';
import { chainOf } from '../../structures/record-list.js';
import { jsonObject } from '../from-json.js';
import { fileData, flbData, reportUnnamed } from '../structures/held.js';
import { type Json, jsonObjects, jsonText, jsonWide, optionalWide } from './json.js';
import { recordBytes, writeArea, writeList } from './lists.js';
import type { Place } from './place.js';

/**
 * Writes what `luo` of a document holds.
 *
 * @param document the whole of it: some structures that FLBs hold are at its top
 * @returns `luo` with the addresses at which its lists are
 */
export function writeLuo(place: Place, luo: Json, document: Json): Json {
  const form = formOf(luo);
  const sessions = writeSessions(place, luo, form);
  const flbs = writeFlbs(place, luo, document, form);
  const result = {
    ...luo,
    ...(sessions === undefined ? {} : { sessionsAddress: hex(sessions) }),
    ...(flbs === undefined ? {} : { flbsAddress: hex(flbs) }),
  };
  if (form.tree === undefined || form.head === undefined) return result;
  const address = optionalWide(luo.abiHeader, 'luo.abiHeader') ?? place.keep(0);
  const head = {
    liveupdateNum: optionalWide(luo.liveupdateNumber, 'luo.liveupdateNumber') ?? 0n,
    sessionsPa: sessions ?? 0n,
    flbsPa: flbs ?? 0n,
  };
  place.put(address, recordBytes(form.head, [head]), 'luo.abiHeader');
  return { ...result, abiHeader: hex(address) };
}

/** Of a string that is not known, the lists are as the oldest version keeps them. */
function formOf({ compatible }: Json): LuoForm {
  const form = luoForm(typeof compatible === 'string' ? compatible : undefined) ?? LUO_FORMS.at(-1);
  if (form === undefined) throw new TypeError('LUO has no version');
  return form;
}

function writeSessions(place: Place, luo: Json, form: LuoForm): bigint | undefined {
  const given = optionalWide(luo.sessionsAddress, 'luo.sessionsAddress');
  if (luo.sessions === undefined) return given;
  const records = jsonObjects(luo.sessions, 'luo.sessions').map((session, i): LuoSessionSer => {
    const path = `luo.sessions[${i}]`;
    const files = writeFiles(place, form, session, path);
    const listed = session.files === undefined ? 0 : jsonObjects(session.files, `${path}.files`).length;
    const count = optionalWide(session.count, `${path}.count`) ?? BigInt(listed);
    return {
      name: jsonText(session, 'name', LUO_SESSION_SER.fileSetSer, path),
      fileSetSer: { files, count },
    };
  });
  if (given === 0n && records.length === 0) return 0n;
  return writeList(place, form.sessions, records, {
    given,
    pages: luo.sessionBlocks,
    pagesPath: 'luo.sessionBlocks',
    header: { count: optionalWide(luo.sessionCount, 'luo.sessionCount') ?? BigInt(records.length) },
    path: 'luo.sessions',
  });
}

/** The files of a session; returns their list's address, 0 for none. */
function writeFiles(place: Place, form: LuoForm, session: Json, path: string): bigint {
  const given = optionalWide(session.filesAddress, `${path}.filesAddress`);
  if (session.files === undefined) return given ?? 0n;
  const records = jsonObjects(session.files, `${path}.files`).map((file, i): LuoFileSer => {
    const filePath = `${path}.files[${i}]`;
    const compatible = jsonText(file, 'compatible', LUO_FILE_SER.data, filePath);
    return {
      compatible,
      data: fileData(place, file, filePath),
      token: jsonWide(file.token, `${filePath}.token`),
    };
  });
  if (records.length === 0 && chainOf(form.files) === undefined) return given ?? 0n;
  return writeList(place, form.files, records, {
    given,
    pages: session.fileBlocks,
    pagesPath: `${path}.fileBlocks`,
    path: `${path}.files`,
  });
}

function writeFlbs(place: Place, luo: Json, document: Json, form: LuoForm): bigint | undefined {
  const given = optionalWide(luo.flbsAddress, 'luo.flbsAddress');
  if (luo.flbs === undefined) return given;
  const written = new Set<string>();
  const flbs = jsonObjects(luo.flbs, 'luo.flbs').map((flb, i) => {
    const path = `luo.flbs[${i}]`;
    const name = jsonText(flb, 'name', LUO_FLB_SER.data, path);
    return {
      name,
      data: flbData(place, document, flb, bytesToText(name).text, path, written),
      count: jsonWide(flb.count, `${path}.count`),
    };
  });
  reportUnnamed(place, document, written, 'luo.flbs');
  return writeList(place, form.flbs, flbs, {
    given,
    header: {
      pgcnt: optionalWide(luo.flbPages, 'luo.flbPages') ?? 1n,
      count: optionalWide(luo.flbCount, 'luo.flbCount') ?? BigInt(flbs.length),
    },
    path: 'luo.flbs',
  });
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
