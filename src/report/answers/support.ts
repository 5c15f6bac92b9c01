import type { SupportArchive } from '../../answers/support.ts';
import { count } from '../text.ts';

export const supportText = ({ file, files, hosts }: SupportArchive): string =>
  [
    `${file}: ${count(files, 'file')} of ${hosts.length === 0 ? 'this machine' : hosts.join(', ')}.`,
    'What is known to be secret, and what looks like it, is masked. Names and addresses are not: read it before you hand it on.',
    '',
  ].join('\n');
