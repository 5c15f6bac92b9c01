import type { ClusterReset } from '../../answers/reset.ts';

export const resetText = ({ cluster, stateFolder, hosts }: ClusterReset): string =>
  [
    ...hosts.flatMap(({ host, wasOurs, left, packages, data }) => [
      wasOurs
        ? `${host} is as it was before the first run.`
        : `${host} had nothing of ${cluster} on it${packages.length === 0 ? '' : ' but packages'}.`,
      ...(data.length === 0 ? [] : [`  data stays in ${data.join(', ')}; --delete-data takes it away`]),
      ...(packages.length === 0 ? [] : [`  packages stay: ${packages.join(' ')}; --packages removes them`]),
      ...left.map((sentence) => `  ${sentence}`),
    ]),
    `Keys, users and known hosts of ${cluster} stay on this machine, in ${stateFolder}: "up" makes the same cluster again.`,
    '',
  ].join('\n');
