/** Whether every export can be used from every node. */
export interface NfsCheck {
  readonly check: 'mounts';
  readonly well: boolean;
  /** Hosts that could not be asked. */
  readonly lost: readonly string[];
  readonly servers: readonly ServerCheck[];
  readonly mounts: readonly MountCheck[];
  /** By host and export. */
  readonly problems: readonly NfsProblem[];
  /** What the problems come to: each cause once. */
  readonly causes: readonly NfsCause[];
}

export interface ServerCheck {
  /** Name in the inventory. */
  readonly server: string;
  /** States of its units, by name. */
  readonly services: Readonly<Record<string, string>>;
  /** Which of `nfs` and `mountd` rpcbind knows; `null` where nobody needs rpcbind. */
  readonly registered: readonly string[] | null;
  /** Paths of the inventory that it exports right now, and those it should. */
  readonly exported: readonly string[];
  readonly missing: readonly string[];
}

/** How one export fares on one node. */
export interface MountCheck {
  readonly node: string;
  /** `n1:/nfsdata`. */
  readonly export: string;
  /** `read-only` and `kept out` when the inventory wants just that; `skipped` when something before it failed. */
  readonly result: 'ok' | 'read-only' | 'kept out' | 'failed' | 'skipped';
  /** `4.2`; `null` when it was not mounted. */
  readonly version: string | null;
  /** By step: `reach`, `list`, `mount`, `write`, `read`, `delete`, `unmount`; one that was not made is not there. */
  readonly milliseconds: Readonly<Record<string, number>>;
}

export interface NfsProblem {
  /** As scripts compare it, in words, and what to do about it. */
  readonly cause: string;
  readonly says: string;
  readonly remedy: string;
  /** Where it was noticed. */
  readonly host: string;
  /** `mount`, `dial-rpcbind`, … */
  readonly step: string;
  /** Name or address of the server. */
  readonly server: string;
  readonly path: string | null;
  /** What the program said, as it said it. */
  readonly said: string;
}

/** A cause that several hosts, or several exports on the same hosts, may have met. */
export interface NfsCause {
  readonly cause: string;
  readonly says: string;
  readonly remedy: string;
  /** Where it was noticed; `claim` stands for the claim itself. */
  readonly hosts: readonly string[];
  /** Paths that it is about; none when it is about all of the server. */
  readonly paths: readonly string[];
  /** What programs said, each once. */
  readonly said: readonly string[];
}

/** What came of a claim, and of pods that used its volume. */
export interface NfsClaim {
  readonly check: 'claim';
  readonly well: boolean;
  readonly storageClass: string;
  /** Milliseconds until the claim was bound; `null` when it was not. */
  readonly bound: number | null;
  /** Name of the volume, and where it is: `192.0.2.9:/nfsdata/…`; `null` without one. */
  readonly volume: string | null;
  readonly folder: string | null;
  readonly pods: readonly PodCheck[];
  /** By node. */
  readonly problems: readonly ClaimProblem[];
  /** What the problems come to: each cause once. */
  readonly causes: readonly NfsCause[];
  /** Folders on the server that could not be removed. */
  readonly left: readonly string[];
}

export interface PodCheck {
  readonly node: string;
  /** Node whose file it read and deleted. */
  readonly reads: string;
  readonly result: 'ok' | 'failed';
  /** From its creation to its end, to the second; `null` when it did not end well. */
  readonly seconds: number | null;
}

export interface ClaimProblem {
  /** A node, or `claim`. */
  readonly where: string;
  readonly cause: string;
  readonly says: string;
  readonly remedy: string;
  /** Events and the like, a line each. */
  readonly said: string;
}

/** What is exported, and who has it. */
export interface NfsStatus {
  readonly well: boolean;
  readonly servers: readonly ServerStatus[];
  readonly exports: readonly ExportStatus[];
  readonly mounts: readonly (Mounted & { readonly node: string })[];
  readonly problems: readonly string[];
}

export interface ServerStatus {
  readonly server: string;
  /** States of its units, by name. */
  readonly services: Readonly<Record<string, string>>;
  /** Addresses that are connected, and no host's of the inventory. */
  readonly strangers: readonly string[];
  /** What clients of version 4 call themselves; empty where the kernel does not tell. */
  readonly clients: readonly string[];
}

/** One line of what a server exports right now. */
export interface Exported {
  readonly path: string;
  /** As it was written: an address, a range, a name, `*`. */
  readonly client: string;
  readonly options: readonly string[];
}

export interface ExportStatus extends Exported {
  readonly server: string;
  /** Whether the inventory says so. */
  readonly declared: boolean;
  /** Whether our own file of exports has it, if only from an earlier inventory. */
  readonly ours: boolean;
  readonly space: Space | null;
  /** How often each node has it, or a folder in it, mounted. */
  readonly mountedBy: Readonly<Record<string, number>>;
}

/** Of the file system that a folder is on. */
export interface Space {
  readonly totalKiB: number;
  readonly freeKiB: number;
}

/** Something that a host has mounted by NFS. */
export interface Mounted {
  /** As it was mounted: `192.0.2.9:/nfsdata`. */
  readonly from: string;
  readonly at: string;
  /** `4.2`. */
  readonly version: string;
  readonly state: 'ok' | 'hangs' | 'failed';
  /** What a look at it said, when it failed. */
  readonly said: string;
}

/** An export that was taken back. */
export interface NfsRemoval {
  readonly host: string;
  readonly path: string;
  /** Whether it is exported all the same. */
  readonly exported: boolean;
  readonly deleted: boolean;
  /** Why its files were not deleted although they should be; `null` otherwise. */
  readonly problem: string | null;
}
