import type { Size } from './drawing.ts';
import { byteSize, padded, truncate, visibleWidth } from './text.ts';
import type { Paint, Style } from './text.ts';

export interface Progress {
  readonly bytes: number;
  /** 0 when nobody knows. */
  readonly total: number;
}

/** One thing that is worked on: a host, a download. Texts are safe single lines. */
export interface Row {
  readonly name: string;
  /** `settled` is well for now, and may become `busy` again. */
  readonly state: RowState;
  readonly text: string;
  readonly progress?: Progress;
}

export type RowState = 'waiting' | 'busy' | 'settled' | 'failed';

export interface Picture {
  readonly title: string;
  readonly milliseconds: number;
  readonly hosts: readonly Row[];
  readonly downloads: readonly Row[];
}

export type Icons = Readonly<Record<RowState | 'download', string>>;

export interface Look extends Size {
  readonly paint: Paint;
  readonly icons: Icons;
}

/** A phase at work as lines that fit the terminal, with one left over for the cursor. */
export function frame({ title, milliseconds, hosts, downloads }: Picture, look: Look): string[] {
  const { columns, rows, paint, icons } = look;
  const room = Math.max(0, rows - 2);
  const loads = fitting(downloads, Math.floor(room / 2));
  const shown = fitting(hosts, room - loads.length);
  const time = clock(milliseconds);
  const name = truncate(title, Math.max(1, columns - time.length - 5));
  return [
    `${paint('yellow', icons.busy)} ${paint('bold', name)}  ${paint('dim', time)}`,
    ...rowLines(shown, look),
    ...rowLines(loads, { ...look, icons: { ...icons, busy: icons.download } }),
  ];
}

/** What matters most comes first when there is no room for all. */
const WEIGHT: Readonly<Record<RowState, number>> = { failed: 0, busy: 1, waiting: 2, settled: 3 };

type Shown = Row | { readonly more: string };

function fitting(rows: readonly Row[], room: number): Shown[] {
  if (rows.length <= room) return [...rows];
  if (room < 1) return [];
  const kept = new Set(rows.toSorted((a, b) => WEIGHT[a.state] - WEIGHT[b.state]).slice(0, room - 1));
  const rest = rows.filter((row) => !kept.has(row));
  const states = Object.entries(WORDS).flatMap(([state, word]) => {
    const many = rest.filter((row) => row.state === state).length;
    return many > 0 ? [`${many} ${word}`] : [];
  });
  return [
    ...rows.filter((row) => kept.has(row)),
    { more: `… and ${rest.length} more (${states.join(', ')})` },
  ];
}

const WORDS: Readonly<Record<RowState, string>> = {
  failed: 'failed',
  busy: 'at work',
  waiting: 'waiting',
  settled: 'ready',
};

const COLOURS: Readonly<Record<RowState, Style>> = {
  failed: 'red',
  busy: 'yellow',
  waiting: 'dim',
  settled: 'green',
};

function rowLines(rows: readonly Shown[], { columns, paint, icons }: Look): string[] {
  const names = rows.map((row) => ('more' in row ? 0 : visibleWidth(row.name)));
  const width = Math.min(Math.max(0, ...names), Math.floor(columns / 2));
  const room = Math.max(1, columns - 5);
  return rows.map((row) => {
    if ('more' in row) return `  ${paint('dim', truncate(row.more, room + 2))}`;
    const { state, name, text, progress } = row;
    const head = padded(truncate(name, width), width);
    const rest = [
      text,
      progress && bar(progress, room - width - 2 - (text === '' ? 0 : visibleWidth(text) + 2)),
    ]
      .filter(Boolean)
      .join('  ');
    const line = truncate(`${head}  ${rest}`.trimEnd(), room);
    const painted = state === 'busy' ? line : paint(state === 'failed' ? 'red' : 'dim', line);
    return `  ${paint(COLOURS[state], icons[state])} ${painted}`;
  });
}

const BAR = 20;

/** `[#######-------------]  35 %  8.8 MB of 25.0 MB`, as much of it as fits. */
function bar({ bytes, total }: Progress, room: number): string {
  if (total <= 0) return byteSize(bytes);
  const share = Math.min(1, bytes / total);
  const filled = Math.round(share * BAR);
  const percent = `${String(Math.floor(share * 100)).padStart(3)} %`;
  const drawn = `[${'#'.repeat(filled)}${'-'.repeat(BAR - filled)}] ${percent}`;
  const full = `${drawn}  ${byteSize(bytes)} of ${byteSize(total)}`;
  return [full, drawn].find(({ length }) => length <= room) ?? percent.trim();
}

/** `12 s`, `2 min 5 s`: a clock that shows tenths is hard to look at. */
function clock(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
