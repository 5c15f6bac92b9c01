import type { Requirement } from '../kernel/requirement.ts';
import type { RequirementData } from './release-data.ts';

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
