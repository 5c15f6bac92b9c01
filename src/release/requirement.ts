import type { RequirementData } from './release-data.ts';

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

export function requirementFrom(data: RequirementData): Requirement {
  const { name, needs, required, profile, because } = data;
  const only = data.only === undefined ? undefined : new RegExp(`^(?:${data.only})$`);
  const never = data.never === undefined ? undefined : new RegExp(`^(?:${data.never})$`);
  return {
    name,
    profile,
    because,
    onlyInCourse: data.course,
    cis: [data.cis].flat(),
    isBroken: (value) => {
      if (value === null) return required;
      const words = value.split(',').map((word) => word.trim());
      return (
        words.some((word) => (only !== undefined && !only.test(word)) || never?.test(word) === true) ||
        needs.some((word) => !words.includes(word)) ||
        (required && value === '')
      );
    },
  };
}
