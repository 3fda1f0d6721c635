/** A row of the table of commands. */
import type { CommandModule } from 'yargs';

export interface Command {
  /** Name and arguments, in yargs' form. */
  readonly form: string;
  /** One line of help. */
  readonly describe: string;
  /** Whether it may take long, and tells on a terminal how far it is. */
  readonly metered?: true;
  load(): Promise<CommandModule>;
}
