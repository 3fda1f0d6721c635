/** guest_memfd files (upstream 4.9). */

import { STRUCTURES } from '../../validate/reads.js';
import type { Rule } from '../../validate/rule.js';
import { checkFolios } from '../../validate/structures/folio-lists.js';
import { definedValues, draft, restoredRecord } from '../../validate/structures/generic.js';
import { vmTokens } from '../../validate/structures/vm-tokens.js';
import type { GuestMemfdState } from '../guest-memfd/model.js';

const GMEM = 'virt/kvm/guest_memfd_luo.c (RFC of mid 2026, not in a release)';

export const guestRecord = restoredRecord(['guestMemfd'], 'guest_memfds', {
  id: 'GMEM-001',
  source: 'upstream 4.9',
  evidence: GMEM,
  consequence: 'the file is not restored, and the guest memory is lost',
  reads: STRUCTURES,
});

export const guestFlags = definedValues(['guestMemfd'], 'guest_memfds', {
  id: 'GMEM-002',
  source: 'upstream 4.9',
  evidence: `${GMEM}; include/uapi/linux/kvm.h GUEST_MEMFD_FLAG_MMAP, GUEST_MEMFD_FLAG_INIT_SHARED`,
  consequence: 'a kernel that does not know the flag refuses to create the file (-EINVAL), or leaves it out',
  reads: STRUCTURES,
});

export const guestVm = vmTokens<GuestMemfdState>('guestMemfd', {
  id: 'GMEM-003',
  title: 'vm_token of a guest_memfd is the token of a virtual machine of the session',
  source: 'upstream 4.9',
  evidence: GMEM,
  consequence: 'the file has no virtual machine, and cannot be restored: the guest memory is lost',
  reads: STRUCTURES,
});

export const guestFolios = draft({
  id: 'GMEM-004',
  title: 'every folio of a guest_memfd starts a preserved block, inside the file, at an index of its own',
  severity: 'error',
  source: 'upstream 4.9',
  evidence: GMEM,
  consequence: 'the folio is not restored, and the file with it',
  requires: ['GMEM-001'],
  reads: STRUCTURES,
  check(context, report) {
    checkFolios(context, report, 'guestMemfd', () => undefined);
  },
});

export const guestMemfdRules: readonly Rule[] = [guestRecord, guestFlags, guestVm, guestFolios];
