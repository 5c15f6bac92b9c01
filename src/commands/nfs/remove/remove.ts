import { readFile } from 'node:fs/promises';
import { type RunOptions, visit } from '../../../cluster/visit.ts';
import { parseDocument } from '../../../inventory/document.ts';
import { ownerOfFolder, placeOf } from '../../../templates/places.ts';
import type { Inventory } from '../../../inventory/types.ts';
import { BootstrapError, ExitCode } from '../../../kernel/errors.ts';
import { converge } from '../../../run/converge.ts';
import { runOn } from '../../../run/fleet.ts';
import { openState } from '../../../cluster/open-state.ts';
import { hostsOfNfs } from '../check/nfs-check.ts';
import { readEtab } from '../etab.ts';
import { visitFleet } from '../../../cluster/visit-fleet.ts';
import { deleteData } from './delete-data.ts';
import { mountsOf, refuseInUse, volumesOn } from './in-use.ts';
import { isInside } from '../status/status-report.ts';
import { type Survey, survey } from '../survey.ts';
import { nfsOf } from '../targets.ts';
import { outcome, lostIn } from '../../../cluster/visit-hosts.ts';

export interface RemoveOptions extends RunOptions {
  /** `/nfsdata` or `n1:/nfsdata`. */
  readonly export: string;
  /** Although it is mounted, or volumes are on it. */
  readonly force: boolean;
  readonly deleteData: boolean;
  /** The path need not be typed. */
  readonly yes: boolean;
}

/**
 * Unexports a folder that the inventory does not name any more, and keeps what is in it unless told otherwise.
 * @throws E_EXPORT_DECLARED, E_NO_EXPORT, E_EXPORT_IN_USE, E_EXPORT_DATA, E_NOT_CONFIRMED; nothing was changed then
 */
export async function removeExport(options: RemoveOptions): Promise<number> {
  const { deleteData } = options;
  const state = await openState(options);
  const { inventory } = state;
  const wanted = parseExport(inventory, options.export);
  await refuseDeclared(inventory, wanted);
  if (deleteData) refuseSystemFolder(wanted.path);
  const { code, host } = await look({ ...options, state }, wanted);
  if (code !== ExitCode.ok || host === undefined) return code;
  if (deleteData && !options.yes) {
    await confirmDeletion(options, host, wanted.path);
    // Whoever was asked may have taken an hour to answer.
    const again = await look({ ...options, state }, wanted);
    if (again.code !== ExitCode.ok) return again.code;
  }
  return unexport({ ...options, state }, host, wanted.path);
}

/** Which server exports it, when nobody uses it. */
async function look(
  options: RemoveOptions,
  wanted: Wanted,
): Promise<{ readonly code: number; readonly host: string | undefined }> {
  let host: string | undefined;
  const code = await visitFleet(
    options,
    hostsOfNfs,
    async (visit) => {
      const { inventory } = visit.cluster;
      const surveys = await survey(visit);
      const lost = lostIn(visit.fleet);
      if (lost.some((name) => wanted.hosts.includes(name))) return outcome(visit.fleet);
      host = exporterOf(surveys, wanted);
      refuseShared(surveys, host, wanted.path, options.deleteData);
      const users = [
        ...mountsOf(inventory, surveys, host, wanted.path),
        ...(await volumesOn(visit, host, wanted.path)),
        ...lost.map((name) => `${name} may have it: it was not reached`),
      ];
      refuseInUse(users, host, wanted.path, options.force);
      return ExitCode.ok;
    },
    { more: true },
  );
  return { code, host };
}

interface Wanted {
  readonly hosts: readonly string[];
  readonly path: string;
}

function parseExport(inventory: Inventory, text: string): Wanted {
  if (!inventory.nfs) {
    throw new BootstrapError('E_NO_NFS', `the inventory of ${inventory.name} has no nfs:`, {
      hint: '"k8s-bootstrap up --prune" takes our file of exports away; exportfs -r on the server makes it hold at once.',
      where: { file: inventory.file },
      exitCode: ExitCode.usage,
    });
  }
  const { nfs } = inventory;
  const [, host, written = ''] = /^(?:([^/:]+):)?(\/.*)$/.exec(text) ?? [];
  const usage = (message: string, hint: string): BootstrapError =>
    new BootstrapError('E_NO_EXPORT', message, { hint, exitCode: ExitCode.usage });
  if (written === '') {
    throw usage(`${JSON.stringify(text)} is no export`, 'Write it like /nfsdata or n1:/nfsdata.');
  }
  if (nfs.outside !== undefined) {
    throw usage(
      `${nfs.outside} is no host of the inventory`,
      'Its exports are taken back by whoever administers it.',
    );
  }
  if (host !== undefined && !nfs.hosts.includes(host)) {
    throw usage(`${host} exports nothing`, `Hosts with the role nfs are ${nfs.hosts.join(', ')}.`);
  }
  return { hosts: host === undefined ? nfs.hosts : [host], path: written.replace(/(?<=.)\/+$/, '') };
}

/** What the inventory names, the next run would export again. */
async function refuseDeclared(inventory: Inventory, { hosts, path }: Wanted): Promise<void> {
  const { file } = inventory;
  const index = nfsOf(inventory).exports.findIndex(
    (entry) => entry.path === path && hosts.includes(entry.host ?? ''),
  );
  if (index < 0) return;
  const { line, column } = parseDocument(await readFile(file), file).valueAt([
    'nfs',
    'exports',
    index,
    'path',
  ]);
  throw new BootstrapError('E_EXPORT_DECLARED', `nfs.exports[${index}] still names ${path}`, {
    hint: 'Take the export out of the inventory first, or the next "up" makes it anew.',
    where: { file, line, column },
    exitCode: ExitCode.usage,
  });
}

function refuseSystemFolder(path: string): void {
  const { kind, itself } = placeOf(path);
  const shared = kind === 'shared' && itself ? 'it holds the data of others too' : undefined;
  const why = ownerOfFolder(path) ?? shared;
  if (why !== undefined) throw notDeleted(path, why);
}

const notDeleted = (path: string, why: string): BootstrapError =>
  new BootstrapError('E_EXPORT_DATA', `${path} is not deleted: ${why}`, {
    hint: 'Leave --delete-data out, and look at the folder yourself.',
  });

/** The one server whose exports file of ours has it. */
function exporterOf(surveys: readonly Survey[], { hosts, path }: Wanted): string {
  const servers = surveys.flatMap(({ host, server }) =>
    server && hosts.includes(host) ? [{ host, ...server }] : [],
  );
  const found = servers.filter(({ ours }) => ours.includes(path)).map(({ host }) => host);
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  if (first !== undefined) {
    throw new BootstrapError('E_NO_EXPORT', `${path} is exported by ${found.join(' and ')}`, {
      hint: `Say which: ${first}:${path}.`,
      exitCode: ExitCode.usage,
    });
  }
  const other = servers.find(({ exports }) => exports.some((one) => one.path === path));
  if (other) {
    throw new BootstrapError('E_NO_EXPORT', `${other.host} exports ${path}, but not by k8s-bootstrap`, {
      hint: 'Take the line out of /etc/exports, or of its file in /etc/exports.d, and run exportfs -r.',
    });
  }
  const known = [...new Set(servers.flatMap(({ ours }) => ours))];
  throw new BootstrapError('E_NO_EXPORT', `${hosts.join(', ')} does not export ${path}`, {
    hint: known.length === 0 ? 'Nothing is exported.' : `Exports are ${known.slice(0, 10).join(', ')}.`,
    exitCode: ExitCode.usage,
  });
}

/** Data of other exports is not deleted by the way. */
function refuseShared(surveys: readonly Survey[], host: string, path: string, deleteData: boolean): void {
  const exports = surveys.find((one) => one.host === host)?.server?.exports ?? [];
  const other = exports.find(
    (one) => one.path !== path && (isInside(one.path, path) || isInside(path, one.path)),
  );
  if (deleteData && other) throw notDeleted(path, `${other.path} is exported, too`);
}

async function confirmDeletion({ confirm }: RemoveOptions, host: string, path: string): Promise<void> {
  const asked =
    confirm &&
    (await confirm(`All files in ${path} on ${host} will be deleted. Type the path to confirm:`, path));
  if (asked === true) return;
  throw new BootstrapError('E_NOT_CONFIRMED', `deleting ${host}:${path} was not confirmed`, {
    hint: 'Nothing was changed. Type the path on the terminal, or give --yes.',
  });
}

/** By way of the phase that renders the exports, which does not find this one in the inventory any more. */
const unexport = (options: RemoveOptions, host: string, path: string): Promise<number> =>
  visit(
    { ...options, only: ['base', 'nfs-server'], takesPart: ({ name }) => name === host },
    async ({ fleet, goal, tell }, plan) => {
      if (outcome(fleet) !== ExitCode.ok) return outcome(fleet);
      await tell();
      await converge(fleet, goal, plan, options.stop);
      const member = fleet.members.get(host);
      if (!member || outcome(fleet) !== ExitCode.ok) return outcome(fleet);
      const { stdout } = await runOn(fleet, member, { script: 'cat /var/lib/nfs/etab', timeoutMs: 10_000 });
      const table = readEtab(stdout.toString('utf8'));
      const still = table.some((one) => one.path === path);
      const said = !options.deleteData
        ? null
        : still
          ? 'it is still exported'
          : await deleteData(fleet, member, { ...goal, path, stop: options.stop });
      const deleted = options.deleteData && said === null;
      options.emit({
        type: 'result',
        answer: 'nfs-remove',
        data: { host, path, exported: still, deleted, problem: said },
      });
      return still || (options.deleteData && !deleted) ? ExitCode.failed : ExitCode.ok;
    },
  );
