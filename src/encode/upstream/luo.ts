/** LUO's sessions, files and FLBs into memory (upstream 3.5), and the folio list of kho_test (3.7). */
import { KHO_TEST_FOLIO_SIZE, writeKhoTestFolio } from '../../records/kho_test.js';
import {
  LUO_FILE_SER,
  LUO_FLB_HEADER_SER_SIZE,
  LUO_FLB_SER,
  LUO_SER_V2_SIZE,
  LUO_SESSION_HEADER_SER_SIZE,
  LUO_SESSION_SER,
  type LuoFileSer,
  type LuoSessionSer,
  luoFileSer,
  luoFlbSer,
  luoSessionSer,
  luoSessionSerV1,
  writeLuoFlbHeaderSer,
  writeLuoSerV2,
  writeLuoSessionHeaderSer,
} from '../../records/luo.js';
import { ownVersion } from '../../schema/composite.js';
import { bytesToText } from '../../schema/text.js';
import { hex } from '../../schema/units.js';
import { jsonObject } from '../from-json.js';
import { fileData, flbData, reportUnnamed } from '../structures/held.js';
import { type Json, jsonObjects, jsonText, jsonWide, optionalWide } from './json.js';
import { recordBytes, writeArea, writeBlocks } from './lists.js';
import type { Place } from './place.js';

/** Orders of what the kernel allocates: 16 pages of sessions, 2 pages of files. */
const SESSION_ORDER = 4;
const FILE_ORDER = 1;

/**
 * Writes what `luo` of a document holds.
 *
 * @param document the whole of it: some structures that FLBs hold are at its top
 * @returns `luo` with the addresses at which its lists are
 */
export function writeLuo(place: Place, luo: Json, document: Json): Json {
  const version = versionOf(luo);
  const sessions = writeSessions(place, luo);
  const flbs = writeFlbs(place, luo, document);
  const result = {
    ...luo,
    ...(sessions === undefined ? {} : { sessionsAddress: hex(sessions) }),
    ...(flbs === undefined ? {} : { flbsAddress: hex(flbs) }),
  };
  if (version !== 'luo-v2') return result;
  const address = optionalWide(luo.abiHeader, 'luo.abiHeader') ?? place.keep(0);
  const bytes = new Uint8Array(LUO_SER_V2_SIZE);
  writeLuoSerV2(new DataView(bytes.buffer), 0, {
    liveupdateNum: optionalWide(luo.liveupdateNumber, 'luo.liveupdateNumber') ?? 0n,
    sessionsPa: sessions ?? 0n,
    flbsPa: flbs ?? 0n,
  });
  place.put(address, bytes, 'luo.abiHeader');
  return { ...result, abiHeader: hex(address) };
}

function versionOf({ compatible }: Json): string | undefined {
  return typeof compatible === 'string' ? ownVersion(compatible) : undefined;
}

function writeSessions(place: Place, luo: Json): bigint | undefined {
  const given = optionalWide(luo.sessionsAddress, 'luo.sessionsAddress');
  if (luo.sessions === undefined) return given;
  const records = jsonObjects(luo.sessions, 'luo.sessions').map((session, i): LuoSessionSer => {
    const path = `luo.sessions[${i}]`;
    const files = writeFiles(place, luo, session, path);
    const listed = session.files === undefined ? 0 : jsonObjects(session.files, `${path}.files`).length;
    const count = optionalWide(session.count, `${path}.count`) ?? BigInt(listed);
    return {
      name: jsonText(session, 'name', LUO_SESSION_SER.fileSetSer, path),
      fileSetSer: { files, count },
    };
  });
  const version = versionOf(luo);
  if (version === 'luo-v4' || version === 'luo-v5') {
    return writeBlocks(place, luoSessionSer, records, given, luo.sessionBlocks, 'luo.sessionBlocks');
  }
  if (given === 0n && records.length === 0) return 0n;
  const address = given ?? place.keep(SESSION_ORDER);
  const bytes = recordBytes(luoSessionSerV1, records, LUO_SESSION_HEADER_SER_SIZE);
  const count = optionalWide(luo.sessionCount, 'luo.sessionCount') ?? BigInt(records.length);
  writeLuoSessionHeaderSer(new DataView(bytes.buffer), 0, { count });
  place.put(address, bytes, 'luo.sessions');
  return address;
}

/** The files of a session; returns their list's address, 0 for none. */
function writeFiles(place: Place, luo: Json, session: Json, path: string): bigint {
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
  if (versionOf(luo) === 'luo-v5') {
    return writeBlocks(place, luoFileSer, records, given, session.fileBlocks, `${path}.fileBlocks`);
  }
  if (records.length === 0) return given ?? 0n;
  const address = given ?? place.keep(FILE_ORDER);
  place.put(address, recordBytes(luoFileSer, records), `${path}.files`);
  return address;
}

function writeFlbs(place: Place, luo: Json, document: Json): bigint | undefined {
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
  reportUnnamed(place, document, written);
  const address = given ?? place.keep(0);
  const bytes = recordBytes(luoFlbSer, flbs, LUO_FLB_HEADER_SER_SIZE);
  writeLuoFlbHeaderSer(new DataView(bytes.buffer), 0, {
    pgcnt: optionalWide(luo.flbPages, 'luo.flbPages') ?? 1n,
    count: optionalWide(luo.flbCount, 'luo.flbCount') ?? BigInt(flbs.length),
  });
  place.put(address, bytes, 'luo.flbs');
  return address;
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
