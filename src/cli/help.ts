/** The help as yargs lays it out, with what it cannot do: what options take, and commands that can be copied. */
import type { Argv } from 'yargs';
import { wrappedText } from '../report/wrap.js';
import { withPlaceholders } from './placeholders.js';

/** Of every command that has no epilogue of its own (design section 4). */
const EXIT_STATUS =
  'Exit status: 0 clean; 1 findings (validate) or differences (diff); 2 arguments or input that cannot be used, or an incomplete answer; 3 internal error';

/** What yargs keeps for the help of the command that runs; `reset` is called before a command adds its own. */
interface Usage {
  cacheHelpMessage(): void;
  help(): string;
  example(line: string, text?: string): void;
  epilog(text: string): void;
  reset(local: unknown): Usage;
}

/**
 * yargs lays out the help of every command that runs, for the case that it fails; our refusals do not print it. What it
 * prints says what options take, and breaks no command line.
 *
 * @param width columns
 */
export function adjustHelp(parser: Argv, width: number): void {
  const { getInternalMethods } = parser as unknown as {
    getInternalMethods(): { getUsageInstance(): Usage };
  };
  const usage = getInternalMethods.call(parser).getUsageInstance();
  const { help, reset } = usage;
  let examples: [line: string, text: string][] = [];
  let epilogue = EXIT_STATUS;
  usage.cacheHelpMessage = () => {};
  usage.example = (line, text = '') => {
    examples.push([line, text]);
  };
  usage.epilog = (text) => {
    epilogue = text;
  };
  usage.reset = (local) => {
    examples = [];
    epilogue = EXIT_STATUS;
    return reset.call(usage, local);
  };
  usage.help = () => {
    const last = epilogue.split('\n').flatMap((text) => [...wrappedText('', text, width)]);
    return [withPlaceholders(help.call(usage)), ...exampleText(examples, width), last.join('\n')].join(
      '\n\n',
    );
  };
}

/** Command lines with what each is for beside it, or below where one is too long for that. */
function exampleText(examples: readonly (readonly [string, string])[], width: number): string[] {
  if (examples.length === 0) return [];
  const longest = Math.max(...examples.map(([line]) => line.length));
  const fits = examples.every(([, text]) => longest + text.length + 4 <= width);
  const lines = examples.map(([line, text]) =>
    fits
      ? `  ${line.padEnd(longest)}  ${text}`.trimEnd()
      : `  ${line}${text === '' ? '' : `\n      ${text}`}`,
  );
  return [`Examples:\n${lines.join('\n')}`];
}
