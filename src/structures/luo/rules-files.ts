/** Files of LUO sessions (upstream L12 to L14). */

import type { Handover } from '../../abi/model.js';
import type { LuoFile, LuoSession } from '../../abi/upstream/model.js';
import { luoFileSer } from '../../records/luo.js';
import { bytesToText } from '../../schema/text.js';
import { FILES } from '../../validate/reads.js';
import type { Rule } from '../../validate/rule.js';
import { type Elements, eachRule, fieldPlace, uniqueRule } from '../../validate/shapes.js';
import { fileSubject } from '../../validate/subject.js';
import { hex, listed } from '../../validate/text.js';
import { quoted } from '../../validate/upstream/blobs.js';
import { UPSTREAM } from '../../validate/upstream/shared.js';
import { RELEASES, type ReleaseAbi } from '../../versions/table.js';
import { fileCapacity } from './binding.js';
import { SESSION_LIST } from './rules-sessions.js';

const LF = 'kernel/liveupdate/luo_file.c';

/** Files of all sessions, with their position in their session. */
const SESSION_FILES: Elements<{ session: LuoSession; file: LuoFile; index: number }> = {
  shared: { generations: UPSTREAM, needs: ['memory'], reads: FILES },
  *each(context, report) {
    const capacity = BigInt(fileCapacity(context.handover.pageSize));
    for (const session of SESSION_LIST.each(context, report)) {
      // Nobody knows where the files end (LUO-011).
      if (session.fileBlocks === undefined && session.count > capacity) continue;
      if (session.files === undefined && session.filesAddress !== 0n) {
        report.absent(`the files of session ${quoted(session.name)}`, session.filesAddress);
      }
      for (const [index, file] of (session.files ?? []).entries()) yield { session, file, index };
    }
  },
  subject: ({ session, file }) => fileSubject(session, file),
};

const handlerEnds = eachRule(SESSION_FILES, {
  id: 'LUO-013',
  title: 'every handler string is NUL-terminated',
  source: 'upstream L13',
  evidence: `${LF} luo_file_deserialize_one`,
  consequence:
    'strcmp finds no handler with that name: -ENOENT, as for a handler that the kernel does not have (LUO-012), and the files of every session are lost. Up to 7.1 the warning about it also prints the bytes after the field',
  *faults({ session, file, index }) {
    if (bytesToText(file.compatible).terminated) return;
    yield {
      message: `the handler string of file ${index} of session ${quoted(session.name)} is not NUL-terminated`,
      location: fieldPlace(luoFileSer, file.origin.address, 'compatible'),
    };
  },
});

const knownHandler: Rule = {
  id: 'LUO-012',
  title:
    'the handler of every file exists in the next kernel (--to), or else in the releases of this generation',
  severity: 'error',
  generations: UPSTREAM,
  source: 'upstream L12',
  evidence: `${LF} luo_file_deserialize_one; luo_session.c`,
  consequence:
    '-ENOENT: reading the sessions stops, every open of /dev/liveupdate returns -EIO, and the files of every session are lost; 6.19 continues without the file',
  needs: ['memory'],
  reads: FILES,
  check(context, report) {
    const { handover, to } = context;
    const taker = takerOf(handover, to);
    // No release wrote kho-v2: whatever some release has may be in it.
    const of = taker === undefined ? RELEASES.filter(({ kho }) => kho === handover.generation) : [taker];
    const known = new Set((of.length > 0 ? of : RELEASES).flatMap(({ files }) => files));
    let told = false;
    for (const { session, file, index } of SESSION_FILES.each(context, report)) {
      const { text, terminated } = bytesToText(file.compatible);
      if (!terminated || known.has(text)) continue;
      const draft = file.draft;
      const loses =
        taker === undefined
          ? ''
          : `: Linux ${taker.release} ${told ? 'loses it too' : lossOf(handover, taker)}`;
      told = true;
      report.finding({
        // A kernel with the draft applied takes it; the release that is named does not.
        ...(draft === undefined || taker !== undefined ? {} : { severity: 'warning' as const }),
        subject: { ...fileSubject(session, file), handler: text },
        message: `file ${index} of session ${quoted(session.name)} has the handler "${text}"${
          draft === undefined ? '' : `, a draft (${draft.draft}) that no release has`
        }${taker === undefined || draft !== undefined ? '' : `, which Linux ${taker.release} does not have`}${loses}`,
        location: fieldPlace(luoFileSer, file.origin.address, 'compatible'),
        found: text,
        expected: listed([...known]),
      });
    }
  },
};

/** Sessions whose files are named one by one. */
const MAX_NAMED = 4;

/** What a release that lacks a handler loses: 6.19 goes on without the file, later ones give up all of them. */
function lossOf({ luo }: Handover, { release }: ReleaseAbi): string {
  if (release === '6.19') return 'goes on without it';
  const sessions = (luo?.sessions ?? []).filter(({ files = [] }) => files.length > 0);
  const names = sessions.map(
    ({ name, files = [] }) =>
      `${listed(
        files.map(({ token }) => hex(token)),
        8,
      )} of session ${quoted(name)}`,
  );
  return `loses it, and with it all files of all sessions: tokens ${listed(names, MAX_NAMED)}`;
}

/** The release named by --to, where it reads this LUO at all (if not, KHO-160 says so once). */
function takerOf({ generation, luo }: Handover, to: string | undefined): ReleaseAbi | undefined {
  return RELEASES.find((abi) => abi.release === to && abi.kho === generation && abi.luo === luo?.compatible);
}

const tokensUnique = uniqueRule(SESSION_FILES, {
  id: 'LUO-014',
  title: 'tokens are unique within a session',
  source: 'upstream L14',
  evidence: `${LF} luo_retrieve_file`,
  consequence:
    'not checked: only the first file can be retrieved; the others are dropped when the session is finished',
  within: ({ session }) => session,
  key: ({ file }) => file.token,
  fault: ({ session, file, index }) => ({
    message: `file ${index} of session ${quoted(session.name)} has the same token ${hex(file.token)} as an earlier file`,
    location: fieldPlace(luoFileSer, file.origin.address, 'token'),
    found: hex(file.token),
  }),
});

export const fileRules: readonly Rule[] = [handlerEnds, knownHandler, tokensUnique];
