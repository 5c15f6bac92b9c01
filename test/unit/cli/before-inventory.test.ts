import { afterAll, describe, expect, it } from 'vitest';
import { initText } from '../../../src/report/answers/inventory.ts';
import { scratch } from '../../support/ssh-target.ts';
import { run } from './support.ts';

const folder = scratch();

afterAll(() => {
  folder.remove();
});

describe('before there is an inventory', () => {
  it.each([
    {
      typed: ['up', '-i', `${folder.path}/my nodes.yaml`],
      written: ` --output '${folder.path}/my nodes.yaml'`,
    },
    { typed: ['up', `${folder.path}/a.yaml`], written: ` --output ${folder.path}/a.yaml` },
  ])('$typed tells how that very file is written', async ({ typed, written }) => {
    const { code, stderr } = await run(typed);
    expect(code).toBe(2);
    expect(stderr).toContain(`"k8s-bootstrap init ADDRESS…${written}" write it.`);
  });

  it('init calls hosts what was typed, and points at its own options', async () => {
    const typed = ['init', 'localhost', '--port', '1', '--output', `${folder.path}/new.yaml`];
    const { stderr } = await run(typed, { HOME: folder.path });
    expect(stderr).toContain('error E_CONNECT_REFUSED: localhost:1 refuses connections');
    expect(stderr).toContain('(init: --port)');
    expect(stderr).not.toContain('node1');
  });

  it('and what comes next can be typed, whatever the file is called', () => {
    const text = initText({ file: '/here/my nodes.yaml', shown: 'my nodes.yaml', name: 'demo', hosts: [] });
    expect(text).toContain("  k8s-bootstrap plan 'my nodes.yaml'\n  k8s-bootstrap up 'my nodes.yaml'\n");
  });
});
