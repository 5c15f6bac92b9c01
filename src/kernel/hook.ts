/** A command of somebody else's at a place in a run. */
export interface Hook {
  readonly when: 'before' | 'after';
  /** `up` for the whole run, or the id of a phase. */
  readonly of: string;
  /** A command for sh. */
  readonly run: string;
  /** Where: this machine, the hosts that the phase changes, or hosts by name. */
  readonly on: 'controller' | 'hosts' | readonly string[];
  readonly timeoutSeconds: number;
}

/** `before etcd`, as people call it. */
export const nameOfHook = ({ when, of }: Pick<Hook, 'when' | 'of'>): string => `${when} ${of}`;
