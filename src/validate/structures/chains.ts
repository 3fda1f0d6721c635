/** Lists in linked pages: whether they end, and whose their pages are. */
import type { Handover } from '../../abi/model.js';
import { chainHeader } from '../../decode/upstream/chain.js';
import { physicalAddress, readBytes } from '../../memory/read.js';
import { findAreas, findLists } from '../../references/chains.js';
import type { Rule } from '../rule.js';
import { hex } from '../text.js';
import { at } from '../upstream/shared.js';
import { type DraftRule, draft, linksOf } from './generic.js';
import { eachHeld, heldOf } from './held.js';

type Words = Pick<DraftRule, 'id' | 'source' | 'evidence' | 'consequence' | 'reads'> &
  Partial<Pick<Rule, 'requires'>>;

/** Pages of lists of these structures, and whose they are. */
function pageOwners(handover: Handover, keys: readonly string[]): Map<bigint, string> {
  const owners = new Map<bigint, string>();
  for (const held of keys.flatMap((key) => heldOf(handover, key))) {
    owners.set(held.model.address, `the record of ${held.name.replace(/,$/, '')}`);
    for (const { list, field } of linksOf(held))
      for (const { address } of list.pages ?? []) owners.set(address, `the ${field.list.what}`);
  }
  for (const { owner, area } of findAreas(handover))
    for (const address of area.chunks) owners.set(BigInt(address), `the vmalloc list of ${owner}`);
  for (const { what, blocks } of findLists(handover))
    for (const { address } of blocks) owners.set(address, `the ${what}`);
  return owners;
}

/** A chain of pages ends, and goes through no page of another record. */
export function chainEnds(key: string, others: readonly string[], words: Words): Rule {
  return draft({
    title: 'the pages of each list are linked to pages of their own, and end',
    severity: 'error',
    ...words,
    check(context, report) {
      const owners = pageOwners(context.handover, [key, ...others]);
      const page = BigInt(context.handover.pageSize);
      for (const held of eachHeld(context, key, report)) {
        for (const { list, head, field, link } of linksOf(held)) {
          const pages = list.pages ?? [];
          const last = pages.at(-1);
          const next = last?.next ?? head;
          const shared = pages.find(({ address }) => address === held.model.address);
          if (next === 0n && shared === undefined) continue;
          const why =
            shared !== undefined
              ? 'which is the record that leads to it'
              : (whyBroken(next, page, owners.get(next), `the ${field.list.what}`) ??
                whyUnread(context.handover, next, chainHeader(field.chain).size));
          // What is not in the dump is absent, not wrong.
          if (why === undefined) continue;
          const address = shared?.address ?? next;
          const header = chainHeader(field.chain);
          const info = field.chain.header.fields.find(({ id }) => id === header.next.id);
          report.finding({
            subject: held.subject,
            message: `the list of ${field.list.what} ${last === undefined || shared !== undefined ? 'leads' : 'goes on'} to ${hex(address)}, ${why}`,
            location:
              last === undefined || shared !== undefined
                ? link
                : at(last.address + BigInt((info?.bitOffset ?? 0) / 8), header.next.name),
            found: hex(address),
          });
        }
      }
    },
  });
}

/** Decoding stops at a page that is there only when it has read it as something else. */
function whyUnread({ memory }: Handover, next: bigint, size: number): string | undefined {
  const start = physicalAddress(next);
  if (memory === undefined || start === undefined || readBytes(memory, start, size) === undefined)
    return undefined;
  return 'a page of another list';
}

function whyBroken(next: bigint, page: bigint, owner: string | undefined, own: string): string | undefined {
  if (physicalAddress(next) === undefined) return 'which is not a physical address';
  if (next % page !== 0n) return 'which is not the start of a page';
  if (owner === own) return 'a page of the same list: it never ends';
  if (owner !== undefined) return `a page of ${owner}`;
  return undefined;
}
