/** The package's own version. */
import { createRequire } from 'node:module';

/** As package.json has it. */
export function packageVersion(): string {
  const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };
  return version;
}
