/** How the store is: who is in it, and how each member fares. */
export interface EtcdStatus {
  readonly well: boolean;
  /** Members with a vote, how many of them have to be healthy, and how many are. */
  readonly quorum: { readonly members: number; readonly needed: number; readonly healthy: number };
  readonly members: readonly EtcdMemberStatus[];
  readonly problems: readonly string[];
}

export interface EtcdMemberStatus {
  /** Name in the inventory; `null` of a member that it does not name. */
  readonly host: string | null;
  /** As etcdctl takes it; `null` of a host that is no member. */
  readonly id: string | null;
  readonly peerUrl: string;
  readonly role: 'leader' | 'follower' | 'learner' | 'not started' | 'no member' | 'unknown';
  readonly healthy: boolean;
  readonly version: string | null;
  /** Bytes of its database, those of them that hold something, and how many there may be. */
  readonly size: {
    readonly total: number;
    readonly inUse: number | null;
    readonly quota: number | null;
  } | null;
  readonly raftIndex: number | null;
  /** Entries that it is behind whoever is farthest. */
  readonly lag: number | null;
  /** `NOSPACE`, `CORRUPT`. */
  readonly alarms: readonly string[];
}

/** A snapshot that was brought here. */
export interface EtcdBackup {
  readonly file: string;
  /** The member it is of. */
  readonly host: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly revision: number;
  readonly keys: number;
}

export interface EtcdDefragmentation {
  readonly members: readonly {
    readonly host: string;
    readonly before: number | null;
    readonly after: number | null;
  }[];
  /** Alarms that were taken back. */
  readonly disarmed: readonly string[];
}

/** A member that was made anew. */
export interface EtcdReplacement {
  readonly host: string;
  /** Where on the host the former data lies; none when nothing was there. */
  readonly setAside: readonly string[];
  /** The snapshot that was taken before, here. */
  readonly backup: string | null;
}

export interface EtcdRestoration {
  readonly file: string;
  /** `null` where nothing beside the file tells it. */
  readonly revision: number | null;
  /** Where on each host the former data lies. */
  readonly setAside: Readonly<Record<string, readonly string[]>>;
  /** Hosts that were installed anew, and have no more yet than what was needed. */
  readonly unfinished: readonly string[];
}
