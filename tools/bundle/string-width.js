/**
 * For the bundle: yargs lays out the help before every command, and string-width takes a fifth of the time of a short
 * command with its segmenter and its pattern of all emoji. Our help is ASCII.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: what colours begin with
const COLOUR = /\u001B\[[0-9;]*m/g;

/** Columns of a text of the help. */
export default function stringWidth(text) {
  return text.replace(COLOUR, '').length;
}
