import * as z from 'zod';
import { readData } from '../kernel/data.ts';
import { BootstrapError } from '../kernel/errors.ts';
import { ONCE } from '../kernel/once.ts';
import type { Language } from './language.ts';

const sentence = z.string().min(1);
const both = z.strictObject({ en: sentence, zh: sentence });
const byName = z.record(z.string(), both);
const chinese = z.record(z.string(), sentence);
const files = z.array(z.strictObject({ ...both.shape, path: sentence, phase: sentence.optional() }));

/** A text in every language. */
export type Both = Readonly<Record<Language, string>>;

export const fileTexts = (): z.infer<typeof files> => read('explain/files', files);
export const unitTexts = (): Readonly<Record<string, Both>> => read('explain/units', byName);
export const objectTexts = (): Readonly<Record<string, Both>> => read('explain/objects', byName);
export const addonTexts = (): Readonly<Record<string, Both>> => read('explain/addons', byName);
export const words = (): Readonly<Record<string, Both>> => read('explain/words', byName);

export const certificateTexts = (): Readonly<
  Record<'authorities' | 'certificates', Readonly<Record<string, Both>>>
> => read('explain/certificates', z.strictObject({ authorities: byName, certificates: byName }));

/** Chinese of what is in English elsewhere: hints by their codes, titles by their phases, sentences by their flags. */
export const chineseHints = (): Readonly<Record<string, string>> => read('zh/known-errors', chinese);
export const chinesePhases = (): Readonly<Record<string, string>> => read('zh/phases', chinese);
export const chineseFlags = (minor: string, component: string): Readonly<Record<string, string>> =>
  read(`zh/flags/${minor}/${component}`, chinese);

const loaded = new Map<string, unknown>();

function read<T>(name: string, schema: z.ZodType<T>): T {
  const file = `texts/${name}.yaml`;
  try {
    const known = loaded.get(name) ?? schema.parse(readData(file), ONCE);
    loaded.set(name, known);
    return known as T;
  } catch (cause) {
    throw new BootstrapError('E_TEXTS', `${file} is damaged`, {
      hint: 'Install k8s-bootstrap again.',
      where: { file },
      cause,
    });
  }
}
