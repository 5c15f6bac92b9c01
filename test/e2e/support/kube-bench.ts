import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { CORE_SCHEMA, load } from 'js-yaml';
import { type HostName, command, onHost, settings } from './lab.ts';

const labScript = join(import.meta.dirname, '../../lab/lab.sh');

const bench = load(readFileSync(join(import.meta.dirname, '../kube-bench/kube-bench.yaml'), 'utf8'), {
  schema: CORE_SCHEMA,
}) as {
  readonly module: string;
  readonly version: string;
  readonly benchmark: string;
  /** What it looks for → what is there. */
  readonly units: Readonly<Record<string, string>>;
};

export interface Control {
  /** As in the benchmark: `1.2.16`. */
  readonly id: string;
  readonly status: 'PASS' | 'FAIL' | 'WARN' | 'INFO';
  readonly text: string;
}

/** What kube-bench has to say about a master that carries a worker too, as root on the host. */
export async function audit(host: HostName): Promise<Control[]> {
  const folder = await built();
  const there = '/var/tmp/kube-bench';
  const send = `set -o pipefail; tar -C ${folder} -cf - . | bash ${labScript} ssh ${host} 'rm -rf ${there}; mkdir ${there}; tar -C ${there} -xf -'`;
  const { code, stderr } = await command('bash', ['-c', send]);
  if (code !== 0) throw new Error(`kube-bench to ${host}: ${stderr}`);
  const edits = Object.entries(bench.units).map(([from, to]) => `-e 's,- ${from}$,- ${to},'`);
  const stdout = await onHost(
    host,
    `trap 'rm -rf ${there}' EXIT
    cd ${there}
    sed -i ${edits.join(' ')} cfg/config.yaml
    ./kube-bench run --benchmark ${bench.benchmark} --targets master,etcd,controlplane,node -D cfg --json`,
  );
  const { Controls } = JSON.parse(stdout) as {
    readonly Controls: readonly {
      readonly tests: readonly {
        readonly results: readonly {
          readonly test_number: string;
          readonly status: Control['status'];
          readonly test_desc: string;
        }[];
      }[];
    }[];
  };
  return Controls.flatMap(({ tests }) => tests.flatMap(({ results }) => results)).map((one) => ({
    id: one.test_number,
    status: one.status,
    text: one.test_desc,
  }));
}

/** Folder with the program and its benchmarks, built once for each version and set of paths. */
async function built(): Promise<string> {
  const folder = join(settings.cache, 'kube-bench', bench.version);
  if (!existsSync(folder)) {
    mkdirSync(join(settings.cache, 'kube-bench'), { recursive: true });
    const beside = mkdtempSync(join(settings.cache, 'kube-bench', '.building-'));
    // Not "go install": that asks the proxy for all versions, which it does not list.
    writeFileSync(
      join(beside, 'go.mod'),
      `module hardening\n\ngo 1.24\n\nrequire ${bench.module} ${bench.version}\n`,
    );
    const env = { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '-mod=mod -trimpath' };
    const go = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await command('go', args, { cwd: beside, env });
      if (code !== 0) throw new Error(`go ${args.join(' ')}: code ${code}\n${stderr}`);
      return stdout.trim();
    };
    await go('build', '-o', 'kube-bench', bench.module);
    cpSync(join(await go('list', '-m', '-f', '{{.Dir}}', bench.module), 'cfg'), join(beside, 'cfg'), {
      recursive: true,
    });
    for (const name of ['go.mod', 'go.sum']) rmSync(join(beside, name));
    renameSync(beside, folder);
  }
  return folder;
}
