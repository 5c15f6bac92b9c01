/** A node that takes no new pods, and has none left but those of DaemonSets. */
export interface NodeDrained {
  readonly node: string;
}

/** A node that takes pods again. */
export interface NodeUncordoned {
  readonly node: string;
}

/** A host that is no part of the cluster any more. */
export interface NodeRemoved {
  readonly node: string;
  /** Whether it was looked after itself: its units stopped, its keys taken away. */
  readonly cleaned: boolean;
  /** Where on it the former data of etcd lies; none when it was no member, or was left as it is. */
  readonly setAside: readonly string[];
  /** The inventory, when it still names the host: the next `up` would take it in again. */
  readonly stillIn: string | null;
}
