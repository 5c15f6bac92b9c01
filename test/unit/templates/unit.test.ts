import { readFileSync, readdirSync } from 'node:fs';
import fc from 'fast-check';
import Handlebars from 'handlebars';
import { describe, expect, it } from 'vitest';
import { type UnitTemplates, renderUnit, unitArgument } from '../../../src/templates/unit.ts';
import { systemdWords } from '../../support/systemd-words.ts';

const common = { command: '/bin/x', flagNotes: '# why', revisionFile: '/rev' };

/** The compiler holds these to the contexts; the test below holds the templates to these. */
const contexts: { readonly [Name in keyof UnitTemplates]: UnitTemplates[Name] } = {
  etcd: { ...common, data: '/d', wal: '/wal', started: '/started' },
  'kube-apiserver': common,
  'kube-controller-manager': common,
  'kube-scheduler': common,
  kubelet: { ...common, runtimeUnit: 'docker.service' },
  'kube-proxy': common,
  'k8s-bootstrap-balancer': { config: '/cfg', revisionFile: '/rev' },
  'k8s-bootstrap-keepalived': { config: '/cfg', revisionFile: '/rev' },
  flanneld: { ...common, nodeName: 'w1' },
};
const names = Object.keys(contexts) as (keyof UnitTemplates)[];
/** Those with a command line of flags. */
const components = names.filter((name) => 'command' in contexts[name]);

const folder = new URL('../../../templates/systemd/', import.meta.url);
const source = (name: string): string => readFileSync(new URL(`${name}.service.hbs`, folder), 'utf8');

describe('unit templates', () => {
  it('are those of the table, and no others', () => {
    expect(readdirSync(folder).toSorted()).toEqual(names.map((name) => `${name}.service.hbs`).toSorted());
  });

  it.each(names)('%s uses every key of its context and nothing else', (name) => {
    const used = new Set<string>();
    for (const statement of Handlebars.parse(source(name)).body) {
      if (statement.type === 'ContentStatement') continue;
      // No helpers, blocks or partials: a template has no logic.
      expect(statement.type).toBe('MustacheStatement');
      const { path, params } = statement as hbs.AST.MustacheStatement;
      expect(params).toEqual([]);
      used.add((path as hbs.AST.PathExpression).original);
    }
    expect([...used].toSorted()).toEqual(Object.keys(contexts[name]).toSorted());
  });

  it.each(names)('%s has no backslash before a name, which would print the name', (name) => {
    expect(source(name)).not.toMatch(/\\\s*\{\{/);
  });

  it.each(components)('%s puts text in as it is', (name) => {
    const text = renderUnit(name, {
      ...contexts[name],
      command: `/bin/x "--a=<b> & 'c'"`,
      flagNotes: '# it\'s "so"',
    });
    expect(text).toContain(`ExecStart=/bin/x "--a=<b> & 'c'"\n`);
    expect(text).toContain('# it\'s "so"\n');
    expect(text).toContain('EnvironmentFile=-/rev\n');
  });

  it.each(names)('%s does not come without a value', (name) => {
    const [key = ''] = Object.keys(contexts[name]);
    const without = Object.fromEntries(Object.entries(contexts[name]).filter(([one]) => one !== key));
    expect(() => renderUnit(name, without as never)).toThrow(new RegExp(key));
  });
});

describe('unitArgument', () => {
  it('is read back by systemd as the one word it was', () => {
    const special = fc.string({
      unit: fc.constantFrom(...Array.from('%$"\'\\;{}#= @!+-:|ab~`&*')),
      minLength: 1,
      maxLength: 20,
    });
    const text = fc.oneof(special, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }));
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), (values) => {
        // eslint-disable-next-line no-control-regex
        fc.pre(values.every((value) => !/[\u0000-\u001f\u007f]/.test(value)));
        const flags = values.map((value) => `--flag=${value}`);
        expect(systemdWords(flags.map(unitArgument).join(' '))).toEqual(flags);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['--a=b', '--a=b'],
    ['--a=two words', '"--a=two words"'],
    ['--a=50%', '--a=50%%'],
    ['--a=$HOME', '--a=$$HOME'],
    ['--a=say "hi"', '"--a=say \\"hi\\""'],
    ["--a=it's", `"--a=it's"`],
    ['--a=C:\\dir', '"--a=C:\\\\dir"'],
    ['--a=', '--a='],
  ])('writes %s as %s', (text, written) => {
    expect(unitArgument(text)).toBe(written);
  });

  it.each(['a\nExecStartPre=/bin/evil', 'a\r', 'a\0', '\u001b[31m', '\t', '\u007f'])(
    'refuses %j, which no line can hold',
    (text) => {
      expect(() => unitArgument(text)).toThrow(expect.objectContaining({ code: 'E_UNIT_VALUE' }));
    },
  );
});
