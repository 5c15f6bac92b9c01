import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import {
  COMPONENT_USERS,
  checkNames,
  nameProblem,
  namespaceProblem,
} from '../../../src/inventory/user-names.ts';

const user = { name: 'jane', groups: [], namespaces: ['default'], allowSystem: false };

describe('the name of a user', () => {
  it.each(['jane', 'Jane.Doe', 'jane@example.com', 'a', 'x-1_2+3', 'team:jane', 'a'.repeat(64)])(
    'may be %s',
    (name) => {
      expect(nameProblem('user', name)).toBeUndefined();
    },
  );

  it.each([
    ['', 'empty'],
    ['a,b', 'comma'],
    ['a"b', 'quote'],
    ["a'b", 'quote'],
    ['a`b', 'quote'],
    ['a\nb', 'line break'],
    ['a\r', 'line break'],
    ['mallory\ntoken,root,1,"system:masters"', 'line break'],
    ['a/b', 'slash'],
    ['../../etc/shadow', 'slash'],
    ['..', 'begin with a letter'],
    ['.hidden', 'begin with a letter'],
    ['-o', 'begin with a letter'],
    ['a b', 'space'],
    [' jane', 'space'],
    ['a\tb', 'cannot be shown'],
    ['a\0b', 'cannot be shown'],
    ['ja\u202ene', 'cannot be shown'],
    ['ja\u200bne', 'cannot be shown'],
    ['jané', 'beyond ASCII'],
    ['аdmin', 'beyond ASCII'], // the first letter is Cyrillic
    ['管理', 'beyond ASCII'],
    ['a'.repeat(65), '65 characters'],
    ['a'.repeat(200), '200 characters'],
    ['a$(id)', 'letters, digits'],
    ['a;b', 'letters, digits'],
    ['a%b', 'letters, digits'],
    ['a\\b', 'letters, digits'],
    ['system:admin', 'belong to Kubernetes'],
    ['System:Admin', 'belong to Kubernetes'],
    ['kube-apiserver-kubelet-client', 'a component'],
    ['kubernetes-admin', 'a component'],
    ['ca', 'ca.crt'],
  ])('may not be %j', (name, says) => {
    expect(nameProblem('user', name)).toContain(says);
    expect(() => {
      checkNames({ ...user, name });
    }).toThrow(expect.objectContaining({ code: 'E_USER_NAME', exitCode: 2 }) as Error);
  });

  it('may be one of Kubernetes when somebody insists, and is told why not', () => {
    expect(nameProblem('user', 'system:admin', true)).toBeUndefined();
    const groups = ['system:masters'];
    expect(() => {
      checkNames({ ...user, groups });
    }).toThrow(
      expect.objectContaining({
        hint: expect.stringContaining('nothing can take them back') as string,
      }) as Error,
    );
    expect(() => {
      checkNames({ ...user, groups, allowSystem: true });
    }).not.toThrow();
  });

  it('may not be that of any component in pki/profiles.yaml', () => {
    const text = readFileSync(new URL('../../../pki/profiles.yaml', import.meta.url), 'utf8');
    const { certificates } = load(text) as { certificates: Record<string, { commonName: string }> };
    const names = Object.values(certificates)
      .map(({ commonName }) => commonName)
      .filter((name) => !name.includes('{') && !name.startsWith('system:'));
    expect([...COMPONENT_USERS].sort()).toEqual([...new Set(names)].sort());
  });
});

describe('a group', () => {
  it.each(['a,b', 'a, system:masters', 'system:masters', 'a\nb', 'devs"', ''])('may not be %j', (group) => {
    expect(nameProblem('group', group)).toBeDefined();
    expect(() => {
      checkNames({ ...user, groups: ['devs', group] });
    }).toThrow(expect.objectContaining({ code: 'E_USER_NAME' }) as Error);
  });
});

describe('a namespace', () => {
  it.each([
    ['default', true],
    ['team-a', true],
    ['Team', false],
    ['a/b', false],
    ['-a', false],
    ['*', false],
    ['a'.repeat(64), false],
  ])('%s: %s', (name, fits) => {
    expect(namespaceProblem(name) === undefined).toBe(fits);
  });
});
