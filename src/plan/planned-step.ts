/** What a step of a procedure comes to before it is done. Plain data. */
export interface PlannedStep {
  readonly id: string;
  readonly title: string;
  readonly hosts: readonly string[];
  readonly destroys: string | null;
}
