meta:
  id: draft_kvm
  title: Virtual machines over a live update (draft)
  application: Linux kernel
  license: CC0-1.0
  endian: le
  bit-endian: le
doc: |
  Drafts, in no release: the records of the file handlers kvm_vm_luo_v1 and kvm_vcpu_luo_v1. Layouts may change without
  notice.
doc-ref: upstream 4.9
seq:
  - id: kvm_luo_ser_v1
    type: kvm_luo_ser_v1
types:
  kvm_luo_ser_v1:
    -orig-id: struct kvm_luo_ser
    doc: 'File handler kvm_vm_luo_v1, first form.'
    seq:
      - { id: type_, type: u8, -orig-id: type, doc: Type of the virtual machine. }
  kvm_luo_ser:
    -orig-id: struct kvm_luo_ser
    doc: 'File handler kvm_vm_luo_v1, later form.'
    seq:
      - { id: type_, type: u8, -orig-id: type, doc: Type of the virtual machine. }
      - id: folios
        type: u8
        -orig-id: kho_folios
        -unit: address
        -pointer: { to: kvm_kho_folios_ser, kind: one, 'null': 0, preserved: true }
        doc: Physical address of the list of further folios.
  kvm_kho_folios_ser:
    -orig-id: struct kvm_kho_folios_ser
    doc: Folios that a virtual machine keeps beside its memory; their addresses follow.
    seq:
      - { id: nr_folios, type: u8, -orig-id: nr_folios, -unit: count, doc: Addresses that follow. }
  kvm_kho_folio:
    -orig-id: folios_pa
    doc: A folio.
    seq:
      - { id: address, type: u8, -orig-id: folios_pa, -unit: address, doc: Physical address of the folio. }
  kvm_vcpu_ser:
    -orig-id: struct kvm_vcpu_ser
    doc: File handler kvm_vcpu_luo_v1.
    seq:
      - { id: vcpu_id, type: u4, -orig-id: vcpu_id, doc: Number of the virtual CPU. }
      - { id: flags, type: u4, -orig-id: flags, -unit: flags, -values: { 1: caretaker }, doc: How it is preserved. }
      - { id: vm_token, type: u8, -orig-id: vm_token, doc: Token of the virtual machine. }
      - { id: arch_state, type: u8, -orig-id: arch_state, -unit: address, doc: Physical address of the state of the architecture. }
      - id: cb
        type: u8
        -orig-id: cb
        -unit: address
        -pointer: { to: kvm_caretaker_cb_ser, kind: one, 'null': 0, preserved: true }
        doc: Physical address of the control block.
  kvm_caretaker_cb_ser:
    -orig-id: struct kvm_caretaker_cb_ser
    doc: Control block of a virtual CPU that goes on running.
    seq:
      - { id: state, type: u4, -orig-id: state, -values: { 0: paused, 1: running, 2: stopping, 3: stopped }, doc: State of its execution. }
      - { id: pcpu_id, type: u4, -orig-id: pcpu_id, doc: Physical CPU that it runs on. }
      - { id: vcpu_id, type: u4, -orig-id: vcpu_id, doc: Number of the virtual CPU. }
      - { id: reserved, type: u4, -orig-id: reserved, doc: Must be 0. }
      - id: telemetry
        type: u8
        -orig-id: telemetry
        -unit: address
        -pointer: { to: kvm_caretaker_telemetry, kind: one, 'null': 0, preserved: true }
        doc: Physical address of the counters.
  kvm_caretaker_telemetry:
    -orig-id: struct kvm_caretaker_telemetry
    doc: Counters of a virtual CPU that goes on running.
    seq:
      - { id: counters, type: u8, repeat: expr, repeat-expr: 7, -orig-id: counters, doc: The counters. }
