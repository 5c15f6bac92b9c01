import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { keepalivedConfig, routerId } from '../../../src/templates/keepalived.ts';

/** What keepalived 1.3.5 knows; its later versions take all of it, too. */
const known = load(
  readFileSync(new URL('../../cases/keepalived-1.3.5.yaml', import.meta.url), 'utf8'),
) as Readonly<Record<string, readonly string[]>>;

/** Lines of a configuration that the table does not have. */
function unknownLines(config: string): string[] {
  const blocks: string[] = [];
  return config.split('\n').flatMap((line) => {
    const text = line.replace(/#.*/, '').trim();
    if (text === '') return [];
    const [, block] = /^(\w+)(?: \w+)? \{$/.exec(text) ?? [];
    if (block !== undefined) {
      blocks.push(block);
      return known[block] ? [] : [text];
    }
    if (text === '}') return blocks.pop() === undefined ? [text] : [];
    const forms = known[blocks.at(-1) ?? ''] ?? [];
    return forms.some((form) => new RegExp(`^(?:${form})$`).test(text)) ? [] : [text];
  });
}

describe('the configuration', () => {
  it.each([
    ['one master', []],
    ['several', ['192.0.2.12', '192.0.2.13']],
  ])('of %s has only what keepalived 1.3.5 of CentOS 7 knows', (_title, peers) => {
    const text = keepalivedConfig({
      name: 'm1',
      ip: '192.0.2.11',
      peers,
      interface: 'eth0',
      link: 'eth1',
      vip: '192.0.2.100',
      priority: 150,
      password: 'a-_Zq012',
      check: '/etc/kubernetes/keepalived/check.sh',
      files: [
        '/etc/kubernetes/pki/ca.crt',
        '/etc/kubernetes/pki/balancer.crt',
        '/etc/kubernetes/pki/balancer.pem',
      ],
      url: 'https://192.0.2.11:6443/healthz',
      others: peers.map((peer) => `https://${peer}:6443/healthz`),
    });
    expect(text).toContain('192.0.2.100');
    expect(unknownLines(text)).toEqual([]);
  });

  it.each([
    ['global_defs', 'max_auto_priority 90'],
    ['vrrp_script x', 'init_state fault'],
    ['vrrp_instance x', 'advert_int 0.5'],
    ['vrrp_instance x', 'unicast_fault_no_peers'],
    ['authentication', 'auth_pass 123456789'],
    ['track_process x', 'weight 1'],
  ])('would not with %s: %s', (block, line) => {
    expect(unknownLines(`${block} {\n  ${line}\n}\n`)).not.toEqual([]);
  });

  it.each([
    ['192.0.2.100', 100],
    ['10.0.1.0', 255],
    ['10.0.1.255', 255],
  ])('numbers %s as %i: by its last part, and never 0', (vip, wanted) => {
    expect(routerId(vip)).toBe(wanted);
  });
});
