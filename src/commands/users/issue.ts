import { resolve } from 'node:path';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunOptions } from '../../cluster/visit.ts';
import type { User } from '../../inventory/types.ts';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';
import { refusal } from '../../phases/control-plane/outdated-users.ts';
import { apiEndpoint } from '../../phases/shared/topology.ts';
import { readCertificate } from '../../pki/read-certificate.ts';
import { readIfThere, replaceFile } from '../../state/state-files.ts';
import { sealedName, userFolder } from '../../users/credentials.ts';
import { cautionsOf } from '../../templates/rbac.ts';
import { type Decision, isUnknownTo } from '../../users/decisions.ts';
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
 * @throws E_USER_NAME, E_ROLE, E_USER_DECLARED, E_USER_TOKEN, E_USER_OUTDATED, E_CA_MISSING, E_CA_EXPIRED, E_NO_CLUSTER; as `up`
 */
export async function issueUser(options: IssueOptions): Promise<number> {
  const open = await openState(options);
  const { inventory, users, pki, stateFolder } = open;
  const user = await wantedUser(options.name, options.given, users);
  refuseTokensInCis(inventory.profile, [user]);
  if (pki.caPem('users') === undefined) throw noAuthority(stateFolder);
  warn(options, open, user);
  refuseLostTokens(user.name, open);
  const here = users.decisions().find(({ name }) => name === user.name);
  const before = users.credentials(user.name)?.certificate;
  const tokens = user.auth !== 'cert' || users.tokenOf(user.name) !== undefined;
  const folder = userFolder(stateFolder, user.name);
  const out = options.out === undefined ? folder : resolve(options.out);
  const record = async (there?: Decision): Promise<void> => {
    await users.add(user, apiEndpoint({ inventory }), options.renew, there?.at);
    open.guard();
    if (out !== folder) await copyFiles(open, user.name, out);
  };
  if (!options.apply) await record();
  const { code, missed } = options.apply
    ? await applyUsers({ ...options, state: open }, user.name, tokens, async ({ there }) => {
        if (there && !users.isDeclared(user.name)) refuseUnsaid(options, here, there);
        await record(there);
      })
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

/**
 * What an old state folder has of a user is laid under what the command says: it must not bring back what was taken since.
 * @throws E_USER_OUTDATED unless the command itself says what the user is to have
 */
function refuseUnsaid(
  { name, given, emit }: IssueOptions,
  here: Decision | undefined,
  there: Decision,
): void {
  if (here && !isUnknownTo(there, here)) return;
  if (there.rights === undefined) {
    const message = `${name} was revoked on ${there.at.slice(0, 10)}, as the cluster knows, and is let in again`;
    if (here) emit({ type: 'note', level: 'warn', message });
    return;
  }
  const { groups, auth, role, namespaces, clusterRole } = given;
  if (groups ?? auth ?? role ?? namespaces ?? clusterRole) return;
  if (here) throw refusal({ here, there });
  throw new BootstrapError(
    'E_USER_OUTDATED',
    `the state folder does not know ${name}, who was let in on ${there.at.slice(0, 10)}`,
    {
      hint: `Another state folder did that. "k8s-bootstrap adopt" takes over what the cluster has; or give all that ${name} is to have with --role, --group, --auth.`,
    },
  );
}

/**
 * @throws E_STATE_MISSING where the file with the user's token is lost: another one would be made in silence
 */
function refuseLostTokens(name: string, { users, stateFolder }: OpenState): void {
  const lacks = users.bearers().some((one) => one.name === name && one.lacksToken);
  if (!lacks || users.isDeclared(name)) return;
  throw new BootstrapError(
    'E_STATE_MISSING',
    `tokens.csv in ${stateFolder} has no token of ${name}, who was given one`,
    {
      hint: 'Bring it back from a backup, or run "k8s-bootstrap adopt": it reads the tokens from the masters.',
    },
  );
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
