import { expect, it } from 'vitest';
import type { Cluster } from '../../../src/cluster/open.ts';
import { judgeFor } from '../../../src/phases/shared/certificates.ts';
import { adminSpec } from '../../../src/phases/trust/authorities.ts';
import { newAuthorityTexts, newServiceAccountTexts } from '../../../src/pki/new-keys.ts';
import { certificatesOf } from '../../../src/pki/trusted.ts';
import { allChanges } from '../../../src/plan/plan.ts';
import { everyHost, examples, imaginedHost, withExample } from '../../support/example-cluster.ts';
import { makePlan } from '../../support/planning.ts';

const example = examples.find(({ name }) => name === 'single-node')!;
const PKI = '/etc/kubernetes/pki';

/** What a master would get, by file: of its parts, which are of the old and which of the new. */
function wanted(cluster: Cluster, names: ReadonlyMap<string, string>): Record<string, string[]> {
  const seen = everyHost(cluster, () => imaginedHost(example.family));
  const found: Record<string, string[]> = {};
  for (const { planned } of allChanges(makePlan(cluster.desire(seen), seen))) {
    const { change } = planned;
    if (!('text' in change)) continue;
    const { path, after } = change.text;
    const parts =
      path === `${PKI}/sa.pub` ? after.split(/(?<=-----END PUBLIC KEY-----\n)/) : certificatesOf(after);
    const known = parts.flatMap((part) => names.get(part) ?? []);
    if (path.startsWith(PKI) && known.length > 0) found[path.slice(PKI.length + 1)] = known;
  }
  return found;
}

it('has hosts trust both, then the one that takes over first, then that one alone', async () => {
  await withExample(example, async (cluster) => {
    const { pki } = cluster;
    await pki.ensure();
    const [ca, sa] = await Promise.all([
      newAuthorityTexts('cluster', 2048, new Date()),
      newServiceAccountTexts(2048),
    ]);
    const names = new Map([
      [pki.caPem('cluster')!, 'old'],
      [ca.open, 'new'],
      [pki.serviceAccount()!.publicKey, 'old'],
      [sa.open, 'new'],
    ]);
    const spec = adminSpec(cluster.world(new Map()));
    const { certificate } = await pki.issue(spec);
    const verdict = (): unknown => judgeFor(cluster.world(new Map()), spec, certificate);
    const files = (ids: string[], more: Record<string, string[]> = {}): Record<string, string[]> => ({
      'ca.crt': ids,
      'client-ca.crt': ids,
      'sa.pub': ids,
      ...more,
    });
    expect(wanted(cluster, names)).toEqual(files(['old']));
    for (const [what, pair] of [
      ['cluster', ca],
      ['service-account', sa],
    ] as const) {
      await pki.rotate(what, { to: 'begun', pair });
    }
    expect(wanted(cluster, names)).toEqual(files(['old', 'new'], { 'ca-signing.crt': ['old'] }));
    expect(verdict()).toMatchObject({ fit: true });
    for (const what of ['cluster', 'service-account'] as const) await pki.rotate(what, { to: 'handed-over' });
    expect(wanted(cluster, names)).toEqual(files(['new', 'old'], { 'ca-signing.crt': ['new'] }));
    expect(verdict()).toEqual({ fit: false, reason: 'issued by another CA' });
    for (const what of ['cluster', 'service-account'] as const) await pki.rotate(what, { to: 'dropped' });
    expect(wanted(cluster, names)).toEqual(files(['new']));
  });
});
