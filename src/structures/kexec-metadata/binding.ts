/** Who handed over, and how often before (kernel/liveupdate/kexec_handover.c; upstream 3.3). */
import {
  KHO_KEXEC_METADATA,
  KHO_KEXEC_METADATA_SIZE,
  khoKexecMetadata,
  readKhoKexecMetadata,
} from '../../records/kexec_metadata.js';
import { escapeText } from '../../schema/escape.js';
import { bytesToText, quotedText } from '../../schema/text.js';
import type { Recognised, Rider, RiderForm, RiderPart } from '../rider.js';

/** A number above this is no version. */
const MAX_VERSION = 0xffff;
/** The version that releases write; of another one only the version itself is known. */
const METADATA_VERSION = 1;

const FORM: RiderForm = { record: { record: khoKexecMetadata, what: 'kexec-metadata' } };
const UNKNOWN: RiderForm = {
  record: { record: khoKexecMetadata, what: 'kexec-metadata', hidden: ['previousRelease', 'kexecCount'] },
  partial: true,
};

/** Later versions may append fields, and a version other than 1 may have changed all after the first. */
function recognise(bytes: Uint8Array): Recognised {
  const { length } = bytes;
  if (length < KHO_KEXEC_METADATA.previousRelease)
    return { problem: { code: 'kexec-metadata-size', message: `kexec-metadata has ${length} bytes` } };
  const version = viewOf(bytes).getUint32(KHO_KEXEC_METADATA.version, true);
  if (version === METADATA_VERSION && length >= KHO_KEXEC_METADATA_SIZE) return { said: {}, form: FORM };
  const why =
    version === METADATA_VERSION
      ? `has ${length} bytes, fewer than ${KHO_KEXEC_METADATA_SIZE}`
      : `is of version ${version}, which is not known`;
  return {
    said: { version },
    ...(version > MAX_VERSION ? { foreign: true } : {}),
    problem: {
      code: 'kexec-metadata-version',
      message: `kexec-metadata ${why}; the kernel ignores it`,
      field: 'kho_kexec_metadata.version',
    },
  };
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

const releaseOf = ({ previousRelease }: RiderPart) => previousRelease as Uint8Array | undefined;

export const kexecMetadata: Rider = {
  name: 'kexec-metadata',
  key: 'kexecMetadata',
  part: 'metadata',
  kept: true,
  forms: [FORM],
  formOf: ({ previousRelease }) => (previousRelease === undefined ? UNKNOWN : FORM),
  record: {
    fits(bytes) {
      if (bytes.length < KHO_KEXEC_METADATA_SIZE) return false;
      const { version, previousRelease } = readKhoKexecMetadata(viewOf(bytes), 0);
      return version === METADATA_VERSION && /^\d+\.\d+/.test(bytesToText(previousRelease).text);
    },
    recognise,
  },
  text: {
    heading: 'handed over',
    unknown: 'by an unknown release',
    summary(part) {
      const release = releaseOf(part);
      return release === undefined
        ? undefined
        : `by ${escapeText(bytesToText(release).text)}, kexec ${part.kexecCount}`;
    },
    title: ({ version }) => `version ${version}`,
    lines(part, paint) {
      if (part.kexecCount === undefined) return [];
      const release = releaseOf(part);
      const name = release === undefined ? '' : paint('text', quotedText(release));
      return [`  handed over by ${name}, kexec ${part.kexecCount} since the cold boot`];
    },
  },
  outline: {
    part: 'kexec-metadata',
    fields: [
      { name: 'version', path: ['version'], unit: 'count' },
      { name: 'previous_release', path: ['previousRelease'], expected: 'changes' },
      { name: 'kexec_count', path: ['kexecCount'], unit: 'count', expected: 'grows' },
    ],
  },
};
