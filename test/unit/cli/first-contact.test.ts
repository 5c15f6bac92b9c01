import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { firstContact, meet, type ContactOptions } from '../../../src/app/first-contact.ts';
import { trust } from '../../../src/app/trust.ts';
import { parseInventory } from '../../../src/inventory/load.ts';
import { openKnownHosts } from '../../../src/transport/host-keys.ts';
import { hostKey } from '../../../src/transport/known-hosts.ts';
import { scratch } from '../../support/ssh-target.ts';
import { newKey, startSshServer, type SshServer } from '../../support/ssh-server.ts';
import { known } from '../inventory/known.ts';

const folder = scratch();
let one: SshServer;
let two: SshServer;
let told: string[];
let asked: string[];

beforeEach(async () => {
  [one, two] = await Promise.all([startSshServer(), startSshServer()]);
  told = [];
  asked = [];
});

afterEach(async () => {
  await Promise.all([one.close(), two.close()]);
  folder.remove();
});

const text = (): string => `
name: x
ssh: { keys: [/nonexistent], agent: false }
hosts:
  - { name: a, address: 127.0.0.1, roles: [master, etcd], ip: 10.0.0.1, ssh: { port: ${one.port} } }
  - { name: b, address: 127.0.0.1, roles: [worker], ip: 10.0.0.2, ssh: { port: ${two.port} } }
`;

const file = (): string => `${folder.path}-known/known_hosts`;
const fingerprintOf = (server: SshServer): string => hostKey(server.hostKeys[0]!)!.fingerprint;

function options(answer: boolean | undefined, acceptNew = false): ContactOptions {
  return {
    inventory: parseInventory(Buffer.from(text()), `${folder.path}/inventory.yaml`, known).inventory,
    knownHosts: openKnownHosts({ own: file(), acceptNew }),
    emit: (event) => told.push(JSON.stringify(event)),
    confirm:
      answer === undefined
        ? undefined
        : (question) => {
            asked.push(question);
            return Promise.resolve(answer);
          },
    signal: new AbortController().signal,
  };
}
