export interface HostStatuses {
  readonly well: boolean;
  readonly hosts: readonly HostStatus[];
  /** `null` where it is looked once only. */
  readonly watched: Watched | null;
}

/** A look of many. */
export interface Watched {
  /** When it was looked, as ISO 8601. */
  readonly at: string;
  readonly everySeconds: number;
  /** What is otherwise than at the look before, by host. */
  readonly moved: Readonly<Record<string, readonly StatusColumn[]>>;
  /** Why the rows are those of an earlier look; `null` when they are of this one. */
  readonly trouble: string | null;
}

export type StatusColumn = 'reached' | 'components' | 'health' | 'certificates' | 'drift';

/** How one host is, as far as one look tells. */
export interface HostStatus {
  readonly host: string;
  readonly roles: readonly string[];
  readonly reached: boolean;
  readonly components: readonly ComponentStatus[];
  /** What must hold, and what is missing where it does not. */
  readonly health: readonly { readonly check: string; readonly missing: string | null }[];
  readonly certificates: readonly CertificateStatus[];
  /** What `up` would change. */
  readonly drift: readonly { readonly phase: string; readonly change: string; readonly summary: string }[];
  /** Files that an earlier run wrote and nothing wants any more. */
  readonly orphans: readonly string[];
  /** Everything that is off, as sentences; empty when all is well. */
  readonly problems: readonly string[];
}

export interface ComponentStatus {
  readonly unit: string;
  /** As systemd says it: `active`, `inactive`, `failed`, or `not-found`. */
  readonly state: string;
  readonly atBoot: boolean;
  /** When its process was started, in systemd's words and the host's own time; `null` where none runs. */
  readonly since: string | null;
  /** Files that others have put over it. */
  readonly changedBy: readonly string[];
}

export interface CertificateStatus {
  readonly path: string;
  readonly notAfter: string;
  readonly daysLeft: number;
}

/** Keys that hosts presented, all of which are known now. */
export interface TrustedHosts {
  readonly hosts: readonly HostKey[];
}

export interface HostKey {
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly type: string;
  readonly fingerprint: string;
  /** What it was before somebody said that it is right. */
  readonly state: 'known' | 'new' | 'changed' | 'revoked';
}

/** One line of a journal. */
export interface JournalEntry {
  readonly host: string;
  /** Microseconds since 1970, by the host's clock. */
  readonly at: number;
  /** Program and process: `etcd[123]`. */
  readonly from: string;
  readonly message: string;
}

/** Who had locked the hosts, and which of those locks were taken away. */
export interface Unlocked {
  /** `root@laptop (pid 12) since 2026-11-30T08:00:00Z`. */
  readonly held: readonly { readonly host: string; readonly by: string }[];
  /** Names of hosts. */
  readonly taken: readonly string[];
  /** Hosts of which nobody knows. */
  readonly notAsked: readonly string[];
}
