import { dump } from 'js-yaml';
import { isMapping } from '../../../kernel/mapping.ts';
import { BootstrapError } from '../../../kernel/errors.ts';
import { objectIn } from '../../../resources/cluster/object.ts';
import { objectsText } from '../../../resources/cluster/objects-text.ts';
import type { Content } from '../../../resources/step.ts';

/** A file of the folder: its text, or the file elsewhere on this machine that it stands for; `made`: of a pair of key and certificate that there was not before. */
export type Entry =
  | { readonly text: string; readonly mode: 0o600 | 0o644 | 0o755; readonly made?: true }
  | { readonly target: string; readonly sha256: string; readonly size: number };

/** Kinds of files that a script reads, each in a folder of its own beside it. */
export type Kind = 'files' | 'artifacts' | 'secrets';

/** Of a path in the folder, which begins with the name of a host. */
export const isSecret = (path: string): boolean => path.split('/')[1] === ('secrets' satisfies Kind);

/** The files of one host that its scripts read, by their paths in its folder. */
export class HostFiles {
  readonly entries = new Map<string, Entry>();
  /** Takes every secret out of a text that people read. */
  readonly mask: (text: string) => string;

  constructor(mask: (text: string) => string) {
    this.mask = mask;
  }

  isSecret(text: string): boolean {
    return this.mask(text) !== text;
  }

  /**
   * Takes in what a step writes or reads, and answers with the path of it.
   * @param name as on the host, where it is a file there: `/etc/etcd/boot.env`
   * @param withKey whether it was made with a key, and lies beside that
   */
  async take(name: string, content: Content, withKey: boolean): Promise<string> {
    if (content.file !== undefined) {
      const { file, sha256, size } = content;
      return this.#put('artifacts', name, { target: file, sha256, size });
    }
    const chunks: Uint8Array[] = [];
    for await (const chunk of content.open()) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    const plain = bytes.toString('utf8');
    const objects = name.startsWith('/') ? undefined : objectsIn(plain);
    const secret = withKey || content.secret === true || this.isSecret(plain);
    return this.#put(secret ? 'secrets' : 'files', objects === undefined ? name : `objects/${name}.yaml`, {
      text: objects ?? plain,
      mode: secret ? 0o600 : 0o644,
      ...(withKey && { made: true }),
    });
  }

  /** Takes in a command that nobody else may read. */
  takeCommand(name: string, text: string): string {
    return this.#put('secrets', name, { text: `${text}\n`, mode: 0o600 });
  }

  #put(kind: Kind, name: string, entry: Entry): string {
    for (let number = 1; number < 1000; number += 1) {
      const path = `${kind}/${name.replace(/^\/+/, '')}${number === 1 ? '' : `.${number}`}`;
      const there = this.entries.get(path);
      if (there && JSON.stringify(there) !== JSON.stringify(entry)) continue;
      this.entries.set(path, entry);
      return path;
    }
    throw new BootstrapError('E_BUG', `too many files are called ${name}`);
  }
}

/** Objects for the API as people read them: kubectl takes YAML as well. `undefined` of what is something else. */
function objectsIn(text: string): string | undefined {
  if (!text.startsWith('{')) return undefined;
  const value: unknown = JSON.parse(text);
  if (!isMapping(value)) return undefined;
  const items = Array.isArray(value['items']) ? (value['items'] as unknown[]) : [value];
  const objects = items.flatMap((item) => objectIn(item) ?? []);
  return objects.length === items.length ? objectsText(objects) : dump(value, { sortKeys: true });
}
