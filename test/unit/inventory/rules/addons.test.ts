import { describe, expect, it } from 'vitest';
import { load } from '../load-text.ts';

const warningsOf = async (text: string): Promise<string[]> => {
  const { warnings } = await load(`name: demo\nhosts:\n  - { name: n1, address: 192.0.2.10 }\n${text}`);
  return warnings.map(({ path, message }) => `${path}: ${message}`);
};

describe('a secret of an add-on', () => {
  it('that everybody knows is told, and is not printed', async () => {
    const found = await warningsOf('addons: { prometheus: {}, grafana: { password: prom-operator } }');
    expect(found).toContain('addons.grafana.password: is one that everybody knows, and tries first');
    expect(found.join(' ')).not.toContain('prom-operator');
  });

  it('of one’s own is not', async () => {
    const found = await warningsOf('addons: { prometheus: {}, grafana: { password: another } }');
    expect(found.join(' ')).not.toContain('everybody knows');
  });

  it('of an add-on that draws is of no use without what it draws', async () => {
    await expect(warningsOf('addons: { grafana: { password: another } }')).rejects.toThrow(
      'grafana works with Prometheus, which is not among the add-ons',
    );
  });
});
