import { expect, it } from 'vitest';
import { Secret } from '../../../src/kernel/secret.ts';
import { openssl } from '../pki/support.ts';
import { endingAuthorities, endingClient } from '../../../src/cluster/ending-authorities.ts';
import type { PkiStore } from '../../../src/pki/open-pki-store.ts';

const NOW = new Date('2026-11-23T12:00:00Z');
const inDays = (days: number): Date => new Date(NOW.getTime() + days * 86_400_000);

const store = (days: Readonly<Record<string, number>>): PkiStore =>
  ({
    caExpires: (id: string) => (days[id] === undefined ? undefined : inDays(days[id])),
  }) as unknown as PkiStore;

it('is told of each authority from the thirtieth day before', () => {
  expect(endingAuthorities(store({ cluster: 30, etcd: 29.5, users: 0.5 }), NOW)).toEqual([
    expect.stringMatching(/^the authority "etcd" ends in 29 days, .*021-ca-rotation\.md/),
    expect.stringMatching(/^the authority "users" ends in 0 days/),
  ]);
});

it('is another matter once it is over: then nothing is issued at all', () => {
  expect(endingAuthorities(store({ cluster: -0.1 }), NOW)).toEqual([]);
});

it('is told of certificates that were given, too', () => {
  const lasting = (days: string): string =>
    openssl([
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-keyout', '/dev/null', '-subj', '/CN=x', '-days', days],
    ]);
  const now = new Date();
  const key = new Secret('');
  expect(endingClient({ ca: lasting('90'), certificate: lasting('90'), key }, now)).toEqual([]);
  expect(endingClient({ ca: lasting('90'), certificate: lasting('20'), key }, now)).toEqual([
    expect.stringMatching(/^a certificate in the file of etcd\.cert ends in (?:19|20) days: whoever runs/),
  ]);
  expect(endingClient({ ca: lasting('90') + lasting('5'), certificate: lasting('90'), key }, now)).toEqual([
    expect.stringMatching(/^a certificate in the file of etcd\.ca ends in/),
  ]);
});
