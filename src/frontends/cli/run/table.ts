import { columns, formatDuration } from '../output.ts';
import type { RuleProgress } from './progress.ts';

export interface TableFacts {
  readonly rules: readonly RuleProgress[];
  readonly elapsedMs: number;
  readonly width: number;
  readonly height: number;
  readonly colour: boolean;
}

const green = '\u001b[32m';
const red = '\u001b[31m';
const dim = '\u001b[2m';
const plain = '\u001b[0m';

/** The live table of a run as lines no wider than the terminal and no more than its height. Pure. */
export function tableLines(facts: TableFacts): string[] {
  const { rules } = facts;
  const body = rules.map((rule) => [
    rule.rule,
    dash(rule.queued),
    dash(rule.running),
    `${rule.done}${rule.announced > 0 ? `/${rule.announced}` : ''}`,
    dash(rule.failed),
    [rule.retried > 0 ? `${rule.retried} retried` : '', rule.remark].filter((part) => part !== '').join('; '),
  ]);
  const lines = columns([['RULE', 'QUEUED', 'RUNNING', 'DONE', 'FAILED', ''], ...body]).map((line) =>
    cut(line, facts.width),
  );
  const summary = cut(summaryLine(facts), facts.width);
  // The newest rules are the ones that move; the first ones give way on a small terminal.
  const room = Math.max(1, facts.height - 3);
  const [head = '', ...rows] = lines;
  const shown = rows.length > room ? rows.slice(-room) : rows;
  const shownRules = rules.slice(-shown.length);
  return [
    paint(facts.colour, dim, head),
    ...shown.map((row, index) => {
      const rule = shownRules[index];
      if (rule && rule.failed > 0) return paint(facts.colour, red, row);
      const finished = rule && rule.done > 0 && rule.queued + rule.running === 0 && rule.done >= rule.announced;
      return finished ? paint(facts.colour, green, row) : row;
    }),
    summary,
  ];
}

/** The last line: how far, how long, and a guess of what is left, from the pace so far. */
export function summaryLine(facts: Pick<TableFacts, 'rules' | 'elapsedMs'>): string {
  const total = facts.rules.reduce((sum, { announced }) => sum + announced, 0);
  const done = facts.rules.reduce((sum, rule) => sum + rule.done, 0);
  const failed = facts.rules.reduce((sum, rule) => sum + rule.failed, 0);
  const parts = [`${done}${total > done ? ` of ${total}` : ''} done`];
  if (failed > 0) parts.push(`${failed} failed`);
  parts.push(formatDuration(facts.elapsedMs));
  if (done > 0 && total > done) parts.push(`about ${formatDuration((facts.elapsedMs / done) * (total - done))} left`);
  return parts.join(', ');
}

function dash(count: number): string {
  return count === 0 ? '-' : String(count);
}

function cut(line: string, width: number): string {
  return line.length > width ? `${line.slice(0, Math.max(0, width - 1))}…` : line;
}

function paint(colour: boolean, code: string, text: string): string {
  return colour ? `${code}${text}${plain}` : text;
}
