import { shownOn } from './fitted.ts';
import { openLive } from './live.ts';
import type { Live } from './live.ts';
import { createPlainView, progressText } from './plain.ts';
import type { TextViewOptions } from './plain.ts';
import type { PrintableEvent } from './printable.ts';
import { redrawing } from './redrawn.ts';
import { written } from './streams.ts';
import { count, duration, oneLine, painterFor } from './text.ts';
import { resultText } from './view.ts';
import type { View } from './view.ts';

/**
 * A terminal: one phase at a time is drawn in place on stderr, its hosts below it. Everything else (errors,
 * warnings) is printed above it, where it stays; results go to stdout when nothing is drawn.
 */
export function createTtyView(options: TextViewOptions): View {
  const { stdout, stderr, env } = options;
  const screen = createScreen(options);
  const plain = createPlainView(options);
  const result = { ...options, paint: painterFor(stdout, env) };
  const redrawn = redrawing(stdout);
  let broken = false;
  let queue = Promise.resolve();

  async function draw(event: PrintableEvent): Promise<void> {
    const text = resultText(event, options.history, result);
    if (text === undefined) {
      redrawn(event, '');
      await screen.show(event);
    } else {
      await screen.finish('done');
      stdout.write(redrawn(event, shownOn(stdout, event, text)));
    }
  }

  async function drawOrPrint(event: PrintableEvent): Promise<void> {
    await guarded(() => draw(event));
    if (broken) plain.show(event);
  }

  /** The run matters more than its picture. */
  async function guarded(action: () => Promise<void>): Promise<void> {
    if (broken) return;
    try {
      await action();
    } catch (error) {
      broken = true;
      screen.abandon();
      stderr.write(`${oneLine(`the live view failed (${String(error)}); plain lines from here on`)}\n`);
    }
  }

  async function flush(): Promise<void> {
    queue = queue.then(() => guarded(() => screen.finish('done')));
    await queue;
    await written(stdout, stderr);
  }

  return {
    show(event) {
      queue = queue.then(() => drawOrPrint(event));
    },
    flush,
    close: flush,
  };
}

interface Screen {
  show(event: PrintableEvent): Promise<void>;
  /** Gives the terminal back. */
  finish(end: End): Promise<void>;
  abandon(): void;
}

/** How what is drawn came to its end; `cut` by an error of the run, not of a host. */
type End = 'done' | 'stopped' | 'cut';

/** What is drawn now. */
interface Current {
  readonly live: Live;
  readonly title: string;
  /** Looks and what no phase was told for make way for whatever comes next. */
  readonly kind: 'look' | 'phase' | 'other';
  /** Whether a line of it stays when all went well. */
  readonly stays: boolean;
  readonly since: number;
  readonly failed: Set<string>;
}

function createScreen(options: TextViewOptions): Screen {
  const { stderr, env, history } = options;
  const paint = painterFor(stderr, env);
  let current: Current | undefined;
  let looked = false;

  async function open(
    kind: Current['kind'],
    name: string,
    hosts: readonly string[],
    { stays = true, place = '' } = {},
  ): Promise<Live> {
    await finish('done');
    const title = oneLine(name);
    const live = await openLive(title + place, hosts.map(oneLine), { stream: stderr, paint });
    current = { live, title, kind, stays, since: performance.now(), failed: new Set() };
    return live;
  }

  async function finish(end: End, milliseconds?: number): Promise<void> {
    if (current === undefined) return;
    const { live, title, kind, stays, since, failed } = current;
    current = undefined;
    const time = duration(milliseconds ?? performance.now() - since);
    if (end === 'stopped') await live.finish({ as: 'stopped', text: `${title} (stopped after ${time})` });
    else if (failed.size > 0)
      await live.finish({ as: 'failed', text: `${title}: failed on ${few(failed)} (${time})` });
    else if (end === 'cut' && kind === 'phase')
      await live.finish({ as: 'failed', text: `${title} (${time})` });
    else await live.finish({ as: 'done', text: stays ? `${title} (${time})` : undefined });
  }

  /** Hosts are looked at within a phase, too, and again after it; only the first look is worth a line. */
  async function look(): Promise<Live> {
    if (current && current.kind !== 'other') return current.live;
    if (looked) return open('look', 'Looking again', [], { stays: false });
    looked = true;
    return open('look', `Looking at ${count(history.hosts.length, 'host')}`, history.hosts);
  }

  /** One that nobody has told of, as a plan grows while it is made, has none. */
  function placeOf(phase: string): string {
    const index = history.phases.indexOf(phase);
    return index < 0 ? '' : ` (${index + 1} of ${history.phases.length})`;
  }

  const work = async (title: string): Promise<Live> =>
    current && current.kind !== 'look' ? current.live : open('other', title, []);

  function print(text: string): void {
    if (text === '') return;
    if (current === undefined) stderr.write(text);
    else current.live.print(text);
  }

  async function show(event: PrintableEvent): Promise<void> {
    const host = 'host' in event ? oneLine(event.host) : '';
    switch (event.type) {
      case 'host.connecting':
        (await look()).busy(host, event.attempt > 1 ? `connecting (attempt ${event.attempt})` : 'connecting');
        return;
      case 'host.connected':
        (await look()).busy(host, 'looking');
        return;
      case 'host.probed':
        // Within a phase, that is a gate looking whether it holds: it tells so itself.
        if (current?.kind !== 'phase') (await look()).settle(host, '');
        return;
      case 'host.failed': {
        const [first = ''] = event.error.message.split('\n');
        current?.live.fail(host, oneLine(`${event.error.code} ${first}`));
        current?.failed.add(host);
        print(shownOn(stderr, event, progressText(event, { ...options, paint })));
        return;
      }
      case 'download':
        (current?.live ?? (await work('Downloading'))).loaded(oneLine(event.artifact), event);
        return;
      case 'upload':
        (await work('Uploading')).sent(host, event);
        return;
      case 'phase.started':
        await open('phase', event.title, event.hosts, { place: placeOf(event.phase) });
        return;
      case 'step.started':
        (await work(event.phase)).busy(host, oneLine(event.step));
        return;
      case 'step.done':
        current?.live.settle(host, oneLine(event.step));
        return;
      case 'gate.waiting':
        (await look()).busy(host, oneLine(`waiting until ${event.waitingFor}`));
        return;
      case 'gate.passed':
        current?.live.settle(host, `ready after ${duration(event.milliseconds)}`);
        return;
      case 'phase.done':
        for (const name of event.failed) current?.failed.add(oneLine(name));
        await finish('done', event.milliseconds);
        return;
      case 'run.failed':
        await finish(event.error.code === 'E_ABORTED' ? 'stopped' : 'cut');
        print(shownOn(stderr, event, progressText(event, { ...options, paint })));
        return;
      case 'preflight':
      case 'note':
        print(shownOn(stderr, event, progressText(event, { ...options, paint })));
        return;
      case 'run.started':
      case 'host.planned':
      case 'plan.ready':
      case 'procedure.planned':
      case 'result':
      case 'summary':
        return; // the drawing shows enough, or it is a result
    }
  }

  return {
    show,
    finish,
    abandon: () => {
      current?.live.abandon();
      current = undefined;
    },
  };
}

const few = (hosts: ReadonlySet<string>): string =>
  hosts.size > 3 ? count(hosts.size, 'host') : [...hosts].join(', ');
