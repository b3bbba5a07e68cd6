import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { StepId } from '../../domain/brand.ts';
import type { Observation } from '../../domain/observation.ts';
import type { WorkOrder } from '../../ports/engine.ts';
import { silentLogger } from '../../ports/logger.ts';
import { noStaging } from '../../ports/no-staging.ts';
import { defaultLocalSettings, type LocalConfig, resolveLocalConfig } from './config.ts';
import { LocalEngine } from './engine.ts';
import { readMachine } from './machine.ts';
import { readProcessTable } from './process-table.ts';

// What is of this engine only; what every engine must do is in test/conformance/engine.

const machine = readMachine();

function open(more: Partial<LocalConfig> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'konverge-local-'));
  const observed: Observation[] = [];
  const config = { ...resolveLocalConfig(defaultLocalSettings, { ...machine.quota, cpuMillis: 4000 }), ...more };
  const engine = new LocalEngine(
    { config, stateDir: directory, machine },
    {
      observe: (observations) => void observed.push(...observations),
      environmentOf: () => ({ PATH: process.env['PATH'] ?? '' }),
      ownVariablesOf: () => ({}),
      staging: noStaging,
      clock: { nowMs: () => Date.now() },
      logger: silentLogger,
    },
  );
  onTestFinished(async () => {
    await engine.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const order = (id: string, command: string, resources: Partial<WorkOrder['spec']['resources']> = {}): WorkOrder => ({
    id: id as StepId,
    kind: 'job',
    queue: 'default',
    sequence: 0,
    spec: {
      ref: id,
      rule: 'rule',
      label: id,
      attempt: 1,
      priority: 0,
      inputs: [],
      outputs: [],
      logs: [],
      resources: { cpuMillis: 1000, custom: {}, ...resources },
      execution: { mode: 'direct', shell: '/bin/sh', commands: [command] },
      cwd: directory,
      env: {},
      services: [],
      benchmark: false,
    },
  });
  const state = (id: string) => observed.findLast(({ step }) => step === id);
  return { directory, engine, observed, order, state };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (const untilMs = Date.now() + 15_000; !condition(); await pause(5)) {
    if (Date.now() > untilMs) throw new Error(`waited in vain for ${what}`);
  }
}

test('goes on when the process that starts steps is killed', async () => {
  const { directory, engine, order, state } = open();
  engine.launch([order('long', 'touch begun; until [ -e go ]; do sleep 0.02; done; exit 3')]);
  await until(() => existsSync(join(directory, 'begun')), 'the step');
  const spawner = readProcessTable().find(
    ({ pid, parent }) => parent === process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('spawnerMain'),
  );
  process.kill(spawner?.pid ?? 0, 'SIGKILL');
  engine.launch([order('next', 'true')]);
  await until(() => state('next')?.state === 'succeeded', 'a step after it');
  expect(state('long')?.state).toBe('running');
  writeFileSync(join(directory, 'go'), '');
  await until(() => state('long')?.state === 'failed', 'the end of the first');
  expect(state('long')).toMatchObject({ failure: { class: 'user', exitCode: 3 } });
});

test('tells what it can do, by having tried', () => {
  const { capabilities } = open({ processTracking: 'scan', memoryLimit: 'watch' }).engine;
  expect(capabilities).toMatchObject({
    memoryLimit: 'watched',
    processTracking: 'scan',
    nodes: 'together',
    survivesCore: true,
    gpu: false,
  });
  expect(Object.values(capabilities.kinds).every(({ served }) => served)).toBe(true);
});

test('shows its plan without touching anything', () => {
  const { directory, engine, order } = open();
  expect(engine.plan(order('shown', 'true'))).toMatchObject({ step: 'shown', queue: 'default', commands: ['true'] });
  expect(existsSync(join(directory, 'steps', 'shown'))).toBe(false);
});

test('says once of each step that it waits, however many others end', async () => {
  const { engine, observed, order, state } = open();
  const orders = Array.from({ length: 200 }, (_none, index) => order(`s${index}`, 'true'));
  engine.launch(orders);
  await until(() => orders.every(({ id }) => state(id)?.state === 'succeeded'), 'all steps');
  for (const { id } of orders) {
    expect(observed.filter(({ step, state: seen }) => step === id && seen === 'queued').length).toBeLessThanOrEqual(1);
  }
});
