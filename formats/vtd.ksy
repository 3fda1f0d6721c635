meta:
  id: vtd
  title: Intel VT-d translation structures
  application: Linux kernel
  license: CC0-1.0
  endian: le
  bit-endian: le
doc: |
  Registers, root, context and PASID tables and page-table entries of Intel Virtualization Technology for
  Directed I/O. Every structure consists of 64-bit little-endian words and every field lies within one word.
  A page-table entry has a type for each shape: level, and whether it points to a table or maps a page.
  Address fields hold the address without its low bits: the field's position gives the factor.
  A field is ignored where `-ignored` says so, else reserved where `-reserved`, `-since` or `-until` say so;
  what only counts while the structure is present is left to the reader.
enums:
  address_width:
    1:
      id: width_39
      doc: 39 bits, 3 levels.
    2:
      id: width_48
      doc: 48 bits, 4 levels.
    3:
      id: width_57
      doc: 57 bits, 5 levels.
  memory_type:
    0: uc
    1: wc
    4: wt
    5: wp
    6: wb
  pat_type:
    0: uc
    1: wc
    4: wt
    5: wp
    6: wb
    7: uc_minus
  pasid_translation_type:
    1: first_stage
    2: second_stage
    3: nested
    4: pass_through
  context_translation_type:
    0:
      id: untranslated
      doc: Untranslated requests use the second stage, others are blocked.
    1:
      id: all
      doc: Translated and translation requests are allowed too; needs ECAP.DT.
    2:
      id: pass_through
      doc: Addresses go through as they are; needs ECAP.PT.
  table_mode:
    0: legacy
    1: scalable
    2:
      id: extended
      doc: Reserved; the extended mode of revision 2.x.
    3: abort_dma
  paging_mode:
    0: four_level
    1: five_level
seq:
  - id: ver_reg
    type: ver_reg
types:
  ver_reg:
    -orig-id: VER_REG
    doc: |
      Version register, offset 0x00.
    doc-ref: VT-d 5.10, 11.4.1; vtd 1.0
    seq:
      - id: minor
        type: b4
        -orig-id: MINOR
        doc: Minor version.
      - id: major
        type: b4
        -orig-id: MAJOR
        doc: Major version; execute requests are rejected from 8 on.
      - id: other_8
        type: b24
        -orig-id: '(other)'
        doc: Not interpreted.
  gsts_reg:
    -orig-id: GSTS_REG
    doc: |
      Global status register, offset 0x1c.
    doc-ref: VT-d 5.10, 11.4.4; vtd 1.0
    seq:
      - id: other_0
        type: b23
        -orig-id: '(other)'
        doc: Not interpreted.
      - id: cfis
        type: b1
        -orig-id: CFIS
        doc: Compatibility format interrupts.
      - id: irtps
        type: b1
        -orig-id: IRTPS
        doc: Interrupt remapping table pointer is set.
      - id: ires
        type: b1
        -orig-id: IRES
        doc: Interrupt remapping is on.
      - id: qies
        type: b1
        -orig-id: QIES
        doc: Queued invalidation is on.
      - id: other_27
        type: b3
        -orig-id: '(other)'
        doc: Not interpreted.
      - id: rtps
        type: b1
        -orig-id: RTPS
        doc: Root table pointer is set.
      - id: tes
        type: b1
        -orig-id: TES
        doc: Translation is on.
  cap_reg:
    -orig-id: CAP_REG
    doc: |
      Capability register, offset 0x08.
    doc-ref: VT-d 5.10, 11.4.2; vtd 1.0
    seq:
      - id: nd
        type: b3
        -orig-id: ND
        doc: Domain ids have 4 + 2 * ND bits; 7 is reserved.
      - id: other_3
        type: b1
        -orig-id: '(other)'
        doc: Not interpreted.
      - id: rwbf
        type: b1
        -orig-id: RWBF
        doc: Write buffers need flushing.
      - id: plmr
        type: b1
        -orig-id: PLMR
        doc: Protected low memory region.
      - id: phmr
        type: b1
        -orig-id: PHMR
        doc: Protected high memory region.
      - id: cm
        type: b1
        -orig-id: CM
        doc: Caching mode; domain id 0 is reserved when 1.
      - id: sagaw
        type: b5
        -orig-id: SAGAW
        doc: Second-stage widths, bit 1 39 bits, bit 2 48 bits, bit 3 57 bits; bits 0 and 4 are reserved.
      - id: other_13
        type: b3
        -orig-id: '(other)'
        doc: Not interpreted.
      - id: mgaw
        type: b6
        -orig-id: MGAW
        doc: Guest address width minus 1.
      - id: zlr
        type: b1
        -orig-id: ZLR
        doc: Zero-length reads of write-only pages are allowed.
      - id: other_23
        type: b1
        -orig-id: '(other)'
        doc: Not interpreted.
      - id: fro
        type: b10
        -orig-id: FRO
        doc: Fault records start at 16 * FRO.
      - id: sslps_2m
        type: b1
        -orig-id: SSLPS[0]
        doc: Second-stage pages of 2 MiB.
      - id: sslps_1g
        type: b1
        -orig-id: SSLPS[1]
        doc: Second-stage pages of 1 GiB.
      - id: sslps_old
        type: b2
        -orig-id: SSLPS[3:2]
        doc: Reserved; once pages of 512 GiB and 1 TiB.
      - id: other_38
        type: b1
        -orig-id: '(other)'
        doc: Not interpreted.
      - id: psi
        type: b1
        -orig-id: PSI
        doc: Page-selective invalidation.
      - id: nfr
        type: b8
        -orig-id: NFR
        doc: Fault records minus 1.
      - id: mamv
        type: b6
        -orig-id: MAMV
        doc: Largest address mask.
      - id: dwd
        type: b1
        -orig-id: DWD
        doc: Write draining.
      - id: drd
        type: b1
        -orig-id: DRD
        doc: Read draining.
      - id: fs1gp
        type: b1
        -orig-id: FS1GP
        doc: First-stage pages of 1 GiB.
      - id: other_57
        type: b2
        -orig-id: '(other)'
        doc: Not interpreted.
      - id: pi
        type: b1
        -orig-id: PI
        doc: Posted interrupts.
      - id: fs5lp
        type: b1
        -orig-id: FS5LP
        doc: First stage of 5 levels.
      - id: ecmds
        type: b1
        -orig-id: ECMDS
        doc: Enhanced commands.
      - id: esirtps
        type: b1
        -orig-id: ESIRTPS
        doc: Enhanced set interrupt remapping table pointer.
      - id: esrtps
        type: b1
        -orig-id: ESRTPS
        doc: Enhanced set root table pointer.
  ecap_reg:
    -orig-id: ECAP_REG
    doc: |
      Extended capability register, offset 0x10.
    doc-ref: VT-d 5.10, 11.4.3; vtd 1.0
    seq:
      - id: c
        type: b1
        -orig-id: C
        doc: Page walks are coherent (root and context tables, legacy page tables too).
      - id: qi
        type: b1
        -orig-id: QI
        doc: Queued invalidation.
      - id: dt
        type: b1
        -orig-id: DT
        doc: Device TLBs.
      - id: ir
        type: b1
        -orig-id: IR
        doc: Interrupt remapping.
      - id: eim
        type: b1
        -orig-id: EIM
        doc: Extended interrupt mode.
      - id: other_5
        type: b1
        -orig-id: '(other)'
        doc: Not interpreted.
      - id: pt
        type: b1
        -orig-id: PT
        doc: Pass-through.
      - id: sc
        type: b1
        -orig-id: SC
        doc: Snoop control.
      - id: iro
        type: b10
        -orig-id: IRO
        doc: IOTLB registers start at 16 * IRO.
      - id: other_18
        type: b2
        -orig-id: '(other)'
        doc: Not interpreted.
      - id: mhmv
        type: b4
        -orig-id: MHMV
        doc: Largest handle mask.
      - id: ecs
        type: b1
        -orig-id: ECS
        doc: Extended mode of revision 2.x.
      - id: mts
        type: b1
        -orig-id: MTS
        doc: Memory types.
      - id: nest
        type: b1
        -orig-id: NEST
        doc: Nested translation.
      - id: other_27
        type: b2
        -orig-id: '(other)'
        doc: Not interpreted.
      - id: prs
        type: b1
        -orig-id: PRS
        doc: Page requests.
      - id: ers
        type: b1
        -orig-id: ERS
        doc: Execute requests; 0 in revision 5.x.
      - id: srs
        type: b1
        -orig-id: SRS
        doc: Supervisor requests.
      - id: other_32
        type: b1
        -orig-id: '(other)'
        doc: Not interpreted.
      - id: nwfs
        type: b1
        -orig-id: NWFS
        doc: No write flag.
      - id: eafs
        type: b1
        -orig-id: EAFS
        doc: Extended accessed flag.
      - id: pss
        type: b5
        -orig-id: PSS
        doc: PASID width minus 1.
      - id: pasid
        type: b1
        -orig-id: PASID
        doc: Requests with PASID.
      - id: dit
        type: b1
        -orig-id: DIT
        doc: Device TLB invalidation throttle.
      - id: pds
        type: b1
        -orig-id: PDS
        doc: Page request drain.
      - id: smts
        type: b1
        -orig-id: SMTS
        doc: Scalable mode.
      - id: vcs
        type: b1
        -orig-id: VCS
        doc: Virtual commands.
      - id: ssads
        type: b1
        -orig-id: SSADS
        doc: Second-stage accessed and dirty bits.
      - id: ssts
        type: b1
        -orig-id: SSTS
        doc: Second-stage translation in scalable mode.
      - id: fsts
        type: b1
        -orig-id: FSTS
        doc: First-stage translation.
      - id: smpwcs
        type: b1
        -orig-id: SMPWCS
        doc: Page-walk coherency in scalable mode.
      - id: rps
        type: b1
        -orig-id: RPS
        doc: RID_PASID.
      - id: tdxcs
        type: b1
        -orig-id: TDXCS
        doc: TDX Connect.
      - id: pms
        type: b1
        -orig-id: PMS
        doc: Performance monitoring.
      - id: adms
        type: b1
        -orig-id: ADMS
        doc: Abort-DMA mode.
      - id: rprivs
        type: b1
        -orig-id: RPRIVS
        doc: RID_PRIV.
      - id: other_54
        type: b1
        -orig-id: '(other)'
        doc: Not interpreted.
      - id: hpts
        type: b1
        -orig-id: HPTS
        doc: Host permission tables.
      - id: ptrs
        type: b1
        -orig-id: PTRS
        doc: PASID on translated requests.
      - id: ssirws
        type: b1
        -orig-id: SSIRWS
        doc: Second-stage I/O permissions.
      - id: sms
        type: b1
        -orig-id: SMS
        doc: Stop marker.
      - id: hpt1gps
        type: b1
        -orig-id: HPT1GPS
        doc: Host permission table entries of 1 GiB.
      - id: rdts
        type: b1
        -orig-id: RDTS
        doc: RDT.
      - id: eimer
        type: b1
        -orig-id: EIMER
        doc: Extended interrupt mode is required.
      - id: irreq
        type: b1
        -orig-id: IRREQ
        doc: Interrupt remapping is required.
      - id: other_63
        type: b1
        -orig-id: '(other)'
        doc: Not interpreted.
  rtaddr_reg:
    -orig-id: RTADDR_REG
    doc: |
      Root table address register, offset 0x20. The hardware uses it from the next set-pointer command on.
    doc-ref: VT-d 5.10, 11.4.5; vtd 1.0
    seq:
      - id: reserved_0
        type: b7
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
      - id: ssirwe
        type: b1
        -orig-id: SSIRWE
        -reserved: not ecap.ssirws
        -since: 5
        doc: Second-stage permissions are in bits 61 and 62; illegal in legacy mode.
      - id: reserved_8
        type: b2
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
      - id: ttm
        type: b2
        enum: table_mode
        -orig-id: TTM
        doc: Translation table mode; abort_dma needs ECAP.ADMS, scalable ECAP.SMTS.
      - id: rta
        type: b52
        -orig-id: RTA
        -unit: address
        -limit: haw
        -pointer: { to: [root_entry, scalable_root_entry], kind: array, count: 256 }
        doc: Physical address of the root table, 4 KiB.
  root_entry:
    -orig-id: struct root_entry
    doc: |
      Entry of the root table in legacy mode; 256 of them, indexed by bus number.
    doc-ref: VT-d 5.10, 9.1; vtd 1.1; drivers/iommu/intel/iommu.h
    seq:
      - id: p
        type: b1
        -orig-id: P
        doc: Present; nothing else is looked at when 0.
      - id: reserved_1
        type: b11
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
      - id: ctp
        type: b52
        -orig-id: CTP
        -unit: address
        -limit: haw
        -pointer: { to: context_entry, kind: array, count: 256 }
        doc: Context table of the bus.
      - id: reserved_64
        type: u8
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
  scalable_root_entry:
    -orig-id: struct root_entry
    doc: |
      Entry of the root table in scalable mode; 256 of them, indexed by bus number.
      Reserved bits of a half count only while that half is present.
    doc-ref: VT-d 5.10, 9.2; vtd 1.2; drivers/iommu/intel/iommu.h
    seq:
      - id: lp
        type: b1
        -orig-id: LP
        doc: The lower half is present.
      - id: reserved_1
        type: b11
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
      - id: lctp
        type: b52
        -orig-id: LCTP
        -unit: address
        -limit: haw
        -pointer: { to: scalable_context_entry, kind: array, count: 128 }
        doc: Context table of devfn 0x00 to 0x7f.
      - id: up
        type: b1
        -orig-id: UP
        doc: The upper half is present.
      - id: reserved_65
        type: b11
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
      - id: uctp
        type: b52
        -orig-id: UCTP
        -unit: address
        -limit: haw
        -pointer: { to: scalable_context_entry, kind: array, count: 128 }
        doc: Context table of devfn 0x80 to 0xff.
  context_entry:
    -orig-id: struct context_entry
    doc: |
      Entry of a context table in legacy mode; 256 of them, indexed by devfn.
    doc-ref: VT-d 5.10, 9.3; vtd 1.3; drivers/iommu/intel/iommu.h
    seq:
      - id: p
        type: b1
        -orig-id: P
        doc: Present.
      - id: fpd
        type: b1
        -orig-id: FPD
        doc: Faults of this device are not recorded; counts even when P is 0.
      - id: tt
        type: b2
        enum: context_translation_type
        -orig-id: TT
        doc: Translation type.
      - id: reserved_4
        type: b8
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
      - id: ssptptr
        type: b52
        -orig-id: SSPTPTR
        -unit: address
        -ignored: tt == 2
        -limit: haw
        -pointer: { to: [ss_pml5e, ss_pml4e, ss_pdpe_table, ss_pdpe_leaf], kind: array, count: 512, preserved: true }
        doc: Top table of the second stage.
      - id: aw
        type: b3
        enum: address_width
        -orig-id: AW
        doc: Width of the second stage; with pass-through the largest that the hardware has.
      - id: ignored_67
        type: b4
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: reserved_71
        type: b1
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
      - id: did
        type: b16
        -orig-id: DID
        -limit: did
        doc: Domain id.
      - id: reserved_88
        type: b40
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
  scalable_context_entry:
    -orig-id: struct context_entry
    doc: |
      Entry of a context table in scalable mode; 128 of them, indexed by the low 7 bits of devfn.
    doc-ref: VT-d 5.10, 9.4; vtd 1.5; drivers/iommu/intel/iommu.h
    seq:
      - id: p
        type: b1
        -orig-id: P
        doc: Present.
      - id: fpd
        type: b1
        -orig-id: FPD
        doc: Faults of this device are not recorded; counts even when P is 0.
      - id: dte
        type: b1
        -orig-id: DTE
        -reserved: not ecap.dt
        doc: Device TLB on.
      - id: paside
        type: b1
        -orig-id: PASIDE
        -reserved: not ecap.pasid
        doc: Requests with PASID are allowed.
      - id: pre
        type: b1
        -orig-id: PRE
        -reserved: not ecap.prs
        doc: Page requests are allowed; needs DTE.
      - id: hpte
        type: b1
        -orig-id: HPTE
        -reserved: not ecap.hpts
        -since: 5
        doc: Host permission table on.
      - id: eptr
        type: b1
        -orig-id: EPTR
        -reserved: not ecap.ptrs
        -since: 5
        doc: Translated requests may carry a PASID; needs PASIDE.
      - id: reserved_7
        type: b2
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
      - id: pdts
        type: b3
        -orig-id: PDTS
        doc: The PASID directory has 2^(PDTS + 7) entries.
      - id: pasiddirptr
        type: b52
        -orig-id: PASIDDIRPTR
        -unit: address
        -limit: haw
        -pointer: { to: pasid_dir_entry, kind: array }
        doc: PASID directory.
      - id: rid_pasid
        type: b20
        -orig-id: RID_PASID
        -reserved: not ecap.rps
        doc: PASID of requests that carry none.
      - id: rid_priv
        type: b1
        -orig-id: RID_PRIV
        -reserved: not ecap.rprivs
        doc: Such requests are privileged.
      - id: reserved_85
        type: b43
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
      - id: reserved_128
        type: u8
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
      - id: reserved_192
        type: u8
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
  pasid_dir_entry:
    -orig-id: struct pasid_dir_entry
    doc: |
      Entry of a PASID directory, indexed by PASID bits 19:6.
    doc-ref: VT-d 5.10, 9.5; vtd 1.6; drivers/iommu/intel/pasid.h
    seq:
      - id: p
        type: b1
        -orig-id: P
        doc: Present.
      - id: fpd
        type: b1
        -orig-id: FPD
        doc: Faults of these PASIDs are not recorded; counts even when P is 0.
      - id: reserved_2
        type: b10
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
      - id: smptblptr
        type: b52
        -orig-id: SMPTBLPTR
        -unit: address
        -limit: haw
        -pointer: { to: pasid_entry, kind: array, count: 64 }
        doc: PASID table of 64 entries.
  pasid_entry:
    -orig-id: struct pasid_entry
    doc: |
      Entry of a PASID table, indexed by PASID bits 5:0.
    doc-ref: VT-d 5.10, 9.6; vtd 1.7; drivers/iommu/intel/pasid.h
    seq:
      - id: p
        type: b1
        -orig-id: P
        doc: Present.
      - id: fpd
        type: b1
        -orig-id: FPD
        doc: Faults of this PASID are not recorded; counts even when P is 0.
      - id: aw
        type: b3
        enum: address_width
        -orig-id: AW
        -reserved: not ecap.ssts
        -ignored: pgtt == 1 or pgtt == 4
        doc: Width of the second stage.
      - id: slee
        type: b1
        -orig-id: SLEE
        -until: 3
        doc: Second-level execute enable of revision 3.x.
      - id: pgtt
        type: b3
        enum: pasid_translation_type
        -orig-id: PGTT
        doc: Which stages translate.
      - id: ssade
        type: b1
        -orig-id: SSADE
        -reserved: not ecap.ssts or not ecap.ssads
        -ignored: pgtt == 1 or pgtt == 4
        doc: Accessed and dirty bits of the second stage are in use.
      - id: reserved_10
        type: b2
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
      - id: ssptptr
        type: b52
        -orig-id: SSPTPTR
        -unit: address
        -reserved: not ecap.ssts
        -ignored: pgtt == 1 or pgtt == 4
        -limit: haw
        -pointer: { to: [ss_pml5e, ss_pml4e, ss_pdpe_table, ss_pdpe_leaf], kind: array, count: 512, preserved: true }
        doc: Top table of the second stage.
      - id: did
        type: b16
        -orig-id: DID
        -limit: did
        doc: Domain id, needed in every entry.
      - id: reserved_80
        type: b7
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
      - id: pwsnp
        type: b1
        -orig-id: PWSNP
        -reserved: not ecap.smpwcs
        doc: Page walks snoop the CPU caches.
      - id: pgsnp
        type: b1
        -orig-id: PGSNP
        -reserved: not ecap.sc
        doc: All requests snoop.
      - id: cd
        type: b1
        -orig-id: CD
        -reserved: not ecap.mts
        doc: Caching is off.
      - id: emte
        type: b1
        -orig-id: EMTE
        -reserved: not ecap.mts
        -ignored: pgtt == 1 or pgtt == 4
        doc: Memory types of second-stage leaves are in use.
      - id: emt
        type: b3
        -orig-id: EMT
        -until: 3
        doc: Memory type of revision 3.x.
      - id: pwt
        type: b1
        -orig-id: PWT
        -until: 3
        doc: Write-through of revision 3.x.
      - id: pcd
        type: b1
        -orig-id: PCD
        -until: 3
        doc: Cache disable of revision 3.x.
      - id: pa0
        type: b4
        enum: pat_type
        -orig-id: PA0
        -reserved: not ecap.mts
        doc: Memory type 0 of the page attribute table.
      - id: pa1
        type: b4
        enum: pat_type
        -orig-id: PA1
        -reserved: not ecap.mts
        doc: Memory type 1 of the page attribute table.
      - id: pa2
        type: b4
        enum: pat_type
        -orig-id: PA2
        -reserved: not ecap.mts
        doc: Memory type 2 of the page attribute table.
      - id: pa3
        type: b4
        enum: pat_type
        -orig-id: PA3
        -reserved: not ecap.mts
        doc: Memory type 3 of the page attribute table.
      - id: pa4
        type: b4
        enum: pat_type
        -orig-id: PA4
        -reserved: not ecap.mts
        doc: Memory type 4 of the page attribute table.
      - id: pa5
        type: b4
        enum: pat_type
        -orig-id: PA5
        -reserved: not ecap.mts
        doc: Memory type 5 of the page attribute table.
      - id: pa6
        type: b4
        enum: pat_type
        -orig-id: PA6
        -reserved: not ecap.mts
        doc: Memory type 6 of the page attribute table.
      - id: pa7
        type: b4
        enum: pat_type
        -orig-id: PA7
        -reserved: not ecap.mts
        doc: Memory type 7 of the page attribute table.
      - id: sre
        type: b1
        -orig-id: SRE
        -reserved: not ecap.srs
        doc: Supervisor requests are allowed.
      - id: ere
        type: b1
        -orig-id: ERE
        -until: 3
        doc: Execute requests of revision 3.x.
      - id: fspm
        type: b2
        enum: paging_mode
        -orig-id: FSPM
        -reserved: not ecap.fsts
        doc: Levels of the first stage; five_level needs CAP.FS5LP.
      - id: wpe
        type: b1
        -orig-id: WPE
        -reserved: not ecap.fsts
        -ignored: pgtt == 2 or pgtt == 4
        doc: Supervisor writes obey R/W.
      - id: nxe
        type: b1
        -orig-id: NXE
        -ignored: rev >= 5
        doc: No-execute of revision 3.x.
      - id: smep
        type: b1
        -orig-id: SMEP
        -ignored: rev >= 5
        doc: Supervisor-mode execution prevention of revision 3.x.
      - id: eafe
        type: b1
        -orig-id: EAFE
        -reserved: not ecap.eafs
        -ignored: pgtt == 2 or pgtt == 4
        doc: The extended accessed bit of the first stage is in use.
      - id: reserved_136
        type: b4
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
      - id: fsptptr
        type: b52
        -orig-id: FSPTPTR
        -unit: address
        -reserved: not ecap.fsts
        -ignored: pgtt == 2 or pgtt == 4
        -limit: haw
        -pointer: { to: [fs_pml5e, fs_pml4e], kind: array, count: 512, preserved: true }
        doc: Top table of the first stage; a guest address when nested.
      - id: reserved_192
        type: u8
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
      - id: hptsz
        type: b2
        -orig-id: HPTSZ
        -reserved: not ecap.hpts
        -ignored: rev >= 5 and ecap.hpts and not hpte
        -since: 5
        doc: Largest translated address, 2^(49 + HPTSZ) - 1.
      - id: hptpfd
        type: b1
        -orig-id: HPTPFD
        -reserved: not ecap.hpts
        -ignored: rev >= 5 and ecap.hpts and not hpte
        -since: 5
        doc: Host permission faults are not recorded.
      - id: reserved_259
        type: b9
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
      - id: hptptr
        type: b52
        -orig-id: HPTPTR
        -unit: address
        -reserved: not ecap.hpts
        -ignored: rev >= 5 and ecap.hpts and not hpte
        -limit: haw
        -since: 5
        doc: Host permission table.
      - id: hptdid
        type: b16
        -orig-id: HPTDID
        -reserved: not ecap.hpts
        -ignored: rev >= 5 and ecap.hpts and not hpte
        -since: 5
        doc: Domain id of the host permission table.
      - id: reserved_336
        type: b48
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
      - id: reserved_384
        type: u8
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
      - id: reserved_448
        type: u8
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
  ss_pml5e:
    -orig-id: second-stage PML5E
    doc: |
      Second-stage entry of level 5; covers 256 TiB.
    doc-ref: VT-d 5.10, 9.8; vtd 1.8; drivers/iommu/generic_pt/fmt/vtdss.h
    seq:
      - id: r
        type: b1
        -orig-id: R
        -ignored: ssirwe
        doc: Read permission.
      - id: w
        type: b1
        -orig-id: W
        -ignored: ssirwe
        doc: Write permission.
      - id: x
        type: b1
        -orig-id: X
        -ignored: rev >= 5 or not ecap.ers
        doc: Execute permission of revisions before 5.x.
      - id: ignored_3
        type: b4
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: reserved_7
        type: b1
        -orig-id: PS
        -reserved: always
        doc: Must be 0; pages of this size do not exist.
      - id: a
        type: b1
        -orig-id: A
        -ignored: not ssade
        doc: Accessed; set by the hardware.
      - id: ignored_9
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ignored_10
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: reserved_11
        type: b1
        -orig-id: SNP
        -reserved: always
        doc: Must be 0.
      - id: address
        type: b40
        -orig-id: ADDR
        -unit: address
        -limit: haw
        -pointer: { to: ss_pml4e, kind: array, count: 512, preserved: true }
        doc: The next table, address bits 51:12.
      - id: ignored_52
        type: b9
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ir
        type: b1
        -orig-id: IR
        -ignored: not ssirwe
        doc: I/O read permission, where SSIRWE is on.
      - id: iw
        type: b1
        -orig-id: IW
        -reserved: not ssirwe
        doc: I/O write permission, where SSIRWE is on.
      - id: ignored_63
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
  ss_pml4e:
    -orig-id: second-stage PML4E
    doc: |
      Second-stage entry of level 4; covers 512 GiB.
    doc-ref: VT-d 5.10, 9.8; vtd 1.8; drivers/iommu/generic_pt/fmt/vtdss.h
    seq:
      - id: r
        type: b1
        -orig-id: R
        -ignored: ssirwe
        doc: Read permission.
      - id: w
        type: b1
        -orig-id: W
        -ignored: ssirwe
        doc: Write permission.
      - id: x
        type: b1
        -orig-id: X
        -ignored: rev >= 5 or not ecap.ers
        doc: Execute permission of revisions before 5.x.
      - id: ignored_3
        type: b4
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: reserved_7
        type: b1
        -orig-id: PS
        -reserved: always
        doc: Must be 0; pages of this size do not exist.
      - id: a
        type: b1
        -orig-id: A
        -ignored: not ssade
        doc: Accessed; set by the hardware.
      - id: ignored_9
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ignored_10
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: reserved_11
        type: b1
        -orig-id: SNP
        -reserved: always
        doc: Must be 0.
      - id: address
        type: b40
        -orig-id: ADDR
        -unit: address
        -limit: haw
        -pointer: { to: [ss_pdpe_table, ss_pdpe_leaf], kind: array, count: 512, preserved: true }
        doc: The next table, address bits 51:12.
      - id: ignored_52
        type: b9
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ir
        type: b1
        -orig-id: IR
        -ignored: not ssirwe
        doc: I/O read permission, where SSIRWE is on.
      - id: iw
        type: b1
        -orig-id: IW
        -reserved: not ssirwe
        doc: I/O write permission, where SSIRWE is on.
      - id: ignored_63
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
  ss_pdpe_table:
    -orig-id: second-stage PDPE
    doc: |
      Second-stage entry of level 3 that points to a table; covers 1 GiB.
    doc-ref: VT-d 5.10, 9.8; vtd 1.8; drivers/iommu/generic_pt/fmt/vtdss.h
    seq:
      - id: r
        type: b1
        -orig-id: R
        -ignored: ssirwe
        doc: Read permission.
      - id: w
        type: b1
        -orig-id: W
        -ignored: ssirwe
        doc: Write permission.
      - id: x
        type: b1
        -orig-id: X
        -ignored: rev >= 5 or not ecap.ers
        doc: Execute permission of revisions before 5.x.
      - id: ignored_3
        type: b4
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ps
        type: b1
        -orig-id: PS
        doc: '0: the entry points to a table.'
      - id: a
        type: b1
        -orig-id: A
        -ignored: not ssade
        doc: Accessed; set by the hardware.
      - id: ignored_9
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ignored_10
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: reserved_11
        type: b1
        -orig-id: SNP
        -reserved: always
        doc: Must be 0.
      - id: address
        type: b40
        -orig-id: ADDR
        -unit: address
        -limit: haw
        -pointer: { to: [ss_pde_table, ss_pde_leaf], kind: array, count: 512, preserved: true }
        doc: The next table, address bits 51:12.
      - id: ignored_52
        type: b9
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ir
        type: b1
        -orig-id: IR
        -ignored: not ssirwe
        doc: I/O read permission, where SSIRWE is on.
      - id: iw
        type: b1
        -orig-id: IW
        -reserved: not ssirwe
        doc: I/O write permission, where SSIRWE is on.
      - id: ignored_63
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
  ss_pdpe_leaf:
    -orig-id: second-stage PDPE
    doc: |
      Second-stage entry of level 3 that maps 1 GiB.
    doc-ref: VT-d 5.10, 9.8; vtd 1.8; drivers/iommu/generic_pt/fmt/vtdss.h
    seq:
      - id: r
        type: b1
        -orig-id: R
        -ignored: ssirwe
        doc: Read permission.
      - id: w
        type: b1
        -orig-id: W
        -ignored: ssirwe
        doc: Write permission.
      - id: x
        type: b1
        -orig-id: X
        -ignored: rev >= 5 or not ecap.ers
        doc: Execute permission of revisions before 5.x.
      - id: emt
        type: b3
        enum: memory_type
        -orig-id: EMT
        -ignored: mode == legacy or not ecap.mts or not emte
        doc: Memory type.
      - id: ipat
        type: b1
        -orig-id: IPAT
        -ignored: mode == legacy or not ecap.mts or not emte
        doc: The PAT of the first stage is ignored.
      - id: ps
        type: b1
        -orig-id: PS
        -reserved: not cap.sslps_1g
        doc: '1: the entry maps a page.'
      - id: a
        type: b1
        -orig-id: A
        -ignored: not ssade
        doc: Accessed; set by the hardware.
      - id: d
        type: b1
        -orig-id: D
        -ignored: not ssade
        doc: Dirty; set by the hardware.
      - id: ignored_10
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: snp
        type: b1
        -orig-id: SNP
        -reserved: not ecap.sc
        doc: Accesses snoop the CPU caches.
      - id: reserved_12
        type: b18
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
      - id: address
        type: b22
        -orig-id: ADDR
        -unit: address
        -limit: haw
        doc: The 1 GiB page, address bits 51:30.
      - id: ignored_52
        type: b9
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ir
        type: b1
        -orig-id: IR
        -ignored: not ssirwe
        doc: I/O read permission, where SSIRWE is on.
      - id: iw
        type: b1
        -orig-id: IW
        -reserved: rev >= 3 and not ssirwe
        doc: I/O write permission, where SSIRWE is on; in revision 2.x the hint TM of a leaf.
      - id: ignored_63
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
  ss_pde_table:
    -orig-id: second-stage PDE
    doc: |
      Second-stage entry of level 2 that points to a table; covers 2 MiB.
    doc-ref: VT-d 5.10, 9.8; vtd 1.8; drivers/iommu/generic_pt/fmt/vtdss.h
    seq:
      - id: r
        type: b1
        -orig-id: R
        -ignored: ssirwe
        doc: Read permission.
      - id: w
        type: b1
        -orig-id: W
        -ignored: ssirwe
        doc: Write permission.
      - id: x
        type: b1
        -orig-id: X
        -ignored: rev >= 5 or not ecap.ers
        doc: Execute permission of revisions before 5.x.
      - id: ignored_3
        type: b4
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ps
        type: b1
        -orig-id: PS
        doc: '0: the entry points to a table.'
      - id: a
        type: b1
        -orig-id: A
        -ignored: not ssade
        doc: Accessed; set by the hardware.
      - id: ignored_9
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ignored_10
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: reserved_11
        type: b1
        -orig-id: SNP
        -reserved: always
        doc: Must be 0.
      - id: address
        type: b40
        -orig-id: ADDR
        -unit: address
        -limit: haw
        -pointer: { to: ss_pte, kind: array, count: 512, preserved: true }
        doc: The next table, address bits 51:12.
      - id: ignored_52
        type: b9
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ir
        type: b1
        -orig-id: IR
        -ignored: not ssirwe
        doc: I/O read permission, where SSIRWE is on.
      - id: iw
        type: b1
        -orig-id: IW
        -reserved: not ssirwe
        doc: I/O write permission, where SSIRWE is on.
      - id: ignored_63
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
  ss_pde_leaf:
    -orig-id: second-stage PDE
    doc: |
      Second-stage entry of level 2 that maps 2 MiB.
    doc-ref: VT-d 5.10, 9.8; vtd 1.8; drivers/iommu/generic_pt/fmt/vtdss.h
    seq:
      - id: r
        type: b1
        -orig-id: R
        -ignored: ssirwe
        doc: Read permission.
      - id: w
        type: b1
        -orig-id: W
        -ignored: ssirwe
        doc: Write permission.
      - id: x
        type: b1
        -orig-id: X
        -ignored: rev >= 5 or not ecap.ers
        doc: Execute permission of revisions before 5.x.
      - id: emt
        type: b3
        enum: memory_type
        -orig-id: EMT
        -ignored: mode == legacy or not ecap.mts or not emte
        doc: Memory type.
      - id: ipat
        type: b1
        -orig-id: IPAT
        -ignored: mode == legacy or not ecap.mts or not emte
        doc: The PAT of the first stage is ignored.
      - id: ps
        type: b1
        -orig-id: PS
        -reserved: not cap.sslps_2m
        doc: '1: the entry maps a page.'
      - id: a
        type: b1
        -orig-id: A
        -ignored: not ssade
        doc: Accessed; set by the hardware.
      - id: d
        type: b1
        -orig-id: D
        -ignored: not ssade
        doc: Dirty; set by the hardware.
      - id: ignored_10
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: snp
        type: b1
        -orig-id: SNP
        -reserved: not ecap.sc
        doc: Accesses snoop the CPU caches.
      - id: reserved_12
        type: b9
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
      - id: address
        type: b31
        -orig-id: ADDR
        -unit: address
        -limit: haw
        doc: The 2 MiB page, address bits 51:21.
      - id: ignored_52
        type: b9
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ir
        type: b1
        -orig-id: IR
        -ignored: not ssirwe
        doc: I/O read permission, where SSIRWE is on.
      - id: iw
        type: b1
        -orig-id: IW
        -reserved: rev >= 3 and not ssirwe
        doc: I/O write permission, where SSIRWE is on; in revision 2.x the hint TM of a leaf.
      - id: ignored_63
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
  ss_pte:
    -orig-id: second-stage PTE
    doc: |
      Second-stage entry of level 1; maps 4 KiB.
    doc-ref: VT-d 5.10, 9.8; vtd 1.8; drivers/iommu/generic_pt/fmt/vtdss.h
    seq:
      - id: r
        type: b1
        -orig-id: R
        -ignored: ssirwe
        doc: Read permission.
      - id: w
        type: b1
        -orig-id: W
        -ignored: ssirwe
        doc: Write permission.
      - id: x
        type: b1
        -orig-id: X
        -ignored: rev >= 5 or not ecap.ers
        doc: Execute permission of revisions before 5.x.
      - id: emt
        type: b3
        enum: memory_type
        -orig-id: EMT
        -ignored: mode == legacy or not ecap.mts or not emte
        doc: Memory type.
      - id: ipat
        type: b1
        -orig-id: IPAT
        -ignored: mode == legacy or not ecap.mts or not emte
        doc: The PAT of the first stage is ignored.
      - id: ignored_7
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: 'Ignored: the entry always maps a page.'
      - id: a
        type: b1
        -orig-id: A
        -ignored: not ssade
        doc: Accessed; set by the hardware.
      - id: d
        type: b1
        -orig-id: D
        -ignored: not ssade
        doc: Dirty; set by the hardware.
      - id: ignored_10
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: snp
        type: b1
        -orig-id: SNP
        -reserved: not ecap.sc
        doc: Accesses snoop the CPU caches.
      - id: address
        type: b40
        -orig-id: ADDR
        -unit: address
        -limit: haw
        doc: The 4 KiB page, address bits 51:12.
      - id: ignored_52
        type: b9
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ir
        type: b1
        -orig-id: IR
        -ignored: not ssirwe
        doc: I/O read permission, where SSIRWE is on.
      - id: iw
        type: b1
        -orig-id: IW
        -reserved: rev >= 3 and not ssirwe
        doc: I/O write permission, where SSIRWE is on; in revision 2.x the hint TM of a leaf.
      - id: ignored_63
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
  fs_pml5e:
    -orig-id: first-stage PML5E
    doc: |
      First-stage entry of level 5; covers 256 TiB.
    doc-ref: VT-d 5.10, 9.7; vtd 1.9; drivers/iommu/generic_pt/fmt/x86_64.h
    seq:
      - id: p
        type: b1
        -orig-id: P
        doc: Present.
      - id: rw
        type: b1
        -orig-id: R/W
        doc: Write permission.
      - id: us
        type: b1
        -orig-id: U/S
        doc: User permission.
      - id: ignored_3
        type: b2
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: a
        type: b1
        -orig-id: A
        doc: Accessed; set by the hardware.
      - id: ignored_6
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: reserved_7
        type: b1
        -orig-id: PS
        -reserved: always
        doc: Must be 0; pages of this size do not exist.
      - id: ignored_8
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ignored_9
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ea
        type: b1
        -orig-id: EA
        -ignored: not eafe
        doc: Extended accessed.
      - id: ignored_11
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: address
        type: b40
        -orig-id: ADDR
        -unit: address
        -limit: haw
        -pointer: { to: fs_pml4e, kind: array, count: 512, preserved: true }
        doc: The next table, address bits 51:12.
      - id: ignored_52
        type: b11
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: xd
        type: b1
        -orig-id: XD
        -ignored: rev >= 5
        doc: Execute disable of revisions before 5.x.
  fs_pml4e:
    -orig-id: first-stage PML4E
    doc: |
      First-stage entry of level 4; covers 512 GiB.
    doc-ref: VT-d 5.10, 9.7; vtd 1.9; drivers/iommu/generic_pt/fmt/x86_64.h
    seq:
      - id: p
        type: b1
        -orig-id: P
        doc: Present.
      - id: rw
        type: b1
        -orig-id: R/W
        doc: Write permission.
      - id: us
        type: b1
        -orig-id: U/S
        doc: User permission.
      - id: ignored_3
        type: b2
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: a
        type: b1
        -orig-id: A
        doc: Accessed; set by the hardware.
      - id: ignored_6
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: reserved_7
        type: b1
        -orig-id: PS
        -reserved: always
        doc: Must be 0; pages of this size do not exist.
      - id: ignored_8
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ignored_9
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ea
        type: b1
        -orig-id: EA
        -ignored: not eafe
        doc: Extended accessed.
      - id: ignored_11
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: address
        type: b40
        -orig-id: ADDR
        -unit: address
        -limit: haw
        -pointer: { to: [fs_pdpe_table, fs_pdpe_leaf], kind: array, count: 512, preserved: true }
        doc: The next table, address bits 51:12.
      - id: ignored_52
        type: b11
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: xd
        type: b1
        -orig-id: XD
        -ignored: rev >= 5
        doc: Execute disable of revisions before 5.x.
  fs_pdpe_table:
    -orig-id: first-stage PDPE
    doc: |
      First-stage entry of level 3 that points to a table; covers 1 GiB.
    doc-ref: VT-d 5.10, 9.7; vtd 1.9; drivers/iommu/generic_pt/fmt/x86_64.h
    seq:
      - id: p
        type: b1
        -orig-id: P
        doc: Present.
      - id: rw
        type: b1
        -orig-id: R/W
        doc: Write permission.
      - id: us
        type: b1
        -orig-id: U/S
        doc: User permission.
      - id: ignored_3
        type: b2
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: a
        type: b1
        -orig-id: A
        doc: Accessed; set by the hardware.
      - id: ignored_6
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ps
        type: b1
        -orig-id: PS
        doc: '0: the entry points to a table.'
      - id: ignored_8
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ignored_9
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ea
        type: b1
        -orig-id: EA
        -ignored: not eafe
        doc: Extended accessed.
      - id: ignored_11
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: address
        type: b40
        -orig-id: ADDR
        -unit: address
        -limit: haw
        -pointer: { to: [fs_pde_table, fs_pde_leaf], kind: array, count: 512, preserved: true }
        doc: The next table, address bits 51:12.
      - id: ignored_52
        type: b11
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: xd
        type: b1
        -orig-id: XD
        -ignored: rev >= 5
        doc: Execute disable of revisions before 5.x.
  fs_pdpe_leaf:
    -orig-id: first-stage PDPE
    doc: |
      First-stage entry of level 3 that maps 1 GiB.
    doc-ref: VT-d 5.10, 9.7; vtd 1.9; drivers/iommu/generic_pt/fmt/x86_64.h
    seq:
      - id: p
        type: b1
        -orig-id: P
        doc: Present.
      - id: rw
        type: b1
        -orig-id: R/W
        doc: Write permission.
      - id: us
        type: b1
        -orig-id: U/S
        doc: User permission.
      - id: pwt
        type: b1
        -orig-id: PWT
        doc: Write-through, bit 0 of the PAT index.
      - id: pcd
        type: b1
        -orig-id: PCD
        doc: Cache disable, bit 1 of the PAT index.
      - id: a
        type: b1
        -orig-id: A
        doc: Accessed; set by the hardware.
      - id: d
        type: b1
        -orig-id: D
        doc: Dirty; set by the hardware.
      - id: ps
        type: b1
        -orig-id: PS
        -reserved: not cap.fs1gp
        doc: '1: the entry maps a page.'
      - id: ignored_8
        type: b1
        -orig-id: G
        -ignored: always
        doc: Global in CPU tables, ignored here.
      - id: ignored_9
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ea
        type: b1
        -orig-id: EA
        -ignored: not eafe
        doc: Extended accessed.
      - id: ignored_11
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: pat
        type: b1
        -orig-id: PAT
        doc: Bit 2 of the PAT index.
      - id: reserved_13
        type: b17
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
      - id: address
        type: b22
        -orig-id: ADDR
        -unit: address
        -limit: haw
        doc: The 1 GiB page, address bits 51:30.
      - id: ignored_52
        type: b11
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: xd
        type: b1
        -orig-id: XD
        -ignored: rev >= 5
        doc: Execute disable of revisions before 5.x.
  fs_pde_table:
    -orig-id: first-stage PDE
    doc: |
      First-stage entry of level 2 that points to a table; covers 2 MiB.
    doc-ref: VT-d 5.10, 9.7; vtd 1.9; drivers/iommu/generic_pt/fmt/x86_64.h
    seq:
      - id: p
        type: b1
        -orig-id: P
        doc: Present.
      - id: rw
        type: b1
        -orig-id: R/W
        doc: Write permission.
      - id: us
        type: b1
        -orig-id: U/S
        doc: User permission.
      - id: ignored_3
        type: b2
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: a
        type: b1
        -orig-id: A
        doc: Accessed; set by the hardware.
      - id: ignored_6
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ps
        type: b1
        -orig-id: PS
        doc: '0: the entry points to a table.'
      - id: ignored_8
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ignored_9
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ea
        type: b1
        -orig-id: EA
        -ignored: not eafe
        doc: Extended accessed.
      - id: ignored_11
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: address
        type: b40
        -orig-id: ADDR
        -unit: address
        -limit: haw
        -pointer: { to: fs_pte, kind: array, count: 512, preserved: true }
        doc: The next table, address bits 51:12.
      - id: ignored_52
        type: b11
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: xd
        type: b1
        -orig-id: XD
        -ignored: rev >= 5
        doc: Execute disable of revisions before 5.x.
  fs_pde_leaf:
    -orig-id: first-stage PDE
    doc: |
      First-stage entry of level 2 that maps 2 MiB.
    doc-ref: VT-d 5.10, 9.7; vtd 1.9; drivers/iommu/generic_pt/fmt/x86_64.h
    seq:
      - id: p
        type: b1
        -orig-id: P
        doc: Present.
      - id: rw
        type: b1
        -orig-id: R/W
        doc: Write permission.
      - id: us
        type: b1
        -orig-id: U/S
        doc: User permission.
      - id: pwt
        type: b1
        -orig-id: PWT
        doc: Write-through, bit 0 of the PAT index.
      - id: pcd
        type: b1
        -orig-id: PCD
        doc: Cache disable, bit 1 of the PAT index.
      - id: a
        type: b1
        -orig-id: A
        doc: Accessed; set by the hardware.
      - id: d
        type: b1
        -orig-id: D
        doc: Dirty; set by the hardware.
      - id: ps
        type: b1
        -orig-id: PS
        doc: '1: the entry maps a page.'
      - id: ignored_8
        type: b1
        -orig-id: G
        -ignored: always
        doc: Global in CPU tables, ignored here.
      - id: ignored_9
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ea
        type: b1
        -orig-id: EA
        -ignored: not eafe
        doc: Extended accessed.
      - id: ignored_11
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: pat
        type: b1
        -orig-id: PAT
        doc: Bit 2 of the PAT index.
      - id: reserved_13
        type: b8
        -orig-id: '(reserved)'
        -reserved: always
        doc: Must be 0.
      - id: address
        type: b31
        -orig-id: ADDR
        -unit: address
        -limit: haw
        doc: The 2 MiB page, address bits 51:21.
      - id: ignored_52
        type: b11
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: xd
        type: b1
        -orig-id: XD
        -ignored: rev >= 5
        doc: Execute disable of revisions before 5.x.
  fs_pte:
    -orig-id: first-stage PTE
    doc: |
      First-stage entry of level 1; maps 4 KiB.
    doc-ref: VT-d 5.10, 9.7; vtd 1.9; drivers/iommu/generic_pt/fmt/x86_64.h
    seq:
      - id: p
        type: b1
        -orig-id: P
        doc: Present.
      - id: rw
        type: b1
        -orig-id: R/W
        doc: Write permission.
      - id: us
        type: b1
        -orig-id: U/S
        doc: User permission.
      - id: pwt
        type: b1
        -orig-id: PWT
        doc: Write-through, bit 0 of the PAT index.
      - id: pcd
        type: b1
        -orig-id: PCD
        doc: Cache disable, bit 1 of the PAT index.
      - id: a
        type: b1
        -orig-id: A
        doc: Accessed; set by the hardware.
      - id: d
        type: b1
        -orig-id: D
        doc: Dirty; set by the hardware.
      - id: pat
        type: b1
        -orig-id: PAT
        doc: Bit 2 of the PAT index.
      - id: ignored_8
        type: b1
        -orig-id: G
        -ignored: always
        doc: Global in CPU tables, ignored here.
      - id: ignored_9
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: ea
        type: b1
        -orig-id: EA
        -ignored: not eafe
        doc: Extended accessed.
      - id: ignored_11
        type: b1
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: address
        type: b40
        -orig-id: ADDR
        -unit: address
        -limit: haw
        doc: The 4 KiB page, address bits 51:12.
      - id: ignored_52
        type: b11
        -orig-id: '(ignored)'
        -ignored: always
        doc: Free for software.
      - id: xd
        type: b1
        -orig-id: XD
        -ignored: rev >= 5
        doc: Execute disable of revisions before 5.x.
