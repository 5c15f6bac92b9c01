import { describe, expect, it } from 'vitest';
import { addonNames } from '../../../src/addons/catalog.ts';
import { COMPONENTS } from '../../../src/kernel/components.ts';
import { namesIn, readDocuments } from '../../../src/kernel/data.ts';
import { phases } from '../../../src/phases/index.ts';
import { CA_IDS, LEAF_IDS } from '../../../src/pki/spec.ts';
import { readFlagTable } from '../../../src/release/release-data.ts';
import {
  addonTexts,
  certificateTexts,
  chineseFlags,
  chinesePhases,
  fileTexts,
  objectTexts,
  unitTexts,
  words,
} from '../../../src/texts/texts.ts';

/** What is in English must be in Chinese, too: a row that is added in one language fails here. */

const HAN = /\p{Script=Han}/u;
const minors = namesIn('release/flags');

describe.each(minors.flatMap((minor) => COMPONENTS.map((component) => ({ minor, component }))))(
  'flags of $component $minor',
  ({ minor, component }) => {
    const english = readFlagTable(minor, component).set;
    const chinese = chineseFlags(minor, component);

    it('have a sentence in both languages', () => {
      expect(Object.keys(chinese).sort()).toEqual(Object.keys(english).sort());
    });

    it('are Chinese where they should be, and keep what is code', () => {
      for (const [flag, sentence] of Object.entries(chinese)) {
        expect(sentence, flag).toMatch(HAN);
        const code = (text: string): string[] => [...text.matchAll(/`[^`]+`/g)].map(([span]) => span).sort();
        expect(code(sentence), flag).toEqual(code(english[flag]?.why ?? ''));
      }
    });
  },
);

describe('texts', () => {
  it('of phases are there for each phase, and no other', () => {
    expect(Object.keys(chinesePhases()).sort()).toEqual(phases.map(({ id }) => id).sort());
  });

  it('of authorities and certificates are there for each', () => {
    const { authorities, certificates } = certificateTexts();
    expect(Object.keys(authorities).sort()).toEqual([...CA_IDS].sort());
    expect(Object.keys(certificates).sort()).toEqual([...LEAF_IDS, 'user'].sort());
  });

  it('of objects are there for all of templates/rbac, and no other', () => {
    const manifests = ['flannel', 'kubelet-api', 'pod-security'].flatMap(
      (name) =>
        readDocuments(`templates/rbac/${name}.yaml`) as { kind: string; metadata: { name: string } }[],
    );
    const names = manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(Object.keys(objectTexts()).sort()).toEqual(names.sort());
  });

  it('of add-ons are there for each folder', () => {
    expect(Object.keys(addonTexts())).toEqual(expect.arrayContaining(addonNames()));
  });

  const { authorities, certificates } = certificateTexts();
  const all = Object.entries({
    ...Object.fromEntries(fileTexts().map((row) => [`${row.path} ${row.phase ?? ''}`, row])),
    ...unitTexts(),
    ...objectTexts(),
    ...addonTexts(),
    ...authorities,
    ...certificates,
  });

  it.each(all)('of %s are in Chinese and in English', (_, { en, zh }) => {
    expect(zh).toMatch(HAN);
    expect(zh).toMatch(/。$/);
    expect(en).not.toMatch(HAN);
    expect(en).toMatch(/\.$/);
  });

  it('have the same names to be filled in, in all languages', () => {
    const names = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();
    for (const [word, { en, zh }] of Object.entries(words())) expect(names(zh), word).toEqual(names(en));
  });
});
