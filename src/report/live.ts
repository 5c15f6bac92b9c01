import type {
  DefaultRenderer,
  ListrDefaultRendererLogLevels as LogLevels,
  ListrTaskWrapper,
  SimpleRenderer,
} from 'listr2';
import { BootstrapError } from '../kernel/errors.ts';
import { truncate } from './text.ts';
import type { OutputStream, Paint, Style } from './text.ts';

/** A task with one line below it per host, drawn in place until it is finished. Texts must be safe single lines. */
export interface Live {
  /** What is going on now on a host, or, for no or an unlisted host, in the task itself. */
  output(host: string | undefined, text: string): void;
  done(host: string): void;
  fail(host: string, text: string): void;
  /**
   * Draws the last state and gives the terminal back. Hosts neither done nor failed count as done;
   * a task that stopped before its end is drawn as skipped, not as done.
   */
  finish(end: LiveEnd): Promise<void>;
}

export type LiveEnd = { readonly stopped: true } | { readonly stopped: false; readonly title?: string };

export interface LiveOptions {
  readonly stream: OutputStream;
  readonly paint: Paint;
}

/**
 * Draws with listr2 (https://listr2.kilic.dev) as a view only: its tasks are promises settled by events, and
 * it neither handles signals nor sees the process's own streams, which it would otherwise take over.
 */
export async function openLive(title: string, hosts: readonly string[], options: LiveOptions): Promise<Live> {
  const { Listr, DefaultRenderer, ListrDefaultRendererLogLevels, ListrLogger, ProcessOutput } =
    await import('listr2');
  // The stock class refuses to draw when stdout is no terminal, and we draw on stderr.
  class StderrRenderer extends DefaultRenderer {
    static override nonTTY = true;
  }
  // Its own colours follow the process's stdout and environment, not the stream drawn on.
  const color = Object.fromEntries(
    Object.values(ListrDefaultRendererLogLevels).map((level) => [
      level,
      (text = '') => options.paint(STYLES[level] ?? 'yellow', text),
    ]),
  );
  const stream = terminal(options.stream);
  const width = (level: number): number => Math.max(1, (options.stream.columns ?? 80) - 2 * level - 5);
  // Two lines per host must fit the screen, or the step goes behind the name.
  const roomy = hosts.length * 2 + 2 <= (options.stream.rows ?? 24);

  const ended = deferred();
  const tasks = new Map(hosts.map((host) => [host, { settled: deferred(), started: deferred<Task>() }]));
  const rootStarted = deferred<Task>();
  const root = new Listr(
    {
      title: truncate(title, width(0)),
      task: (_, task) => {
        rootStarted.resolve(task);
        if (hosts.length === 0) return ended.promise;
        return task.newListr(
          [...tasks].map(([host, { settled, started }]) => ({
            title: truncate(host, width(1)),
            task: (_context, own): Promise<void> => {
              started.resolve(own);
              return settled.promise;
            },
          })),
          { concurrent: true, exitOnError: false },
        );
      },
    },
    {
      concurrent: true,
      exitOnError: false,
      registerSignalListeners: false,
      renderer: StderrRenderer,
      rendererOptions: {
        color,
        logger: new ListrLogger<LogLevels>({
          processOutput: new ProcessOutput(stream, stream),
        }),
      },
    },
  );
  const running = root.run();
  // Never only `rootStarted`: when drawing fails to start, that promise stays open.
  const rootTask = await Promise.race([rootStarted.promise, running.then(() => rootStarted.promise)]);
  const hostTasks = new Map<string, Task>();
  for (const [host, { started }] of tasks) hostTasks.set(host, await started.promise);

  return {
    output(host, text) {
      const task = host === undefined ? undefined : hostTasks.get(host);
      if (host === undefined || task === undefined) rootTask.output = text;
      else if (roomy) task.output = truncate(text, width(2));
      else task.title = truncate(`${host}  ${text}`, width(1));
    },
    done(host) {
      tasks.get(host)?.settled.resolve();
    },
    fail(host, text) {
      const task = hostTasks.get(host);
      if (task === undefined) return;
      tasks
        .get(host)
        ?.settled.reject(new BootstrapError('E_HOST_FAILED', truncate(`${host}  ${text}`, width(1))));
    },
    async finish(end) {
      if (end.stopped) rootTask.skip(truncate(`${title} (stopped)`, width(0)));
      else if (end.title !== undefined) rootTask.title = truncate(end.title, width(0));
      for (const { settled } of tasks.values()) settled.resolve();
      ended.resolve();
      await running;
    },
  };
}

type Task = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof SimpleRenderer>;

/** The part of a terminal that listr2 uses, as an object of our own: it replaces `write` of what it is given. */
function terminal(stream: OutputStream): NodeJS.WriteStream {
  const write = (text: string): boolean => stream.write(text);
  return { write, columns: stream.columns ?? 80, rows: stream.rows ?? 24 } as unknown as NodeJS.WriteStream;
}

const STYLES: Readonly<Record<string, Style>> = {
  COMPLETED: 'green',
  FAILED: 'red',
  FAILED_WITH_SUBTASKS: 'red',
  COMPLETED_WITH_SISTER_TASKS_FAILED: 'red',
  WAITING: 'dim',
  OUTPUT: 'dim',
};

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

function deferred<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((onDone, onError) => {
    resolve = onDone;
    reject = onError;
  });
  return { promise, resolve, reject };
}
