import { BootstrapError } from '../kernel/errors.ts';
import { createDrawing, sizeOf } from './drawing.ts';
import { frame } from './frame.ts';
import type { Progress, Row, RowState } from './frame.ts';
import { truncate } from './text.ts';
import type { OutputStream, Paint } from './text.ts';

/**
 * A task with one line below it per host, drawn in place until it is finished. Texts must be safe single lines.
 * Whatever is told of a host is shown, in any order: only `fail` is for good.
 */
export interface Live {
  /** What is going on now on a host. */
  busy(host: string, text: string): void;
  /** Well for now. */
  settle(host: string, text: string): void;
  fail(host: string, text: string): void;
  /** How much of it has gone to a host; until all has. */
  sent(host: string, progress: Progress): void;
  /** How much of it has come here; until all has. */
  loaded(name: string, progress: Progress): void;
  /** Writes whole lines above the drawing, where they stay. */
  print(text: string): void;
  /** Gives the terminal back; one line stays, or none. */
  finish(end: LiveEnd): Promise<void>;
  /** Leaves the terminal as it is, at once. */
  abandon(): void;
}

export interface LiveEnd {
  readonly as: 'done' | 'failed' | 'stopped';
  /** The line that stays. */
  readonly text: string | undefined;
}

export interface LiveOptions {
  readonly stream: OutputStream;
  readonly paint: Paint;
}

/**
 * The task is one of listr2 (https://listr2.kilic.dev), which ends as the events say. It is drawn by a renderer of our
 * own: the stock one throws when an output comes after a task's end, draws for the width of the process's stdout, and
 * more hosts than the terminal has lines.
 */
export async function openLive(title: string, hosts: readonly string[], options: LiveOptions): Promise<Live> {
  const { Listr, Spinner, figures } = await import('listr2');
  const { stream, paint } = options;
  const started = performance.now();
  const rows = new Map(hosts.map((name): [string, Row] => [name, { name, state: 'waiting', text: '' }]));
  const downloads = new Map<string, Row>();
  const drawing = createDrawing(stream);
  const spinner = new Spinner();
  let last = started;
  let problem: unknown;
  let abandoned = false;

  function draw(above = ''): void {
    const icons = {
      busy: spinner.fetch(),
      settled: figures.tick,
      failed: figures.cross,
      waiting: figures.pointerSmall,
      download: figures.arrowDown,
    };
    const picture = {
      title,
      milliseconds: performance.now() - started,
      hosts: [...rows.values()],
      downloads: [...downloads.values()],
    };
    last = performance.now();
    drawing.draw(frame(picture, { ...sizeOf(stream), paint, icons }), above);
  }

  /** Nobody catches what a timer throws; whoever tells the next thing can. */
  function redraw(): void {
    try {
      draw();
    } catch (error) {
      problem = error;
      stop();
    }
  }

  function stop(): void {
    spinner.stop();
    stream.off('resize', redraw);
  }

  function change(rowsOf: Map<string, Row>, row: Row): void {
    if (problem !== undefined) throw problem as Error;
    rowsOf.set(row.name, row);
    // In a storm of events, the clock draws.
    if (performance.now() - last >= STILL) draw();
  }

  function tell(host: string, state: RowState, text: string): void {
    const { state: before, progress } = rows.get(host) ?? {};
    if (before === 'failed') return;
    const goesOn = state === 'busy' && progress !== undefined;
    change(rows, { name: host, state, text, ...(goesOn && { progress }) });
  }

  const ended = deferred<LiveEnd>();
  class InPlace {
    static nonTTY = true;
    static rendererOptions = {};
    static rendererTaskOptions = {};
    readonly tasks: readonly { isSkipped(): boolean; hasFailed(): boolean; title?: string }[];
    constructor(tasks: InPlace['tasks']) {
      this.tasks = tasks;
    }
    render = (): void => {
      spinner.start(redraw);
      stream.on('resize', redraw);
    };
    end = (): void => {
      stop();
      const [task] = this.tasks;
      if (abandoned) return;
      if (!task?.title) {
        drawing.draw([]);
        return;
      }
      const icon = task.isSkipped()
        ? paint('yellow', figures.arrowDown)
        : task.hasFailed()
          ? paint('red', figures.cross)
          : paint('green', figures.tick);
      const text = truncate(task.title, Math.max(1, sizeOf(stream).columns - 3));
      drawing.draw([`${icon} ${task.hasFailed() ? paint('red', text) : text}`]);
    };
  }
  const list = new Listr(
    {
      title,
      task: async (_, task) => {
        const { as, text } = await ended.promise;
        task.title = text ?? '';
        if (as === 'stopped') task.skip();
        if (as === 'failed') throw new BootstrapError('E_HOST_FAILED', `${title} failed`);
      },
    },
    { exitOnError: false, registerSignalListeners: false, renderer: InPlace },
  );
  const running = list.run();
  running.catch((error: unknown) => {
    problem = error;
  });

  return {
    busy(host, text) {
      tell(host, 'busy', text);
    },
    settle(host, text) {
      tell(host, 'settled', text);
    },
    fail(host, text) {
      change(rows, { name: host, state: 'failed', text });
    },
    sent(host, progress) {
      const row = rows.get(host);
      if (row?.state === 'failed') return;
      const text = row?.state === 'busy' ? row.text : '';
      change(rows, { name: host, state: 'busy', text, ...(!isAll(progress) && { progress }) });
    },
    loaded(name, progress) {
      if (isAll(progress)) downloads.delete(name);
      else change(downloads, { name, state: 'busy', text: '', progress });
    },
    print(text) {
      draw(text);
    },
    async finish(end) {
      ended.resolve(end);
      await running;
    },
    abandon() {
      stop();
      abandoned = true;
      ended.resolve({ as: 'stopped', text: undefined });
    },
  };
}

/** Milliseconds that a drawing stands at least. */
const STILL = 40;

const isAll = ({ bytes, total }: Progress): boolean => total > 0 && bytes >= total;

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((onDone) => {
    resolve = onDone;
  });
  return { promise, resolve };
}
