import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import ssh2, {
  type AuthContext,
  type AuthenticationType,
  type Connection,
  type ServerChannel,
  type Session,
  type TcpipRequestInfo,
} from 'ssh2';

/** A real SSH server in this process, on a loopback port. Commands are read by a real shell, as sshd does. */
export interface SshServer {
  readonly port: number;
  readonly hostKeys: readonly Buffer[];
  /** Counted as they happen: TCP connections, started commands, and the logins tried (`publickey`, `password`, …). */
  readonly seen: {
    connections: number;
    execs: number;
    commandsAtOnce: number;
    loginsAtOnce: number;
    logins: string[];
    commands: string[];
    forwards: TcpipRequestInfo[];
  };
  openConnections(): number;
  /** Cuts all connections, as a crash of the host would. */
  drop(): void;
  close(): Promise<void>;
}

export interface SshServerOptions {
  /** Private host keys; default one new ed25519 key. */
  readonly hostKeys?: readonly string[];
  /** Public keys that may log in. */
  readonly publicKeys?: readonly string[];
  readonly password?: string;
  /** What whoever logs in is told. */
  readonly banner?: string;
  /** Questions of keyboard-interactive, and the answers that let in. */
  readonly keyboard?: {
    readonly prompts: readonly string[];
    readonly answers: readonly string[];
    readonly echo?: boolean;
  };
  /** The login shell; default `sh`. */
  readonly shell?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** sshd's MaxSessions; default 10. */
  readonly maxSessions?: number;
  /** This many first session channels are refused. */
  readonly refuseChannels?: number;
  /** This many first connections are cut before the greeting, as sshd does beyond MaxStartups. */
  readonly dropConnections?: number;
  /** AllowTcpForwarding; default false. */
  readonly forwarding?: boolean;
  /** Where forwarded connections really go, by `host:port`; default the address asked for. */
  readonly routes?: Readonly<Record<string, number>>;
  /** Called when a command asks for it by name, in place of a shell. */
  readonly builtins?: Readonly<Record<string, (channel: ServerChannel, connection: Connection) => void>>;
}

/** A key pair in OpenSSH's format. */
export function newKey(type: 'ed25519' | 'rsa' | 'ecdsa' = 'ed25519'): ssh2.utils.KeyPairReturn {
  return readable(() => {
    switch (type) {
      case 'rsa':
        return ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 });
      case 'ecdsa':
        return ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 });
      case 'ed25519':
        return ssh2.utils.generateKeyPairSync('ed25519');
    }
  });
}

export function newEncryptedKey(passphrase: string): ssh2.utils.KeyPairReturn {
  const options = { cipher: 'aes256-ctr', passphrase, rounds: 2 };
  return readable(() => ssh2.utils.generateKeyPairSync('ed25519', options), passphrase);
}

/** ssh2 writes a key now and then that neither it nor ssh-keygen can read. */
function readable(make: () => ssh2.utils.KeyPairReturn, passphrase?: string): ssh2.utils.KeyPairReturn {
  for (;;) {
    const pair = make();
    if (!(ssh2.utils.parseKey(pair.private, passphrase) instanceof Error)) return pair;
  }
}

/** The blob of a public or private key, as known_hosts holds it in base64. */
export function publicBlob(key: string): Buffer {
  const parsed = ssh2.utils.parseKey(key);
  if (parsed instanceof Error) throw parsed;
  return parsed.getPublicSSH();
}

export async function startSshServer(options: SshServerOptions = {}): Promise<SshServer> {
  const hostKeys = options.hostKeys ?? [newKey().private];
  const seen: SshServer['seen'] = {
    connections: 0,
    execs: 0,
    commandsAtOnce: 0,
    loginsAtOnce: 0,
    logins: [],
    commands: [],
    forwards: [],
  };
  const sockets = new Set<Socket>();
  const children = new Set<ChildProcess>();
  let logins = 0;
  let refusals = options.refuseChannels ?? 0;

  const server = new ssh2.Server(
    {
      hostKeys: [...hostKeys],
      ident: 'OpenSSH_test',
      ...(options.banner === undefined ? {} : { banner: options.banner }),
    },
    (connection) => {
      let sessions = 0;
      let loggingIn = true;
      const loggedIn = (): void => {
        if (loggingIn) logins -= 1;
        loggingIn = false;
      };
      logins += 1;
      seen.loginsAtOnce = Math.max(seen.loginsAtOnce, logins);
      connection.on('ready', loggedIn);
      connection.on('close', loggedIn);
      connection.on('error', () => undefined);
      connection.on('authentication', (context) => {
        authenticate(context, options, seen);
      });
      connection.on('session', (accept, reject) => {
        if (refusals > 0 || sessions >= (options.maxSessions ?? 10)) {
          refusals -= 1;
          reject();
          return;
        }
        sessions += 1;
        serveSession(accept(), connection, () => {
          sessions -= 1;
        });
      });
      connection.on('tcpip', (accept, reject, info) => {
        seen.forwards.push(info);
        if (!options.forwarding) {
          reject();
          return;
        }
        forward(
          accept,
          reject,
          options.routes?.[`${info.destIP}:${info.destPort}`] ?? info.destPort,
          info.destIP,
        );
      });
    },
  );

  const serveSession = (session: Session, connection: Connection, ended: () => void): void => {
    session.on('exec', (accept, _reject, { command }) => {
      seen.execs += 1;
      seen.commands.push(command);
      const channel = accept();
      channel.on('close', ended);
      channel.on('error', () => undefined);
      channel.stderr.on('error', () => undefined);
      const builtin = Object.entries(options.builtins ?? {}).find(([name]) => command.includes(name));
      if (builtin) builtin[1](channel, connection);
      else {
        const child = runShell(channel, command, options);
        children.add(child);
        child.on('close', () => children.delete(child));
        seen.commandsAtOnce = Math.max(seen.commandsAtOnce, children.size);
      }
    });
  };

  let drops = options.dropConnections ?? 0;
  const raw = server as unknown as {
    _srv: { on(event: 'connection', listener: (socket: Socket) => void): void };
  };
  raw._srv.on('connection', (socket) => {
    seen.connections += 1;
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => sockets.delete(socket));
    if (drops > 0) {
      drops -= 1;
      socket.destroy();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    hostKeys: hostKeys.map(publicBlob),
    seen,
    openConnections: () => sockets.size,
    drop,
    async close() {
      drop();
      for (const child of children) kill(child);
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function authenticate(context: AuthContext, options: SshServerOptions, seen: SshServer['seen']): void {
  const offered: AuthenticationType[] = [
    ...(options.publicKeys ? (['publickey'] as const) : []),
    ...(options.password === undefined ? [] : (['password'] as const)),
    ...(options.keyboard ? (['keyboard-interactive'] as const) : []),
  ];
  const refuse = (): void => {
    context.reject(offered);
  };
  switch (context.method) {
    case 'publickey': {
      const key = options.publicKeys
        ?.map((text) => ssh2.utils.parseKey(text))
        .find((candidate) =>
          candidate instanceof Error ? false : candidate.getPublicSSH().equals(context.key.data),
        );
      if (!context.signature) seen.logins.push('publickey');
      const signed =
        key !== undefined &&
        !(key instanceof Error) &&
        (!context.signature ||
          (context.blob && key.verify(context.blob, context.signature, context.hashAlgo)));
      if (signed) context.accept();
      else refuse();
      break;
    }
    case 'password':
      seen.logins.push('password');
      if (context.password === options.password) context.accept();
      else refuse();
      break;
    case 'keyboard-interactive': {
      const { keyboard } = options;
      seen.logins.push('keyboard-interactive');
      if (!keyboard) {
        refuse();
        break;
      }
      const prompts = keyboard.prompts.map((prompt) => ({ prompt, echo: keyboard.echo ?? false }));
      context.prompt(prompts, (answers) => {
        if (JSON.stringify(answers) === JSON.stringify(keyboard.answers)) context.accept();
        else refuse();
      });
      break;
    }
    case 'none':
    case 'hostbased':
      refuse();
      break;
  }
}

/** As sshd: the login shell reads the command; the channel ends when the command has, and its pipes are empty. */
function runShell(channel: ServerChannel, command: string, options: SshServerOptions): ChildProcess {
  const child = spawn(options.shell ?? 'sh', ['-c', command], {
    detached: true,
    env: { ...process.env, LC_ALL: undefined, LANG: 'C.UTF-8', ...options.env },
  });
  child.stdin.on('error', () => {
    channel.resume(); // the command reads no more: sshd throws the rest away
  });
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  child.on('close', (code, signal) => {
    channel.unpipe(child.stdin);
    channel.resume(); // an input nobody reads would keep the channel open
    channel.stderr.write('', () => {
      if (code === null) channel.exit(signal?.slice(3) ?? 'KILL', false, '');
      else channel.exit(code);
      channel.end();
    });
  });
  channel.on('close', () => {
    kill(child);
  });
  return child;
}

/** As OpenSSH: of a connection whose far side has ended, it says so and waits until the near side closes it as well. */
function forward(accept: () => ServerChannel, reject: () => void, port: number, host: string): void {
  const socket = connect({ port, host: /^[\d.:]+$/.test(host) ? host : '127.0.0.1', allowHalfOpen: true });
  socket.once('error', reject);
  socket.once('connect', () => {
    socket.off('error', reject);
    const channel = accept();
    socket.on('error', () => {
      channel.close();
    });
    channel.on('error', () => undefined);
    channel.pipe(socket).pipe(channel, { end: false });
    socket.on('end', () => {
      channel.eof();
    });
    channel.on('close', () => socket.destroy());
  });
}

function kill(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // gone already
  }
}
