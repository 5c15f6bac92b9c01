import type { CertificateRow } from '../../../answers/certificates.ts';
import type { Visit } from '../../../cluster/visit-fleet.ts';
import { hostNamed } from '../../../inventory/lookup.ts';
import { BootstrapError, ExitCode } from '../../../kernel/errors.ts';
import { keyIdOf, readAuthority } from '../../../pki/read-certificate.ts';
import { alive, onEach, probe, sightings } from '../../../run/fleet.ts';
import { localRows } from '../local.ts';
import { rowsOf } from '../rows.ts';
import { questionsTo } from '../sources.ts';

/** Every certificate that is known: on hosts, as it lies there and as it is served, and on this machine. */
async function allRows({ cluster, fleet }: Visit): Promise<CertificateRow[]> {
  const { inventory } = cluster;
  await onEach(fleet, alive(fleet), undefined, async (member) => {
    await probe(fleet, member, questionsTo(inventory, hostNamed(inventory, member.name)));
  });
  const now = new Date();
  return [
    ...(await localRows(cluster, now)),
    ...[...sightings(fleet)].flatMap(([name, seen]) =>
      rowsOf(inventory, hostNamed(inventory, name), seen, now),
    ),
  ];
}

/** Of them, those of an authority, by its key: one that hands over and one that takes over have the same name. */
export const issuedBy = (rows: readonly CertificateRow[], authority: string): readonly CertificateRow[] => {
  const keyId = keyIdOf(readAuthority(authority));
  return rows.filter(({ authority: isAuthority, issuerKeyId }) => !isAuthority && issuerKeyId === keyId);
};

/** @throws E_ROTATION_LEFT, exit code 3, when there is still a certificate of an authority that is to go */
export async function refuseLeft(visit: Visit, authority: string): Promise<void> {
  const left = issuedBy(await allRows(visit), authority);
  if (left.length === 0) return;
  const named = left.map(({ host, file, subject }) => `${host === null ? '' : `${host} `}${file ?? subject}`);
  throw new BootstrapError('E_ROTATION_LEFT', `the former authority has issued ${named.join(', ')}`, {
    hint: 'It is trusted until none of its certificates is left. Those of hosts are made anew by "k8s-bootstrap up", those of users by "k8s-bootstrap issue-user NAME --renew"; then run it again.',
    exitCode: ExitCode.attention,
  });
}
