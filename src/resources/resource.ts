import type { Observed, Watch } from '../probe/observe.ts';
import type { Step } from './step.ts';

/**
 * One thing a host should have, as a value: what to look at, how far off it is, and what to run.
 * `diff` is pure and synchronous; `steps` may make content (a certificate) but touches no host.
 */
export interface Resource {
  /** Unique on its host, and the name others refer to: `file:/etc/…`, `service:etcd.service`. */
  readonly id: string;
  readonly title: string;
  readonly watches: readonly Watch[];
  /** `upstream` holds the changes of the resources before it in the same plan, by id. */
  diff(seen: Observed, upstream: ReadonlyMap<string, Change>): Change;
  steps(change: Change, seen: Observed): readonly Step[] | Promise<readonly Step[]>;
  /**
   * SHA-256 of what would be there, of what no plan shows: a plan that is kept notices by it when that is another. It
   * leaves this program under a key only.
   */
  readonly wants?: () => string | undefined;
  /** The host that it is about, where that is another than the one it is written from: a node, in the API. */
  readonly about?: string;
  /** Paths on the host that this resource owns; they go to the host's manifest. */
  readonly owns?: readonly string[];
}

/** What would happen to one resource; plain data, safe to print and to store. */
export type Change =
  | { readonly kind: 'none'; readonly why: string }
  | { readonly kind: 'create'; readonly summary: string; readonly text?: TextChange }
  | {
      readonly kind: 'update';
      readonly summary: string;
      readonly text?: TextChange;
      /** What to look at first, so that it can be shown: the text that is there. */
      readonly toBeShown?: readonly Watch[];
    }
  | { readonly kind: 'delete'; readonly summary: string }
  /** A unit is started or restarted; `because` names the reasons, for a person. */
  | {
      readonly kind: 'restart';
      readonly summary: string;
      readonly because: readonly string[];
      readonly interrupts: boolean;
    }
  /** Cannot be told before `waitsFor` has happened (an object before there is an API server). */
  | {
      readonly kind: 'unknown';
      readonly summary: string;
      readonly waitsFor: string;
      /** Whether it comes by itself in a while, and is therefore asked again: an API server that was just started. */
      readonly byItself?: true;
    };

/** Old and new text of a file that is no secret; the plan shows it as a unified diff. */
export interface TextChange {
  readonly path: string;
  readonly before: string;
  readonly after: string;
}

export const none = (why: string): Change => ({ kind: 'none', why });

export const changes = (change: Change): boolean => change.kind !== 'none';
