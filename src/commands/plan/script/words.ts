import { fileWhy } from '../../explain/file-facts.ts';
import { quotable } from '../../../kernel/quotable.ts';
import type { Change, Resource } from '../../../resources/resource.ts';
import { addonTexts, objectTexts, unitTexts } from '../../../texts/texts.ts';

const WIDTH = 110;

/** Lines of a comment of sh; whatever a host has said in it, stays in it. */
export function comment(...sentences: readonly string[]): string[] {
  return sentences.flatMap((sentence) => {
    const lines: string[] = [];
    let line = '#';
    for (const word of quotable(sentence).split(' ')) {
      if (line.length > 1 && line.length + 1 + word.length > WIDTH) {
        lines.push(line);
        line = '#';
      }
      line += ` ${word}`;
    }
    return [...lines, line];
  });
}

/** What is done to a resource, as a plan has it. */
export function whatIsDone({ id, title }: Resource, change: Change): string {
  if (change.kind === 'none') return title;
  const verb = change.kind === 'restart' ? change.summary : change.kind;
  const detail =
    change.kind === 'restart'
      ? ` (${change.because.join(', ')})`
      : change.summary === '' || title.includes(change.summary)
        ? ''
        : `: ${change.summary}`;
  return `${verb} ${title}${detail} [${id}]`;
}

/** What a resource is for; `undefined` when nobody wrote that down. */
export function whatFor({ id, title }: Resource, phase: string): string | undefined {
  const [, kind = '', name = ''] = /^([\w-]+):(.*)$/.exec(id) ?? [];
  if (['file', 'directory', 'certificate'].includes(kind)) return fileWhy(name, phase)?.en;
  if (kind === 'service') return unitTexts()[name]?.en;
  if (kind === 'addon') return addonTexts()[name]?.en;
  return objectTexts()[title.replace(/^(\w+) (?:\S+\/)?(\S+)$/, '$1/$2')]?.en;
}

/** A name for a file, of a title. */
export const slug = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, 60);
