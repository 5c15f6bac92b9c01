import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HostName, command, onHost } from './lab.ts';

/** What must not be found, by the name that a test may print: `etcd-ca.key` → the texts by which it would be known. */
export type Secrets = Map<string, readonly string[]>;

/** Forms of a secret word: as it is, in base64, in hex, quoted for JSON and for a shell. */
export const wordForms = (word: string): string[] => [
  ...new Set([
    word,
    Buffer.from(word).toString('base64').replaceAll('=', ''),
    Buffer.from(word).toString('hex'),
    JSON.stringify(word).slice(1, -1),
    word.replaceAll("'", `'\\''`),
  ]),
];

/** Forms of a private key: every line of it, and every piece of what a kubeconfig makes of it. */
export function keyForms(pem: string): string[] {
  const lines = pem.split('\n').filter((line) => line.length >= 24 && !line.startsWith('-----'));
  // The first pieces are the same for all keys: "BEGIN RSA PRIVATE KEY".
  const encoded = Buffer.from(pem).toString('base64').slice(60);
  const pieces = encoded.match(/.{60}/g) ?? [];
  return [...lines, ...pieces];
}

const PEM = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*-----END [A-Z ]*PRIVATE KEY-----\n?/g;

/** Every private key and random word in the files of a state folder. */
export function secretsOfState(folder: string): Secrets {
  const found: Secrets = new Map();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, name);
    if (!statSync(path).isFile() || statSync(path).size > 1e6) continue;
    const text = readFileSync(path, 'utf8');
    const forms = [...text.matchAll(PEM)].flatMap(([pem]) => keyForms(pem));
    if (/pki\/(?:encryption\.key|plan\.hmac)$/.test(name)) {
      const raw = Buffer.from(text.trim(), 'base64');
      forms.push(text.trim().replaceAll('=', ''), raw.toString('hex'));
    }
    if (name.endsWith('.token')) forms.push(...wordForms(text.trim()));
    if (name.endsWith('tokens.csv')) {
      forms.push(
        ...text.split('\n').flatMap((row) => (row === '' ? [] : wordForms(row.split(',')[0] ?? ''))),
      );
    }
    const [, embedded] = /client-key-data: (\S+)/.exec(text) ?? [];
    if (embedded !== undefined) forms.push(...keyForms(Buffer.from(embedded, 'base64').toString()));
    if (forms.length > 0) found.set(name, forms);
  }
  return found;
}

/** The keys of components, which lie on their hosts only. */
export async function secretsOfHost(host: HostName): Promise<Secrets> {
  const text = await onHost(
    host,
    `find /etc/kubernetes /etc/etcd /var/lib/kubelet/pki -name '*.key' | while read -r path; do echo "== $path"; cat "$path"; done`,
  );
  const files = text.split(/^== /m).filter((part) => part !== '');
  return new Map(
    files.map((part) => {
      const [path = '', ...lines] = part.split('\n');
      return [`${host}:${path}`, keyForms(lines.join('\n'))];
    }),
  );
}

/** Files of a state folder that hold a secret, with their modes. */
export const modesOf = (folder: string, secrets: Secrets): Map<string, string> =>
  new Map([...secrets.keys()].map((name) => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)]));

/**
 * Where a secret is found: `place: name of the secret`. Everything is searched by one pass of grep, which takes its
 * patterns from a file.
 */
export async function exposures(places: ReadonlyMap<string, string>, secrets: Secrets): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'k8sb-search-'));
  try {
    const names = new Map(
      [...secrets].flatMap(([name, forms]) => forms.map((form) => [form, name] as const)),
    );
    if (names.has('')) throw new Error(`${names.get('') ?? ''} has an empty form`);
    writeFileSync(join(folder, 'patterns'), [...names.keys()].join('\n'), { mode: 0o600 });
    mkdirSync(join(folder, 'places'));
    const titles = [...places.keys()];
    titles.forEach((title, index) => {
      writeFileSync(join(folder, 'places', String(index)), places.get(title) ?? '', { mode: 0o600 });
    });
    const args = ['-roaFf', '../patterns', '--', '.'];
    const { code, stdout, stderr } = await command('grep', args, { cwd: join(folder, 'places') });
    if (code > 1) throw new Error(`grep: ${stderr}`);
    const hits = stdout.split('\n').filter((line) => line !== '');
    return [
      ...new Set(
        hits.map((line) => {
          const [, index = '', form = ''] = /^(?:\.\/)?(\d+):(.*)$/.exec(line) ?? [];
          return `${titles[Number(index)] ?? line}: ${names.get(form) ?? 'a secret'}`;
        }),
      ),
    ].sort();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same among files of a host that outlive a run; its patterns lie in memory while it looks. */
export async function exposedFiles(host: HostName, secrets: Secrets): Promise<string> {
  const patterns = [...secrets.values()].flat().join('\n');
  return onHost(
    host,
    `umask 077; cat > /run/k8sb-patterns <<'END'
${patterns}
END
grep -rlaFf /run/k8sb-patterns /tmp /var/tmp /var/log /var/spool /root /home /etc/systemd /var/lib/k8s-bootstrap /var/lib/systemd 2>/dev/null
rm -f /run/k8sb-patterns`,
  );
}
