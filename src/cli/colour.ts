/** Roles of text → colours of a terminal. */
import { Chalk } from 'chalk';
import { type Paint, plain } from '../report/paint.js';
import { oneOf } from './numbers.js';

/**
 * `auto` colours on a terminal only, and not with NO_COLOR set (no-color.org).
 *
 * @throws UsageError for another word
 */
export function paintFor(when: string, isTerminal: boolean): Paint {
  oneOf(when, 'color', ['auto', 'always', 'never']);
  const noColour = (process.env.NO_COLOR ?? '') !== '';
  // A terminal without a name for what it can do shows escapes as they are.
  const dumb = process.env.TERM === 'dumb';
  if (when === 'never' || (when === 'auto' && (noColour || dumb || !isTerminal))) return plain;
  const chalk = new Chalk({ level: 1 });
  const colours: Readonly<Record<Parameters<Paint>[0], (text: string) => string>> = {
    node: chalk.bold.blue,
    name: chalk.cyan,
    // Of the eight colours those that can be read on white and on black alike.
    address: chalk.magenta,
    value: (text) => text,
    text: chalk.green,
    faint: chalk.dim,
    error: chalk.bold.red,
    warning: chalk.bold.magenta,
    note: chalk.bold.blue,
    good: chalk.bold.green,
  };
  return (role, text) => colours[role](text);
}
