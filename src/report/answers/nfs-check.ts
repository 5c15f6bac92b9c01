import type { MountCheck, NfsCheck, ServerCheck } from '../../answers/nfs.ts';
import { table } from '../table.ts';
import { type Paint, count } from '../text.ts';
import type { How } from './how.ts';
import { causeLines } from './nfs-causes.ts';

/** Servers, then every export on every node with its times, then what is wrong and what to do. */
export function nfsCheckText(check: NfsCheck, { paint, verbose }: How): string {
  const { servers, mounts, causes, lost } = check;
  const nodes = new Set(mounts.map(({ node }) => node)).size;
  return [
    ...(servers.length === 0 ? [] : [...table([SERVER_HEAD, ...servers.map(serverRow)]), '']),
    ...(mounts.length === 0
      ? []
      : [...table([MOUNT_HEAD, ...mounts.map((mount) => mountRow(mount, paint))]), '']),
    ...causes.flatMap((cause) => [...causeLines(cause, { paint, said: verbose }), '']),
    ...lost.map((host) => `${host} could not be asked.`),
    causes.length === 0
      ? `Every export can be used from ${count(nodes, 'node')}.`
      : `${count(causes.length, 'problem')}.`,
    '',
  ].join('\n');
}

const SERVER_HEAD = ['SERVER', 'SERVICES', 'REGISTERED', 'EXPORTS'];
const STEPS = ['reach', 'list', 'mount', 'write', 'read', 'delete', 'unmount'];
const MOUNT_HEAD = ['NODE', 'EXPORT', 'RESULT', 'VERSION', ...STEPS.map((step) => step.toUpperCase())];

function serverRow({ server, services, registered, exported, missing }: ServerCheck): string[] {
  const states = Object.entries(services);
  const off = states.filter(([, state]) => state !== 'active');
  return [
    server,
    off.length === 0
      ? 'active'
      : off.map(([unit, state]) => `${unit.replace(/\.service$/, '')} ${state}`).join(', '),
    registered === null ? '-' : registered.join(', ') || 'none',
    missing.length === 0
      ? `all ${exported.length}`
      : `${exported.length} of ${exported.length + missing.length}`,
  ];
}

function mountRow(mount: MountCheck, paint: Paint): string[] {
  const { node, export: name, result, version, milliseconds } = mount;
  return [
    node,
    name,
    result === 'failed' ? paint('red', result) : result,
    version ?? '-',
    ...STEPS.map((step) => (milliseconds[step] === undefined ? '-' : `${milliseconds[step]} ms`)),
  ];
}
