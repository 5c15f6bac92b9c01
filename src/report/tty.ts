import { errorText } from './error-text.ts';
import { openLive } from './live.ts';
import type { Live, LiveEnd } from './live.ts';
import { createPlainView, progressText } from './plain.ts';
import type { TextViewOptions } from './plain.ts';
import type { PrintableEvent } from './printable.ts';
import { written } from './streams.ts';
import { byteSize, count, duration, oneLine, painterFor, truncate } from './text.ts';
import { resultText } from './view.ts';
import type { View } from './view.ts';

/**
 * A terminal: one phase at a time is drawn in place on stderr, its hosts below it. Everything else (errors,
 * warnings, results) is printed between the drawings, where it stays. Phases are expected one after another.
 */
export function createTtyView(options: TextViewOptions): View {
  const { stdout, stderr, env } = options;
  const screen = createScreen(options);
  const plain = createPlainView(options);
  const result = { ...options, paint: painterFor(stdout, env) };
  let broken = false;
  let queue = Promise.resolve();

  async function draw(event: PrintableEvent): Promise<void> {
    const text = resultText(event, options.history, result);
    if (text === undefined) {
      await screen.show(event);
    } else {
      await screen.finish({ stopped: false });
      stdout.write(text);
    }
  }

  async function drawOrPrint(event: PrintableEvent): Promise<void> {
    try {
      if (!broken) {
        await draw(event);
        return;
      }
    } catch (error) {
      // The run matters more than its picture.
      broken = true;
      stderr.write(`${oneLine(`the live view failed (${String(error)}); plain lines from here on`)}\n`);
    }
    plain.show(event);
  }

  async function finish(end: LiveEnd): Promise<void> {
    queue = queue.then(() => screen.finish(end));
    await queue;
    await written(stdout, stderr);
  }

  return {
    show(event) {
      queue = queue.then(() => drawOrPrint(event));
    },
    flush: () => finish({ stopped: false }),
    close: () => finish({ stopped: true }),
  };
}

interface Screen {
  show(event: PrintableEvent): Promise<void>;
  /** Gives the terminal back and prints what had to wait for it. */
  finish(end: LiveEnd): Promise<void>;
}

function createScreen(options: TextViewOptions): Screen {
  const { stderr, env, history } = options;
  const paint = painterFor(stderr, env);
  const liveOptions = { stream: stderr, paint };
  const transfers = new Map<string, string>();
  let live: Live | undefined;
  let title = '';
  let waiting = '';

  async function open(name: string, hosts: readonly string[]): Promise<Live> {
    if (live !== undefined) return live;
    title = oneLine(name);
    live = await openLive(title, hosts, liveOptions);
    return live;
  }

  async function finish(end: LiveEnd): Promise<void> {
    const current = live;
    live = undefined;
    transfers.clear();
    await current?.finish(end);
    if (waiting !== '') stderr.write(waiting);
    waiting = '';
  }

  function print(text: string): void {
    if (live === undefined) stderr.write(text);
    else waiting += text;
  }

  const lookAt = (): Promise<Live> =>
    open(`Looking at ${count(history.hosts.length, 'host')}`, history.hosts);

  async function show(event: PrintableEvent): Promise<void> {
    switch (event.type) {
      case 'host.connecting':
        (await lookAt()).output(
          event.host,
          event.attempt > 1 ? `connecting (attempt ${event.attempt})` : 'connecting',
        );
        return;
      case 'host.connected':
        (await lookAt()).output(event.host, 'looking');
        return;
      case 'host.probed':
        (await lookAt()).done(event.host);
        return;
      case 'host.failed': {
        const [first = ''] = event.error.message.split('\n');
        live?.fail(event.host, oneLine(`${event.error.code} ${first}`));
        print(progressText(event, { ...options, paint }));
        return;
      }
      case 'download': {
        transfers.set(event.artifact, bar(event.artifact, event, stderr.columns));
        if (event.bytes >= event.total) transfers.delete(event.artifact);
        (await open('Downloading', [])).output(undefined, [...transfers.values()].join('\n'));
        return;
      }
      case 'upload':
        (await open('Uploading', history.hosts)).output(event.host, bar('upload', event, stderr.columns));
        return;
      case 'phase.started':
        await finish({ stopped: false });
        await open(event.title, event.hosts);
        return;
      case 'step.started':
        live?.output(event.host, oneLine(event.step));
        return;
      case 'gate.waiting':
        live?.output(event.host, oneLine(`waiting for ${event.waitingFor}`));
        return;
      case 'gate.passed':
        live?.output(event.host, `ready after ${duration(event.milliseconds)}`);
        return;
      case 'phase.done':
        await finish({ stopped: false, title: `${title} (${duration(event.milliseconds)})` });
        return;
      case 'run.failed':
        await finish({ stopped: true });
        stderr.write(errorText(event.error, paint));
        return;
      case 'preflight':
      case 'note':
        print(progressText(event, { ...options, paint }));
        return;
      case 'run.started':
      case 'host.planned':
      case 'step.done':
      case 'plan.ready':
      case 'result':
      case 'summary':
        return; // the drawing shows enough, or it is a result
    }
  }

  return { show, finish };
}

const BAR = 20;

/** `etcd.tar.gz [#######-------------]  35 %  8.8 MB of 25.0 MB`, as much of it as fits. */
function bar(name: string, { bytes, total }: { bytes: number; total: number }, columns = 80): string {
  const share = total > 0 ? Math.min(1, bytes / total) : 0;
  const filled = Math.round(share * BAR);
  const drawn = `[${'#'.repeat(filled)}${'-'.repeat(BAR - filled)}]`;
  const numbers =
    total > 0
      ? `${String(Math.floor(share * 100)).padStart(3)} %  ${byteSize(bytes)} of ${byteSize(total)}`
      : byteSize(bytes);
  const room = columns - 10;
  const full = `${oneLine(name)} ${drawn} ${numbers}`;
  return full.length <= room ? full : truncate(`${oneLine(name)} ${numbers}`, Math.max(1, room));
}
