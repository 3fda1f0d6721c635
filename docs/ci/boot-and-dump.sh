#!/usr/bin/env bash
# Boots a kernel under QEMU, lets it hand over to itself, and dumps the memory before the next kernel has read anything.
#
#   boot-and-dump.sh KERNEL-BUILD-DIR [OUT.elf]
#
# Needs gcc, cpio, gdb and qemu-system-x86_64; KVM is used where there is some.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
kernel=$(cd "$1" && pwd)
out=$(realpath -m "${2:-handover.elf}")
work=$(mktemp -d)
trap 'kill "${qemu:-}" 2>/dev/null || true; rm -rf "$work"' EXIT

make -s -C "$kernel" headers_install INSTALL_HDR_PATH="$work/headers"
mkdir -p "$work/root/dev"
gcc -static -O2 -I "$work/headers/include" -o "$work/root/init" "$here/init.c"
cp "$kernel/arch/x86/boot/bzImage" "$work/root/bzImage"
(cd "$work/root" && find . | cpio --quiet -o -H newc | gzip -1) > "$work/initrd.img"

# nokaslr: the breakpoint is where vmlinux says. -S: nothing runs before gdb is there.
qemu-system-x86_64 -accel kvm -accel tcg -cpu max -m 1G -no-reboot -S -gdb "unix:$work/gdb,server=on,wait=off" \
  -display none -monitor none -serial "file:$work/serial.log" \
  -kernel "$kernel/arch/x86/boot/bzImage" -initrd "$work/initrd.img" \
  -append "console=ttyS0 nokaslr kho=on liveupdate=on" &
qemu=$!
while [ ! -S "$work/gdb" ]; do sleep 0.1; done

# The first stop is the first kernel, the second the one that takes over.
rm -f "$out"
timeout "${HANDOVER_TIMEOUT:-300}" gdb -batch -nx "$kernel/vmlinux" -ex 'set remotetimeout 300' \
  -ex "target remote $work/gdb" -ex 'hbreak start_kernel' -ex continue -ex continue \
  -ex "monitor dump-guest-memory $out" -ex kill || true

if grep -a HANDOVER-FAILED "$work/serial.log" || [ ! -s "$out" ]; then
  echo "no handover; the end of the console:" >&2
  tail -n 30 "$work/serial.log" >&2
  exit 1
fi
