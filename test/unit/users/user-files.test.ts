import { expect, it } from 'vitest';
import { resolveUser } from '../../../src/inventory/schema/user-schema.ts';
import { Secret } from '../../../src/kernel/secret.ts';
import { userKubeconfig } from '../../../src/users/user-files.ts';

const material = {
  issued: undefined,
  token: new Secret('t'),
  ca: 'CA',
  clientCa: 'CA',
  cluster: 'demo',
  server: 'https://192.0.2.1:6443',
};

it.each([
  ['edit', ['dev'], 'dev'],
  ['admin', ['dev'], 'dev'],
  ['edit', ['dev', 'test'], undefined],
  ['edit', ['default'], undefined],
  ['cluster-admin', ['dev'], undefined],
] as const)('the context of %s in %j names the namespace %s', (role, namespaces, named) => {
  const user = { ...resolveUser({ name: 'ann' } as never), role, namespaces };
  expect(/^ +namespace: (\S+)$/m.exec(userKubeconfig(user, material))?.[1]).toBe(named);
});
