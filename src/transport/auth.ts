import type { AnyAuthMethod, AuthenticationType, AuthHandlerMiddleware, Prompt } from 'ssh2';
import { asBootstrapError, type BootstrapError } from '../kernel/errors.ts';
import { rememberingAgent } from './agent.ts';
import type { KeyRing } from './private-key.ts';
import type { SshSettings } from './target.ts';

export interface Login {
  readonly handler: AuthHandlerMiddleware;
  readonly report: LoginReport;
}

/** What was tried so far, for the message when none of it worked. */
export interface LoginReport {
  readonly tried: string[];
  /** Keys that could not even be tried. */
  readonly unusable: BootstrapError[];
  /** Methods that the server takes, once it has said so. */
  offered: readonly string[] | undefined;
  /** The server's last words to whoever logs in: of an account that may not, the reason. */
  said: string;
}

/** One way to log in. `prepare` answers `undefined` when it turns out not to be possible. */
interface Attempt {
  readonly type: AuthenticationType;
  /** The name under which the server offers it. */
  readonly offeredAs: string;
  prepare(): Promise<AnyAuthMethod | undefined> | AnyAuthMethod;
}

/**
 * Agent, then key files, then the password: each once, and only what the server offers.
 * A password that was refused is never sent a second time, in whatever form: that locks accounts.
 */
export function login(ssh: SshSettings, keys: KeyRing, agentSocket: string | undefined): Login {
  const report: LoginReport = { tried: [], unusable: [], offered: undefined, said: '' };
  const waiting = [...attempts(ssh, keys, agentSocket, report)];

  const next = async (offered: readonly string[] | null): Promise<AnyAuthMethod | false> => {
    if (offered) report.offered = offered;
    // A password is not sent before the server has said in which form it takes it.
    if (!offered && waiting[0]?.offeredAs !== 'publickey') return { type: 'none', username: ssh.user };
    for (;;) {
      const index = waiting.findIndex(({ offeredAs }) => offered?.includes(offeredAs) ?? true);
      const [attempt] = index < 0 ? [] : waiting.splice(index, 1);
      if (!attempt) return false;
      if (attempt.type === 'keyboard-interactive' && report.tried.includes('password')) continue;
      const method = await attempt.prepare();
      if (method) return method;
    }
  };

  const handler = (offered: AuthenticationType[] | null, _partial: boolean | null, done: Done): void => {
    void next(offered).then(done);
  };
  return { handler: handler as AuthHandlerMiddleware, report };
}

/** ssh2 takes `false` for "nothing left"; its types don't say so. */
type Done = (method: AnyAuthMethod | false) => void;

function* attempts(
  ssh: SshSettings,
  keys: KeyRing,
  agentSocket: string | undefined,
  { tried, unusable }: LoginReport,
): Generator<Attempt> {
  const username = ssh.user;
  if (ssh.agent && agentSocket) {
    const agent = rememberingAgent(agentSocket, (what) => tried.push(what));
    yield { type: 'agent', offeredAs: 'publickey', prepare: () => ({ type: 'agent', username, agent }) };
  }
  for (const path of ssh.keys) {
    const prepare = async (): Promise<AnyAuthMethod | undefined> => {
      try {
        const key = await keys.load(path, ssh.passphrase);
        tried.push(`key ${path}`);
        return { type: 'publickey', username, key };
      } catch (error) {
        unusable.push(asBootstrapError(error));
        return undefined;
      }
    };
    yield { type: 'publickey', offeredAs: 'publickey', prepare };
  }
  const password = ssh.password;
  if (!password) return;
  yield {
    type: 'password',
    offeredAs: 'password',
    prepare: () => {
      tried.push('password');
      return { type: 'password', username, password: password.reveal() };
    },
  };
  yield {
    type: 'keyboard-interactive',
    offeredAs: 'keyboard-interactive',
    prepare: () => ({ type: 'keyboard-interactive', username, prompt: answerer(password.reveal(), tried) }),
  };
}

type Prompter = Extract<AnyAuthMethod, { type: 'keyboard-interactive' }>['prompt'];

/** Answers one hidden question for a password, once; anything else (a one-time code) stays unanswered. */
function answerer(password: string, tried: string[]): Prompter {
  let answered = false;
  return (_name, _instructions, _language, prompts, finish) => {
    const isPassword = ({ prompt, echo }: Prompt): boolean =>
      !echo && /pass(word|phrase|code)?\b/i.test(prompt);
    if (prompts.length === 1 && prompts.every(isPassword) && !answered) {
      answered = true;
      tried.push('keyboard-interactive');
      finish([password]);
    } else {
      tried.push(
        `keyboard-interactive (unanswered: ${JSON.stringify(prompts.map(({ prompt }) => prompt).join(' '))})`,
      );
      finish([]);
    }
  };
}
