import { type Folio, folioRule } from '../../validate/preserved.js';
import { STRUCTURES } from '../../validate/reads.js';
import type { Elements } from '../../validate/shapes.js';
import { definedValues, reservedZero, restoredRecord } from '../../validate/structures/generic.js';
import { eachHeld, type Held } from '../../validate/structures/held.js';
import { fieldAt } from '../../validate/structures/place.js';
import { vmTokens } from '../../validate/structures/vm-tokens.js';
import { UPSTREAM } from '../../validate/upstream/shared.js';
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

/** Machines and their CPUs, of which none needs to be there. */
const OWNERS: Elements<Held<KvmVcpuState> | Held<KvmVmState>> = {
  shared: { generations: UPSTREAM, needs: ['memory'], reads: STRUCTURES },
  each: (context, report) => [
    ...eachHeld<KvmVcpuState>(context, 'kvmVcpu', report),
    ...eachHeld<KvmVmState>(context, 'kvmVm', report),
  ],
  subject: ({ subject }) => subject,
};

export const blocks = folioRule(OWNERS, {
  id: 'KVM-004',
  title: 'the state and the control block of a virtual CPU, and the folio list of a machine, are preserved',
  source: 'upstream 4.9',
  evidence: KVM,
  consequence:
    'memory that was not preserved has been reused: the CPU continues with its new contents. A CPU that keeps running (caretaker) has a control block',
  *folios({ form, model, name }) {
    const folio = (id: string, what: string, address: bigint): Folio => ({
      what: `the ${what} of ${name.replace(/,$/, '')}`,
      address,
      location: fieldAt(form.root, model.address, id),
    });
    if ('archState' in model) {
      yield folio('archState', 'state', model.archState);
      if (model.caretaker || model.controlBlockAddress !== 0n)
        yield folio('cb', 'control block', model.controlBlockAddress);
    } else if (model.foliosAddress !== undefined && model.foliosAddress !== 0n)
      yield folio('folios', 'folio list', model.foliosAddress);
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
