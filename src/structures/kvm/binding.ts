/** Virtual machines and their CPUs over a live update (include/linux/kho/abi/kvm.h of the series; upstream 4.9). */
import {
  kvmCaretakerCbSer,
  kvmCaretakerTelemetry,
  kvmKhoFolio,
  kvmKhoFoliosSer,
  kvmLuoSer,
  kvmLuoSerV1,
  kvmVcpuSer,
} from '../../records/draft_kvm.js';
import { hex } from '../../schema/units.js';
import { bits, type Model, type RecordBinding, type Subject, value } from '../structure.js';

const SOURCE = 'upstream 4.9';
const VM = 'kvm_vm_luo_v1';

const folios: RecordBinding = {
  record: kvmKhoFoliosSer,
  what: 'list of folios',
  fields: { nrFolios: value('nrFolios', { countOf: 'list' }) },
  follows: {
    key: 'list',
    what: 'folios',
    count: 'nrFolios',
    element: {
      record: kvmKhoFolio,
      what: 'folio',
      fields: { address: value('folio', { place: true }) },
    },
    identity: ({ folio }: Model) => hex(folio as bigint),
  },
};

const controlBlock: RecordBinding = {
  record: kvmCaretakerCbSer,
  what: 'control block',
  hidden: ['reserved'],
  fields: {
    telemetry: {
      kind: 'one',
      key: 'telemetry',
      record: { record: kvmCaretakerTelemetry, what: 'counters' },
    },
  },
};

export const kvmVm: Subject = {
  key: 'kvmVm',
  holder: 'file',
  what: 'KVM virtual machine',
  plural: 'KVM virtual machines',
  part: 'draft',
  area: { id: 'KVM', title: 'virtual machines and their CPUs (draft)' },
  forms: [
    {
      id: VM,
      subject: 'kvmVm',
      title: `${VM}, later form`,
      names: [VM],
      source: SOURCE,
      root: {
        record: kvmLuoSer,
        what: 'KVM virtual machine',
        fields: { folios: { kind: 'one', key: 'folios', record: folios } },
      },
    },
    {
      id: `${VM}-first`,
      subject: 'kvmVm',
      title: `${VM}, first form`,
      names: [VM],
      source: SOURCE,
      root: { record: kvmLuoSerV1, what: 'KVM virtual machine' },
    },
  ],
};

export const kvmVcpu: Subject = {
  key: 'kvmVcpu',
  holder: 'file',
  what: 'KVM virtual CPU',
  plural: 'KVM virtual CPUs',
  part: 'draft',
  forms: [
    {
      id: 'kvm_vcpu_luo_v1',
      subject: 'kvmVcpu',
      title: 'kvm_vcpu_luo_v1',
      names: ['kvm_vcpu_luo_v1'],
      source: SOURCE,
      root: {
        record: kvmVcpuSer,
        what: 'KVM virtual CPU',
        fields: {
          flags: bits('flags'),
          vmToken: value('vmToken', { file: 'kvmVm' }),
          archState: value('archState', { place: true }),
          cb: { kind: 'one', key: 'controlBlock', record: controlBlock },
        },
      },
    },
  ],
};
