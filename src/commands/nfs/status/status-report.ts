import type { NfsStatus } from '../../../answers/nfs.ts';
import type { Inventory } from '../../../inventory/types.ts';
import { pathOn } from '../existing.ts';
import type { ServerSurvey, Survey } from '../survey.ts';
import { serversOf, targetsOf } from '../targets.ts';

/** Pure. @param waits why the provisioner is not ready */
export function statusOf(
  inventory: Inventory,
  surveys: readonly Survey[],
  lost: readonly string[],
  waits?: string,
): NfsStatus {
  const targets = targetsOf(inventory);
  const servers = serversOf(inventory);
  const mounts = surveys.flatMap(({ host, mounted }) => mounted.map((one) => ({ node: host, ...one })));
  const asked = surveys.flatMap(({ host, server }) => (server ? [{ host, server }] : []));
  const mountedBy = (host: string, path: string): Record<string, number> => {
    const server = servers.find((one) => one.host === host);
    const nodes = mounts
      .filter(({ from }) => server && isInside(pathOn(server, from), path))
      .map(({ node }) => node);
    return Object.fromEntries(
      [...new Set(nodes)].map((node) => [node, nodes.filter((one) => one === node).length]),
    );
  };
  const isDeclared = (host: string, path: string): boolean =>
    targets.some(({ server, entry }) => server.host === host && entry.path === path);
  const problems = [
    ...lost.map((host) => `${host} could not be asked`),
    ...asked.flatMap(({ host, server }) =>
      Object.entries(server.services).flatMap(([unit, state]) =>
        state === 'active' ? [] : [`${host}: ${unit} is ${state}`],
      ),
    ),
    ...targets.flatMap(({ server: { host }, entry: { path } }) => {
      const own = asked.find((one) => one.host === host)?.server;
      return !own || own.exports.some((one) => one.path === path) ? [] : [`${host}: ${path} is not exported`];
    }),
    ...(waits === undefined ? [] : [waits]),
    ...mounts.flatMap(({ node, from, at, state, said }) =>
      state === 'ok' || !servers.some((server) => pathOn(server, from) !== undefined)
        ? []
        : [`${node}: ${from} at ${at} ${state === 'hangs' ? 'hangs' : `cannot be used (${said})`}`],
    ),
  ];
  return {
    well: problems.length === 0,
    servers: asked.map(({ host, server }) => ({
      server: host,
      services: server.services,
      strangers: strangersOf(inventory, server),
      clients: server.clients,
    })),
    exports: asked.flatMap(({ host, server }) =>
      server.exports.map((one) => ({
        server: host,
        ...one,
        declared: isDeclared(host, one.path),
        ours: server.ours.includes(one.path),
        space: server.space[one.path] ?? null,
        mountedBy: mountedBy(host, one.path),
      })),
    ),
    mounts,
    problems,
  };
}

/** The export itself or a folder in it. */
export const isInside = (path: string | undefined, folder: string): boolean =>
  path === folder || path?.startsWith(`${folder === '/' ? '' : folder}/`) === true;

const strangersOf = ({ hosts }: Inventory, { peers }: ServerSurvey): string[] =>
  peers.filter((peer) => !hosts.some(({ ip, address }) => ip === peer || address === peer));
