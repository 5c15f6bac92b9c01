import type { KnownWeakness, NewInventory, ValidInventory } from '../../answers/cluster.ts';
import { quote } from '../../kernel/quote.ts';
import { count } from '../text.ts';

export const initText = ({ shown, hosts }: NewInventory): string =>
  [
    `${shown}: ${count(hosts.length, 'host')}, ${hosts.map(({ name, roles }) => `${name} (${roles.join(', ')})`).join('; ')}.`,
    'Next:',
    `  k8s-bootstrap plan ${quote(shown)}`,
    `  k8s-bootstrap up ${quote(shown)}`,
    '',
  ].join('\n');

export const validateText = ({ file, hosts, version, profile, weaknesses }: ValidInventory): string =>
  [
    `${file}: ${count(hosts, 'host')}, Kubernetes ${version}, profile ${profile}: fine`,
    ...(weaknesses.length === 0 ? [] : [`Known to be weak in Kubernetes ${version}:`]),
    ...weaknesses.map((one) => `  ${one.id}: ${sentences(one).join(' ')}`),
    '',
  ].join('\n');

const sentences = ({ says, mendedIn, remedy, link }: KnownWeakness): string[] => [
  says,
  mendedIn === null ? 'No version mends it.' : `Mended in ${mendedIn}.`,
  ...(remedy === null ? [] : [remedy]),
  link,
];
