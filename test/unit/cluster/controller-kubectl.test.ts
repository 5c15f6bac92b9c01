import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { installKubectl, kubectlFile, kubectlHere } from '../../../src/cluster/controller-kubectl.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

test('kubectl is the one of the cluster, else that of the PATH, else none', async () => {
  const folder = temporaryFolder();
  const [state, empty, full] = ['state', 'empty', 'full'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const one of [empty, full]) mkdirSync(one);
  const onPath = join(full, 'kubectl');
  writeFileSync(onPath, '#!/bin/sh\n');
  const env = { PATH: `${empty}::${full}` };
  expect(kubectlHere({}, state)).toBe(null);
  expect(kubectlHere(env, state)).toBe(null);
  chmodSync(onPath, 0o755);
  expect(kubectlHere(env, state)).toBe('kubectl');
  await installKubectl(state, () => Promise.resolve({ file: onPath }));
  expect(kubectlHere(env, state)).toBe(kubectlFile(state));
  expect(readFileSync(kubectlFile(state), 'utf8')).toBe('#!/bin/sh\n');
  expect(statSync(kubectlFile(state)).mode & 0o777).toBe(0o755);
});
