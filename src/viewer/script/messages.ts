/** What the viewer and its worker say to each other. */

/** A file to read. */
export interface Ask {
  readonly file: File;
  readonly version: string;
}

/** The body of its page, or why there is none. */
export type Reply = { readonly body: string } | { readonly error: string };
