import type { Paint } from '../text.ts';

/** How an answer is shown. Its texts are safe for a terminal already. */
export interface How {
  readonly paint: Paint;
  readonly verbose: boolean;
  /** Names of all hosts that were asked. */
  readonly hosts: readonly string[];
}
