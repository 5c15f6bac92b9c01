import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Answers, answersHere, livingEndpoint } from '../../../src/cluster/living-endpoint.ts';
import { leafCertificate } from '../../../src/pki/issue-certificate.ts';
import { newKeyPair } from '../../../src/pki/keys.ts';
import { newIssuer, plainSpec } from '../pki/support.ts';
import { worldOf } from '../phases/world.ts';

const masters = ['m1', 'm2', 'm3'].map((name, n) => ({
  name,
  address: `192.0.2.${11 + n}`,
  roles: ['master', 'etcd'],
}));

/** The address that is taken, and what is said, when only these answer. */
async function taken(answering: readonly string[], apiServer = {}, hosts = masters): Promise<unknown> {
  const { inventory } = worldOf({ inventory: { hosts, apiServer } });
  const said: string[] = [];
  const asked: string[] = [];
  const answers: Answers = (ip, port) => {
    asked.push(`${ip}:${port}`);
    return Promise.resolve(answering.includes(ip));
  };
  const server = await livingEndpoint(
    inventory,
    'CA',
    (event) => {
      if (event.type === 'note') said.push(event.message);
    },
    answers,
  );
  return { server, said, asked: asked.length };
}

describe('the address that a user gets', () => {
  it('is that of the first master that answers, and it is said when that is another than the first', async () => {
    expect(await taken(['192.0.2.11', '192.0.2.12'])).toEqual({
      server: 'https://192.0.2.11:6443',
      said: [],
      asked: 3,
    });
    expect(await taken(['192.0.2.13'])).toEqual({
      server: 'https://192.0.2.13:6443',
      said: ['the kubeconfig names m3: m1 and m2 do not answer'],
      asked: 3,
    });
    expect(await taken(['192.0.2.12'], { port: 7443 })).toMatchObject({
      server: 'https://192.0.2.12:7443',
      said: ['the kubeconfig names m2: m1 does not answer'],
    });
  });

  it('is the first where none answers on this machine', async () => {
    expect(await taken([])).toMatchObject({
      server: 'https://192.0.2.11:6443',
      said: ['no master answers on this machine: the kubeconfig names m1, the first of m1, m2, m3'],
    });
  });

  it('is the endpoint, or the only master, and then nobody is asked', async () => {
    expect(await taken([], { endpoint: 'api.test' })).toEqual({
      server: 'https://api.test:6443',
      said: [],
      asked: 0,
    });
    expect(await taken([], {}, masters.slice(0, 1))).toEqual({
      server: 'https://192.0.2.11:6443',
      said: [],
      asked: 0,
    });
  });
});

describe('an API server', () => {
  it('answers when it says anything at all by a certificate of the cluster', async () => {
    const authority = await newIssuer('cluster');
    const stranger = await newIssuer('cluster');
    const keys = await newKeyPair(2048);
    const cert = leafCertificate({ ...plainSpec, ca: 'cluster' }, keys, authority, new Date());
    const server = createServer(
      { cert, key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) },
      (_request, response) => {
        response.writeHead(401).end();
      },
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    const { port } = server.address() as AddressInfo;
    expect(await answersHere('127.0.0.1', port, authority.certificate)).toBe(true);
    expect(await answersHere('127.0.0.1', port, stranger.certificate)).toBe(false);
    expect(await answersHere('127.0.0.2', port, authority.certificate)).toBe(false);
  });
});
