/** Fields that may hold anything, or nearly so, and why; by name or by the beginning of a name that ends in `*`. */
const BOOT =
  'a dump of the old kernel looks the same: no list leads to the tree, which the search finds; rules that need the list are reported as skipped';
const HARDWARE = 'the hardware ignores it, or a capability decides that these dumps do not have';
const ACCESSED = 'hardware sets it where dirty pages are tracked, and nothing clears it';
const ROOT = 'the root directory has neither name nor blocks: not read';
const PRESENCE = 'a unit without the device, or the bus, looks the same';
const SECOND =
  'used with a first stage only; these entries have a second stage, and the hardware ignores it (reported in a note)';
const FREE: Readonly<Record<string, string>> = {
  'setup_data.*': BOOT,
  'kho_data_rfc2024.dt_size': "the reader goes by the tree's own totalsize",
  'guestmemfs_sb.(padding)': 'not read',
  'guestmemfs_inode.(padding)': 'not read',
  'guestmemfs_inode (root).(padding)': 'not read',
  'guestmemfs_inode (root).filename': ROOT,
  'guestmemfs_inode (root).mappings': ROOT,
  'guestmemfs_inode (root).num_mappings': ROOT,
  'guestmemfs_inode (root).sibling_ino': ROOT,
  'guestmemfs_inode (root).long_term_pins': 'padding before patch 13 of the series',
  'guestmemfs_inode.long_term_pins':
    'padding before patch 13 of the series; then only 0, negative and unmapped counts are wrong',
  'guestmemfs_inode.filename': 'any name without a slash that no other file has',
  'guestmemfs_inode.child_ino': 'a file has no children: not read unless it is an error number',
  'property bus': 'any bus; the context entry that would show it is not handed over',
  'property devfn': 'any function; the context entry that would show it is not handed over',
  'property csum': 'the sum is over folios that these cut-down cores do not hold',
  'property liveupdate-number': 'a counter that goes up by one',
  'luo_ser.liveupdate_num': 'a counter that goes up by one',
  'kho_kexec_metadata.kexec_count': 'a counter that goes up by one',
  'kho_kexec_metadata.previous_release': 'any NUL-terminated text',
  'luo_file_ser.token': 'any number that no other file of the session has',
  'iommufd_hwpt_ser.token': 'any number that no other page table of the file has',
  'vfio_pci_v2.reset_works': 'the device can be reset, or not',
  'pci_dev_ser.bdf':
    'a device has a VFIO file, but a bridge may be any function with a bus below it that has as many devices',
  'luo_flb_ser.data': 'only the owner of the FLB knows what it means',
  'luo_session_ser.name': 'any NUL-terminated text that no other session has',
  'luo_session_ser_v1.name': 'any NUL-terminated text that no other session has',
  'memfd_luo_ser.pos': 'any position that is not negative',
  'memfd_luo_ser.size': 'any size with as many pages as the folios add up to',
  'memfd_luo_ser.seals': 'every combination of the six seals, F_SEAL_EXEC with the four that it implies',
  'kho_vmalloc.flags': 'both defined bits may be set or not',
  'rtaddr_reg.RTA': 'any page; that there is no root table of the dump is reported in a note',
  'root_entry.P': PRESENCE,
  'scalable_root_entry.LP': PRESENCE,
  'scalable_root_entry.UP': PRESENCE,
  'context_entry.P': PRESENCE,
  'scalable_context_entry.P': PRESENCE,
  'context_entry.(ignored)': 'the hardware ignores it (reported in a note)',
  'context_entry.DID': 'any id that no other table has, except 0 in caching mode',
  'pasid_entry.DID': 'any id that no other table has, except 0 in caching mode',
  'scalable_context_entry.FPD': "whether faults are recorded, which is the writer's choice",
  'pasid_entry.FPD': "whether faults are recorded, which is the writer's choice",
  'pasid_entry.SRE': SECOND,
  'pasid_entry.WPE': SECOND,
  'pasid_entry.NXE': SECOND,
  'pasid_entry.SMEP': SECOND,
  'pasid_entry.EAFE': SECOND,
  'pasid_entry.FSPTPTR': SECOND,
  'ss_pte.X': HARDWARE,
  'ss_pte.EMT': HARDWARE,
  'ss_pte.IPAT': HARDWARE,
  'ss_pte.A': HARDWARE,
  'ss_pte.D': HARDWARE,
  'ss_pte.SNP': HARDWARE,
  'ss_pte.(ignored)': HARDWARE,
  'ss_pde_table.A': ACCESSED,
  'ss_pdpe_table.A': ACCESSED,
  'ss_pml4e.A': ACCESSED,
  'ss_pml5e.A': ACCESSED,
  'ss_pde_leaf.X': HARDWARE,
  'ss_pde_leaf.EMT': HARDWARE,
  'ss_pde_leaf.IPAT': HARDWARE,
  'ss_pde_leaf.A': HARDWARE,
  'ss_pde_leaf.D': HARDWARE,
  'ss_pde_leaf.SNP': HARDWARE,
  'ss_pde_leaf.(ignored)': HARDWARE,
  'ss_pdpe_leaf.X': HARDWARE,
  'ss_pdpe_leaf.EMT': HARDWARE,
  'ss_pdpe_leaf.IPAT': HARDWARE,
  'ss_pdpe_leaf.A': HARDWARE,
  'ss_pdpe_leaf.D': HARDWARE,
  'ss_pdpe_leaf.SNP': HARDWARE,
  'ss_pdpe_leaf.(ignored)': HARDWARE,
};

/** Why nothing can be wrong with a field, or only little; undefined for one that is constrained. */
export function freeReason(name: string): string | undefined {
  const exact = FREE[name];
  if (exact !== undefined) return exact;
  const prefix = Object.keys(FREE).find((key) => key.endsWith('*') && name.startsWith(key.slice(0, -1)));
  return prefix === undefined ? undefined : FREE[prefix];
}
