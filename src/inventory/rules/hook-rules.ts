import { didYouMean } from '../suggest.ts';
import type { Rule } from './rule.ts';

/** A hook that no host runs would be missed when it is needed. */
export const hooksNameHosts: Rule = ({ hooks, hosts }, report) => {
  const names = hosts.map(({ name }) => name);
  const counted = new Map<string, number>();
  for (const { when, of, on } of hooks) {
    const index = counted.get(`${when} ${of}`) ?? 0;
    counted.set(`${when} ${of}`, index + 1);
    if (typeof on === 'string') continue;
    on.forEach((name, at) => {
      if (names.includes(name)) return;
      const path = ['hooks', when, of, index, 'on', at];
      report.error(path, `there is no host "${name}"${didYouMean(name, names)}`);
    });
  }
};
