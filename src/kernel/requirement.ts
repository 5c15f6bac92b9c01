/** What one flag or field must say so that a component is hardened. */
export interface Requirement {
  /** Of a flag, or the way to a field: `authentication.anonymous.enabled`. */
  readonly name: string;
  /** Whether a value breaks it; `null` takes the flag or field away. Several values are written `a,b`. */
  readonly isBroken: (value: string | null) => boolean;
  /** The only profile that it holds in, where it does not hold in all. */
  readonly profile: string | undefined;
  /** Profile `course` breaks it on purpose, and no other may. */
  readonly onlyInCourse: boolean;
  /** What comes of it when it is broken. */
  readonly because: string;
  /** Ids of the CIS Kubernetes benchmark 1.5. */
  readonly cis: readonly string[];
}
