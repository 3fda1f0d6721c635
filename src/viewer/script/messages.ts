/** What the viewer and its worker say to each other. */

import type { Fields } from '../settings.js';

/** A file, and its path below the folder that was dropped. */
export interface DroppedFile {
  readonly path: string;
  readonly file: File;
}

/** Files to read: a dump, or a blob and its memory, or a folder; a regset may be among them. */
export interface Ask {
  readonly files: readonly DroppedFile[];
  readonly fields: Fields;
  readonly version: string;
}

/** The body of its page, or why there is none. */
export type Reply = { readonly body: string } | { readonly error: string };
