/** Hosts that are as they were before the first run. */
export interface ClusterReset {
  readonly cluster: string;
  /** On this machine: keys, users and known hosts stay in it. */
  readonly stateFolder: string;
  readonly hosts: readonly {
    readonly host: string;
    /** Whether there was anything to take away. */
    readonly wasOurs: boolean;
    /** What could not be taken away or put back, as sentences. */
    readonly left: readonly string[];
    /** Packages that were installed, and stay. */
    readonly packages: readonly string[];
    /** Folders whose data stays. */
    readonly data: readonly string[];
  }[];
}
