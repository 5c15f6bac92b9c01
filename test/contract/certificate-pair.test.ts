import { describe, expect, it } from 'vitest';
import { certificate } from '../../src/resources/certificate.ts';
import { none } from '../../src/resources/resource.ts';
import { look, runSteps } from '../support/probing.ts';
import { rootedHost } from '../support/rooted-host.ts';
import { shells } from '../support/shells.ts';

const CRT = '/etc/kubernetes/pki/a.crt';

describe.each(shells)('a certificate and its key on a host whose sh is $name', (shell) => {
  it.each([1, 2])('are made anew when a run was cut after %i of the steps', async (count) => {
    const host = rootedHost(shell);
    let made = 0;
    const pair = (asked: boolean): ReturnType<typeof certificate> =>
      certificate({
        certificate: CRT,
        key: '/etc/kubernetes/pki/a.key',
        // An old certificate is as good as a new one, but for the key beside it.
        judge: (pem) => (pem === undefined || asked ? { fit: false, reason: 'asked for' } : { fit: true }),
        issue: () => Promise.resolve({ certificate: `certificate ${++made}`, key: `key ${made}` }),
      });
    const seen = () => look(host.session(), pair(false).watches);
    const stepsOf = async (asked: boolean) => {
      const now = await seen();
      return pair(asked).steps(pair(asked).diff(now, new Map()), now);
    };
    await runSteps(host.session(), await stepsOf(true));
    expect(pair(false).diff(await seen(), new Map())).toEqual(none('fits'));
    await runSteps(host.session(), (await stepsOf(true)).slice(0, count));
    expect(pair(false).diff(await seen(), new Map())).toEqual({
      kind: 'update',
      summary: 'a run was cut while it was made anew',
    });
    await runSteps(host.session(), await stepsOf(false));
    expect(pair(false).diff(await seen(), new Map())).toEqual(none('fits'));
    expect([host.read(CRT), host.read('/etc/kubernetes/pki/a.key')]).toEqual(['certificate 3', 'key 3']);
    expect(host.list('/').filter((path) => path.includes('originals/etc'))).toEqual([]);
  });
});
