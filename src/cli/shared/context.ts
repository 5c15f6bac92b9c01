import type { Readable } from 'node:stream';
import type { OutputStream } from '../../report/text.ts';

/** The process as the command line sees it; nothing else in the program touches `process`. */
export interface ProcessIo {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & { readonly isTTY?: boolean; readonly setRawMode?: (raw: boolean) => unknown };
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

/** What the registration of a command gets besides the command line it adds itself to. */
export interface Cli {
  readonly around: ProcessIo;
  /** Of this program. */
  readonly version: string;
  /** Sets what the process will exit with. */
  readonly exit: (code: number) => void;
}

/** Options every command takes. */
export interface GlobalOptions {
  readonly inventory?: string;
  readonly json?: boolean;
  readonly plain?: boolean;
  readonly verbose?: boolean;
  /** Of texts that teach; by the locale when not given. */
  readonly lang?: string;
}

/** `-i FILE`, else `$K8S_BOOTSTRAP_INVENTORY`, else `./inventory.yaml`; an argument wins over all. */
export const inventoryFile = (
  argument: string | undefined,
  options: GlobalOptions,
  env: ProcessIo['env'],
): string => argument ?? options.inventory ?? env['K8S_BOOTSTRAP_INVENTORY'] ?? 'inventory.yaml';
