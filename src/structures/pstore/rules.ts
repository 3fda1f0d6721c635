/** What pstore hands over (upstream 4.10). */
import { PSTORE_KHO_SER } from '../../records/draft_memory.js';
import { DRAFT_CHILD } from '../../validate/reads.js';
import { draft } from '../../validate/structures/generic.js';
import { fieldAt } from '../../validate/structures/place.js';
import { at } from '../../validate/upstream/shared.js';
import { subtreeForms } from '../index.js';

export const pstoreVersion = draft({
  id: 'PSTORE-001',
  title: 'the version of the pstore record is known',
  severity: 'error',
  source: 'upstream 4.10',
  evidence: 'fs/pstore (intel-lab-lkp/linux, not in a release); include/linux/kho/abi/pstore.h',
  consequence: 'the record is left out: what the kernel said before the kexec is lost',
  reads: DRAFT_CHILD,
  check({ handover }, report) {
    const children = (handover.subtrees ?? []).filter(({ name }) => name === 'pstore-kho');
    if (children.length === 0) report.skip('the tree has no pstore-kho');
    for (const { pstore, blob, address, tree } of children) {
      if (pstore !== undefined || tree !== undefined) continue;
      const [form] = subtreeForms('pstore-kho');
      const { version, root } = form ?? {};
      if (blob === undefined || version === undefined || root === undefined) {
        if (address !== undefined) report.absent('the blob of pstore-kho', address);
        continue;
      }
      const found =
        blob.length < PSTORE_KHO_SER.pad
          ? undefined
          : new DataView(blob.buffer, blob.byteOffset).getUint32(PSTORE_KHO_SER.version, true);
      const known = version.values.some((each) => each === found);
      report.finding({
        message: known
          ? `the blob of pstore-kho has ${blob.length} bytes, but its record needs ${root.record.size ?? 0}`
          : `version of the pstore record is ${found ?? 'cut off'}`,
        location: address === undefined ? {} : known ? at(address) : fieldAt(root, address, version.field),
        ...(found === undefined || known ? {} : { found: `${found}` }),
        expected: version.values.join(' or '),
      });
    }
  },
});
