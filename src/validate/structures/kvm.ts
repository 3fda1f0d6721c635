/** Virtual machines, their CPUs, and pstore (upstream 4.9, 4.10). */

import { PSTORE_KHO_SER } from '../../records/draft_memory.js';
import { subtreeForms } from '../../structures/index.js';
import type { KvmVcpuState, KvmVmState } from '../../structures/kvm/model.js';
import { DRAFT_CHILD, STRUCTURES } from '../reads.js';
import { hex } from '../text.js';
import { at } from '../upstream/shared.js';
import { definedValues, draft, reservedZero, restoredRecord } from './generic.js';
import { eachHeld, misplacedRecord } from './held.js';
import { fieldAt } from './place.js';
import { vmTokens } from './vm-tokens.js';

const KVM = 'include/linux/kho/abi/kvm.h (RFC of mid 2026, not in a release)';

export const record = restoredRecord(['kvmVm', 'kvmVcpu'], 'virtual machines and their CPUs', {
  id: 'KVM-001',
  source: 'upstream 4.9',
  evidence: KVM,
  consequence: 'the file is not restored: the virtual machine cannot be taken over',
  reads: STRUCTURES,
});

export const values = definedValues(['kvmVm', 'kvmVcpu'], 'virtual machines and their CPUs', {
  id: 'KVM-002',
  source: 'upstream 4.9',
  evidence: KVM,
  consequence: 'a flag or a control block state is not defined: what runs on the CPU is not known',
  reads: STRUCTURES,
});

export const vcpuVm = vmTokens<KvmVcpuState>('kvmVcpu', {
  id: 'KVM-003',
  title: 'vm_token of a virtual CPU is the token of a virtual machine of the session',
  source: 'upstream 4.9',
  evidence: KVM,
  consequence: 'the CPU has no virtual machine, and cannot be restored',
  reads: STRUCTURES,
});

export const blocks = draft({
  id: 'KVM-004',
  title: 'the state and the control block of a virtual CPU, and the folio list of a machine, are preserved',
  severity: 'error',
  source: 'upstream 4.9',
  evidence: KVM,
  consequence:
    'memory that was not preserved has been reused: the CPU continues with its new contents. A CPU that keeps running (caretaker) has a control block',
  reads: STRUCTURES,
  check(context, report) {
    const { handover } = context;
    const check = (
      held: {
        form: { root: Parameters<typeof fieldAt>[0] };
        model: { address: bigint };
        name: string;
        subject: object;
      },
      id: string,
      what: string,
      address: bigint,
    ): void => {
      const why = misplacedRecord(handover, address);
      if (why === undefined) return;
      report.finding({
        subject: held.subject,
        message: `the ${what} of ${held.name.replace(/,$/, '')} at ${hex(address)} ${why}`.replace(
          'at 0x0 is 0',
          'is at 0',
        ),
        location: fieldAt(held.form.root, held.model.address, id),
        found: hex(address),
        expected: 'the start of a preserved block',
      });
    };
    for (const held of eachHeld<KvmVcpuState>(context, 'kvmVcpu', report)) {
      const { archState, controlBlockAddress, caretaker } = held.model;
      check(held, 'archState', 'state', archState);
      if (caretaker || controlBlockAddress !== 0n) check(held, 'cb', 'control block', controlBlockAddress);
    }
    for (const held of eachHeld<KvmVmState>(context, 'kvmVm', report)) {
      const { foliosAddress } = held.model;
      if (foliosAddress !== undefined && foliosAddress !== 0n)
        check(held, 'folios', 'folio list', foliosAddress);
    }
  },
});

export const padding = reservedZero(['kvmVcpu'], 'virtual CPUs', {
  id: 'KVM-005',
  source: 'upstream 4.9',
  evidence: KVM,
  consequence: 'not looked at; no kernel writes anything there',
  reads: STRUCTURES,
});

export const kvmRules = [record, values, vcpuVm, blocks, padding];

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
