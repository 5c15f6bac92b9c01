/** What to look at on a host: `kind` names a prober, `key` the thing. Equal watches are asked once. */
export type Watch =
  | { readonly kind: 'file'; readonly key: string; readonly read: FileRead }
  | { readonly kind: 'unit'; readonly key: string; readonly inputs: readonly string[] }
  | { readonly kind: 'package'; readonly key: string }
  | { readonly kind: 'sysctl'; readonly key: string }
  | { readonly kind: 'module'; readonly key: string }
  /** A Kubernetes API path, read through the master's own API server. */
  | { readonly kind: 'object'; readonly key: string }
  /** An address on the host itself that says whether a component is well: `http://127.0.0.1:10248/healthz`. */
  | { readonly kind: 'endpoint'; readonly key: string }
  /**
   * A few lines of shell that only read: all questions run in one shell, where `$IP` is the host's own address. `slow`
   * ones run in the background and limit themselves: `timeout 20 …`.
   */
  | { readonly kind: 'answer'; readonly key: string; readonly script: string; readonly slow?: boolean };

/**
 * `hash` sends a SHA-256, made anew each time; `content` the bytes as well (small public files); `digest` a SHA-256 that
 * was remembered while the file is still the same (big ones); `secret` one salted with the run's nonce.
 */
export type FileRead = 'hash' | 'content' | 'digest' | 'secret';

export type WatchKind = Watch['kind'];

export type FileState =
  | { readonly type: 'absent' }
  | {
      readonly type: 'file';
      readonly mode: string;
      readonly owner: string;
      readonly group: string;
      readonly size: number;
      /** Plain digest for `content` and `digest`, salted digest for `secret`. */
      readonly sha256: string;
      readonly content?: Buffer;
    }
  | { readonly type: 'directory'; readonly mode: string; readonly owner: string; readonly group: string }
  | { readonly type: 'link'; readonly target: string }
  | { readonly type: 'other'; readonly description: string };

export interface UnitState {
  /** `not-found`, `loaded`, `masked`, … */
  readonly load: string;
  /** `active`, `inactive`, `failed`, `activating`, … */
  readonly active: string;
  readonly sub: string;
  /** `enabled`, `disabled`, `static`, `masked`, … or empty. */
  readonly enabled: string;
  readonly needsReload: boolean;
  /** Revision the running process was started with; empty when it is not ours or not running. */
  readonly runningRevision: string;
  /** Revision of the inputs as they are on disk now. */
  readonly diskRevision: string;
  /** The running executable was replaced on disk. */
  readonly binaryReplaced: boolean;
  readonly startedAt: string;
  /** The file that systemd has read it from; empty when there is none. */
  readonly fragment: string;
  /** Files that add to it or change it: those that systemd has read, and those it would read next time. */
  readonly dropIns: readonly string[];
}

/** A line that sets a kernel parameter at boot. */
export interface SysctlLine {
  readonly file: string;
  readonly line: string;
  readonly value: string;
}

/** A short answer of a script: exit code and both outputs. */
export interface Answer {
  readonly code: number;
  readonly output: string;
}

/** What the API server said: HTTP status (0: it did not answer) and the parsed body. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** What an address said: HTTP status (0: it did not answer) and the body. */
export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** Whether a probe has asked it; a file whose content is wanted may have been asked for less. */
export function isAnswered(seen: Observed, watch: Watch): boolean {
  if (watch.kind !== 'file') return seen[watch.kind](watch.key) !== undefined;
  const state = seen.file(watch.key);
  if (state?.type !== 'file') return state !== undefined;
  return watch.read !== 'content' || state.content !== undefined;
}

/** Everything one probe brought back from one host, by watch. `undefined` means: was not asked. */
export interface Observed {
  readonly nonce: string;
  /** The host's clock when it was asked, in seconds since 1970 with a fraction. */
  readonly clock: number;
  file(path: string): FileState | undefined;
  unit(name: string): UnitState | undefined;
  /** Installed version, or `absent`. */
  package(name: string): string | undefined;
  /** Current value, or `absent`. */
  sysctl(key: string): string | undefined;
  /** What sets it at boot, in the order in which it counts. */
  sysctlAtBoot(key: string): readonly SysctlLine[] | undefined;
  module(name: string): 'loaded' | 'builtin' | 'absent' | undefined;
  answer(key: string): Answer | undefined;
  object(path: string): ApiAnswer | undefined;
  endpoint(url: string): HttpAnswer | undefined;
}
