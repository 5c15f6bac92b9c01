import type { NfsCause } from '../../answers/nfs.ts';
import { groupBy } from '../../kernel/group-by.ts';
import { type Cause, type Words, inWords } from './causes.ts';

/** Something that is wrong, as one host met it. */
export interface Noticed extends Cause {
  readonly host: string;
  /** What it is about, when it is not about all of the server. */
  readonly path: string | null;
  /** What the program said, as it said it. */
  readonly said: string;
  /** For the words of the cause. */
  readonly words: Words;
}

/** What many hosts met alike is one cause, and so is what the same hosts met on several exports. */
export function toldOnce(problems: readonly Noticed[]): NfsCause[] {
  const alike = groupBy(problems, (one) => JSON.stringify([sentence(one), one.path]));
  const onSameHosts = groupBy([...alike.values()], (ones) =>
    JSON.stringify([ones.slice(0, 1).map(sentence), hostsOf(ones)]),
  );
  return [...onSameHosts.values()].map((several) => causeOfAll(several.flat()));
}

function causeOfAll(alike: readonly Noticed[]): NfsCause {
  const [first] = alike;
  const { cause = '', says = '', remedy = '' } = first ?? {};
  const paths = distinct(alike.flatMap(({ path }) => path ?? []));
  const words = {
    ...first?.words,
    host: distinct(alike.map(({ words: { host = '' } }) => host)).join(', '),
    ...(paths.length > 0 && { path: paths.join(', ') }),
  };
  return {
    cause,
    says: inWords(says, words),
    remedy: inWords(remedy, words),
    hosts: hostsOf(alike),
    paths,
    said: distinct(alike.map(({ said }) => said.trim()).filter(Boolean)),
  };
}

/** What two problems must have in common to be told as one. */
const sentence = ({ cause, says, remedy, words }: Noticed): unknown => {
  const others = Object.entries(words).filter(([name]) => name !== 'host' && name !== 'path');
  return [cause, says, remedy, others.sort()];
};

const hostsOf = (alike: readonly Noticed[]): string[] => distinct(alike.map(({ host }) => host));

const distinct = (texts: readonly string[]): string[] => [...new Set(texts)];
