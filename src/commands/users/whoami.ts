import { request } from 'node:https';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import * as z from 'zod';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';
import { Secret } from '../../kernel/secret.ts';
import { readYaml } from '../../kernel/yaml.ts';
import { readCertificate } from '../../pki/read-certificate.ts';
import type { Emit } from '../../run/events.ts';

export interface WhoamiOptions {
  readonly kubeconfig: string;
  readonly emit: Emit;
  readonly secrets: Set<Secret>;
}

/** A path that nobody has been given a right to: the refusal names the user as the server sees it. */
const NOWHERE = '/k8s-bootstrap-whoami';

/**
 * Says who the holder of a kubeconfig is: by the certificate in it, and by what the API server answers. That it knows the
 * holder is not all: a certificate cannot be revoked, only the rights of the one it names.
 * @throws E_KUBECONFIG when it cannot be read; E_API when the server does not answer
 * @returns 1 when the server does not let the holder in
 */
export async function whoami({ kubeconfig, emit, secrets }: WhoamiOptions): Promise<number> {
  const login = await readLogin(kubeconfig);
  for (const secret of [login.key, login.token]) if (secret) secrets.add(secret);
  const facts = login.certificate === undefined ? undefined : readCertificate(login.certificate);
  const { status, body } = await ask(login, NOWHERE);
  const rights = status === 401 ? false : await mayDoAnything(login);
  const seenAs = /User \\?"([^"\\]+)\\?"/.exec(body)?.[1];
  emit({
    type: 'result',
    answer: 'users-whoami',
    data: {
      server: login.server,
      user: seenAs ?? facts?.commonName ?? null,
      certificate: facts?.commonName ?? null,
      groups: facts?.organizations ?? [],
      expires: facts?.notAfter.toISOString() ?? null,
      token: login.token !== undefined,
      status,
      namespace: login.namespace,
      rights,
    },
  });
  return status === 401 ? ExitCode.failed : ExitCode.ok;
}

/** https://v1-16.docs.kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access */
const REVIEW = 'authorization.k8s.io';

const review = z.object({
  status: z.object({
    resourceRules: z.array(z.object({ apiGroups: z.array(z.string()).nullish() })).nullish(),
    nonResourceRules: z.array(z.object({ nonResourceURLs: z.array(z.string()).nullish() })).nullish(),
  }),
});

/** Whether there are rights beyond those of everybody who is known: to ask about oneself, and to read what a server is. */
async function mayDoAnything(login: Login): Promise<boolean | null> {
  const { namespace } = login;
  const kind = 'SelfSubjectRulesReview';
  const question = { apiVersion: `${REVIEW}/v1`, kind, spec: { namespace } };
  const { status, body } = await ask(
    login,
    `/apis/${REVIEW}/v1/selfsubjectrulesreviews`,
    JSON.stringify(question),
  );
  const read = status === 201 ? review.safeParse(jsonOf(body)).data : undefined;
  if (!read) return null;
  const { resourceRules, nonResourceRules } = read.status;
  return (
    (resourceRules ?? []).some(({ apiGroups }) => (apiGroups ?? []).some((group) => group !== REVIEW)) ||
    (nonResourceRules ?? []).some(({ nonResourceURLs }) => (nonResourceURLs ?? []).includes('*'))
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface Login {
  readonly server: string;
  readonly namespace: string;
  readonly ca: string | undefined;
  readonly certificate: string | undefined;
  readonly key: Secret | undefined;
  readonly token: Secret | undefined;
}

interface Named {
  readonly name?: string;
  readonly [field: string]: unknown;
}

async function readLogin(file: string): Promise<Login> {
  const refuse = (problem: string, cause?: unknown): BootstrapError =>
    new BootstrapError('E_KUBECONFIG', `${file} ${problem}`, {
      hint: 'Give one with --kubeconfig FILE; "k8s-bootstrap users kubeconfig NAME" prints a user’s.',
      exitCode: ExitCode.usage,
      cause,
    });
  let config: Readonly<Record<string, unknown>>;
  try {
    config = (readYaml(await readFile(file, 'utf8')) ?? {}) as typeof config;
  } catch (cause) {
    throw refuse('cannot be read as a kubeconfig', cause);
  }
  const pick = (list: string, name: unknown, field: string): Readonly<Record<string, string | undefined>> => {
    const entries = (config[list] ?? []) as readonly Named[];
    const found = Object.entries(entries.find((entry) => entry.name === name)?.[field] ?? {});
    // A number in place of text would be told by whatever stumbles over it.
    return Object.fromEntries(found.filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
  };
  const context = pick('contexts', config['current-context'], 'context');
  const cluster = pick('clusters', context['cluster'], 'cluster');
  const user = pick('users', context['user'], 'user');
  const { server } = cluster;
  if (server === undefined) throw refuse('has no current context with a server');
  const text = async (data: string | undefined, path: string | undefined): Promise<string | undefined> => {
    if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
    return path === undefined ? undefined : await readFile(resolve(dirname(file), path), 'utf8');
  };
  const key = await text(user['client-key-data'], user['client-key']);
  return {
    server,
    namespace: context['namespace'] ?? 'default',
    ca: await text(cluster['certificate-authority-data'], cluster['certificate-authority']),
    certificate: await text(user['client-certificate-data'], user['client-certificate']),
    key: key === undefined ? undefined : new Secret(key),
    token: user['token'] === undefined ? undefined : new Secret(user['token']),
  };
}

const ask = (
  { server, ca, certificate, key, token }: Login,
  path: string,
  question?: string,
): Promise<{ status: number; body: string }> =>
  new Promise((done, fail) => {
    const call = request(
      new URL(path, server),
      {
        ca,
        cert: certificate,
        key: key?.reveal(),
        method: question === undefined ? 'GET' : 'POST',
        headers: {
          ...(token ? { Authorization: `Bearer ${token.reveal()}` } : {}),
          ...(question === undefined ? {} : { 'Content-Type': 'application/json' }),
        },
        timeout: 10_000,
      },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('end', () => {
          done({ status: answer.statusCode ?? 0, body: Buffer.concat(parts).toString('utf8') });
        });
      },
    );
    call.on('timeout', () => call.destroy(new TypeError('no answer within 10 s')));
    call.on('error', (cause) => {
      fail(
        new BootstrapError('E_API', `${server} does not answer: ${cause.message}`, {
          hint: '"k8s-bootstrap status" shows how the API servers are.',
          cause,
        }),
      );
    });
    call.end(question);
  });
