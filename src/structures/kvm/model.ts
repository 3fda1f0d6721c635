/** Virtual machines and their CPUs over a live update (upstream 4.9). */
import type { Element, StructureList, StructureModel } from '../model.js';

/** `data` of a LUO file whose handler is kvm_vm_luo_v1. */
export interface KvmVmState extends StructureModel {
  readonly type: bigint;
  /** Physical address of the list of further folios, as stored; later form only. */
  readonly foliosAddress?: bigint;
  readonly folios?: Element & {
    readonly nrFolios: bigint;
    readonly list: StructureList<Element & { readonly folio: bigint }>;
  };
}

/** Control block of a virtual CPU that goes on running. */
export interface KvmControlBlock extends Element {
  readonly state: number;
  readonly pcpuId: number;
  readonly vcpuId: number;
  /** Physical address of the counters, as stored. */
  readonly telemetryAddress: bigint;
  readonly telemetry?: Element & { readonly counters: readonly bigint[] };
}

/** `data` of a LUO file whose handler is kvm_vcpu_luo_v1. */
export interface KvmVcpuState extends StructureModel {
  readonly vcpuId: number;
  readonly flags: number;
  readonly caretaker: boolean;
  /** LUO token of the virtual machine. */
  readonly vmToken: bigint;
  /** Physical address of the state of the architecture, whose layout is not known. */
  readonly archState: bigint;
  /** Physical address of the control block, as stored. */
  readonly controlBlockAddress: bigint;
  readonly controlBlock?: KvmControlBlock;
}
