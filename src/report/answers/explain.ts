import type { ExplainedFile, ExplainedFlag, FileFact, FlagFact } from '../../answers/cluster.ts';

export const explainFileText = ({ found }: ExplainedFile): string => found.map(fileText).join('\n');

export const explainFlagText = ({ found }: ExplainedFlag): string =>
  `${found.map(flagText).join('\n')}\n${CAVEAT}\n`;

const CAVEAT = 'As on freshly installed CentOS hosts; "k8s-bootstrap plan" looks at the real ones.';

function fileText({ path, phase, title, hosts, kind, restarts }: FileFact): string {
  return [
    path,
    `  what:   ${kind}`,
    `  phase:  ${phase} (${title}), on ${hosts.join(', ')}`,
    `  change: ${restarts.length === 0 ? 'restarts nothing' : `restarts ${restarts.join(', ')}`}`,
    '',
  ].join('\n');
}

function flagText(fact: FlagFact): string {
  const { component, flag, values, why, link, sources, phase, unit, cis, deprecated } = fact;
  const set = values.map(({ value, hosts }) => `  --${flag}=${value}   on ${hosts.join(', ')}`);
  return [
    `${component} --${flag}${deprecated ? ' (deprecated)' : ''}`,
    ...(set.length > 0 ? set : ['  not set by anything']),
    ...(why === undefined ? [] : [`  why:    ${why}`]),
    ...sources.map((source) => `  from:   ${source}`),
    ...(phase === undefined ? [] : [`  phase:  ${phase}, in ${unit}`]),
    ...(cis.length === 0 ? [] : [`  CIS:    ${cis.join(', ')}`]),
    `  more:   ${link}`,
    '',
  ].join('\n');
}
