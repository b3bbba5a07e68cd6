import { describe, expect, it } from 'vitest';
import { type EventData, Progress } from './progress.ts';
import { tableLines } from './table.ts';
import { WorkflowFacts } from './workflow-facts.ts';

function event(step: string, label: string, state: EventData['state'], reason = ''): EventData {
  return { step, rule: label.split(' ')[0] ?? '', label, state, reason };
}

function factsOf(text: string): WorkflowFacts {
  const facts = new WorkflowFacts();
  for (const line of text.split('\n')) facts.feed(line);
  return facts;
}

const output = `
Job stats:
job       count
------  -------
all           1
map           2
total         3

Select jobs to execute...
Finished jobid: 0 (Rule: all)
`;

describe("what snakemake's output says", () => {
  it('is the number of jobs of each rule, and what it finished itself', () => {
    const facts = factsOf(output);
    expect([...facts.announced]).toEqual([
      ['all', 1],
      ['map', 2],
    ]);
    expect([...facts.finished]).toEqual([['all', 1]]);
  });

  it('does not take other lines for a table', () => {
    expect(factsOf('count 5\nmap 7\n').announced.size).toBe(0);
  });
});

describe('progress', () => {
  it('moves each step from column to column', () => {
    const progress = new Progress();
    progress.take(event('1', 'map a', 'queued', 'waits for 1 cpu'));
    progress.take(event('2', 'map b', 'running'));
    expect(progress.counts()).toMatchObject({ queued: 1, running: 1, done: 0 });
    progress.take(event('1', 'map a', 'succeeded'));
    progress.take(event('2', 'map b', 'failed', 'exit code 1'));
    expect(progress.rules(factsOf(output))).toEqual([
      { rule: 'map', announced: 2, queued: 0, running: 0, done: 1, failed: 1, retried: 0, remark: 'exit code 1' },
      { rule: 'all', announced: 1, queued: 0, running: 0, done: 1, failed: 0, retried: 0, remark: '' },
    ]);
  });

  it('counts an attempt that failed and was tried again as a retry', () => {
    const progress = new Progress();
    progress.take(event('1', 'map a', 'failed', 'exit code 1'));
    progress.take(event('2', 'map a', 'running'));
    progress.take(event('2', 'map a', 'succeeded'));
    expect(progress.rules(factsOf(''))).toMatchObject([{ done: 1, failed: 0, retried: 1, remark: '' }]);
  });

  it('takes an event twice without counting it twice', () => {
    const progress = new Progress();
    const running = event('1', 'map a', 'running');
    progress.take(running);
    progress.take(running);
    expect(progress.counts()).toMatchObject({ running: 1 });
  });
});

describe('the table', () => {
  const progress = new Progress();
  for (let rule = 0; rule < 40; rule += 1)
    progress.take(event(`${rule}`, `rule${rule} x`, 'queued', 'waits for 2 cpu in queue default: 2 of 2 in use'));
  const rules = progress.rules(factsOf(''));

  it.each([
    [80, 24],
    [40, 10],
    [10, 4],
  ])('fits a terminal of %i columns and %i rows', (width, height) => {
    const lines = tableLines({ rules, elapsedMs: 61_000, width, height, colour: false });
    expect(lines.length).toBeLessThan(height);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
  });

  it('says how far it is and how long it may take', () => {
    const facts = {
      rules: [{ rule: 'map', announced: 4, queued: 2, running: 1, done: 1, failed: 0, retried: 0, remark: '' }],
    };
    expect(tableLines({ ...facts, elapsedMs: 10_000, width: 80, height: 24, colour: false })).toEqual([
      'RULE  QUEUED  RUNNING  DONE  FAILED',
      'map   2       1        1/4   -',
      '1 of 4 done, 10 s, about 30 s left',
    ]);
  });
});
