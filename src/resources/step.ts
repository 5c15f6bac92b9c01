import type { PackageManager } from '../facts/facts.ts';
/**
 * What must run on a host, as data. Compiled to POSIX sh in one place (`compile.ts`);
 * content travels on stdin behind the script, never inside it.
 */
export type Step =
  | WriteFile
  | FetchFile
  | SetAttributes
  | { readonly op: 'directory'; readonly path: string; readonly attributes: Attributes }
  | { readonly op: 'link'; readonly path: string; readonly target: string }
  | { readonly op: 'remove'; readonly path: string }
  /** Takes away what an earlier run wrote, as long as it is still what was written, and puts an original back. */
  | { readonly op: 'prune'; readonly path: string }
  | InstallPackages
  | {
      readonly op: 'unit';
      readonly verb: UnitVerb;
      readonly unit: string;
      readonly inputs?: readonly string[];
    }
  /** Anything rarer: a title for the log and a script whose values were quoted by `sh`. */
  | {
      readonly op: 'run';
      readonly title: string;
      readonly script: string;
      readonly stdin?: Content;
      /** Whether it gets something from elsewhere, which may take its time. */
      readonly downloads?: true;
      /** What it may take beyond the time that a command has anyway. */
      readonly seconds?: number;
    };

export interface SetAttributes {
  readonly op: 'attributes';
  readonly path: string;
  readonly attributes: Attributes;
  /** Of a big file: kept anew, because its inode has changed with its rights. */
  readonly sha256?: string;
}

export interface InstallPackages {
  readonly op: 'packages';
  readonly manager: PackageManager;
  readonly names: readonly string[];
  /** Variables for the package manager: a proxy. */
  readonly environment: readonly (readonly [name: string, value: string])[];
}

export interface WriteFile {
  readonly op: 'write';
  readonly path: string;
  readonly content: Content;
  readonly attributes: Attributes;
  /** Validation run on the temporary file (`$1`) before it takes the name; non-zero keeps the old file. */
  readonly check?: string;
}

/** A file that the host brings by itself, from the first address that has it. */
export interface FetchFile extends Download {
  readonly op: 'fetch';
  readonly path: string;
  readonly attributes: Attributes;
}

export interface Download {
  readonly urls: readonly string[];
  /** Of what is downloaded; checked before anything of it is used. */
  readonly sha256: string;
  /** Name within the archive, when what is downloaded is a tar.gz. */
  readonly member: string | undefined;
}

export type UnitVerb = 'enable' | 'disable' | 'start' | 'stop' | 'restart' | 'reload' | 'mask' | 'unmask';

export interface Attributes {
  /** Four octal digits, as a string: `0644`. */
  readonly mode: string;
  readonly owner: string;
  readonly group: string;
}

/** Bytes to send: small ones in memory, big ones as a stream that can be opened when their turn comes. */
export interface Content {
  readonly size: number;
  readonly sha256: string;
  /** What stands in no script and is read by its owner alone. */
  readonly secret?: true;
  /** The file on this machine that it is in, of a big one. */
  readonly file?: string;
  open(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}
