import { randomBytes } from 'node:crypto';
import type { Profile, User } from '../inventory/types.ts';
import { BootstrapError, ExitCode } from '../kernel/errors.ts';
import { Secret } from '../kernel/secret.ts';
import { UID_PREFIX } from '../resources/token-file.ts';

/** One row of the token file: who a bearer token stands for. */
export interface TokenRow {
  readonly token: Secret;
  readonly user: string;
  readonly groups: readonly string[];
}

/** 256 random bits, in hex. */
export const newToken = (): Secret => new Secret(randomBytes(32).toString('hex'));

export const isRandom = (token: Secret): boolean => /^[0-9a-f]{64}$/.test(token.reveal());

/**
 * Rows as `--token-auth-file` reads them: RFC 4180, `token,user,uid,"group1,group2"`, by user. There is never a header or a
 * comment: they would be rows. https://kubernetes.io/docs/reference/access-authn-authz/authentication/#static-token-file
 * @throws E_TOKEN_ROW when what is written would not be read back as it was meant
 */
export function tokenText(rows: readonly TokenRow[]): string {
  const text = rows
    .toSorted((a, b) => (a.user < b.user ? -1 : 1))
    .map(({ token, user, groups }) => {
      return `${token.reveal()},${user},${UID_PREFIX}${user},"${groups.join(',')}"\n`;
    })
    .join('');
  const read = parseTokens(text);
  const same = rows.every(({ token, user, groups }) =>
    read.some(
      (row) => row.user === user && row.token.reveal() === token.reveal() && equal(row.groups, groups),
    ),
  );
  if (same && read.length === rows.length) return text;
  throw new BootstrapError('E_TOKEN_ROW', 'the token file would not say what it is meant to say', {
    hint: 'A name, a group or a token holds a comma, a quote or a line break.',
  });
}

/**
 * Our own rows of a token file; those of others are passed over.
 * @throws E_TOKEN_ROW naming the record, never its content
 */
export const parseTokens = (text: string): TokenRow[] =>
  records(text).flatMap((fields, index) => {
    const [token = '', user = '', uid = '', groups = ''] = fields;
    if (fields.length < 3) throw badRecord(index, 'has fewer than 3 columns');
    if (uid !== `${UID_PREFIX}${user}`) return [];
    return [{ token: new Secret(token), user, groups: groups === '' ? [] : groups.split(',') }];
  });

/**
 * The inventory's rules cannot see who was made by `issue-user`, under another profile perhaps.
 * @throws E_USER_TOKEN, exit code 2
 */
export function refuseTokensInCis(profile: Profile, users: readonly User[]): void {
  const bearer = users.find(({ auth }) => auth !== 'cert');
  if (profile !== 'cis' || bearer === undefined) return;
  const { name } = bearer;
  throw new BootstrapError(
    'E_USER_TOKEN',
    `${name} has a token, and profile cis has no token users (CIS 1.2.3)`,
    {
      hint: `Give a certificate instead: k8s-bootstrap issue-user ${name} --auth cert.`,
      exitCode: ExitCode.usage,
    },
  );
}

const equal = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((value, index) => value === b[index]);

/** Records of a CSV text by RFC 4180, without the empty lines; fields keep their spaces, as Go's reader has it. */
function records(text: string): string[][] {
  const found: string[][] = [];
  let rest = text;
  let fields: string[] = [];
  while (rest !== '') {
    const match = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/.exec(rest);
    if (!match) throw badRecord(found.length, 'has a quote where none may be');
    const [whole, quoted, plain = '', end] = match;
    fields.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    rest = rest.slice(whole.length);
    if (end === ',' && rest !== '') continue;
    if (end === ',') fields.push('');
    if (fields.length > 1 || fields[0] !== '' || quoted !== undefined) found.push(fields);
    fields = [];
  }
  return found;
}

const badRecord = (index: number, problem: string): BootstrapError =>
  new BootstrapError('E_TOKEN_ROW', `row ${index + 1} of the token file ${problem}`, {
    hint: 'Correct it: kube-apiserver does not start with such a row.',
  });
