import type { NewInventory, ValidInventory } from '../../answers/cluster.ts';
import { count } from '../text.ts';

export const initText = ({ shown, hosts }: NewInventory): string =>
  [
    `${shown}: ${count(hosts.length, 'host')}, ${hosts.map(({ name, roles }) => `${name} (${roles.join(', ')})`).join('; ')}.`,
    'Next:',
    `  k8s-bootstrap plan ${shown}`,
    `  k8s-bootstrap up ${shown}`,
    '',
  ].join('\n');

export const validateText = ({ file, hosts, version, profile }: ValidInventory): string =>
  `${file}: ${count(hosts, 'host')}, Kubernetes ${version}, profile ${profile}: fine\n`;
