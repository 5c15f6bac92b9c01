import { readdir } from 'node:fs/promises';
import type { RunOptions } from '../../cluster/visit.ts';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';
import type { Host } from '../../inventory/types.ts';
import { tokensPath } from '../../phases/control-plane/user-tokens.ts';
import { CA_FILES, pkiFolderOf } from '../../pki/contents.ts';
import { caFilesOf } from '../../pki/profiles.ts';
import { certificatesOf } from '../../pki/trusted.ts';
import { keyIdOf, readCertificate } from '../../pki/read-certificate.ts';
import { publish, readIfThere } from '../../state/state-files.ts';
import { makeStateFolder } from '../../state/folder.ts';
import { alive, onEach, runOn } from '../../run/fleet.ts';
import { readRegistry, writeRegistry } from '../../users/registry.ts';
import { parseTokens } from '../../users/tokens.ts';
import { refuseDisagreement, refuseForeign } from './agreement.ts';
import { type Holdings, holdings, question } from './holdings.ts';
import { restoredFiles } from './restored.ts';
import { stateFolderOf } from '../../cluster/connect.ts';
import { openCluster } from '../../cluster/open.ts';
import { openState } from '../../cluster/open-state.ts';
import { visitHosts } from '../../cluster/visit-hosts.ts';
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
  const found = await readMasters(options, read);
  const [first] = [...found];
  if (!first) throw new BootstrapError('E_BUG', 'no master was read');
  const [master, held] = first;
  refuseDisagreement(found);
  refuseForeign(held, master, inventory.name);
  await makeStateFolder(stateFolder);
  const folder = pkiFolderOf(stateFolder);
  await refuseAnother(folder, held);
  const kept = new Set(await readdir(folder).catch(() => []));
  const missing = restoredFiles(held, master, kept).filter(({ name }) => !kept.has(name));
  if (missing.length > 0) await publish(folder, missing);
  const tokens = await restoreTokens(stateFolder, held);
  await finish(options, read);
  options.emit({
    type: 'result',
    answer: 'adopt',
    data: {
      stateFolder,
      masters: [...found.keys()],
      files: missing.map(({ name }) => name),
      tokens,
      users: inventory.users.map(({ name }) => name),
    },
  });
  return ExitCode.ok;
}

/** Every master that can be reached; what they hold stays on this machine. */
async function readMasters(options: RunOptions, read: LoadedInventory): Promise<Map<string, Holdings>> {
  const isMaster = ({ roles }: Host): boolean => roles.includes('master');
  const hosts = read.inventory.hosts.filter(isMaster).map(({ name }) => name);
  const found = new Map<string, Holdings>();
  await visitHosts({ ...read, hosts, more: true }, options, async (fleet) => {
    await onEach(fleet, alive(fleet), undefined, async (member) => {
      const { code, stdout } = await runOn(fleet, member, { script: question });
      const held = holdings(stdout.toString('latin1'));
      for (const text of held.values()) options.secrets.add(text);
      if (code === 0) found.set(member.name, held);
    });
    const lost = [...fleet.members.values()].find(({ failed }) => failed)?.failed;
    if (found.size === 0 && lost) throw lost;
    return ExitCode.ok;
  });
  return found;
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

/** Ours of the token file; where the folder has rows of its own, those stay. */
async function restoreTokens(stateFolder: string, held: Holdings): Promise<number> {
  const registry = await readRegistry(stateFolder);
  const tokens = parseTokens(held.get(tokensPath)?.reveal() ?? '');
  if (registry.tokens.length > 0 || tokens.length === 0) return 0;
  await writeRegistry(stateFolder, { ...registry, tokens });
  return tokens.length;
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
