import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/kernel/secret.ts';
import { isSealed, newVault, openVault } from '../../../src/pki/vault.ts';

const passphrase = new Secret('correct horse');

describe('a vault', () => {
  it('opens what it sealed, for who knows the passphrase, and shows nothing of it', async () => {
    const { vault, header } = await newVault(passphrase);
    const text = `-----BEGIN RSA PRIVATE KEY-----\n${'abcd'.repeat(500)}é\n`;
    const sealed = vault.seal('ca.key', text);
    expect([isSealed(sealed), isSealed(text)]).toEqual([true, false]);
    expect(sealed).not.toContain('PRIVATE');
    expect(sealed).not.toBe(vault.seal('ca.key', text));
    expect(JSON.parse(header)).toMatchObject({ N: 131072, r: 8, p: 1 });
    expect((await openVault(header, 'vault.json', passphrase)).open('ca.key', sealed)).toBe(text);
    await expect(openVault(header, 'vault.json', new Secret('correct hors'))).rejects.toMatchObject({
      code: 'E_PASSPHRASE',
      exitCode: 2,
    });
  });

  it('notices a bit that was flipped, half a file, and files that changed places', async () => {
    const { vault } = await newVault(passphrase);
    const sealed = vault.seal('ca.key', 'one');
    const at = sealed.indexOf('\n') + 20;
    const flipped = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
    for (const [name, text] of [
      ['ca.key', flipped],
      ['ca.key', sealed.slice(0, 60)],
      ['sa.key', sealed],
    ] as const) {
      expect(() => vault.open(name, text)).toThrow(expect.objectContaining({ code: 'E_VAULT' }) as Error);
    }
    expect(vault.open('ca.key', sealed)).toBe('one');
  });

  it.each([
    '',
    '{}',
    '[]',
    'null',
    '{"format":"k8s-bootstrap vault 1","N":4294967296,"r":8,"p":1,"salt":"","check":""}',
  ])('takes no header like %s', async (header) => {
    await expect(openVault(header, 'vault.json', passphrase)).rejects.toMatchObject({ code: 'E_VAULT' });
  });
});
