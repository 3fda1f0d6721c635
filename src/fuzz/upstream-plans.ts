/** Plans of upstream handovers, as each release and each state of development writes them; they shrink towards empty ones. */

import fc from 'fast-check';
import { handlerForm } from '../synth/luo.js';
import type { FilePlan, LuoPlan, SessionPlan, UpstreamPlan } from '../synth/upstream-plan.js';
import { FACTS } from '../versions/generations.js';
import { DEVELOPED, RELEASED } from '../versions/written.js';
import { bigUint } from './arbitraries.js';
import { disorder, layoutKey } from './plan-parts.js';

/** What a kernel writes: the forms of a release, or of a state between two of them. */
export type UpstreamForms = Pick<UpstreamPlan, 'abi' | 'release' | 'map' | 'editedTree'> & {
  readonly luo?: Pick<LuoPlan, 'version' | 'handler' | 'flbPage'>;
  readonly kexecMetadata: boolean;
  readonly khoTest?: 'inline' | 'vmalloc';
};

/** The forms of every release, oldest first. */
export const RELEASE_FORMS = RELEASED as readonly UpstreamForms[];

/** States of development that no release has: what they write is sound, but no release reads all of it. */
export const DEVELOPMENT_FORMS = DEVELOPED as readonly UpstreamForms[];

const PAGE_SIZES = [4096, 16384, 65536] as const;

/** Sets of seals that come back as they were: F_SEAL_EXEC only with the four that it implies. */
const SEALS = [...Array(0x20).keys(), 0x3e, 0x3f];

function file(pageSize: number, handler: LuoPlan['handler']): fc.Arbitrary<FilePlan> {
  const unit = 0x20_0000 / pageSize;
  const pages = fc.oneof(
    { weight: 3, arbitrary: fc.nat(12) },
    // Around units of 2 MiB, and the lists that fill pages exactly.
    {
      weight: 1,
      arbitrary: fc.constantFrom(unit - 1, unit, unit + 1, 3 * unit, pageSize / 16, pageSize / 16 + 1),
    },
  );
  return fc
    .record({
      token: bigUint(64),
      pages,
      // Bytes that the last page lacks.
      tail: fc.oneof(fc.constant(0), fc.nat(pageSize - 1)),
      pos: fc.integer({ min: 1, max: 0xffff_ffff }),
      seals: handlerForm(handler).sealed ? fc.constantFrom(...SEALS) : fc.constant(0),
      holes: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: disorder() }),
    })
    .map(({ token, pages: count, tail, pos, seals, holes }) => {
      const size = BigInt(count === 0 ? 0 : count * pageSize - tail);
      return { token, size, pos: BigInt(pos) % (size + 1n), seals, holes };
    });
}

function session(
  pageSize: number,
  handler: LuoPlan['handler'],
): fc.Arbitrary<Omit<SessionPlan, 'name'> & { text: string }> {
  return fc.record({
    text: fc.stringMatching(/^[a-zA-Z0-9 ._\-/é日]{0,14}$/),
    files: fc.uniqueArray(file(pageSize, handler), { maxLength: 4, selector: ({ token }) => token }),
  });
}

function luoPlan(pageSize: number, forms: NonNullable<UpstreamForms['luo']>): fc.Arbitrary<LuoPlan> {
  return fc
    .record({
      // One more than before, so never 0.
      liveupdateNumber: bigUint(64).map((number) => number || 1n),
      sessions: fc.array(session(pageSize, forms.handler), { maxLength: 4 }),
      flbs: forms.flbPage ? fc.nat(3) : fc.constant(0),
    })
    .map(({ liveupdateNumber, sessions, flbs }) => {
      const files = sessions.reduce((sum, each) => sum + each.files.length, 0);
      return {
        ...forms,
        liveupdateNumber,
        sessions: sessions.map(({ text, files: own }, i) => ({ name: `${text}${i}`, files: own })),
        // An FLB is kept for files.
        flbs: Array.from({ length: files === 0 ? 0 : flbs }, (_, i) => ({
          name: `liveupdate-test-flb-v${i}`,
          data: 0xfeedf00dcafebee0n + BigInt(i),
          count: BigInt(files),
        })),
      };
    });
}

/**
 * Any plan of a handover with these forms, small enough to be laid out in milliseconds.
 *
 * @param forms by default those of all releases
 *
 * @example
 * ```ts
 * import fc from 'fast-check';
 * import { RELEASE_FORMS, upstreamPlanArbitrary } from 'kho-toolkit/arbitraries';
 *
 * const newest = RELEASE_FORMS.slice(-1);
 * console.log(fc.sample(upstreamPlanArbitrary(newest), 1).length); //=> 1
 * ```
 */
export function upstreamPlanArbitrary(
  forms: readonly UpstreamForms[] = RELEASE_FORMS,
): fc.Arbitrary<UpstreamPlan> {
  return fc.tuple(fc.constantFrom(...forms), fc.constantFrom(...PAGE_SIZES)).chain(([own, wanted]) => {
    // With a key bit too few the map cannot hold single pages of 16 KiB.
    const pageSize = FACTS[own.abi].shortKey === true && wanted === 16384 ? 4096 : wanted;
    const { abi, release, map, editedTree, kexecMetadata, khoTest, luo } = own;
    return fc
      .record({
        key: layoutKey(),
        fragmentation: disorder(),
        reserveMem: fc.uniqueArray(
          fc.record({
            name: fc.stringMatching(/^[a-z_-]{1,15}$/),
            pages: fc.integer({ min: 1, max: 70 }),
            align: fc.nat(4),
          }),
          { maxLength: 8, selector: ({ name }) => name },
        ),
        scratchNodes: fc.nat(4),
        kexecCount: fc.nat(0xffff_ffff),
        orders: khoTest === undefined ? fc.constant([]) : fc.array(fc.nat(3), { maxLength: 5 }),
        state:
          luo === undefined ? fc.constant(undefined) : fc.option(luoPlan(pageSize, luo), { nil: undefined }),
      })
      .map(
        ({ kexecCount, orders, state, ...plan }): UpstreamPlan => ({
          abi,
          release,
          pageSize,
          map,
          editedTree,
          ...plan,
          ...(kexecMetadata ? { kexecCount } : {}),
          ...(khoTest === undefined || orders.length === 0 ? {} : { khoTest: { form: khoTest, orders } }),
          ...(state === undefined ? {} : { luo: state }),
        }),
      );
  });
}
