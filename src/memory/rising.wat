;; Looks at pages of 4096 bytes: which of them are 512 words of 64 bits that rise by 4096 each, within one 4 GiB?
;; src/memory/rising-scan.ts has the same in JavaScript, and says what it is for.
(module
  (memory (export "memory") 1)
  ;; From the page at `at` up to `end`: writes for each page its first word to `out`, 0 for one that does not rise.
  ;; Returns a bit for each page that does, from bit 0 on, and from bit 16 on one for each of these whose words have
  ;; neither in bits 7:0 nor in bits 39:32, which are the same in all of them, a byte that is marked in `table`.
  (func (export "scan") (param $at i32) (param $end i32) (param $out i32) (param $table i32) (result i32)
    (local $first i64)
    (local $next i32)
    (local $expected v128)
    (local $differs v128)
    (local $step v128)
    (local $bit i32)
    (local $found i32)
    (local.set $bit (i32.const 1))
    (local.set $step (i64x2.splat (i64.const 8192)))
    (block $done
      (loop $pages
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $next (i32.add (local.get $at) (i32.const 4096)))
        (local.set $first (i64.load (local.get $at)))
        (i64.store (local.get $out) (i64.const 0))
        (block $other
          ;; The second word tells almost always.
          (br_if $other
            (i64.ne (i64.load offset=8 (local.get $at)) (i64.add (local.get $first) (i64.const 4096))))
          ;; Bits 31:12 of the first leave room for 511 more.
          (br_if $other
            (i32.gt_u (i32.shr_u (i32.wrap_i64 (local.get $first)) (i32.const 12)) (i32.const 0xffe00)))
          (local.set $expected (i64x2.add (i64x2.splat (local.get $first)) (v128.const i64x2 0 4096)))
          (local.set $differs (v128.const i64x2 0 0))
          (loop $words
            (local.set $differs
              (v128.or (local.get $differs) (v128.xor (v128.load (local.get $at)) (local.get $expected))))
            (local.set $expected (i64x2.add (local.get $expected) (local.get $step)))
            (local.set $differs
              (v128.or (local.get $differs) (v128.xor (v128.load offset=16 (local.get $at)) (local.get $expected))))
            (local.set $expected (i64x2.add (local.get $expected) (local.get $step)))
            (local.set $differs
              (v128.or (local.get $differs) (v128.xor (v128.load offset=32 (local.get $at)) (local.get $expected))))
            (local.set $expected (i64x2.add (local.get $expected) (local.get $step)))
            (local.set $differs
              (v128.or (local.get $differs) (v128.xor (v128.load offset=48 (local.get $at)) (local.get $expected))))
            (local.set $expected (i64x2.add (local.get $expected) (local.get $step)))
            (local.set $at (i32.add (local.get $at) (i32.const 64)))
            (br_if $words (i32.lt_u (local.get $at) (local.get $next))))
          (br_if $other (v128.any_true (local.get $differs)))
          (i64.store (local.get $out) (local.get $first))
          (local.set $found (i32.or (local.get $found) (local.get $bit)))
          (br_if $other
            (i32.load8_u (i32.add (local.get $table) (i32.wrap_i64 (i64.and (local.get $first) (i64.const 255))))))
          (br_if $other
            (i32.load8_u
              (i32.add
                (local.get $table)
                (i32.wrap_i64 (i64.and (i64.shr_u (local.get $first) (i64.const 32)) (i64.const 255))))))
          (local.set $found (i32.or (local.get $found) (i32.shl (local.get $bit) (i32.const 16)))))
        (local.set $bit (i32.shl (local.get $bit) (i32.const 1)))
        (local.set $at (local.get $next))
        (local.set $out (i32.add (local.get $out) (i32.const 8)))
        (br $pages)))
    (local.get $found)))
