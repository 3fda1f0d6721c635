/** What init says that it did, and whether a model of kho agrees: one of the two is not our code. */
import { check } from './run.js';

/** A memfd as the guest's system calls show it. */
export interface AccountFile {
  readonly token: bigint;
  readonly size: bigint;
  readonly pos: bigint;
  readonly seals: bigint;
}

export interface Account {
  /** Of the first kernel. */
  readonly sessions: ReadonlyMap<string, readonly AccountFile[]>;
  /** By `SESSION TOKEN`: `ok`, or what has been lost. */
  readonly restored: ReadonlyMap<string, string>;
}

/** Reads the ACCOUNT lines of a console. */
export function readAccount(console: string): Account {
  const sessions = new Map<string, AccountFile[]>();
  let first = false;
  const restored = new Map<string, string>();
  for (const [, kind, name = '', rest = ''] of console.matchAll(/^ACCOUNT (\w+) (\S+)(?: (.*))?$/gm)) {
    const [token = '', ...words] = rest.split(' ');
    if (kind === 'kernel') first = name === 'first';
    if (kind === 'session' && first) sessions.set(name, []);
    if (kind === 'restored') restored.set(`${name} ${token}`, words.join(' '));
    if (kind === 'file' && first) {
      const [size = 0n, pos = 0n, seals = 0n] = words.map(BigInt);
      sessions.get(name)?.push({ token: BigInt(token), size, pos, seals });
    }
  }
  return { sessions, restored };
}

/** The part of `kho dump --format json` that is compared. */
export interface Model {
  readonly kind: string;
  readonly generation?: string;
  readonly diagnostics: readonly { readonly code: string; readonly message: string }[];
  readonly fdt?: { readonly address?: string };
  readonly luo?: {
    readonly sessions: readonly {
      readonly name: string;
      readonly files: readonly {
        readonly token: string;
        readonly compatible: string;
        readonly memfd?: { readonly pos: string; readonly size: string; readonly seals: string };
      }[];
    }[];
  };
}

/**
 * Compares sessions and files of a model with the account.
 *
 * @throws Error that names the first difference
 */
export function compareAccount({ sessions }: Account, model: Model, what: string): void {
  const found = model.luo?.sessions ?? [];
  check(
    found.map(({ name }) => name).join() === [...sessions.keys()].join(),
    `${what}: sessions ${found.map(({ name }) => name).join()}, but init made ${[...sessions.keys()].join()}`,
  );
  for (const { name, files } of found) {
    const text = (file: AccountFile) => `${file.token} ${file.size} ${file.pos} ${file.seals}`;
    const here = files.map(({ token, memfd }) =>
      text({
        token: BigInt(token),
        size: BigInt(memfd?.size ?? -1),
        pos: BigInt(memfd?.pos ?? -1),
        seals: BigInt(memfd?.seals ?? -1),
      }),
    );
    const made = (sessions.get(name) ?? []).map(text);
    check(
      here.join() === made.join(),
      `${what}: session ${name} has ${here.join()}; init made ${made.join()}`,
    );
  }
}
