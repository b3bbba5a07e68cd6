import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { chosenPortSentence } from '../../domain/service.ts';
import type { ProcessPlan } from './process-plan.ts';
import { isAlive, readProcess } from './process-table.ts';
import {
  assignPorts,
  portIsFree,
  replicaEnvironment,
  type ServiceReplica,
  serviceEnvironment,
} from './service-ports.ts';
import { waitUntilReady } from './service-readiness.ts';
import { type StepDirectory, withLogs } from './step-directory.ts';
import { serviceArguments } from './wrapper.ts';

/** A service process as a later core finds it again. */
interface ServiceProcess {
  readonly name: string;
  readonly pid: number;
  readonly startTicks: string;
}

/** A service may end in the same moment as its application, for example told to by it. */
const toleranceMs = 250;
const pollAdoptedMs = 1000;

export interface ServiceStart {
  readonly plan: ProcessPlan;
  readonly cgroupProcs: readonly string[];
  /** The whole environment of a service that is told this of ports. */
  environmentOf(ports: Readonly<Record<string, string>>): NodeJS.ProcessEnv;
  /** The argv of a service, that of a container runtime where it has an image. */
  argvOf(replica: ServiceReplica, ports: Readonly<Record<string, string>>): readonly string[];
}

/**
 * The services of one step. Each leads a process group of its own and outlives the core, as the step does; a core that was
 * killed while it waited for them finds their ids in the file `services`, ends them and starts over. Where the core is gone
 * when the application ends, nobody ends the services until the next core recovers the step.
 */
export class ServiceGroup {
  private readonly children: ChildProcess[] = [];
  private processes: ServiceProcess[] = [];
  private readonly stopped = new AbortController();
  private readonly onFailure: (message: string) => void;

  constructor(onFailure: (message: string) => void) {
    this.onFailure = onFailure;
  }

  /** Process groups that are ours for certain. */
  get groups(): number[] {
    return this.processes.filter(({ pid, startTicks }) => isAlive(pid, startTicks)).map(({ pid }) => pid);
  }

  /** Starts all, waits until each answers, and returns what the application is told of them; undefined when it failed. */
  async start(start: ServiceStart, onWait: (name: string) => void): Promise<Record<string, string> | undefined> {
    const { plan } = start;
    for (const { name, port } of plan.services) {
      if (port === 0 || (await portIsFree(port))) continue;
      this.fail(`service ${name} cannot have port ${port}: somebody on this host listens there already`);
      return undefined;
    }
    const replicas = await assignPorts(plan.services);
    const env = serviceEnvironment(replicas);
    for (const replica of replicas) {
      if (this.stopped.signal.aborted) return undefined;
      const { name, startTimeoutMs } = replica.service;
      onWait(name);
      const startedAtMs = Date.now();
      this.spawn(replica, start, { ...env, ...replicaEnvironment(replica) });
      // Ready before the next one starts: a later service may need an earlier one.
      if (await waitUntilReady(replica, plan.cwd, startedAtMs, this.stopped.signal)) continue;
      if (!this.stopped.signal.aborted) {
        const what = replica.service.ready.kind === 'tcp' ? deafSentence(replica) : 'its file is not there';
        this.fail(
          `service ${name} was not ready within ${startTimeoutMs / 1000} s: ${what}${lastWords(plan.directory, replica)}`,
        );
      }
      return undefined;
    }
    return env;
  }

  /** Follows the services that a former core has started. */
  adopt(directory: StepDirectory): void {
    this.processes = readServices(directory);
    if (this.processes.length > 0) void this.pollAdopted();
  }

  /** From now on the end of a service is what we want. */
  stop(): void {
    this.stopped.abort();
  }

  unref(): void {
    this.stop();
    for (const child of this.children) child.unref();
  }

  private spawn(replica: ServiceReplica, start: ServiceStart, ports: Readonly<Record<string, string>>): void {
    const { plan } = start;
    const { name } = replica.service;
    const [stdout, stderr] = logPaths(plan.directory, replica);
    const child = withLogs(stdout, stderr, (out, error) =>
      spawn('/bin/sh', serviceArguments(plan.cwd, start.cgroupProcs, start.argvOf(replica, ports)), {
        cwd: plan.directory.path,
        env: start.environmentOf(ports),
        stdio: ['ignore', out, error],
        detached: true,
      }),
    );
    this.children.push(child);
    child.once('error', (error) => this.fail(`service ${name} could not be started: ${error.message}`));
    child.once('exit', (code, signal) => void this.ended(replica, plan.directory, code, signal));
    if (child.pid === undefined) return;
    const startTicks = readProcess(child.pid)?.startTicks;
    if (startTicks === undefined) return;
    this.processes.push({ name, pid: child.pid, startTicks });
    writeFileSync(plan.directory.services, JSON.stringify(this.processes));
  }

  private async ended(
    replica: ServiceReplica,
    directory: StepDirectory,
    code: number | null,
    signal: string | null,
  ): Promise<void> {
    await pause(toleranceMs, undefined, { signal: this.stopped.signal }).catch(() => undefined);
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    this.fail(`service ${replica.service.name} ended ${how} before the application${lastWords(directory, replica)}`);
  }

  private async pollAdopted(): Promise<void> {
    while (!this.stopped.signal.aborted) {
      const dead = this.processes.find(({ pid, startTicks }) => !isAlive(pid, startTicks));
      if (dead) {
        await pause(toleranceMs, undefined, { signal: this.stopped.signal }).catch(() => undefined);
        this.fail(`service ${dead.name} ended before the application`);
      }
      await pause(pollAdoptedMs, undefined, { signal: this.stopped.signal, ref: false }).catch(() => undefined);
    }
  }

  private fail(message: string): void {
    if (this.stopped.signal.aborted) return;
    this.stop();
    this.onFailure(message);
  }
}

function logPaths(directory: StepDirectory, { service, index }: ServiceReplica): [string, string] {
  const stem = `${directory.path}/service-${service.name}${index === 0 ? '' : `-${index}`}`;
  return [`${stem}.stdout.log`, `${stem}.stderr.log`];
}

/** The last lines of a service's log, on one line. */
function deafSentence({ service, index, port }: ServiceReplica): string {
  const isChosen = service.port === 0 && index === 0;
  return isChosen ? chosenPortSentence(service.name, port) : `port ${port} accepts no connection`;
}

function lastWords(directory: StepDirectory, replica: ServiceReplica): string {
  const [stdout, stderr] = logPaths(directory, replica);
  for (const path of [stderr, stdout]) {
    const words = tail(path);
    if (words !== '') return `; its last words: ${words} (${path})`;
  }
  return `; see ${stderr}`;
}

function tail(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(-2000).trim().split('\n').slice(-3).join(' | ').slice(-400);
  } catch {
    return '';
  }
}

function readServices(directory: StepDirectory): ServiceProcess[] {
  try {
    return JSON.parse(readFileSync(directory.services, 'utf8')) as ServiceProcess[];
  } catch {
    return [];
  }
}
