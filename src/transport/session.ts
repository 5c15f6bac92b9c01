/**
 * The one seam to a host: start a command with stdin, get stdout, stderr and an exit code.
 * Files, sudo, probing and applying are built on top of it; a test double implements just this.
 */
export interface Session {
  /** The inventory's name of the host. */
  readonly host: string;
  readonly stats: SessionStats;
  /**
   * Runs one command line in the remote user's shell and waits for its end.
   * Resolves for any exit code; rejects with a BootstrapError when the command could not be started
   * (`E_CHANNEL`), the connection was lost before an exit code came (`E_CONNECTION_LOST`), it took
   * longer than it may (`E_TIMEOUT`), printed more than it may (`E_OUTPUT`) or `signal` fired (`E_ABORTED`).
   */
  exec(command: string, options?: ExecOptions): Promise<ExecResult>;
  close(): Promise<void>;
}

export interface ExecOptions {
  /** Fed to the command's stdin, which is closed at its end. A command that stops reading is no error. */
  readonly stdin?: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  /**
   * What the command prints last on stdout. With it all has been said: the code is 0, and its end is not waited for.
   * Behind a jump host that end comes 40 ms later, because nobody acknowledges the last bytes at once.
   */
  readonly lastWords?: Buffer;
  /** How long it may take; the session's own limit by default, `Infinity` for none. */
  readonly timeoutMs?: number;
  /** What it may take beyond the session's own limit. */
  readonly moreMs?: number;
  /** How many bytes it may print on either output; `OUTPUT_LIMIT` by default. What is not kept is not counted. */
  readonly outputLimit?: number;
  /** `false`: stdout is for `onStdout` alone, however long it goes on. */
  readonly keepStdout?: boolean;
  readonly signal?: AbortSignal;
  /** Called with each piece of stdout as it arrives, besides being collected. */
  readonly onStdout?: (chunk: Buffer) => void;
  /** The same for stderr. */
  readonly onStderr?: (chunk: Buffer) => void;
}

export interface ExecResult {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** Enough for anything but lists of many objects; a host that prints without an end does not fill the controller. */
export const OUTPUT_LIMIT = 8 * 1024 ** 2;

/** Counts on while the session is used. */
export interface SessionStats {
  readonly connections: number;
  readonly execs: number;
  readonly bytesSent: number;
}

/** Opens sessions; the engine gets one of these, the command line decides which. */
export type Connect = (host: string, signal: AbortSignal) => Promise<Session>;

/**
 * Whether a command has said what it was to say last on stdout. Nothing that it has printed beside that need have
 * arrived: the two outputs are two pipes, and sshd reads either first.
 */
export const hasSpoken = (stdout: Buffer, lastWords: Buffer | undefined): boolean =>
  lastWords !== undefined && stdout.subarray(-lastWords.length).equals(lastWords);
