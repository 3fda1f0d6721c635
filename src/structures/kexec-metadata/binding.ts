/** Who handed over, and how often before (kernel/liveupdate/kexec_handover.c; upstream 3.3). */
import { KHO_KEXEC_METADATA_SIZE, readKhoKexecMetadata } from '../../records/kexec_metadata.js';
import { bytesToText } from '../../schema/text.js';
import type { Rider } from '../rider.js';

/** The version that releases write; of another one only the version itself is known. */
export const METADATA_VERSION = 1;

export const kexecMetadata: Rider = {
  name: 'kexec-metadata',
  key: 'kexecMetadata',
  part: 'metadata',
  kept: true,
  trees: [],
  treeOf: () => undefined,
  record: {
    fits(bytes) {
      if (bytes.length < KHO_KEXEC_METADATA_SIZE) return false;
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const { version, previousRelease } = readKhoKexecMetadata(view, 0);
      return version === METADATA_VERSION && /^\d+\.\d+/.test(bytesToText(previousRelease).text);
    },
  },
};
