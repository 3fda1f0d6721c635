/** Rules as a user names them: an id, an area, or a pattern. */
import { areaOf } from '../validate/coverage.js';
import { UsageError } from './numbers.js';
import { namesLike } from './refusal.js';

/**
 * The ids that words stand for: `LUO-005`, an area such as `LUO`, or a pattern such as `VTD-1*`; in either case.
 *
 * @param option for the message, e.g. `--rule`
 * @throws UsageError for a word that stands for none, with what is like it
 */
export function rulesNamed(words: readonly string[], ids: readonly string[], option: string): Set<string> {
  return new Set(
    words.flatMap((word) => {
      const found = matchingRules(word, ids);
      if (found.length === 0) throw new UsageError(`${option}: there is no rule ${word}${like(word, ids)}`);
      return found;
    }),
  );
}

/** The rules of an area, or that a pattern matches; empty where the word is neither. */
export function matchingRules(word: string, ids: readonly string[]): readonly string[] {
  return ids.filter(matching(word));
}

function matching(word: string): (id: string) => boolean {
  const name = word.toUpperCase();
  if (!name.includes('*')) return (id) => id === name || areaOf(id) === name;
  const pattern = new RegExp(
    `^${name
      .split('*')
      .map((part) => part.replace(/[^A-Z0-9]/g, '\\$&'))
      .join('.*')}$`,
  );
  return (id) => pattern.test(id);
}

function like(word: string, ids: readonly string[]): string {
  const areas = [...new Set(ids.map(areaOf))];
  const near = namesLike(word, word.includes('-') ? ids : areas, 3);
  return near.length === 0 ? '; kho explain lists them' : `; did you mean ${near.join(', ')}?`;
}
