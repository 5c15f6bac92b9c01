import { resolve } from 'node:path';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunOptions } from '../../cluster/visit.ts';
import type { User } from '../../inventory/types.ts';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';
import { apiEndpoint } from '../../phases/shared/topology.ts';
import { readCertificate } from '../../pki/read-certificate.ts';
import { readIfThere, replaceFile } from '../../state/state-files.ts';
import { sealedName, userFolder } from '../../users/credentials.ts';
import { cautionsOf } from '../../templates/rbac.ts';
import { refuseTokensInCis } from '../../users/tokens.ts';
import { applyUsers } from './apply-users.ts';
import { type GivenUser, wantedUser } from './wanted.ts';
import { type OpenState, openState } from '../../cluster/open-state.ts';

export interface IssueOptions extends RunOptions {
  readonly name: string;
  readonly given: GivenUser;
  /** Folder that gets a copy of everything. */
  readonly out: string | undefined;
  /** Whether rights and token go to the cluster now, rather than with the next `up`. */
  readonly apply: boolean;
  /** A new key and certificate, although the old one would do. */
  readonly renew: boolean;
}

/**
 * Makes a user, or completes one: key, request, certificate, kubeconfig, token, manifests, and the rights in the cluster.
 * A certificate that is valid and says the right things is kept.
 * @throws E_USER_NAME, E_ROLE, E_USER_DECLARED, E_USER_TOKEN, E_CA_MISSING, E_CA_EXPIRED, E_NO_CLUSTER; as `up`
 */
export async function issueUser(options: IssueOptions): Promise<number> {
  const open = await openState(options);
  const { inventory, users, pki, stateFolder } = open;
  const user = await wantedUser(options.name, options.given, users);
  refuseTokensInCis(inventory.profile, [user]);
  if (pki.caPem('users') === undefined) throw noAuthority(stateFolder);
  warn(options, open, user);
  const before = users.credentials(user.name)?.certificate;
  const tokens = user.auth !== 'cert' || users.tokenOf(user.name) !== undefined;
  await users.add(user, apiEndpoint({ inventory }), options.renew);
  open.guard();
  const folder = userFolder(stateFolder, user.name);
  const out = options.out === undefined ? folder : resolve(options.out);
  if (out !== folder) await copyFiles(open, user.name, out);
  const { code, missed } = options.apply
    ? await applyUsers({ ...options, state: open }, tokens)
    : { code: ExitCode.ok, missed: [] };
  const certificate = user.auth === 'token' ? undefined : users.credentials(user.name)?.certificate;
  const kept = certificate !== undefined && certificate === before;
  options.emit({
    type: 'result',
    answer: 'issue-user',
    data: {
      user: user.name,
      folder: out,
      expires: certificate === undefined ? null : readCertificate(certificate).notAfter.toISOString(),
      kept,
      applied: options.apply && code === ExitCode.ok,
      missed,
      token: user.auth !== 'cert',
      sealed: pki.isSealed() && out === folder,
      rights: user.role !== undefined || user.clusterRole !== undefined || user.groups.length > 0,
    },
  });
  return code;
}

function warn({ emit }: IssueOptions, { users, now }: OpenState, { name, role }: User): void {
  const note = (message: string): void => {
    emit({ type: 'note', level: 'warn', message });
  };
  // Of one that the inventory declares, the inventory's own warnings say it.
  if (!users.isDeclared(name)) for (const caution of cautionsOf(role)) note(`${name} ${caution}`);
  const denied = [...users.revoked(), ...users.readmitted()].find((one) => one.name === name);
  if (!denied) return;
  note(`${name} was revoked on ${denied.at.slice(0, 10)}, and is let in again`);
  const old = users.issued().filter((one) => one.name === name && new Date(one.expires) > now);
  for (const { serial, expires } of old) {
    note(
      `the certificate ${serial}, issued to ${name} before that, is valid until ${expires.slice(0, 10)}: whoever has its key gets the new rights as well; another name is safer`,
    );
  }
}

/** Only what is a user's own to have; the folder may hold other things. There it can be read, and is not sealed. */
async function copyFiles({ stateFolder, pki }: OpenState, user: string, to: string): Promise<void> {
  const from = userFolder(stateFolder, user);
  for (const name of await readdir(from)) {
    const text = await readIfThere(join(from, name));
    const content = text === undefined ? undefined : pki.opened(sealedName(user, name), text);
    if (content === undefined) continue;
    const secret = !/\.(?:crt|csr|yaml)$/.test(name);
    if ((await readIfThere(join(to, name))) !== content) await replaceFile(to, { name, content, secret });
  }
}

const noAuthority = (stateFolder: string): BootstrapError =>
  new BootstrapError('E_CA_MISSING', `there is no users CA in ${stateFolder}`, {
    hint: 'It is made by "k8s-bootstrap up". If the state folder was lost, "k8s-bootstrap adopt" brings it back.',
  });
