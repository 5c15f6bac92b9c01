/**
 * Stands for a text that cannot be made now because a key in it is locked: enough to tell whether a file holds it.
 * Without a digest that is not known either, and the file counts as another.
 */
export interface LockedText {
  /** SHA-256 of the text, hex. */
  readonly sha256: string | undefined;
  readonly bytes: number;
}
