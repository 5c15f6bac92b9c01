import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { filesOf, specFor } from '../../../src/pki/profiles.ts';
import { CA_FILES } from '../../../src/pki/contents.ts';
import { CA_IDS, LEAF_IDS } from '../../../src/pki/spec.ts';
import { KUBEADM_FILES, kubeadmTable, subject } from '../../support/trust-tree.ts';
import { produce } from '../pki-go/produce.ts';
import {
  findings,
  goVerifier,
  lintSources,
  opensslVerify,
  zlint,
  zlintSettings,
} from '../support/go-tools.ts';
import { comparison, kubeadmTree } from '../support/kubeadm.ts';
import { HOSTS, command, onHost } from '../support/lab.ts';
import { standingCluster, stateFolder } from '../support/product.ts';

const scratch = mkdtempSync(join(tmpdir(), 'k8sb-certificates-'));
/** A folder for each authority: `ca.crt`, and leafs named by what they are for: `server+client.NAME.crt`. */
const all = join(scratch, 'all');
const PURPOSES = { server: 'sslserver', client: 'sslclient' } as const;

beforeAll(async () => {
  await Promise.all([produce(all), standingCluster()]);
  await fetchFromHosts();
});

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/** What lies on the hosts of the lab, beside what was made here. */
async function fetchFromHosts(): Promise<void> {
  for (const id of CA_IDS) {
    mkdirSync(join(all, `lab-${id}`));
    copyFileSync(join(stateFolder, 'pki', `${CA_FILES[id]}.crt`), join(all, `lab-${id}`, 'ca.crt'));
  }
  for (const host of HOSTS) {
    for (const id of LEAF_IDS) {
      const path = filesOf(id)?.certificate;
      const pem = path === undefined ? '' : await onHost(host, `! test -e ${path} || cat ${path}`);
      const { ca, usages } = specFor(id, subject);
      if (pem !== '') writeFileSync(join(all, `lab-${ca}`, `${usages.join('+')}.${host}-${id}.crt`), pem);
    }
  }
}

const authorities = (): string[] =>
  readdirSync(all)
    .filter((name) => !name.startsWith('.'))
    .map((name) => join(all, name, 'ca.crt'));

const leafs = (): string[] =>
  authorities().flatMap((ca) =>
    readdirSync(dirname(ca))
      .filter((name) => name !== 'ca.crt')
      .map((name) => join(dirname(ca), name)),
  );

const usagesOf = (leaf: string): string[] => (basename(leaf).split('.')[0] ?? '').split('+');
const shown = (path: string): string => path.slice(all.length + 1);

describe('every certificate', () => {
  test('is there: of every kind, and those of the hosts', () => {
    // m1 is master and etcd member, w1 and w2 are workers; each has a balancer.
    expect(leafs().filter((leaf) => shown(leaf).startsWith('lab-'))).toHaveLength(13 + 4 + 4);
    expect(leafs().length).toBeGreaterThan(LEAF_IDS.length + 21);
  });

  test('passes openssl verify -x509_strict for what it is for, and for nothing else', async () => {
    const answers: Record<string, string> = {};
    const wanted: Record<string, string> = {};
    for (const leaf of leafs()) {
      for (const [usage, purpose] of Object.entries(PURPOSES)) {
        const key = `${shown(leaf)} as ${usage}`;
        const { code, stderr } = await opensslVerify(join(dirname(leaf), 'ca.crt'), purpose, leaf);
        answers[key] = code === 0 ? 'OK' : (/error \d+/.exec(stderr)?.[0] ?? stderr);
        wanted[key] = usagesOf(leaf).includes(usage) ? 'OK' : 'error 26';
      }
    }
    for (const ca of authorities()) {
      const { code, stderr } = await opensslVerify(ca, 'any', ca);
      answers[shown(ca)] = code === 0 ? 'OK' : stderr;
      wanted[shown(ca)] = 'OK';
    }
    expect(answers).toEqual(wanted);
  });

  test('passes Go, which Kubernetes verifies with, for its usages, names and addresses', async () => {
    const { code, stdout } = await command(await goVerifier(), [all]);
    const lines = stdout.trim().split('\n');
    expect(lines.filter((line) => !line.startsWith('ok '))).toEqual([]);
    expect({ code, ok: lines.length }).toEqual({ code: 0, ok: leafs().length });
  });

  test('passes zlint without error or warning', async () => {
    const program = await zlint();
    const found: Record<string, unknown> = {};
    for (const file of [...leafs(), ...authorities()]) {
      const list = await findings(program, file);
      if (list.length > 0) found[shown(file)] = list;
    }
    expect(found).toEqual({});
  });
});

describe('the verifiers', () => {
  test('of Go refuses another authority and another usage', async () => {
    const folder = join(scratch, 'wrong');
    for (const name of ['stranger', 'usage']) mkdirSync(join(folder, name), { recursive: true });
    const leaf = leafs().find((path) => /\/etcd\/client\./.test(path)) ?? '';
    copyFileSync(join(all, 'cluster/ca.crt'), join(folder, 'stranger/ca.crt'));
    copyFileSync(leaf, join(folder, 'stranger', basename(leaf)));
    copyFileSync(join(dirname(leaf), 'ca.crt'), join(folder, 'usage/ca.crt'));
    copyFileSync(leaf, join(folder, 'usage/server.crt.crt'));
    const { code, stdout } = await command(await goVerifier(), [folder]);
    expect(code).toBe(1);
    expect(stdout.trim().split('\n')).toEqual([
      expect.stringMatching(/^bad .*stranger.*authority key id/),
      expect.stringMatching(/^bad .*usage.*as server/),
    ]);
  });

  test('of zlint are asked everything but what is for public authorities', async () => {
    const program = await zlint();
    const sources = await lintSources(program);
    expect(sources).toEqual(expect.arrayContaining(Object.keys(zlintSettings.excluded)));
    expect(sources.filter((source) => !(source in zlintSettings.excluded))).toEqual(
      expect.arrayContaining(['RFC3279', 'RFC5280', 'RFC5480', 'RFC5891', 'RFC8813', 'Community']),
    );
    const tree = await kubeadmTree(join(scratch, 'kubeadm'));
    const file = join(scratch, 'kubeadm', 'cluster.crt');
    writeFileSync(file, tree.get('cluster')?.certificate ?? '');
    expect(await findings(program, file)).toContainEqual({
      lint: 'e_serial_number_not_positive',
      result: 'error',
    });
  });
});

describe('kubeadm', () => {
  test('makes certificates that differ from ours in what the table says, and in nothing else', async () => {
    expect(Object.keys(KUBEADM_FILES)).toHaveLength(14);
    await expect(await comparison(join(scratch, 'comparison'))).toMatchFileSnapshot(kubeadmTable);
    expect(readFileSync(kubeadmTable, 'utf8')).not.toContain('undefined');
  });
});
