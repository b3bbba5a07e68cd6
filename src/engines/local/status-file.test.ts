import { describe, expect, test } from 'vitest';
import { parseStat, parseStatusFile } from './status-file.ts';

const note = '{"bootId":"b","queue":"q","cgroups":[],"tracked":false,"gpus":[0]}';
const stat = '1234 (a (b) c) S 1 1234 1234 0 -1 4194560 90 0 0 0 0 0 0 0 20 0 1 0 987654 2629632 450 1844 1 1';
const begun = `${note}\n${stat}\nbegun 100.50\n`;
const whole = `${begun}command 0 101.70\n0m0.00s 0m0.01s\n0m1.00s 0m0.10s\ncommand 3 102.00\n0m0.00s 0m0.01s\n1m1.25s 0m0.10s\nend 3\n`;

describe('the status file', () => {
  test('of a step that has ended', () => {
    expect(parseStatusFile(whole)).toEqual({
      note: { bootId: 'b', queue: 'q', cgroups: [], tracked: false, gpus: [0] },
      pid: 1234,
      startTicks: '987654',
      begunUptimeMs: 100_500,
      commands: [
        { exitCode: 0, endUptimeMs: 101_700, cpuMs: 1100 },
        { exitCode: 3, endUptimeMs: 102_000, cpuMs: 60_250 },
      ],
      end: 3,
    });
  });

  test('is never taken for more than is written', () => {
    for (let length = 0; length < whole.length; length++) {
      const status = parseStatusFile(whole.slice(0, length));
      if (length < begun.length) expect(status).toBeUndefined();
      else expect(status).not.toHaveProperty('end');
    }
  });

  test('of a step that could not begin, and of one that was kept from it', () => {
    expect(parseStatusFile(`${begun}refused\n`)).toMatchObject({ end: 'refused' });
    expect(parseStatusFile(`${begun}end nodir\n`)).toMatchObject({ end: 'nodir' });
    expect(parseStatusFile('fenced\n')).toBeUndefined();
  });

  test('has the numbers of bash and busybox too', () => {
    const times = (text: string) =>
      parseStatusFile(`${begun}command 0 101.00\n0m0.000s 0m0.000s\n${text}\n`)?.commands[0]?.cpuMs;
    expect(times('0m0.123s 0m0.010s')).toBe(133);
    expect(times('0m0.120000s 0m0.010000s')).toBe(130);
  });

  test('a process may have any name', () => {
    expect(parseStat(stat)).toMatchObject({
      pid: 1234,
      state: 'S',
      parent: 1,
      group: 1234,
      session: 1234,
      startTicks: '987654',
      vmsBytes: 2629632,
      rssPages: 450,
    });
    expect(parseStat('12 (sh')).toBeUndefined();
  });
});
