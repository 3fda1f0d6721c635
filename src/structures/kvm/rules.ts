import { STRUCTURES } from '../../validate/reads.js';
import { definedValues, draft, reservedZero, restoredRecord } from '../../validate/structures/generic.js';
import { eachHeld, misplacedRecord } from '../../validate/structures/held.js';
import { fieldAt } from '../../validate/structures/place.js';
import { vmTokens } from '../../validate/structures/vm-tokens.js';
import { hex } from '../../validate/text.js';
import type { KvmVcpuState, KvmVmState } from './model.js';

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
