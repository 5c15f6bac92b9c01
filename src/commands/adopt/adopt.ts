import { readdir } from 'node:fs/promises';
import type { RunOptions } from '../../cluster/visit.ts';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';
import { DECIDED, decidedIn } from '../../phases/control-plane/decided-users.ts';
import { accessLists } from '../../phases/control-plane/users.ts';
import { tokensPath } from '../../phases/control-plane/user-tokens.ts';
import { CA_FILES, pkiFolderOf } from '../../pki/contents.ts';
import { caFilesOf } from '../../pki/profiles.ts';
import { certificatesOf } from '../../pki/trusted.ts';
import { keyIdOf, readCertificate } from '../../pki/read-certificate.ts';
import { publish, readIfThere } from '../../state/state-files.ts';
import { makeStateFolder } from '../../state/folder.ts';
import { listed } from '../../resources/cluster/object-set.ts';
import type { KubeObject } from '../../kernel/kube-object.ts';
import { alive, onEach, probe, runOn } from '../../run/fleet.ts';
import { removeIn } from '../../kernel/remove.ts';
import { usersFolder } from '../../users/credentials.ts';
import { type Decision, lastOf } from '../../users/decisions.ts';
import { readRegistry, writeRegistry } from '../../users/registry.ts';
import { parseTokens } from '../../users/tokens.ts';
import { cutRotations } from './cut-rotations.ts';
import { refuseDisagreement, refuseForeign } from './agreement.ts';
import { type Holdings, holdings, question } from './holdings.ts';
import { restoredFiles } from './restored.ts';
import { type AdoptedUsers, adoptedUsers } from './adopted-users.ts';
import { restoredUsers } from './restored-users.ts';
import { stateFolderOf } from '../../cluster/connect.ts';
import { openCluster } from '../../cluster/open.ts';
import { openState } from '../../cluster/open-state.ts';
import { visitHosts } from '../../cluster/visit-hosts.ts';
import { ownAuthorities } from '../../phases/trust/authorities.ts';
import type { LoadedInventory } from '../../inventory/load.ts';
import { readInventory } from '../../cluster/read-inventory.ts';

/**
 * Makes the state folder anew from what the masters hold, when it was lost. Reads the hosts, changes nothing on them.
 * @throws E_ADOPT when there is no cluster to adopt, masters differ, or the folder has another cluster's keys
 */
export async function adopt(options: RunOptions): Promise<number> {
  const read = await readInventory(options.file, options.env, options.secrets);
  const { inventory } = read;
  const stateFolder = stateFolderOf(inventory);
  const seen = await readHosts(options, read);
  const { found } = seen;
  const [first] = [...found];
  if (!first) throw new BootstrapError('E_BUG', 'no master was read');
  const [master, held] = first;
  refuseDisagreement(found);
  refuseForeign(held, master, inventory.name);
  await makeStateFolder(stateFolder);
  const folder = pkiFolderOf(stateFolder);
  await refuseAnother(folder, held);
  const kept = new Set(await readdir(folder).catch(() => []));
  const restored = restoredFiles(held, master, kept, ownAuthorities(inventory));
  const missing = restored.filter(({ name }) => !kept.has(name));
  if (missing.length > 0) await publish(folder, missing);
  for (const message of cutRotations(missing)) options.emit({ type: 'note', level: 'warn', message });
  const users = await restoreUsers(options, read, stateFolder, held, seen);
  await finish(options, read);
  options.emit({
    type: 'result',
    answer: 'adopt',
    data: {
      stateFolder,
      masters: [...found.keys()],
      files: missing.map(({ name }) => name),
      tokens: users.tokens,
      issued: users.users,
      revoked: users.revoked,
      users: inventory.users.map(({ name }) => name),
    },
  });
  return ExitCode.ok;
}

interface Read {
  readonly found: ReadonlyMap<string, Holdings>;
  /** Objects of users' rights; `undefined` when no API server tells of them. */
  readonly access: readonly KubeObject[] | undefined;
  /** What the cluster was told last of people, by name. */
  readonly decided: ReadonlyMap<string, Decision>;
}

/**
 * Every master that can be reached; what they hold stays on this machine. The other hosts are dialled as well: their
 * keys were in the lost folder, and the next run is to know them.
 */
async function readHosts(options: RunOptions, read: LoadedInventory): Promise<Read> {
  const { hosts } = read.inventory;
  const masters = new Set(hosts.filter(({ roles }) => roles.includes('master')).map(({ name }) => name));
  const found = new Map<string, Holdings>();
  const access: (readonly KubeObject[])[] = [];
  const decided: Decision[] = [];
  const watches = [...accessLists, DECIDED].map((key) => ({ kind: 'object' as const, key }));
  await visitHosts({ ...read, hosts: hosts.map(({ name }) => name), more: true }, options, async (fleet) => {
    const asked = alive(fleet).filter(({ name }) => masters.has(name));
    await onEach(fleet, asked, undefined, async (member) => {
      const { code, stdout } = await runOn(fleet, member, { script: question });
      const held = holdings(stdout.toString('latin1'));
      for (const text of held.values()) options.secrets.add(text);
      if (code === 0) found.set(member.name, held);
      const seen = await probe(fleet, member, watches);
      if (accessLists.every((path) => seen.object(path)?.status === 200)) {
        access.push(listed(seen, accessLists));
        decided.push(...decidedIn(seen));
      }
    });
    const lost = [...fleet.members.values()].find(({ name, failed }) => failed && masters.has(name))?.failed;
    if (found.size === 0 && lost) throw lost;
    return ExitCode.ok;
  });
  return { found, access: access[0], decided: lastOf(decided) };
}

/** The keys of a cluster are never replaced; what is missing beside them is added. */
async function refuseAnother(folder: string, held: Holdings): Promise<void> {
  const kept = await readIfThere(`${folder}/${CA_FILES.cluster}.crt`);
  const theirs = certificatesOf(held.get(caFilesOf('cluster').certificate)?.reveal() ?? '');
  if (kept === undefined || theirs.some((pem) => keyId(kept) === keyId(pem))) return;
  throw new BootstrapError('E_ADOPT', `${folder} holds the authority of another cluster`, {
    hint: 'Move the folder away first, if that cluster is gone. Nothing was written.',
  });
}

const keyId = (pem: string): string => keyIdOf(readCertificate(pem));

/** Who has rights or a token of ours, and what was decided of people since this folder was written. */
async function restoreUsers(
  { emit }: RunOptions,
  { inventory }: LoadedInventory,
  stateFolder: string,
  held: Holdings,
  { access, decided }: Read,
): Promise<AdoptedUsers> {
  const registry = await readRegistry(stateFolder);
  const declared = new Set(inventory.users.map(({ name }) => name));
  const rows = parseTokens(held.get(tokensPath)?.reveal() ?? '');
  const inCluster = restoredUsers(rows, access ?? [], declared, decided);
  const adopted = adoptedUsers(registry, inCluster, decided, declared);
  const warn = (message: string): void => {
    emit({ type: 'note', level: 'warn', message });
  };
  if (access === undefined && registry.missing.includes('users.yaml')) {
    warn(
      'no API server tells of the rights of users: those without a token are not known, and "up --prune" would take what they have; issue them again before',
    );
  }
  for (const name of adopted.unclear) {
    warn(
      `${name} has rights in the cluster that issue-user would not have given together: what fits was taken over; see with plan, and say with issue-user what ${name} is to have`,
    );
  }
  const { users, revoked, tokens } = adopted;
  if (users.length + revoked.length + tokens > 0 || registry.missing.length === 1) {
    await writeRegistry(stateFolder, adopted.registry);
  }
  for (const name of revoked) await removeIn(usersFolder(stateFolder), name);
  return adopted;
}

/** What only this machine has: the administrator's kubeconfig, certificates of the inventory's users. */
async function finish(options: RunOptions, read: LoadedInventory): Promise<void> {
  const cluster = await openCluster(options, await openState(options, read));
  try {
    // What was fetched is plain: beside keys that are sealed it is to be, too.
    const seal = options.encryptKeys ?? (cluster.pki.isSealed() || undefined);
    if (seal !== undefined) await cluster.seal(seal);
    await cluster.prepare();
  } finally {
    await cluster.artifacts.close();
  }
}
