// Which processes were made on the whole machine while a program ran, and how long each was on a core: what `perf record`
// has seen. Unlike strace it stops nobody, so that what it counts is what happens without it, and times are real.
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Samples a second: each stands for 0.2 ms. */
const FREQUENCY = 5_000;

/**
 * @param file where perf may keep its data
 * @returns by process id: `parent`, whether it was `born` meanwhile, its `names` by each exec, `ms`
 */
export async function record(file, command) {
  await output('perf', [
    ...['record', '-q', '-a', '-F', String(FREQUENCY), '-e', 'cpu-clock', '-o', file, '--'],
    ...command,
  ]);
  const text = await output('perf', [
    'script',
    '-i',
    file,
    '--show-task-events',
    '-F',
    'pid,time,event,period',
  ]);
  return processesOf(text);
}

function processesOf(text) {
  const processes = new Map();
  const known = (pid) => {
    const found = processes.get(pid) ?? { parent: undefined, born: false, names: [], ms: 0 };
    processes.set(pid, found);
    return found;
  };
  for (const line of text.split('\n')) {
    const [, pid, seconds, event] = /^ *(-?\d+) +([\d.]+): +(.*)$/.exec(line) ?? [];
    if (event === undefined) continue;
    const fork = /^PERF_RECORD_FORK\((\d+):\d+\):\((\d+):/.exec(event);
    const exec = /^PERF_RECORD_COMM exec: (.*):(\d+)\/\d+/.exec(event);
    // A thread has the process id of whoever has made it. What was there before has no time.
    if (fork && fork[1] !== fork[2]) {
      Object.assign(known(fork[1]), { parent: fork[2], born: Number(seconds) > 0 });
    } else if (exec) known(exec[2]).names.push(exec[1]);
    else if (/\bcpu-clock:/.test(event)) known(pid).ms += 1000 / FREQUENCY;
  }
  return processes;
}

async function output(program, args) {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
    killSignal: 'SIGKILL',
  });
  const [out, err] = [[], []];
  child.stdout.on('data', (chunk) => out.push(chunk));
  child.stderr.on('data', (chunk) => err.push(chunk));
  const [code] = await once(child, 'close');
  if (code === 0) return Buffer.concat(out).toString('latin1');
  throw new Error(`${program} ${args.join(' ')}: ${code}\n${Buffer.concat(out)}${Buffer.concat(err)}`);
}
